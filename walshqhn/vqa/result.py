"""What a training leaves behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.arrays import BitArray, FloatArray
from walshqhn.bits import bits_to_label

CONVERGED = "converged"
ITERATION_LIMIT = "iteration limit"
STALLED = "stalled"
INTERRUPTED = "interrupted"

REMEDIES = {
    CONVERGED: "",
    ITERATION_LIMIT: "raise max_iterations (--max-iterations)",
    STALLED: "the line search found no lower value: try another seed, or a larger gradient tolerance",
    INTERRUPTED: "resume to finish the remaining runs",
}


@dataclass(frozen=True, eq=False)
class RunResult:
    """One optimization from one starting point."""

    index: int
    parameters: FloatArray
    """(num_parameters,), those of the least value seen."""
    value: float
    """E at ``parameters``."""
    history: FloatArray
    """(iterations + 1,), E at the start and after each iteration."""
    gradient_norms: FloatArray
    """(iterations + 1,), largest component of the gradient; NaN for an optimizer without."""
    evaluations: int
    status: str
    """"converged", "iteration limit", "stalled" or "interrupted"."""
    message: str
    """The optimizer's own words."""
    seconds: float
    best_bits: BitArray
    """(N,), the cheapest bit string among all that were sampled."""
    best_cost: float
    """Its cost."""


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """Several optimizations of one circuit for one cost; the figures are those of the best run."""

    runs: tuple[RunResult, ...]
    """In order of their index; never empty."""
    ansatz: dict[str, Any]
    settings: dict[str, Any]
    """Everything that decides the outcome: checksum of the cost, engine, optimizer, tolerances, number of runs ..."""
    seed: int
    exact_minimum: float | None = None
    """Least cost of any configuration, where it is known."""
    accuracies: dict[str, float] = field(default_factory=dict)
    """Accuracy of the best sample's network on each split that the task has."""

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
        """Least E."""
        return self.best_run.value

    @property
    def history(self) -> FloatArray:
        """E along the best run."""
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
        unfinished = len(self.runs) < self.settings.get("runs", 1) or any(r.status == INTERRUPTED for r in self.runs)
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

    def values(self) -> npt.NDArray[np.float64]:
        """E of every run: (runs,)."""
        return np.array([run.value for run in self.runs])

    def summary(self) -> dict[str, Any]:
        """The main figures, as JSON can hold them."""
        return {
            "ansatz": self.ansatz,
            "settings": self.settings,
            "seed": self.seed,
            "status": self.status,
            "remedy": self.remedy,
            "value": self.value,
            "best_sample": bits_to_label(self.best_bits),
            "best_cost": self.best_cost,
            "exact_minimum": self.exact_minimum,
            "excess": self.excess,
            "accuracy": self.accuracies,
            "runs": len(self.runs),
            "iterations": [len(run.history) - 1 for run in self.runs],
            "evaluations": self.evaluations,
            "seconds": self.seconds,
        }
