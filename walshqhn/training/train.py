"""Training: several restarts of an optimizer, interruptible and resumable; layer by layer on request."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.binn.task import Task
from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.growth import cannot_grow, grow_layers
from walshqhn.engines.base import Engine, Evaluation, Prepared
from walshqhn.engines.objectives import CVaR, make_objective
from walshqhn.support.arrays import FloatArray
from walshqhn.support.checks import check_whole
from walshqhn.support.errors import CostError, UsageError
from walshqhn.support.provenance import package_versions
from walshqhn.support.resources import require_memory
from walshqhn.training.evaluator import Evaluator
from walshqhn.training.journal import Journal, Outdated, hand_over
from walshqhn.training.optimizers import Optimizer
from walshqhn.training.result import SPLITS, UNFINISHED, RunResult, TrainingResult, check_runs
from walshqhn.training.search import one_run, with_accuracies
from walshqhn.training.spec import SearchSpec
from walshqhn.training.start import started

RunCallback = Callable[[int, Evaluation], object]
"""Called after each iteration with the run's number and the `Evaluation`; a true return value ends the run."""


def train(  # noqa: PLR0913  one call says it all
    ansatz: Ansatz, engine: Engine, *, runs: int = 1, seed: int = 0, search: SearchSpec | None = None,
    initial: npt.ArrayLike | None = None, task: Task | None = None, resume: TrainingResult | None = None,
    callback: RunCallback | None = None, on_run: Callable[[TrainingResult], object] | None = None,
    journal: str | Path | None = None, **options: Any,
) -> TrainingResult:  # fmt: skip
    """Minimize the mean cost E, or another objective, over the angles of a circuit, from several random starts.

    Run k of ``runs`` depends only on ``seed`` and k. ``search`` says how the angles are optimized; ``options`` are
    fields of `SearchSpec` (``optimizer``, ``objective``, ``max_iterations``, ...) that override it. ``initial``
    replaces the random starting point of run 0, (num_parameters,), or of the first R runs, (R, num_parameters); the
    option ``start``, a network's bit string or a file, that of all others. With a ``task``, the result includes the
    accuracies of the best networks, and how often each architecture is measured.

    ``callback`` is called after each iteration with (run, evaluation); a true return value ends the run, with the
    status "stopped by callback". ``on_run`` is called with the result so far after each run, for saving it; False means
    that it is not saved yet. Ctrl-C ends the training early with the status "interrupted" and everything found so far
    (KeyboardInterrupt if that is nothing); ``resume`` takes such a result and keeps its finished runs. ``journal`` is a
    folder for records of unfinished and unsaved runs, evaluation by evaluation: a training of the same settings that
    finds one goes on there, and ends as if it had never been interrupted, even by a power cut. (An engine that records
    its jobs needs none.) If a cost cannot be evaluated at a bit string (CostError), the run ends with the status "cost
    failed" and what it has found, and the next begins; where not even one value was found, the CostError is raised.
    Failure to converge is also a status, with a remedy, not an error.

    UsageError for a setting that is not allowed, or ``resume`` with a result of other settings; InputError for
    ``initial`` of another shape or not finite, and for a circuit and a cost of different size.

    >>> from walshqhn import ExactEngine, LinearAnsatz, train
    >>> train(LinearAnsatz(2, 1), ExactEngine([3.0, 1.0, 0.5, 2.0]), runs=3).best_cost
    0.5
    """
    if not isinstance(ansatz, Ansatz) or not isinstance(engine, Engine):
        kinds = [f"the class {x.__name__}" if isinstance(x, type) else type(x).__name__ for x in (ansatz, engine)]
        expected = "train takes a circuit, then an engine, as in train(LinearAnsatz(4, 2), ExactEngine(cost))"
        raise UsageError(f"{expected}, got {kinds[0]} and {kinds[1]}.")
    if task is not None and task.num_bits != engine.num_qubits:
        raise UsageError(f"the task has {task.num_bits} bits, the engine's cost {engine.num_qubits}.")
    runs, seed = check_runs(runs), check_whole("seed", seed, 0)
    settings = checked_search(_merged(search, options), ansatz, engine)
    ansatz, begin_at = started(ansatz, settings.start, settings.start_noise)
    prepared, given = engine.prepare(ansatz), _starting_points(initial, ansatz, runs)
    minimum = engine.cost.minimum
    blank = TrainingResult(
        runs=(), ansatz=ansatz.description, search=settings.as_dict(),
        engine={"name": type(engine).__name__, "shots": engine.shots, **engine.settings},
        cost_digest=engine.cost.digest, seed=seed, planned_runs=runs,
        initial=None if initial is None else given.tolist(),
        exact_minimum=minimum.value if minimum is not None and minimum.is_exact else None,
        accuracies={}, versions=package_versions(),
    )  # fmt: skip
    found = {} if resume is None else _earlier_runs(resume, blank)
    if task is not None:
        found = {k: run if run.sampled_accuracies else with_accuracies(run, task) for k, run in found.items()}
    done: list[Journal] = []
    for k, run_seed in enumerate(np.random.SeedSequence(seed).spawn(runs)):
        if k in found and found[k].status not in UNFINISHED:
            continue
        own_seed, *seeds = run_seed.spawn(3)
        rng = np.random.default_rng(own_seed)
        x0 = given[k] if k < len(given) else begin_at(rng)
        report = None if callback is None else partial(callback, k)
        record = Journal(journal, [_identity(blank), k, x0.tolist()])
        begin = partial(_begun, prepared, settings, seeds, report, record)
        try:
            run, interrupted = _ended(k, begin, record, settings.method, x0, task)
        except CostError as error:
            if not found:
                raise
            warnings.warn(f"run {k} ended before its first value: {error}", stacklevel=2)
            continue
        if run is not None and (k not in found or run.status not in UNFINISHED or run.value < found[k].value):
            found[k] = run
        if not found:
            raise KeyboardInterrupt
        if on_run is not None:
            done += [record] if run is not None and run.status not in UNFINISHED else []
            hand_over(_collect(blank, found, task), on_run, done, partial(Journal.close, remove=True))
        if interrupted:
            break
    return _collect(blank, found, task)


