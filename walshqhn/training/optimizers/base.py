"""What optimizers see of a run, and what a run remembers of them."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any, ClassVar, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.overlap import ComputeUncompute
from walshqhn.engines.base import BatchEngine, Engine
from walshqhn.engines.exact import ExactEngine
from walshqhn.engines.objectives import CVaR, Mean, Objective
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.errors import UsageError
from walshqhn.training.gradients import ShiftPlan
from walshqhn.training.result import SHOT_LIMIT, TAIL_FRACTIONS, TIME_LIMIT

_TAILS = tuple(CVaR(alpha) for alpha in TAIL_FRACTIONS)


class Estimate(NamedTuple):
    """A value of the objective."""

    value: float
    error: float
    """Standard error; 0 where the value is exact, NaN where it comes from a single shot."""


class Outcome(NamedTuple):
    """How an optimization ended."""

    status: str
    """One of those in `walshqhn.training.result`."""
    message: str
    """The optimizer's own words."""


class Limits(NamedTuple):
    """When an optimizer is to stop by itself; budgets are the `Problem`'s."""

    max_iterations: int
    gradient_tolerance: float


class Stop(Exception):
    """Raised by a `Problem` to end the optimization."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.outcome = Outcome(status, message)


class Optimizer(ABC):
    """A method; its settings are the fields of the dataclass that implements it."""

    name: ClassVar[str]
    exact_only: ClassVar[bool] = False
    """Needs an engine without shots."""

    @property
    def settings(self) -> dict[str, Any]:
        """The fields, as JSON can hold them."""
        return asdict(self) if is_dataclass(self) and not isinstance(self, type) else {}

    def least_iterations(self, num_parameters: int) -> int:
        """The fewest ``max_iterations`` that this method can do anything with."""
        return 1

    @abstractmethod
    def minimize(self, problem: Problem, x0: FloatArray, limits: Limits, rng: np.random.Generator) -> Outcome:
        """Search from ``x0``, report every iteration to the problem, and say why it is over."""


class Problem:
    """The objective of one run: evaluates, counts, remembers the best, and stops when a budget is spent.

    Values of an engine with shots are estimated here, not by the engine's expectation: so no sample
    that was paid for is lost, and the seed is the run's.

    Parameters
    ----------
    ansatz, engine, objective
        What is minimized.
    rng
        For the samples.
    max_shots, max_seconds
        Budgets of the run; the first value is always computed.
    tails
        Also for exact values, record the mean of the cheapest fractions of the distribution. (Of samples that is
        always done.)
    report
        Called after each iteration with (iteration, value).
    """

    def __init__(
        self,
        ansatz: Ansatz,
        engine: Engine,
        objective: Objective,
        rng: np.random.Generator,
        *,
        max_shots: int | None = None,
        max_seconds: float | None = None,
        tails: bool = False,
        report: Callable[[int, float], None] | None = None,
    ) -> None:
        self.ansatz, self.engine, self.objective, self.rng = ansatz, engine, objective, rng
        self.max_shots, self.max_seconds, self.tails, self.report = max_shots, max_seconds, tails, report
        self.evaluations = self.shots = 0
        self.best_parameters: FloatArray | None = None
        self.best_value, self.best_error = np.inf, np.nan
        self.best_bits: BitArray | None = None
        self.best_cost = np.inf
        self.history: list[tuple[float, ...]] = []
        """Per iteration: value, standard error, gradient norm, best value so far, shots, seconds, means of tails."""
        self._evaluated: dict[float, tuple[FloatArray, FloatArray | None]] = {}
        """Since the last iteration: value -> angles, costs measured there."""
        self.started = time.perf_counter()
        self._echo: ComputeUncompute | None = None
        self._order: npt.NDArray[np.intp] | None = None

    @property
    def exact(self) -> bool:
        """Whether values are exact."""
        return self.engine.shots is None

    def value(self, x: FloatArray) -> Estimate:
        """The objective at angles ``x``."""
        return self.values([x])[0]

    def values(self, points: Sequence[FloatArray]) -> list[Estimate]:
        """The objective at several settings of the angles: one job, where they are sampled and the engine can."""
        if self.exact:
            return [self._exact_value(x) for x in points]
        costs, numbers = self._measure(self.ansatz, np.stack(points))
        return [
            self._record(x, Estimate(*self.objective.estimate(found)), row)
            for x, row, found in zip(points, costs, numbers, strict=True)
        ]

    def value_and_gradient(self, x: FloatArray) -> tuple[Estimate, FloatArray]:
        """The objective and its gradient at angles ``x``; by parameter shifts where values are sampled."""
        if not self.exact:
            (costs,), (numbers,) = self._measure(self.ansatz, x[None])
            estimate = self._record(x, Estimate(*self.objective.estimate(numbers)), costs)
            diagonal = self.objective.linearized(np.full(costs.size, 1 / costs.size), costs)
            plan = ShiftPlan(self.ansatz, x)
            return estimate, plan.gradient(diagonal(self._measure(plan.ansatz, plan.rows)[1]).mean(axis=1))
        self._afford(0)
        if isinstance(self.objective, Mean):
            value, gradient = self.engine.value_and_gradient(self.ansatz, x)
        elif getattr(self.engine, "objective_gradients", False):
            value, gradient = cast(Any, self.engine).value_and_gradient(self.ansatz, x, self.objective)
        else:
            probabilities, table = self._distribution(self.ansatz, x)
            value = self.objective.exact(probabilities, table)
            effective = self.objective.effective_diagonal(probabilities, table)
            plan = ShiftPlan(self.ansatz, x)
            means = [float(self._distribution(plan.ansatz, row)[0] @ effective) for row in plan.rows]
            gradient = plan.gradient(np.array(means))
        return self._record(x, Estimate(value, 0.0)), gradient

    def overlaps(self, x: FloatArray, points: Sequence[FloatArray]) -> list[float]:
        """|<psi(x)|psi(y)>|^2 for every y of ``points``: exact, or from as many shots as a value takes, by
        compute-uncompute circuits, as one job where the engine can.

        Not by the overlap that other engines offer: that draws from a seed of the engine's own.
        """
        if isinstance(self.engine, ExactEngine):
            self._afford(0)
            return [self.engine.overlap(self.ansatz, x, y) for y in points]
        if self._echo is None:
            self._echo = ComputeUncompute(self.ansatz)
        pairs = np.stack([np.concatenate([x, y]) for y in points])
        if self.exact:
            self._afford(0)
            return [float(self._distribution(self._echo, pair)[0][0]) for pair in pairs]
        bits = self._sample(self._echo, pairs)
        return [float(np.logical_not(row.any(axis=1)).mean()) for row in bits]

    def iteration(self, value: float, error: float = 0.0, norm: float = math.nan) -> None:
        """An iteration is over: ``value``, one of those evaluated, with standard ``error``, ``norm`` the largest
        component of the gradient there (or of its estimate), NaN for a method without."""
        tails = self._tails(value)
        seconds = time.perf_counter() - self.started
        self.history.append((value, error, norm, self.best_value, self.shots, seconds, *tails))
        if self.report is not None:
            self.report(len(self.history) - 1, value)

    def keep_best(self, bits: BitArray) -> FloatArray:
        """Costs of measured ``bits`` (M, N); the cheapest of all that were ever measured is remembered."""
        costs = self.engine.costs(bits)
        best = int(costs.argmin())
        if costs[best] < self.best_cost:
            self.best_cost, self.best_bits = float(costs[best]), bits[best].copy()
        return costs

    def exact_energy(self) -> float:
        """E at the best angles, on an engine without shots."""
        assert self.best_parameters is not None
        if isinstance(self.objective, Mean):
            return self.best_value
        return self.engine.expectation(self.ansatz, self.best_parameters)

    def _exact_value(self, x: FloatArray) -> Estimate:
        self._afford(0)
        if isinstance(self.objective, Mean):
            value = self.engine.expectation(self.ansatz, x)
        elif getattr(self.engine, "objective_gradients", False):
            value = cast(Any, self.engine).expectation(self.ansatz, x, self.objective)
        else:
            value = self.objective.exact(*self._distribution(self.ansatz, x))
        return self._record(x, Estimate(value, 0.0))

    def _sample(self, ansatz: Ansatz, rows: FloatArray) -> BitArray:
        """Bits measured at every row of ``rows`` (M, parameters), as many as the engine's shots: (M, shots, N)."""
        shots = self.engine.shots
        assert shots is not None
        self._afford(shots * len(rows))
        if len(rows) > 1 and isinstance(self.engine, BatchEngine):
            bits = self.engine.sample_many(ansatz, rows, shots, self.rng)
        else:
            bits = np.stack([self.engine.sample(ansatz, row, shots, self.rng) for row in rows])
        self.shots += shots * len(rows)
        return bits

    def estimator(self, ansatz: Ansatz, bits: BitArray, costs: FloatArray) -> FloatArray:
        """What the objective is estimated from: the ``costs`` (M,) of measured ``bits`` (M, N), or, where the engine
        corrects them for errors in reading out, its numbers."""
        found = getattr(self.engine, "estimator", None)
        return costs if found is None else found(ansatz, bits)

    def _measure(self, ansatz: Ansatz, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Costs of what is measured at every row, and the numbers to estimate from: twice (M, shots)."""
        bits = self._sample(ansatz, rows)
        flat = bits.reshape(-1, bits.shape[-1])
        costs = self.keep_best(flat)
        return costs.reshape(bits.shape[:2]), self.estimator(ansatz, flat, costs).reshape(bits.shape[:2])

    def _distribution(self, ansatz: Ansatz, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(probabilities, cost table) of an engine without shots."""
        engine = cast(Any, self.engine)
        if getattr(engine, "table", None) is None or not hasattr(engine, "probabilities"):
            name, what = type(engine).__name__, self.objective.description["name"]
            raise UsageError(
                f"{name} gives no probabilities, which objective {what!r} needs; use ExactEngine or shots."
            )
        return engine.probabilities(ansatz, x), engine.table

    def _tails(self, value: float) -> list[float]:
        """Means of the cheapest parts of the distribution that had this ``value``; NaN where they are not wanted."""
        if value not in self._evaluated:  # an optimizer of one's own may report what it likes
            return [math.nan] * len(_TAILS)
        x, costs = self._evaluated[value]
        self._evaluated = {value: (x, costs)}  # an iteration that changes nothing reports it again
        if costs is not None:
            return [tail.estimate(costs)[0] for tail in _TAILS]
        if not self.tails:
            return [math.nan] * len(_TAILS)
        found, table = self._distribution(self.ansatz, x)
        if self._order is None:
            self._order = table.argsort(kind="stable")
        return [tail.exact(found, table, self._order) for tail in _TAILS]

    def _record(self, x: FloatArray, estimate: Estimate, costs: FloatArray | None = None) -> Estimate:
        self.evaluations += 1
        self._evaluated[estimate.value] = (x.copy(), costs)
        if estimate.value < self.best_value:
            self.best_value, self.best_error, self.best_parameters = estimate.value, estimate.error, x.copy()
        return estimate

    def _afford(self, shots: int) -> None:
        if self.best_parameters is None:
            return
        if self.max_shots is not None and self.shots + shots > self.max_shots:
            raise Stop(SHOT_LIMIT, f"{self.shots} of {self.max_shots} shots are spent, the next job takes {shots}")
        if self.max_seconds is not None and time.perf_counter() - self.started >= self.max_seconds:
            raise Stop(TIME_LIMIT, f"the {self.max_seconds:g} seconds of the run are over")


class Patience:
    """Counts iterations without a lower value."""

    def __init__(self, patience: int | None) -> None:
        self.patience, self.best, self.waited = patience, np.inf, 0

    def is_over(self, value: float) -> bool:
        """Whether ``value`` is the last of ``patience`` in a row that are no lower than those before."""
        self.waited = 0 if value < self.best else self.waited + 1
        self.best = min(self.best, value)
        return self.patience is not None and self.waited >= self.patience


def check_setting(owner: str, name: str, value: Any, *, low: float = 0.0, high: float = math.inf) -> None:
    """UsageError unless ``value`` is a number with low < value < high."""
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not number or not low < value < high:
        allowed = "positive and finite" if (low, high) == (0.0, math.inf) else f"between {low:g} and {high:g}"
        raise UsageError(f"{owner}: {name} must be {allowed}, got {value!r}.")


def check_count(owner: str, name: str, value: Any) -> None:
    """UsageError unless ``value`` is a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise UsageError(f"{owner}: {name} must be a whole number of at least 1, got {value!r}.")
