"""One run: an optimizer asked for one step after the other, and what the run leaves behind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from walshqhn.binn.architecture import architecture_distribution
from walshqhn.binn.task import NetworkTask, Task
from walshqhn.engines.objectives import MEAN
from walshqhn.support.arrays import FloatArray
from walshqhn.support.resources import numpy_threads
from walshqhn.training.evaluator import Evaluator, Stop
from walshqhn.training.optimizers.base import Optimizer, Outcome, Search
from walshqhn.training.result import INTERRUPTED, ITERATION_LIMIT, SPLITS, RunResult

_BEST_SAMPLES = 10  # distinct networks that a run keeps of its final samples


def minimize(method: Optimizer, search: Search, x0: FloatArray) -> Outcome:
    """Search from the angles ``x0`` until the method, a limit, a budget or the callback ends it."""
    try:
        with numpy_threads(1):  # BLAS's threads, waiting for work, would keep the kernels' from the cores
            state = method.init(search, x0)
            while (outcome := method.terminate(search, state)) is None:
                if search.evaluator.iterations >= search.max_iterations:
                    return Outcome(ITERATION_LIMIT, f"{search.max_iterations} iterations are over")
                state = method.step(search, state)
            return outcome
    except Stop as stop:
        return stop.outcome


def finish(k: int, evaluator: Evaluator, outcome: Outcome | None, samples: int, task: Task | None) -> RunResult:
    """What run ``k`` leaves behind; the final samples are drawn here. No ``outcome``: it was interrupted."""
    with numpy_threads(1):  # sums by BLAS depend on it
        found = evaluator.sample(samples)
    best, bits, costs = evaluator.best, found.bits, found.measured_costs
    assert best is not None
    assert evaluator.best_bits is not None
    assert bits is not None
    assert costs is not None
    distinct, first, counts = np.unique(bits, axis=0, return_index=True, return_counts=True)
    cheapest = costs[first].argsort(kind="stable")[:_BEST_SAMPLES]
    energy, energy_error = evaluator.energy() if evaluator.is_exact else MEAN.evaluate(found)
    sampled_value, sampled_error = evaluator.objective.evaluate(found)
    history = evaluator.history.T
    run = RunResult(
        index=k,
        parameters=best.parameters,
        value=best.value,
        value_error=best.error,
        history=history[0],
        standard_errors=history[1],
        gradient_norms=history[2],
        best_so_far=history[3],
        history_shots=history[4],
        history_seconds=history[5],
        tail_means=history[6:].T,
        evaluations=evaluator.evaluations,
        shots=evaluator.shots,
        seconds=evaluator.clock.seconds,
        status=INTERRUPTED if outcome is None else outcome.status,
        message="interrupted by the user" if outcome is None else outcome.message,
        energy=energy,
        energy_error=energy_error,
        best_bits=evaluator.best_bits,
        best_cost=evaluator.best_cost,
        bit_means=bits.mean(axis=0),
        sampled_value=sampled_value,
        sampled_error=sampled_error,
        sampled_bits=distinct[cheapest],
        sampled_costs=costs[first][cheapest],
        sampled_counts=counts[cheapest],
        sampled_accuracies={},
        architecture=architecture_distribution(task.network, bits) if isinstance(task, NetworkTask) else {},
    )
    return run if task is None else with_accuracies(run, task)


def with_accuracies(run: RunResult, task: Task) -> RunResult:
    """With the accuracies of the sampled networks."""
    return replace(run, sampled_accuracies={s: task.accuracy(run.sampled_bits, s) for s in SPLITS if s in task.splits})
