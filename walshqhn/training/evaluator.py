"""The evaluations of one run: counted, recorded, and stopped when a budget is spent."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from walshqhn.engines.base import Evaluation, Prepared
from walshqhn.engines.distribution import Distribution, Estimate
from walshqhn.engines.objectives import MEAN, CVaR, make_objective
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.clock import Stopwatch
from walshqhn.training.journal import Journal, Recalled
from walshqhn.training.result import SHOT_LIMIT, STOPPED, TAIL_FRACTIONS, TIME_LIMIT, Outcome

if TYPE_CHECKING:
    from walshqhn.training.spec import SearchSpec

HISTORY = ("history", "standard_errors", "gradient_norms", "best_so_far", "history_shots", "history_seconds")
"""Fields of `RunResult` that `Evaluator.report` records; the tail means follow."""
_TAILS = tuple(CVaR(alpha) for alpha in TAIL_FRACTIONS)
Callback = Callable[[Evaluation], object]
"""Called after each iteration with its `Evaluation`; a true return value ends the run."""


class Stop(Exception):
    """Raised by an `Evaluator` to end the search."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.outcome = Outcome(status, message)


@dataclass(frozen=True, eq=False)
class Point:
    """An evaluation as optimizers see it, in natural units; see `Evaluator`."""

    parameters: FloatArray
    """(num_parameters,)"""
    value: float
    error: float
    """Standard error of ``value``; 0 where it is exact, NaN for a single shot."""
    gradient: FloatArray | None
    """(num_parameters,), where requested."""
    evaluation: Evaluation
    """The same in the units of the cost, from which it was made."""


