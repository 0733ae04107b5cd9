"""What a training leaves behind."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
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

REMEDIES = {
    CONVERGED: "",
    ITERATION_LIMIT: "raise max_iterations (--max-iterations)",
    STALLED: "no lower value was found: try another seed, a larger gradient tolerance, smaller steps or more shots",
    INTERRUPTED: "resume to finish the remaining runs",
    SHOT_LIMIT: "raise max_shots, or go on from the parameters found (initial)",
    TIME_LIMIT: "raise max_seconds, or go on from the parameters found (initial)",
}

SPLITS = ("train", "validation", "test")
TAIL_FRACTIONS = (0.01, 0.05, 0.1)
"""Fractions of the shots, cheapest first, whose mean cost a run records."""


_UNKNOWN = np.zeros(0)  # stands for what older files do not hold; RunResult replaces it


def _unknown() -> npt.NDArray[Any]:
    return _UNKNOWN


@dataclass(frozen=True, eq=False)
class RunResult:
    """One optimization from one starting point."""

    index: int
    parameters: FloatArray
    """(num_parameters,), those of the least value seen."""
    value: float
    """The objective (by default E) at ``parameters``; the least of many noisy estimates, where it is sampled, and so
    biased: see ``sampled_value``."""
    history: FloatArray
    """(iterations + 1,), the objective at the start and after each iteration."""
    gradient_norms: FloatArray
    """(iterations + 1,), largest component of the gradient or its estimate; NaN for an optimizer without."""
    evaluations: int
    status: str
    """"converged", "iteration limit", "shot limit", "time limit", "stalled" or "interrupted"."""
    message: str
    """The optimizer's own words."""
    seconds: float
    best_bits: BitArray
    """(N,), the cheapest bit string among all that were sampled."""
    best_cost: float
    """Its cost."""
    value_error: float = math.nan
    """Standard error of ``value``; 0 if it is exact, NaN where unknown (files from before it was kept)."""
    shots: int = 0
    """Measurements that the search took; the final samples come on top."""
    standard_errors: FloatArray = field(default_factory=_unknown)
    """(iterations + 1,), of ``history``; 0 where values are exact, NaN where unknown."""
    best_so_far: FloatArray = field(default_factory=_unknown)
    """(iterations + 1,), least value evaluated up to then, line searches and perturbed angles included."""
    history_shots: FloatArray = field(default_factory=_unknown)
    """(iterations + 1,), measurements made up to then; NaN where unknown, as in the next two."""
    history_seconds: FloatArray = field(default_factory=_unknown)
    """(iterations + 1,), time up to then."""
    tail_means: FloatArray = field(default_factory=_unknown)
    """(iterations + 1, 3), mean cost of the cheapest 1, 5 and 10 % of the shots (`TAIL_FRACTIONS`) at the angles of
    ``history``, or of the exact distribution; NaN where it was not recorded."""
    energy: float = math.nan
    """Mean cost E at ``parameters``, whatever was minimized: exact, or the mean of the final samples. In files from
    before it was kept, ``value``, which then was the same but for bias."""
    energy_error: float = math.nan
    """Its standard error; 0 if it is exact, NaN where unknown."""
    bit_means: FloatArray = field(default_factory=_unknown)
    """(N,), how often each bit is 1 in the final samples."""
    sampled_value: float = math.nan
    """The objective estimated from the final samples: independent of the search, so unbiased but for noise."""
    sampled_error: float = math.nan
    """Its standard error."""
    sampled_bits: BitArray = field(default_factory=_unknown)
    """(K, N), the cheapest distinct bit strings of the final samples, ascending by cost; K = 0 where unknown."""
    sampled_costs: FloatArray = field(default_factory=_unknown)
    """(K,)"""
    sampled_counts: npt.NDArray[np.int64] = field(default_factory=_unknown)
    """(K,), how often each was measured."""
    sampled_accuracies: dict[str, FloatArray] = field(default_factory=dict)
    """Split of the task -> accuracies (K,) of these networks."""
    architecture: dict[str, dict[str, float]] = field(default_factory=dict)
    """Choice -> option -> its share of the final samples; see `walshqhn.binn.architecture`."""

    def __post_init__(self) -> None:
        if math.isnan(self.energy):
            object.__setattr__(self, "energy", self.value)
        length, num_bits = len(self.history), len(self.best_bits)
        defaults: dict[str, npt.NDArray[Any]] = {
            "standard_errors": np.full(length, np.nan),
            "best_so_far": np.minimum.accumulate(self.history),
            "history_shots": np.full(length, np.nan),
            "history_seconds": np.full(length, np.nan),
            "tail_means": np.full((length, len(TAIL_FRACTIONS)), np.nan),
            "bit_means": np.full(num_bits, np.nan),
            "sampled_bits": np.zeros((0, num_bits), np.uint8),
            "sampled_costs": np.zeros(0),
            "sampled_counts": np.zeros(0, np.int64),
        }
        for name, default in defaults.items():
            if getattr(self, name) is _UNKNOWN:
                object.__setattr__(self, name, default)


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
    versions: dict[str, str] = field(default_factory=dict)
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

    @property
    def shots(self) -> int:
        """Measurements of the searches of all runs."""
        return sum(run.shots for run in self.runs)

    def values(self) -> npt.NDArray[np.float64]:
        """Least value of the objective in every run: (runs,)."""
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
            "shots": self.shots,
            "value_error": _number(self.best_run.value_error),
            "energy": self.best_run.energy,
            "energy_error": _number(self.best_run.energy_error),
            "sampled_value": _number(self.best_run.sampled_value),
            "sampled_error": _number(self.best_run.sampled_error),
            "architecture": self.best_run.architecture,
            "versions": self.versions,
            "seconds": self.seconds,
        }


def package_versions() -> dict[str, str]:
    """Versions of Python and of the packages that a training's numbers depend on."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for package in ("walshqhn", "numpy", "scipy", "numba", "qiskit", "qiskit-aer"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _number(value: float) -> float | None:
    """JSON has no NaN."""
    return None if math.isnan(value) else value
