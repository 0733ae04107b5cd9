"""Training: several restarts of an optimizer, interruptible and resumable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.binn.task import Task
from walshqhn.circuits.ansatz import Ansatz
from walshqhn.engines.base import Engine, Evaluation
from walshqhn.engines.objectives import make_objective
from walshqhn.support.arrays import FloatArray
from walshqhn.support.checks import check_whole
from walshqhn.support.errors import UsageError, unknown_name
from walshqhn.support.provenance import package_versions
from walshqhn.training.evaluator import Evaluator
from walshqhn.training.optimizers.base import Search
from walshqhn.training.result import INTERRUPTED, SPLITS, RunResult, TrainingResult
from walshqhn.training.search import finish, minimize, with_accuracies
from walshqhn.training.spec import SearchSpec

RunCallback = Callable[[int, Evaluation], object]
"""Called after each iteration with the run's number and the `Evaluation`; anything true ends the run."""


def train(
    ansatz: Ansatz,
    engine: Engine,
    *,
    runs: int = 1,
    seed: int = 0,
    search: SearchSpec | None = None,
    initial: npt.ArrayLike | None = None,
    task: Task | None = None,
    resume: TrainingResult | None = None,
    callback: RunCallback | None = None,
    on_run: Callable[[TrainingResult], None] | None = None,
    **options: Any,
) -> TrainingResult:
    """Minimize the mean cost E, or another objective, over the angles of a circuit, from several random starts.

    Parameters
    ----------
    ansatz, engine
        The circuit, and what evaluates it; both on N qubits.
    runs
        Number of restarts. Run k depends on ``seed`` and k only.
    search
        How angles are searched for.
    initial
        Angles to start run 0 from, (num_parameters,), or the first R runs, (R, num_parameters), instead of random
        ones.
    task
        If given, the result holds the accuracies of the best networks, and how often each architecture is measured.
    resume
        An earlier result of the same training: its finished runs are taken over.
    callback
        Called after each iteration with (run, evaluation): angles, value, standard error, and what was measured. The
        run ends, with status "stopped by callback", when it returns anything true.
    on_run
        Called with the result so far after each run, so that it can be saved.
    options
        Fields of `SearchSpec`, in place of those of ``search``: ``optimizer``, ``objective``, ``max_iterations``, ...

    Returns
    -------
    TrainingResult
        Ctrl-C ends the training early with status "interrupted" and all that was found. Not
        converging is a status as well, with a remedy; it raises nothing.

    Raises
    ------
    UsageError
        A setting that is not allowed, or ``resume`` with a result of other settings.
    InputError
        ``initial`` of another shape, or not finite; circuit and cost of different size.
    KeyboardInterrupt
        Ctrl-C before there was anything to keep.

    Examples
    --------
    >>> from walshqhn import ExactEngine, LinearAnsatz, train
    >>> train(LinearAnsatz(2, 1), ExactEngine([3.0, 1.0, 0.5, 2.0]), runs=3).best_cost
    0.5
    """
    _check_kinds(ansatz, engine)
    prepared = engine.prepare(ansatz)
    if task is not None and task.num_bits != engine.num_qubits:
        raise UsageError(f"the task has {task.num_bits} bits, the engine's cost {engine.num_qubits}.")
    runs, seed = check_whole("runs", runs, 1), check_whole("seed", seed, 0)
    settings = checked_search(search_spec(search, options), ansatz, engine)
    if settings.grow:
        raise UsageError("train does not add layers: use train_layerwise, or train_variant with grow.")
    method, objective = settings.method, make_objective(settings.objective)
    start = _starting_points(initial, ansatz, runs)
    minimum = engine.cost.minimum
    blank = TrainingResult(
        runs=(),
        ansatz=ansatz.description,
        engine={"name": type(engine).__name__, "shots": engine.shots, **engine.settings},
        search=settings.as_dict(),
        cost_digest=engine.cost.digest,
        seed=seed,
        planned_runs=runs,
        initial=None if initial is None else start.tolist(),
        exact_minimum=minimum.value if minimum is not None and minimum.is_exact else None,
        accuracies={},
        versions=package_versions(),
    )
    finished, cut_short = _earlier_runs(resume, blank)
    if task is not None:
        finished = {k: run if run.sampled_accuracies else with_accuracies(run, task) for k, run in finished.items()}
    for k, run_seed in enumerate(np.random.SeedSequence(seed).spawn(runs)):
        if k in finished:
            continue
        start_rng, sample_rng, optimizer_rng = (np.random.default_rng(s) for s in run_seed.spawn(3))
        x0 = start[k] if k < len(start) else ansatz.initial_parameters(start_rng)
        evaluator = Evaluator(
            prepared, objective, sample_rng, max_shots=settings.max_shots, max_seconds=settings.max_seconds,
            tails=settings.tails, callback=None if callback is None else partial(callback, k),
        )  # fmt: skip
        outcome, interrupted = None, False
        try:
            one = Search(evaluator, optimizer_rng, settings.max_iterations, settings.gradient_tolerance)
            outcome = minimize(method, one, x0)
        except KeyboardInterrupt:
            interrupted = True
        if evaluator.best is not None:
            try:
                found = finish(k, evaluator, outcome, settings.samples, task)
            except KeyboardInterrupt:  # while sampling: that is short, so do it again and stop then
                interrupted = True
                found = finish(k, evaluator, outcome, settings.samples, task)
            if outcome is not None:
                finished[k] = found
            elif k not in cut_short or found.value < cut_short[k].value:
                cut_short[k] = found
        if not finished and not cut_short:
            raise KeyboardInterrupt
        if on_run is not None:
            on_run(_collect(blank, cut_short | finished, task))
        if interrupted:
            break
    return _collect(blank, cut_short | finished, task)