def _begun(
    prepared: Prepared, search: SearchSpec, seeds: Sequence[np.random.SeedSequence],
    report: Callable[[Evaluation], object] | None, record: Journal,
) -> Evaluator:  # fmt: skip
    """A run at its start, or where its ``record`` ends."""
    sample_rng, optimizer_rng = map(np.random.default_rng, seeds)
    return Evaluator(prepared, search, sample_rng, optimizer_rng, report, record)


def _ended(
    k: int, begin: Callable[[], Evaluator], record: Journal, method: Optimizer, x0: FloatArray, task: Task | None
) -> tuple[RunResult | None, bool]:
    """As `one_run`; from the start if the record turns out to be of another run."""
    try:
        return one_run(k, begin(), method, x0, task)
    except Outdated:
        record.forget()
        return one_run(k, begin(), method, x0, task)
    finally:
        record.close()


def _merged(search: SearchSpec | None, options: dict[str, Any]) -> SearchSpec:
    """``search`` with ``options`` in place of its own."""
    if search is not None and not isinstance(search, SearchSpec):
        raise UsageError(f"search is a SearchSpec(...), got {search!r}.")
    found = SearchSpec.from_dict(vars(search or SearchSpec()) | options, "the options of train")
    if found.grow:
        raise UsageError("train does not add layers: use train_layerwise, or train_variant with grow.")
    return found


def checked_search(search: SearchSpec, ansatz: Ansatz, engine: Engine) -> SearchSpec:
    """``search`` with its optimizer decided. UsageError where it does not suit the circuit or the engine.

    TooLargeError for more samples at the end of a run than fit in memory.
    """
    found = search.decided(engine.shots)
    needed = found.samples * (4 * engine.num_qubits + 40)  # bytes: bits, their order, costs
    if needed > 1 << 26:
        require_memory(needed, f"a sample of {found.samples:,} bit strings", "Use fewer (samples).")
    engine.check_objective(make_objective(found.objective))
    if found.tails:
        engine.check_objective(CVaR(0.01))
    least = found.method.least_iterations(ansatz.num_parameters)
    if found.max_iterations < least:
        raise UsageError(
            f"{found.method.name} needs max_iterations of at least {least} for {ansatz.num_parameters} angles, "
            f"got {found.max_iterations}."
        )
    return found


