"""The training loop: several restarts of an optimizer, interruptible and resumable."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.binn.architecture import architecture_distribution
from walshqhn.binn.task import NetworkTask, Task
from walshqhn.circuits.ansatz import Ansatz
from walshqhn.engines.base import Engine, check_qubits, check_shots
from walshqhn.engines.objectives import MEAN, Objective, make_objective
from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import UsageError
from walshqhn.support.resources import numpy_threads
from walshqhn.training.optimizers import Optimizer, make_optimizer
from walshqhn.training.optimizers.base import Limits, Outcome, Problem, Stop
from walshqhn.training.result import INTERRUPTED, SPLITS, TAIL_FRACTIONS, RunResult, TrainingResult, package_versions

_BEST_SAMPLES = 10  # distinct networks that a run keeps of its final samples
# what results were made with before these could be set
_LATER_SETTINGS: dict[str, Any] = {
    "optimizer_settings": {},
    "objective": MEAN.description,
    "max_shots": None,
    "max_seconds": None,
    "tails": False,
}
_UNKNOWN_EARLIER = ("engine_settings",)  # not recorded then, so taken to be the same

Progress = Callable[[int, int, float], None]
"""Called after each iteration with (run, iteration, value)."""


def train(
    ansatz: Ansatz,
    engine: Engine,
    *,
    runs: int = 1,
    seed: int = 0,
    optimizer: str | Optimizer = "L-BFGS-B",
    objective: str | Objective = MEAN,
    max_iterations: int = 500,
    max_shots: int | None = None,
    max_seconds: float | None = None,
    gradient_tolerance: float = 1e-6,
    samples: int = 1024,
    tails: bool = False,
    initial: npt.ArrayLike | None = None,
    task: Task | None = None,
    resume: TrainingResult | None = None,
    progress: Progress | None = None,
    on_run: Callable[[TrainingResult], None] | None = None,
) -> TrainingResult:
    """Minimize the mean cost E, or another objective, over the angles of a circuit, from several random starts.

    Parameters
    ----------
    ansatz, engine
        The circuit, and what evaluates it; both on N qubits.
    runs
        Number of restarts. Run k depends on ``seed`` and k only.
    optimizer
        "L-BFGS-B" (exact gradients; needs an engine without shots), "COBYLA", "COBYQA", "Nelder-Mead" (values
        only; an iteration is an evaluation), "Adam" (gradients, exact or by parameter shifts), "SPSA" or "QN-SPSA";
        or one of `walshqhn.training.optimizers` with settings of its own.
    objective
        What of the measured distribution is minimized: "mean", "cvar:ALPHA", "gibbs:ETA", or one of
        `walshqhn.engines.objectives`.
    max_iterations
        Limit for each run.
    max_shots, max_seconds
        Budgets of each run: it ends before a value (or overlap) that would take more measurements, and after so
        much time. The final samples come on top.
    gradient_tolerance
        L-BFGS-B and Adam stop when no component of the gradient exceeds it.
    samples
        Bit strings sampled from the final state of each run, to find the best networks in it.
    tails
        Also where values are exact, record at every iteration the mean cost of the cheapest 1, 5 and 10 % of the
        distribution (`RunResult.tail_means`); that takes about half as much time again. From samples it is
        always recorded.
    initial
        Angles to start run 0 from, (num_parameters,), or the first R runs, (R, num_parameters), instead of random
        ones.
    task
        If given, the result holds the accuracies of the best networks, and how often each architecture is measured.
    resume
        An earlier result of the same training: its finished runs are taken over.
    progress
        Called after each iteration with (run, iteration, value).
    on_run
        Called with the result so far after each run, so that it can be saved.

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
    """
    check_qubits(ansatz, engine.num_qubits)
    if task is not None and task.num_bits != engine.num_qubits:
        raise UsageError(f"the task has {task.num_bits} bits, the engine's cost {engine.num_qubits}.")
    method = optimizer if isinstance(optimizer, Optimizer) else make_optimizer(optimizer)
    objective = make_objective(objective) if isinstance(objective, str) else objective
    if not isinstance(objective, Objective):
        raise UsageError(f"an objective is 'mean', 'cvar:ALPHA', 'gibbs:ETA' or an Objective, got {objective!r}.")
    if hasattr(engine, "check_objective"):
        engine.check_objective(objective)
    if method.exact_only and engine.shots is not None:
        raise UsageError(
            f"{method.name} needs exact values, this engine estimates them from {engine.shots} shots; "
            "use optimizer='COBYLA' or 'SPSA', or an engine without shots."
        )
    for name, number, least in (("runs", runs, 1), ("max_iterations", max_iterations, 1), ("seed", seed, 0)):
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < least:
            raise UsageError(f"{name} must be a whole number of at least {least}, got {number!r}.")
    if not 0 < gradient_tolerance < np.inf:
        raise UsageError(f"gradient_tolerance must be positive, got {gradient_tolerance}.")
    least = method.least_iterations(ansatz.num_parameters)
    if max_iterations < least:
        raise UsageError(
            f"{method.name} needs max_iterations of at least {least} for {ansatz.num_parameters} angles, "
            f"got {max_iterations}."
        )
    check_shots(samples)
    _check_budgets(max_shots, max_seconds, engine)
    start = _starting_points(initial, ansatz, runs)
    settings: dict[str, Any] = {
        "cost": None if engine.cost_sha256 is None else engine.cost_sha256[:16],
        "initial": None if initial is None else (start if np.ndim(initial) > 1 else start[0]).tolist(),
        "engine": type(engine).__name__,
        "engine_shots": engine.shots,
        "engine_settings": getattr(engine, "settings", {}),
        "optimizer": method.name,
        "optimizer_settings": method.settings,
        "objective": objective.description,
        "max_iterations": int(max_iterations),
        "max_shots": None if max_shots is None else int(max_shots),
        "max_seconds": None if max_seconds is None else float(max_seconds),
        "gradient_tolerance": float(gradient_tolerance),
        "samples": int(samples),
        "tails": bool(tails),
        "runs": int(runs),
    }
    finished, cut_short = _earlier_runs(resume, ansatz, settings, seed)
    if task is not None:
        finished = {k: run if run.sampled_accuracies else _with_accuracies(run, task) for k, run in finished.items()}

    def collect() -> TrainingResult:
        return _collect(cut_short | finished, ansatz, settings, seed, engine, task)

    for k, run_seed in enumerate(np.random.SeedSequence(seed).spawn(runs)):
        if k in finished:
            continue
        start_rng, sample_rng, optimizer_rng = (np.random.default_rng(s) for s in run_seed.spawn(3))
        x0 = start[k] if k < len(start) else ansatz.initial_parameters(start_rng)
        problem = Problem(
            ansatz, engine, objective, sample_rng, max_shots=max_shots, max_seconds=max_seconds,
            tails=tails, report=None if progress is None else partial(progress, k),
        )  # fmt: skip
        outcome, interrupted = None, False
        try:
            with numpy_threads(1):  # BLAS's threads, waiting for work, would keep the kernels' from the cores
                outcome = method.minimize(problem, x0, Limits(max_iterations, gradient_tolerance), optimizer_rng)
        except Stop as stop:
            outcome = stop.outcome
        except KeyboardInterrupt:
            interrupted = True
        if problem.best_parameters is not None:
            try:
                found = _finish(k, problem, outcome, samples, task)
            except KeyboardInterrupt:  # while sampling: that is short, so do it again and stop then
                interrupted = True
                found = _finish(k, problem, outcome, samples, task)
            if outcome is not None:
                finished[k] = found
            elif k not in cut_short or found.value < cut_short[k].value:
                cut_short[k] = found
        if not finished and not cut_short:
            raise KeyboardInterrupt
        if on_run is not None:
            on_run(collect())
        if interrupted:
            break
    return collect()


def _finish(k: int, problem: Problem, outcome: Outcome | None, samples: int, task: Task | None) -> RunResult:
    """What the run leaves behind; the last samples are drawn here."""
    assert problem.best_parameters is not None
    bits = problem.engine.sample(problem.ansatz, problem.best_parameters, samples, problem.rng)
    costs = problem.keep_best(bits)
    assert problem.best_bits is not None
    distinct, first, counts = np.unique(bits, axis=0, return_index=True, return_counts=True)
    cheapest = costs[first].argsort(kind="stable")[:_BEST_SAMPLES]
    numbers = problem.estimator(problem.ansatz, bits, costs)
    energy, energy_error = (problem.exact_energy(), 0.0) if problem.exact else MEAN.estimate(numbers)
    sampled_value, sampled_error = problem.objective.estimate(numbers)
    columns = np.array(problem.history, dtype=np.float64).reshape(-1, 6 + len(TAIL_FRACTIONS)).T
    run = RunResult(
        index=k,
        parameters=problem.best_parameters,
        value=problem.best_value,
        history=columns[0],
        gradient_norms=columns[2],
        evaluations=problem.evaluations,
        status=INTERRUPTED if outcome is None else outcome.status,
        message="interrupted by the user" if outcome is None else outcome.message,
        seconds=time.perf_counter() - problem.started,
        best_bits=problem.best_bits,
        best_cost=problem.best_cost,
        value_error=problem.best_error,
        shots=problem.shots,
        standard_errors=columns[1],
        best_so_far=columns[3],
        history_shots=columns[4],
        history_seconds=columns[5],
        tail_means=columns[6:].T,
        energy=energy,
        energy_error=energy_error,
        bit_means=bits.mean(axis=0),
        sampled_value=sampled_value,
        sampled_error=sampled_error,
        sampled_bits=distinct[cheapest],
        sampled_costs=costs[first][cheapest],
        sampled_counts=counts[cheapest],
        architecture=architecture_distribution(task.network, bits) if isinstance(task, NetworkTask) else {},
    )
    return run if task is None else _with_accuracies(run, task)


def _with_accuracies(run: RunResult, task: Task) -> RunResult:
    """With the accuracies of the sampled networks."""
    splits = [s for s in SPLITS if task.has_split(s)] if len(run.sampled_bits) else []
    return replace(run, sampled_accuracies={s: task.accuracy(run.sampled_bits, s) for s in splits})


def _check_budgets(max_shots: int | None, max_seconds: float | None, engine: Engine) -> None:
    if max_shots is not None:
        if engine.shots is None:
            raise UsageError("max_shots limits measurements, this engine computes exact values; use max_seconds.")
        if isinstance(max_shots, bool) or not isinstance(max_shots, int | np.integer) or max_shots < engine.shots:
            raise UsageError(
                f"max_shots must be a whole number of at least {engine.shots}, the shots of one value, "
                f"got {max_shots!r}."
            )
    if max_seconds is not None and not 0 < max_seconds < np.inf:
        raise UsageError(f"max_seconds must be positive and finite, got {max_seconds!r}.")


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
    resume: TrainingResult | None, ansatz: Ansatz, settings: dict[str, Any], seed: int
) -> tuple[dict[int, RunResult], dict[int, RunResult]]:
    """(runs that need not be repeated, interrupted runs); UsageError if they come from another training."""
    if resume is None:
        return {}, {}
    unknown = {name: settings[name] for name in _UNKNOWN_EARLIER}
    before = unknown | _LATER_SETTINGS | {"seed": resume.seed, "ansatz": resume.ansatz} | resume.settings
    now = {"seed": seed, "ansatz": ansatz.description} | settings
    differing = [k for k in now if k != "runs" and before.get(k) != now[k]]
    if "engine" in differing and "engine_settings" in differing:  # of another engine: that says enough
        differing.remove("engine_settings")
    if differing:
        details = "; ".join(f"{k}: {before.get(k)!r} there, {now[k]!r} here" for k in differing)
        raise UsageError(f"cannot resume a training with other settings ({details}).")
    runs = {run.index: run for run in resume.runs if run.index < settings["runs"]}
    cut_short = {k: run for k, run in runs.items() if run.status == INTERRUPTED}
    return {k: run for k, run in runs.items() if k not in cut_short}, cut_short


def _collect(
    finished: dict[int, RunResult],
    ansatz: Ansatz,
    settings: dict[str, Any],
    seed: int,
    engine: Engine,
    task: Task | None,
) -> TrainingResult:
    runs = tuple(finished[k] for k in sorted(finished))
    result = TrainingResult(
        runs, ansatz.description, settings, int(seed), engine.exact_minimum, versions=package_versions()
    )
    if task is not None:
        for split in SPLITS:
            if task.has_split(split):
                result.accuracies[split] = float(task.accuracy(result.best_bits[None, :], split)[0])
    return result