class Evaluator:
    """One run as an optimizer sees it: computes values, gradients and overlaps, and records the iterations.

    To an optimizer, the units of a cost do not exist. Values are (C - center) / unit, the unit being the power of two
    next to the standard deviation of C, so that no digit is lost; their own deviation, ``spread``, is near 1, and exact
    tolerances are multiples of it. Angles are multiples of `Ansatz.parameter_units`. So the search for a C + b, a > 0,
    is that for C.

    ``search`` holds objective, limits and budgets; the first value is computed whatever the budget. ``rng`` is for the
    optimizer's random numbers, ``sample_rng`` for measurements. Evaluations recorded in a ``journal`` are taken from
    there.
    """

    def __init__(
        self, prepared: Prepared, search: SearchSpec, sample_rng: np.random.Generator, rng: np.random.Generator,
        callback: Callback | None = None, journal: Journal | None = None,
    ) -> None:  # fmt: skip
        self._journal = journal or Journal()
        self.prepared, self.search, self.rng, self.callback = prepared, search, rng, callback
        self.objective, self.clock = make_objective(search.objective), Stopwatch()
        self.is_exact, self._sample_rng = prepared.is_exact, sample_rng
        self._draws = None if self.is_exact else sample_rng  # exact values take no random numbers from the run
        scale = prepared.engine.cost.scale
        self._center, self._unit = scale.center, 2.0 ** round(math.log2(scale.spread))
        self.angles = prepared.ansatz.parameter_units
        """(num_parameters,), their natural units."""
        self.spread = scale.spread / self._unit
        """Standard deviation of the cost as optimizers see it, between 0.7 and 1.5."""
        self.evaluations = self.shots = 0
        self.waited = 0
        """Iterations reported since the lowest value that was reported."""
        self._best: Point | None = None
        self.best_bits: BitArray | None = None
        """(N,), the cheapest measured."""
        self.best_cost = self._lowest = math.inf
        self._history: list[tuple[float, ...]] = []

    @property
    def iterations(self) -> int:
        """Iterations reported, not counting the starting point."""
        return max(0, len(self._history) - 1)

    @property
    def best(self) -> Evaluation | None:
        """Of the least value."""
        return None if self._best is None else self._best.evaluation

    @property
    def history(self) -> FloatArray:
        """A row for each iteration: the `HISTORY`, then the means of the cheapest 1, 5 and 10 %."""
        return np.array(self._history, dtype=np.float64).reshape(-1, len(HISTORY) + len(_TAILS))

    def value(self, x: FloatArray) -> Point:
        """The objective at the angles ``x``, which the caller may change afterwards."""
        return self.values([x])[0]

    def values(self, points: Sequence[FloatArray]) -> list[Point]:
        """The objective at several points, in one job."""
        self._check_budget(len(points))
        angles = [x * self.angles for x in points]
        found = self._asked(angles, lambda: self.prepared.evaluate(np.stack(angles), self.objective, self._draws))
        return self._keep(len(points), points, found)

    def value_and_gradient(self, x: FloatArray) -> tuple[Point, FloatArray]:
        """The objective and its gradient at the angles ``x``; by parameter shifts where values are sampled."""
        circuits = 1 if self.is_exact else self.prepared.gradient_circuits
        if not self.is_exact and self._exceeds_shots(circuits):
            self.value(x)  # what is left may be enough for a value; the first one is always computed
        self._check_budget(circuits)
        prepared, at = self.prepared, x * self.angles
        found = self._asked([at], lambda: [prepared.value_and_gradient(at, self.objective, self._draws)])
        (point,) = self._keep(circuits, [x], found)
        assert point.gradient is not None
        return point, point.gradient

    def overlaps(self, x: FloatArray, points: Sequence[FloatArray]) -> FloatArray:
        """|<psi(x)|psi(y)>|^2 for every y of ``points``, (M,): exact, or each from as many shots as a value takes."""
        self._check_budget(len(points))
        here, there = x * self.angles, np.stack(points) * self.angles
        found = self._numbers("overlaps", lambda: self.prepared.overlaps(here, there, self._draws))
        self._keep(len(points))
        return found

    def report(self, point: Point, gradient: FloatArray | None = None) -> None:
        """Record an iteration that ended at ``point``; ``gradient`` is an estimate, where ``point`` has none."""
        assert self.best is not None
        found, slope = point.evaluation, point.gradient if gradient is None else gradient
        norm = math.nan if slope is None else self._unit * float(np.abs(slope / self.angles).max(initial=0.0))
        best = self.best.value

        def row() -> FloatArray:
            now = self.clock.seconds
            return np.array([found.value, found.error, norm, best, self.shots, now, *self._tails(found)])

        self._history.append(tuple(self._numbers("row", row).tolist()))
        self.waited = 0 if point.value < self._lowest else self.waited + 1
        self._lowest = min(self._lowest, point.value)
        if self.callback is not None and self.callback(found):
            raise Stop(STOPPED, "the callback asked for it")

    def energy(self) -> Estimate:
        """E at the best angles, where values are exact."""
        assert self.best is not None
        known = self.objective == MEAN
        return Estimate(self.best.value if known else self.prepared.expectation(self.best.parameters), 0.0)

    def sample(self, shots: int) -> Distribution:
        """Measurements at the best angles; they count towards no budget."""
        assert self.best is not None
        found = self.prepared.measured(self.prepared.sample(self.best.parameters, shots, self._sample_rng))
        self._keep_cheapest(found.cheapest)
        return found

    def _asked(self, points: Sequence[FloatArray], ask: Callable[[], list[Evaluation]]) -> list[Evaluation]:
        """The result of ``ask`` at ``points``, or what the journal holds for them."""
        was_replaying = self._journal.is_replaying
        found = self._journal.evaluations(points, ask, self._sampled_tails, self._draws, self.clock.seconds)
        self._set_clock(was_replaying)
        return found

    def _numbers(self, kind: str, ask: Callable[[], FloatArray]) -> FloatArray:
        was_replaying = self._journal.is_replaying
        found = self._journal.numbers(kind, ask, self._draws, self.clock.seconds)
        self._set_clock(was_replaying)
        return found

    def _set_clock(self, was_replaying: bool) -> None:
        if was_replaying and not self._journal.is_replaying:
            self.clock.advance(self._journal.seconds)

    def _sampled_tails(self, found: Evaluation) -> tuple[float, ...]:
        return () if found.costs is None else self._tails(found)

    def _tails(self, found: Evaluation) -> tuple[float, ...]:
        """Means of the cheapest parts of the distribution of ``found``; NaN where they are not recorded."""
        if isinstance(found, Recalled) and found.tails:
            return found.tails
        if found.costs is not None:
            distribution = Distribution(found.costs, bits=found.bits, measured_costs=found.costs)
        elif self.search.tails:
            distribution = self.prepared.distribution(found.parameters)
        else:
            return (math.nan,) * len(_TAILS)
        return tuple(tail.evaluate(distribution).value for tail in _TAILS)

    def _keep(self, circuits: int, angles: Sequence[FloatArray] = (), found: Sequence[Evaluation] = ()) -> list[Point]:
        """Count a job of ``circuits`` circuits, and remember the best of its values, which are returned."""
        self.shots += circuits * (self.prepared.engine.shots or 0)
        self.evaluations += len(found)
        points = [self._point(x, one) for x, one in zip(angles, found, strict=True)]
        for point in points:
            self._keep_cheapest(point.evaluation.cheapest)
            if self._best is None or point.value < self._best.value:
                self._best = point
        return points

    def _point(self, x: FloatArray, found: Evaluation) -> Point:
        """``found`` at the angles ``x`` in natural units."""
        value = ((found.value - self._center) + found.rest) / self._unit
        gradient = None if found.gradient is None else found.gradient * self.angles / self._unit
        return Point(x.copy(), value, found.error / self._unit, gradient, found)

    def _keep_cheapest(self, found: tuple[BitArray, float] | None) -> None:
        if found is not None and found[1] < self.best_cost:
            self.best_bits, self.best_cost = found[0].copy(), found[1]

    def _exceeds_shots(self, circuits: int) -> bool:
        spent = self.shots + circuits * (self.prepared.engine.shots or 0)
        return self.search.max_shots is not None and spent > self.search.max_shots

    def _check_budget(self, circuits: int) -> None:
        """`Stop` where the budget does not allow this many more circuits."""
        if self.best is None:
            return
        most, seconds = self.search.max_shots, self.search.max_seconds
        if self._exceeds_shots(circuits):
            needed = circuits * (self.prepared.engine.shots or 0)
            raise Stop(SHOT_LIMIT, f"{self.shots} of {most} shots are spent, the next job takes {needed}")
        if seconds is not None and self.clock.seconds >= seconds:
            raise Stop(TIME_LIMIT, f"the {seconds:g} seconds of the run are over")