def _starting_points(initial: npt.ArrayLike | None, ansatz: Ansatz, runs: int) -> FloatArray:
    """(runs that start there, num_parameters)."""
    if initial is None:
        return np.zeros((0, ansatz.num_parameters))
    given = np.asarray(initial, dtype=np.float64)
    if given.ndim != 2:
        return ansatz.check_parameters(given)[None]
    if not 1 <= len(given) <= runs:
        raise UsageError(f"initial gives the starting points of {len(given)} runs, got runs={runs}.")
    return np.stack([ansatz.check_parameters(row) for row in given])


def _earlier_runs(earlier: TrainingResult, now: TrainingResult) -> dict[int, RunResult]:
    """Index -> run, interrupted ones included. UsageError if they come from another training."""
    before, after = _identity(earlier), _identity(now)
    differing = [name for name in {**after, **before} if before.get(name) != after.get(name)]
    if "engine" in differing:  # settings of another kind of engine tell nothing
        differing = [name for name in differing if not name.startswith("engine ")]
    if differing:
        details = "; ".join(f"{name}: {before.get(name)!r} there, {after.get(name)!r} here" for name in differing)
        raise UsageError(f"cannot resume a training with other settings ({details}).")
    return {run.index: run for run in earlier.runs if run.index < now.planned_runs}


def _identity(result: TrainingResult) -> dict[str, Any]:
    """What two results of the same training have in common, by names for people."""
    engine = {f"engine {name}": value for name, value in result.engine.items() if name not in ("name", "shots")}
    named = {"ansatz": result.ansatz, "engine": result.engine["name"], "shots": result.engine["shots"]}
    own = {"cost": result.cost_digest[:16], "seed": result.seed, "initial": result.initial}
    return own | named | engine | result.search


def _collect(blank: TrainingResult, runs: dict[int, RunResult], task: Task | None) -> TrainingResult:
    result = replace(blank, runs=tuple(runs[k] for k in sorted(runs)))
    if task is None:
        return result
    best = result.best_bits[None, :]
    return replace(result, accuracies={s: float(task.accuracy(best, s)[0]) for s in SPLITS if s in task.splits})


def train_layerwise(
    ansatz: Ansatz, engine: Engine, layers: int, *, resume: Sequence[TrainingResult] = (),
    on_depth: Callable[[tuple[TrainingResult, ...]], None] | None = None, **settings: Any,
) -> tuple[TrainingResult, ...]:  # fmt: skip
    """Train ``ansatz``, then grow it layer by layer until it has ``layers``; each run continues from its own angles.

    Skolik et al., Quantum Mach. Intell. 3, 5 (2021), train a growing circuit; starting the inserted layer as the
    identity is due to Grant et al., Quantum 3, 214 (2019). Returns one result for each depth, those of `train` with the
    ``settings``. ``resume`` takes the results of an earlier call with the same settings; ``on_depth`` is called with
    the results so far after each depth. Ctrl-C ends it early: the last result then has the status "interrupted".
    UsageError and InputError as `train` and `grow_layers`, and for fewer ``layers`` than ``ansatz`` has.
    """
    first = ansatz.description.get("layers")
    if first is None:
        raise cannot_grow(ansatz)
    check_whole("layers of the final circuit", layers, first)
    results: list[TrainingResult] = []
    for depth in range(layers - first + 1):
        if results:
            grown = [grow_layers(ansatz, run.parameters) for run in results[-1].runs]
            ansatz, settings["initial"] = grown[0][0], np.stack([params for _, params in grown])
        results.append(train(ansatz, engine, resume=resume[depth] if depth < len(resume) else None, **settings))
        if on_depth is not None:
            on_depth(tuple(results))
        if results[-1].status in UNFINISHED:
            break
    return tuple(results)
