"""What a training leaves behind."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.bits import bits_to_label
from walshqhn.support.arrays import BitArray, FloatArray

CONVERGED = "converged"
ITERATION_LIMIT = "iteration limit"
STALLED = "stalled"
INTERRUPTED = "interrupted"
SHOT_LIMIT = "shot limit"
TIME_LIMIT = "time limit"
STOPPED = "stopped by callback"

REMEDIES = {
    CONVERGED: "",
    ITERATION_LIMIT: "raise max_iterations (--max-iterations)",
    STALLED: "no lower value was found: try another seed, a larger gradient tolerance, smaller steps or more shots",
    INTERRUPTED: "resume to finish the remaining runs",
    SHOT_LIMIT: "raise max_shots, or go on from the parameters found (initial)",
    TIME_LIMIT: "raise max_seconds, or go on from the parameters found (initial)",
    STOPPED: "",
}
"""Every status of a run, and what to do about it."""

SPLITS = ("train", "validation", "test")
TAIL_FRACTIONS = (0.01, 0.05, 0.1)
"""Fractions of the shots, cheapest first, whose mean cost a run records."""


@dataclass(frozen=True, eq=False)
class RunResult:
    """One optimization from one starting point."""

    index: int
    """k >= 0, the number of the run."""
    parameters: FloatArray
    """(num_parameters,), those of the least value seen."""
    value: float
    """The objective (by default E) at ``parameters``; the least of many noisy estimates, where it is sampled, and so
    biased: see ``sampled_value``."""
    value_error: float
    """Standard error of ``value``; 0 where it is exact, NaN where it comes from a single shot."""
    history: FloatArray
    """(iterations + 1,), the objective at the start and after each iteration."""
    standard_errors: FloatArray
    """(iterations + 1,), of ``history``; 0 where values are exact."""
    best_so_far: FloatArray
    """(iterations + 1,), least value evaluated up to then, line searches and perturbed angles included."""
    gradient_norms: FloatArray
    """(iterations + 1,), largest component of the gradient or its estimate; NaN for an optimizer without."""
    history_shots: FloatArray
    """(iterations + 1,), measurements made up to then."""
    history_seconds: FloatArray
    """(iterations + 1,), time up to then."""
    tail_means: FloatArray
    """(iterations + 1, 3), mean cost of the cheapest 1, 5 and 10 % of the shots (`TAIL_FRACTIONS`) at the angles of
    ``history``, or of the exact distribution; NaN where it was not recorded."""
    evaluations: int
    """Values (with or without gradients) computed."""
    shots: int
    """Measurements that the search took; the final samples come on top."""
    seconds: float
    """Time of the search and the final samples, without the compilation of kernels."""
    status: str
    """One of `REMEDIES`."""
    message: str
    """The optimizer's own words."""
    energy: float
    """Mean cost E at ``parameters``, whatever was minimized: exact, or the mean of the final samples."""
    energy_error: float
    """Its standard error; 0 where it is exact."""
    best_bits: BitArray
    """(N,), the cheapest bit string among all that were measured."""
    best_cost: float
    """Its cost."""
    bit_means: FloatArray
    """(N,), how often each bit is 1 in the final samples."""
    sampled_value: float
    """The objective estimated from the final samples: independent of the search, so unbiased but for noise."""
    sampled_error: float
    """Its standard error."""
    sampled_bits: BitArray
    """(K, N), the cheapest distinct bit strings of the final samples, ascending by cost."""
    sampled_costs: FloatArray
    """(K,)"""
    sampled_counts: npt.NDArray[np.int64]
    """(K,), how often each was measured."""
    sampled_accuracies: dict[str, FloatArray]
    """Split of the task -> accuracies (K,) of these networks; empty without a task."""
    architecture: dict[str, dict[str, float]]
    """Choice -> option -> its share of the final samples; see `walshqhn.binn.architecture`."""


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """Several optimizations of one circuit for one cost; the figures are those of the best run."""

    runs: tuple[RunResult, ...]
    """In order of their index; never empty."""
    ansatz: dict[str, Any]
    """The circuit, see `Ansatz.description`."""
    engine: dict[str, Any]
    """Name of the class, shots, and the rest of what decides its results (`Engine.settings`)."""
    search: dict[str, Any]
    """The `SearchSpec`, its optimizer decided."""
    cost_digest: str
    """Of the cost that the engine measures."""
    seed: int
    """What all random draws follow from."""
    planned_runs: int
    """How many runs there are when nothing is missing."""
    initial: list[list[float]] | None
    """The starting points that were given, of the first so many runs: a list of lists of angles."""
    exact_minimum: float | None
    """Least cost of any configuration, where it is known."""
    accuracies: dict[str, float]
    """Accuracy of the best sample's network on each split that the task has; empty without a task."""
    versions: dict[str, str]
    """Of Python and the packages that the numbers depend on."""

    @property
    def best_run(self) -> RunResult:
        """The run with the least value."""
        return min(self.runs, key=lambda run: run.value)

    @property
    def parameters(self) -> FloatArray:
        """Angles of the best run."""
        return self.best_run.parameters

    @property
    def value(self) -> float:
        """Least value of the objective, by default of E."""
        return self.best_run.value

    @property
    def history(self) -> FloatArray:
        """The objective along the best run."""
        return self.best_run.history

    @property
    def best_bits(self) -> BitArray:
        """(N,), the cheapest bit string sampled in any run."""
        return min(self.runs, key=lambda run: run.best_cost).best_bits

    @property
    def best_cost(self) -> float:
        """Cost of ``best_bits``."""
        return min(run.best_cost for run in self.runs)

    @property
    def excess(self) -> float | None:
        """How far the best sample lies above the exact minimum; None where that is unknown."""
        return None if self.exact_minimum is None else self.best_cost - self.exact_minimum

    @property
    def status(self) -> str:
        """ "interrupted" if a run was or some are missing, else the status of the best run."""
        unfinished = len(self.runs) < self.planned_runs or any(run.status == INTERRUPTED for run in self.runs)
        return INTERRUPTED if unfinished else self.best_run.status

    @property
    def remedy(self) -> str:
        """What to do about the status; empty if nothing."""
        return REMEDIES.get(self.status, "")

    @property
    def seconds(self) -> float:
        """Time spent in all runs."""
        return sum(run.seconds for run in self.runs)

    @property
    def evaluations(self) -> int:
        """Values (with or without gradients) computed in all runs."""
        return sum(run.evaluations for run in self.runs)

    @property
    def shots(self) -> int:
        """Measurements of the searches of all runs."""
        return sum(run.shots for run in self.runs)

    def values(self) -> FloatArray:
        """Least value of the objective in every run: (runs,)."""
        return np.array([run.value for run in self.runs])

    def summary(self) -> dict[str, Any]:
        """The main figures, as JSON can hold them."""
        best = self.best_run
        return {
            "ansatz": self.ansatz,
            "engine": self.engine,
            "search": self.search,
            "cost": self.cost_digest,
            "seed": self.seed,
            "initial": self.initial,
            "status": self.status,
            "remedy": self.remedy,
            "value": self.value,
            "value_error": _number(best.value_error),
            "energy": best.energy,
            "energy_error": _number(best.energy_error),
            "sampled_value": _number(best.sampled_value),
            "sampled_error": _number(best.sampled_error),
            "best_sample": bits_to_label(self.best_bits),
            "best_cost": self.best_cost,
            "exact_minimum": self.exact_minimum,
            "excess": self.excess,
            "accuracy": self.accuracies,
            "architecture": best.architecture,
            "runs": len(self.runs),
            "iterations": [len(run.history) - 1 for run in self.runs],
            "evaluations": self.evaluations,
            "shots": self.shots,
            "seconds": self.seconds,
            "versions": self.versions,
        }


def _number(value: float) -> float | None:
    """JSON has no NaN."""
    return None if math.isnan(value) else value
