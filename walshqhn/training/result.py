"""Results of trainings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from walshqhn.bits import bits_to_label
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.checks import check_whole
from walshqhn.support.resources import require_memory
from walshqhn.support.shown import ByValue, Drawn, Tabular

CONVERGED = "converged"
ITERATION_LIMIT = "iteration limit"
STALLED = "stalled"
INTERRUPTED = "interrupted"
SHOT_LIMIT = "shot limit"
TIME_LIMIT = "time limit"
STOPPED = "stopped by callback"
FAILED = "cost failed"
UNFINISHED = (INTERRUPTED, FAILED)
"""Statuses of runs that a resumed training repeats."""

REMEDIES = {
    CONVERGED: "",
    ITERATION_LIMIT: "raise max_iterations (--max-iterations)",
    STALLED: "no lower value was found: try another seed, a larger gradient tolerance, smaller steps or more shots",
    INTERRUPTED: "resume to finish the remaining runs",
    SHOT_LIMIT: "raise max_shots, or continue from the parameters found (initial)",
    TIME_LIMIT: "raise max_seconds, or continue from the parameters found (initial)",
    STOPPED: "",
    FAILED: "mend the function, or give BlackBoxCost a penalty, and resume: finished runs are kept",
}
"""Every status of a run, and what to do about it."""


class Outcome(NamedTuple):
    """How a search ended."""

    status: str
    """One of `REMEDIES`."""
    message: str
    """Details, for people."""


_RUN = 4000  # bytes that a result takes at least
SPLITS = ("train", "validation", "test")
TAIL_FRACTIONS = (0.01, 0.05, 0.1)
"""Cheapest fractions of the shots whose mean costs a run records."""


def check_runs(runs: Any, variants: int = 1) -> int:
    """``runs`` as an int; UsageError unless at least 1, TooLargeError if the results would not fit in memory."""
    count = check_whole("runs", runs, 1)
    if count * variants > 1 << 14:
        require_memory(_RUN * count * variants, f"a result of {count * variants:,} runs", "Ask for fewer runs.")
    return count


@dataclass(frozen=True, eq=False, repr=False)
class RunResult(ByValue, Tabular):
    """One optimization from one starting point."""

    index: int
    """Number of the run, k >= 0."""
    parameters: FloatArray
    """(num_parameters,), at the least value seen."""
    value: float
    """The objective (by default E) there; if sampled, the least of many estimates and biased: see ``sampled_value``."""
    value_error: float
    """Standard error of ``value``; 0 where it is exact, NaN where it comes from a single shot."""
    history: FloatArray
    """(iterations + 1,), the objective at the start and after each iteration; a step that is blocked repeats it."""
    standard_errors: FloatArray
    """(iterations + 1,), of ``history``; 0 where values are exact."""
    best_so_far: FloatArray
    """(iterations + 1,), least value evaluated so far, including line searches and perturbed angles."""
    gradient_norms: FloatArray
    """(iterations + 1,), largest component of the gradient or its estimate; NaN for methods without gradients."""
    history_shots: FloatArray
    """(iterations + 1,), measurements so far."""
    history_seconds: FloatArray
    """(iterations + 1,), time so far."""
    tail_means: FloatArray
    """(iterations + 1, 3), mean cost of the cheapest 1, 5 and 10 % of the shots (`TAIL_FRACTIONS`) at the angles of
    ``history``, or of the exact distribution; NaN where it was not recorded."""
    evaluations: int
    """Values (with or without gradients) computed."""
    shots: int
    """Measurements in the search, without the final samples."""
    seconds: float
    """Time of the search and the final samples, without the compilation of kernels."""
    status: str
    """One of `REMEDIES`."""
    message: str
    """Details from the optimizer."""
    energy: float
    """Mean cost E at ``parameters``, whatever the objective: exact, or the mean of the final samples."""
    energy_error: float
    """Its standard error; 0 where it is exact."""
    best_bits: BitArray
    """(N,), the cheapest bit string measured."""
    best_cost: float
    """Its cost."""
    bit_means: FloatArray
    """(N,), how often each bit is 1 in the final samples."""
    sampled_value: float
    """The objective estimated from the final samples, independent of the search. NaN if it is defined for exact
    distributions only: its `evaluate` then raises UsageError or NotImplementedError."""
    sampled_error: float
    """Its standard error; NaN as above, or for a single sample."""
    sampled_bits: BitArray
    """(K, N), the cheapest distinct bit strings of the final samples, ascending by cost."""
    sampled_costs: FloatArray
    """(K,)"""
    sampled_counts: npt.NDArray[np.int64]
    """(K,), how often each was measured."""
    sampled_accuracies: dict[str, FloatArray]
    """Split of the task -> accuracies (K,) of these bit strings; empty without a task."""
    architecture: dict[str, dict[str, float]]
    """Choice -> option -> its share of the final samples; see `walshqhn.binn.architecture`."""

    def facts(self) -> dict[str, Any]:
        names = ("index", "value", "value_error", "energy", "best_cost", "status", "evaluations", "shots", "seconds")
        return {name: getattr(self, name) for name in names} | {"best_bits": bits_to_label(self.best_bits)}

    def columns(self, count: int | None = None) -> dict[str, Any]:
        """The course of the search, iteration by iteration."""
        names = ("history", "standard_errors", "best_so_far", "gradient_norms", "history_shots", "history_seconds")
        return {"iteration": range(len(self.history))} | {name: getattr(self, name) for name in names}


def rows_of(runs: Sequence[RunResult]) -> dict[str, Any]:
    """Columns of a table with one row for each run."""
    return {name: [run.facts()[name] for run in runs] for name in (runs[0].facts() if runs else ("index",))}


@dataclass(frozen=True, eq=False, repr=False)
class TrainingResult(ByValue, Tabular, Drawn):
    """Several optimizations of one circuit for one cost; properties refer to the best run."""

    runs: tuple[RunResult, ...]
    """By ascending index; at least one."""
    ansatz: dict[str, Any]
    """`Ansatz.description` of the circuit."""
    engine: dict[str, Any]
    """Name of the class, shots and `Engine.settings`."""
    search: dict[str, Any]
    """The `SearchSpec`, with the optimizer that was used."""
    cost_digest: str
    """Digest of the cost that the engine measures."""
    seed: int
    """Seed of all random numbers."""
    planned_runs: int
    """Number of runs that were requested."""
    initial: list[list[float]] | None
    """Starting points that were given, one list of angles for each of the first runs."""
    exact_minimum: float | None
    """Least cost of any configuration, where it is known."""
    accuracies: dict[str, float]
    """Split of the task -> accuracy of the best sample; empty without a task."""
    versions: dict[str, str]
    """Versions of Python and of the packages that the numbers depend on."""

    def facts(self) -> dict[str, Any]:
        found = {"ansatz": self.ansatz["name"], "engine": self.engine["name"], "optimizer": self.search["optimizer"]}
        found |= {"runs": len(self.runs), "value": self.value, "best_cost": self.best_cost, "status": self.status}
        found |= {"best_bits": bits_to_label(self.best_bits), "exact_minimum": self.exact_minimum, "seed": self.seed}
        return found | {"accuracies": self.accuracies, "evaluations": self.evaluations, "seconds": self.seconds}

    def columns(self, count: int | None = None) -> dict[str, Any]:
        """One row for each run."""
        return rows_of(self.runs)

    @property
    def best_run(self) -> RunResult:
        """The run with the lowest value."""
        return min(self.runs, key=lambda run: run.value)

    @property
    def parameters(self) -> FloatArray:
        """Angles of the best run."""
        return self.best_run.parameters

    @property
    def value(self) -> float:
        """Lowest value of the objective (by default E)."""
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
        """Cost of the best sample above the exact minimum; None where that is unknown."""
        return None if self.exact_minimum is None else self.best_cost - self.exact_minimum

    @property
    def status(self) -> str:
        """Status of the best run; "cost failed" or "interrupted" if any run was; "interrupted" if runs are missing."""
        found = {run.status for run in self.runs}
        if FAILED in found:
            return FAILED
        unfinished = len(self.runs) < self.planned_runs or INTERRUPTED in found
        return INTERRUPTED if unfinished else self.best_run.status

    @property
    def message(self) -> str:
        """Details of the status, for people: where the cost failed, or what the optimizer says."""
        return next((run.message for run in self.runs if run.status == FAILED), self.best_run.message)

    @property
    def remedy(self) -> str:
        """Advice on the status; may be empty."""
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
        """Lowest value of the objective in every run: (runs,)."""
        return np.array([run.value for run in self.runs])

    def summary(self) -> dict[str, Any]:
        """The main results, as JSON can hold them; None in place of NaN."""
        best = self.best_run
        own: tuple[str, ...] = ("ansatz", "engine", "search", "seed", "initial", "status", "remedy", "best_cost")
        own += ("exact_minimum", "excess", "evaluations", "shots", "seconds", "versions")
        numbers = ("value", "value_error", "energy", "energy_error", "sampled_value", "sampled_error")
        return {
            **{name: getattr(self, name) for name in own},
            **{name: None if math.isnan(x := getattr(best, name)) else x for name in numbers},
            "cost_digest": self.cost_digest,
            "best_bits": bits_to_label(self.best_bits),
            "accuracy": self.accuracies,
            "architecture": best.architecture,
            "runs": len(self.runs),
            "iterations": [len(run.history) - 1 for run in self.runs],
        }