def search_spec(search: SearchSpec | None, options: dict[str, Any]) -> SearchSpec:
    """``search``, or the default one, with ``options`` in place of some fields. UsageError for unknown ones."""
    for name in options:
        if name not in SearchSpec.options():
            raise unknown_name("option of train", name, SearchSpec.options())
    if search is None:
        return SearchSpec(**options)
    if not isinstance(search, SearchSpec):
        raise UsageError(f"search is a SearchSpec(...), got {search!r}.")
    return replace(search, **options)


def checked_search(search: SearchSpec, ansatz: Ansatz, engine: Engine) -> SearchSpec:
    """``search``, its optimizer decided. UsageError where it does not go with the circuit or the engine."""
    found = search.decided(engine.shots)
    engine.check_objective(make_objective(found.objective))
    least = found.method.least_iterations(ansatz.num_parameters)
    if found.max_iterations < least:
        raise UsageError(
            f"{found.method.name} needs max_iterations of at least {least} for {ansatz.num_parameters} angles, "
            f"got {found.max_iterations}."
        )
    return found


def _check_kinds(ansatz: Any, engine: Any) -> None:
    if isinstance(ansatz, Engine) or isinstance(engine, Ansatz):
        raise UsageError("first the circuit, then the engine: train(ansatz, engine).")
    if not isinstance(ansatz, Ansatz):
        raise UsageError(f"the circuit to train is an Ansatz, such as LinearAnsatz(N, layers), got {_brief(ansatz)}.")
    if not isinstance(engine, Engine):
        raise UsageError(f"a circuit is trained on an Engine, such as ExactEngine(cost), got {_brief(engine)}.")


def _brief(value: Any) -> str:
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return repr(value) if isinstance(value, str) else type(value).__name__


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


def _earlier_runs(
    earlier: TrainingResult | None, now: TrainingResult
) -> tuple[dict[int, RunResult], dict[int, RunResult]]:
    """(runs that need not be repeated, interrupted runs); UsageError if they come from another training."""
    if earlier is None:
        return {}, {}
    before, after = _identity(earlier), _identity(now)
    differing = [name for name in {**after, **before} if before.get(name) != after.get(name)]
    if "engine" in differing:  # what settings another engine has says nothing
        differing = [name for name in differing if not name.startswith("engine ")]
    if differing:
        details = "; ".join(f"{name}: {before.get(name)!r} there, {after.get(name)!r} here" for name in differing)
        raise UsageError(f"cannot resume a training with other settings ({details}).")
    runs = {run.index: run for run in earlier.runs if run.index < now.planned_runs}
    cut_short = {k: run for k, run in runs.items() if run.status == INTERRUPTED}
    return {k: run for k, run in runs.items() if k not in cut_short}, cut_short


def _identity(result: TrainingResult) -> dict[str, Any]:
    """All that two trainings must have in common to be the same, by names for people."""
    engine = {f"engine {name}": value for name, value in result.engine.items() if name not in ("name", "shots")}
    return {
        "cost": result.cost_digest[:16],
        "seed": result.seed,
        "initial": result.initial,
        "ansatz": result.ansatz,
        "engine": result.engine["name"],
        "shots": result.engine["shots"],
        **engine,
        **result.search,
    }


def _collect(blank: TrainingResult, runs: dict[int, RunResult], task: Task | None) -> TrainingResult:
    result = replace(blank, runs=tuple(runs[k] for k in sorted(runs)))
    if task is None:
        return result
    best = result.best_bits[None, :]
    return replace(result, accuracies={s: float(task.accuracy(best, s)[0]) for s in SPLITS if s in task.splits})
