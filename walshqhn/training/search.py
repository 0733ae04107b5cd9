"""One run: the loop over an optimizer's steps, and the result of the run."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from walshqhn.binn.architecture import architecture_distribution
from walshqhn.binn.task import NetworkTask, Task
from walshqhn.engines.distribution import Distribution, Estimate
from walshqhn.engines.objectives import MEAN
from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import CostError, UsageError
from walshqhn.support.resources import numpy_threads
from walshqhn.training.evaluator import HISTORY, Evaluator, Stop
from walshqhn.training.optimizers.base import Optimizer
from walshqhn.training.result import FAILED, INTERRUPTED, ITERATION_LIMIT, SPLITS, Outcome, RunResult

_BEST_SAMPLES = 10  # distinct networks that a run keeps of its final samples


def one_run(
    k: int, evaluator: Evaluator, method: Optimizer, x0: FloatArray, task: Task | None
) -> tuple[RunResult | None, bool]:
    """Run ``k`` from the angles ``x0``, None if nothing was evaluated; and whether it was interrupted.

    CostError if the cost fails before there is a value.
    """
    outcome, interrupted = None, False
    try:
        outcome = minimize(method, evaluator, x0 / evaluator.angles)
    except KeyboardInterrupt:
        interrupted = True
    except CostError as error:
        if evaluator.best is None:
            raise
        outcome = Outcome(FAILED, str(error))
    if evaluator.best is None:
        return None, interrupted
    try:
        return finish(k, evaluator, outcome, task), interrupted
    except KeyboardInterrupt:  # sampling is short: repeat it, then stop
        return finish(k, evaluator, outcome, task), True


def minimize(method: Optimizer, run: Evaluator, x0: FloatArray) -> Outcome:
    """Search from the angles ``x0``, in natural units, until the method, a limit, a budget or the callback ends it."""
    try:
        with numpy_threads(1):  # BLAS's threads, waiting for work, would keep the kernels' from the cores
            state = method.init(run, x0)
            while (outcome := method.terminate(run, state)) is None:
                if run.iterations >= run.search.max_iterations:
                    return Outcome(ITERATION_LIMIT, f"{run.search.max_iterations} iterations are over")
                state = method.step(run, state)
            return outcome
    except Stop as stop:
        return stop.outcome


def finish(k: int, evaluator: Evaluator, outcome: Outcome | None, task: Task | None) -> RunResult:
    """The result of run ``k``, with the final samples, which are drawn here. No ``outcome``: it was interrupted."""
    best = evaluator.best
    assert best is not None
    try:
        with numpy_threads(1):  # sums by BLAS depend on it
            found = evaluator.sample(evaluator.search.samples)
    except CostError as error:
        if best.distribution is None:
            raise
        outcome, found = Outcome(FAILED, str(error)), best.distribution  # what the best value was estimated from
    bits, costs = found.bits, found.measured_costs
    assert evaluator.best_bits is not None
    assert bits is not None
    assert costs is not None
    distinct, first, counts = np.unique(bits, axis=0, return_index=True, return_counts=True)
    cheapest = costs[first].argsort(kind="stable")[:_BEST_SAMPLES]
    energy = evaluator.energy() if evaluator.is_exact else MEAN.evaluate(found)
    sampled = _sampled(evaluator, found)
    status, message = outcome or (INTERRUPTED, "interrupted by the user")
    columns = evaluator.history.T
    run = RunResult(
        index=k, parameters=best.parameters, value=best.value, value_error=best.error,
        **dict(zip(HISTORY, columns, strict=False)), tail_means=columns[len(HISTORY) :].T,
        evaluations=evaluator.evaluations, shots=evaluator.shots, seconds=evaluator.clock.seconds,
        status=status, message=message, energy=energy.value, energy_error=energy.error,
        best_bits=evaluator.best_bits, best_cost=evaluator.best_cost, bit_means=bits.mean(axis=0),
        sampled_value=sampled.value, sampled_error=sampled.error, sampled_bits=distinct[cheapest],
        sampled_costs=costs[first][cheapest], sampled_counts=counts[cheapest], sampled_accuracies={},
        architecture=architecture_distribution(task.network, bits) if isinstance(task, NetworkTask) else {},
    )  # fmt: skip
    return run if task is None else with_accuracies(run, task)


def with_accuracies(run: RunResult, task: Task) -> RunResult:
    """``run`` with the accuracies of the sampled networks."""
    return replace(run, sampled_accuracies={s: task.accuracy(run.sampled_bits, s) for s in SPLITS if s in task.splits})


def _sampled(evaluator: Evaluator, found: Distribution) -> Estimate:
    """The objective of the final samples; NaN for one that is defined for exact distributions only."""
    try:
        return evaluator.objective.evaluate(found)
    except (UsageError, NotImplementedError):
        return Estimate(math.nan, math.nan)
