"""The training loop: several restarts of an optimizer from SciPy, interruptible and resumable."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import OptimizeResult, minimize

from walshqhn.arrays import BitArray, FloatArray
from walshqhn.binn.task import Task
from walshqhn.errors import UsageError, unknown_name
from walshqhn.vqa.ansatz import Ansatz
from walshqhn.vqa.engines.base import Engine, check_qubits, check_shots
from walshqhn.vqa.result import CONVERGED, INTERRUPTED, ITERATION_LIMIT, STALLED, RunResult, TrainingResult

Optimizer = Literal["L-BFGS-B", "COBYLA"]
OPTIMIZERS = ("L-BFGS-B", "COBYLA")
_VALUES_PER_ITERATION = 20  # L-BFGS-B may spend on its line searches, on average

Progress = Callable[[int, int, float], None]
"""Called after each iteration with (run, iteration, value)."""


def train(
    ansatz: Ansatz,
    engine: Engine,
    *,
    runs: int = 1,
    seed: int = 0,
    optimizer: Optimizer = "L-BFGS-B",
    max_iterations: int = 500,
    gradient_tolerance: float = 1e-6,
    samples: int = 1024,
    initial: npt.ArrayLike | None = None,
    task: Task | None = None,
    resume: TrainingResult | None = None,
    progress: Progress | None = None,
    on_run: Callable[[TrainingResult], None] | None = None,
) -> TrainingResult:
    """Minimize the mean cost E over the angles of a circuit, from several random starting points.

    Parameters
    ----------
    ansatz, engine
        The circuit, and what evaluates it; both on N qubits.
    runs
        Number of restarts. Run k depends on ``seed`` and k only.
    optimizer
        "L-BFGS-B" (gradients; needs an engine without shots) or "COBYLA" (values only).
    max_iterations
        Limit for each run.
    gradient_tolerance
        L-BFGS-B stops when no component of the gradient exceeds it.
    samples
        Bit strings sampled from the final state of each run, to find the best network in it.
    initial
        Angles to start run 0 from, instead of random ones.
    task
        If given, the result holds the accuracies of the best sample's network.
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
    KeyboardInterrupt
        Ctrl-C before there was anything to keep.
    """
    check_qubits(ansatz, engine.num_qubits)
    if task is not None and task.num_bits != engine.num_qubits:
        raise UsageError(f"the task has {task.num_bits} bits, the engine's cost {engine.num_qubits}.")
    if optimizer not in OPTIMIZERS:
        raise unknown_name("optimizer", optimizer, OPTIMIZERS)
    if optimizer == "L-BFGS-B" and engine.shots is not None:
        raise UsageError(
            f"L-BFGS-B needs exact values, this engine estimates them from {engine.shots} shots; "
            "use optimizer='COBYLA', or an engine without shots."
        )
    for name, number, least in (("runs", runs, 1), ("max_iterations", max_iterations, 1), ("seed", seed, 0)):
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < least:
            raise UsageError(f"{name} must be a whole number of at least {least}, got {number!r}.")
    if not 0 < gradient_tolerance < np.inf:
        raise UsageError(f"gradient_tolerance must be positive, got {gradient_tolerance}.")
    if optimizer == "COBYLA" and max_iterations < ansatz.num_parameters + 2:
        raise UsageError(
            f"COBYLA needs max_iterations of at least {ansatz.num_parameters + 2} for {ansatz.num_parameters} angles, "
            f"got {max_iterations}."
        )
    check_shots(samples)
    start = None if initial is None else ansatz.check_parameters(initial)
    settings: dict[str, Any] = {
        "cost": None if engine.cost_sha256 is None else engine.cost_sha256[:16],
        "initial": None if start is None else start.tolist(),
        "engine": type(engine).__name__,
        "engine_shots": engine.shots,
        "optimizer": optimizer,
        "max_iterations": int(max_iterations),
        "gradient_tolerance": float(gradient_tolerance),
        "samples": int(samples),
        "runs": int(runs),
    }
    finished, cut_short = _earlier_runs(resume, ansatz, settings, seed)
    options: dict[str, Any] = {"maxiter": max_iterations}
    if optimizer == "L-BFGS-B":
        options |= {"gtol": gradient_tolerance, "ftol": 0.0, "maxfun": _VALUES_PER_ITERATION * max_iterations}

    def collect() -> TrainingResult:
        return _collect(cut_short | finished, ansatz, settings, seed, engine, task)

    for k, run_seed in enumerate(np.random.SeedSequence(seed).spawn(runs)):
        if k in finished:
            continue
        start_rng, sample_rng = (np.random.default_rng(s) for s in run_seed.spawn(2))
        x0 = start if k == 0 and start is not None else ansatz.initial_parameters(start_rng)
        run = _Run(k, ansatz, engine, sample_rng, progress)
        outcome, interrupted = None, False
        try:
            outcome = run.optimize(x0, optimizer, options)
        except KeyboardInterrupt:
            interrupted = True
        if run.best_parameters is not None:
            try:
                found = run.result(outcome, samples, max_iterations)
            except KeyboardInterrupt:  # while sampling: that is short, so do it again and stop then
                interrupted = True
                found = run.result(outcome, samples, max_iterations)
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


class _Run:
    """One optimization: the objective, and a record of it."""

    def __init__(
        self, index: int, ansatz: Ansatz, engine: Engine, rng: np.random.Generator, progress: Progress | None
    ) -> None:
        self.index, self.ansatz, self.engine, self.progress = index, ansatz, engine, progress
        self.best_parameters: FloatArray | None = None
        self.best_value = np.inf
        self.best_bits: BitArray | None = None
        self.best_cost = np.inf
        self.history: list[float] = []
        self.norms: list[float] = []
        self.evaluations = 0
        self.last_norm = np.nan
        self.rng = rng
        self.started = time.perf_counter()

    def optimize(self, x0: FloatArray, optimizer: Optimizer, options: dict[str, Any]) -> OptimizeResult:
        with_gradient = optimizer == "L-BFGS-B"
        return minimize(
            self._with_gradient if with_gradient else self._value_only,
            x0,
            jac=with_gradient or None,
            method=optimizer,
            options=options,
            callback=self._callback if with_gradient else None,
        )

    def _with_gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = self.engine.value_and_gradient(self.ansatz, x)
        self.last_norm = float(np.abs(gradient).max(initial=0.0))
        self._record(x, value)
        if self.evaluations == 1:
            self._iteration(value)
        return value, gradient

    def _value_only(self, x: FloatArray) -> float:
        if self.engine.shots is None:
            value = self.engine.expectation(self.ansatz, x)
        else:  # not by the engine's expectation: no sample that was paid for is lost, and the seed is the run's
            bits = self.engine.sample(self.ansatz, x, self.engine.shots, self.rng)
            value = float(self._keep_best(bits).mean())
        self._record(x, value)
        self._iteration(value)  # COBYLA: an iteration is an evaluation
        return value

    def _keep_best(self, bits: BitArray) -> FloatArray:
        costs = self.engine.costs(bits)
        best = int(costs.argmin())
        if costs[best] < self.best_cost:
            self.best_cost, self.best_bits = float(costs[best]), bits[best].copy()
        return costs

    def _record(self, x: FloatArray, value: float) -> None:
        self.evaluations += 1
        if value < self.best_value:
            self.best_value, self.best_parameters = value, x.copy()

    def _callback(self, intermediate_result: OptimizeResult) -> None:  # SciPy goes by the argument's name
        self._iteration(float(intermediate_result.fun))

    def _iteration(self, value: float) -> None:
        self.history.append(value)
        self.norms.append(self.last_norm)
        if self.progress is not None:
            self.progress(self.index, len(self.history) - 1, self.history[-1])

    def result(self, outcome: OptimizeResult | None, samples: int, max_iterations: int) -> RunResult:
        assert self.best_parameters is not None
        self._keep_best(self.engine.sample(self.ansatz, self.best_parameters, samples, self.rng))
        assert self.best_bits is not None
        return RunResult(
            index=self.index,
            parameters=self.best_parameters,
            value=self.best_value,
            history=np.array(self.history),
            gradient_norms=np.array(self.norms),
            evaluations=self.evaluations,
            status=_status(outcome, max_iterations),
            message="interrupted by the user" if outcome is None else str(outcome.message),
            seconds=time.perf_counter() - self.started,
            best_bits=self.best_bits,
            best_cost=self.best_cost,
        )


def _status(outcome: OptimizeResult | None, max_iterations: int) -> str:
    if outcome is None:
        return INTERRUPTED
    if outcome.success:
        return CONVERGED
    spent = max(outcome.get("nit", 0), outcome.nfev // _VALUES_PER_ITERATION if "jac" in outcome else outcome.nfev)
    return ITERATION_LIMIT if spent >= max_iterations else STALLED


def _earlier_runs(
    resume: TrainingResult | None, ansatz: Ansatz, settings: dict[str, Any], seed: int
) -> tuple[dict[int, RunResult], dict[int, RunResult]]:
    """(runs that need not be repeated, interrupted runs); UsageError if they come from another training."""
    if resume is None:
        return {}, {}
    before = {"seed": resume.seed, "ansatz": resume.ansatz} | resume.settings
    now = {"seed": seed, "ansatz": ansatz.description} | settings
    differing = [k for k in now if k != "runs" and before.get(k) != now[k]]
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
    result = TrainingResult(runs, ansatz.description, settings, int(seed), engine.exact_minimum)
    if task is not None:
        for split in ("train", "validation", "test"):
            if task.has_split(split):
                result.accuracies[split] = float(task.accuracy(result.best_bits[None, :], split)[0])
    return result
