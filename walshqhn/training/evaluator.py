"""What one run evaluates: counted, recorded, and stopped when a budget is spent."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from walshqhn.engines.base import Evaluation, Prepared
from walshqhn.engines.distribution import Distribution
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


class Evaluator:
    """One run as an optimizer sees it: computes values, gradients and overlaps, and records the iterations.

    ``search`` holds objective, limits and budgets; the first value is computed whatever the budget. ``rng`` is for the
    optimizer's random numbers, ``sample_rng`` for measurements. A ``journal`` answers what it has recorded.
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
        self.evaluations = self.shots = 0
        self.waited = 0
        """Iterations reported since the lowest value that was reported."""
        self.best: Evaluation | None = None
        """Of the least value."""
        self.best_bits: BitArray | None = None
        """(N,), the cheapest measured."""
        self.best_cost = self._lowest = math.inf
        self._history: list[tuple[float, ...]] = []

    @property
    def iterations(self) -> int:
        """Iterations reported, not counting the starting point."""
        return max(0, len(self._history) - 1)

    @property
    def history(self) -> FloatArray:
        """A row for each iteration: the `HISTORY`, then the means of the cheapest 1, 5 and 10 %."""
        return np.array(self._history, dtype=np.float64).reshape(-1, len(HISTORY) + len(_TAILS))

    def value(self, x: FloatArray) -> Evaluation:
        """The objective at the angles ``x``, which the caller may change afterwards."""
        return self.values([x])[0]

    def values(self, points: Sequence[FloatArray]) -> list[Evaluation]:
        """The objective at several points, in one job."""
        self._check_budget(len(points))
        found = self._asked(points, lambda: self.prepared.evaluate(np.stack(points), self.objective, self._draws))
        self._keep(len(points), *found)
        return found

    def value_and_gradient(self, x: FloatArray) -> tuple[Evaluation, FloatArray]:
        """The objective and its gradient at the angles ``x``; by parameter shifts where values are sampled."""
        circuits = 1 if self.is_exact else self.prepared.gradient_circuits
        if not self.is_exact and self._exceeds_shots(circuits):
            self.value(x)  # what is left may be enough for a value; the first one is always computed
        self._check_budget(circuits)
        prepared, at = self.prepared, x.copy()
        (found,) = self._asked([at], lambda: [prepared.value_and_gradient(at, self.objective, self._draws)])
        assert found.gradient is not None
        self._keep(circuits, found)
        return found, found.gradient

    def overlaps(self, x: FloatArray, points: Sequence[FloatArray]) -> FloatArray:
        """|<psi(x)|psi(y)>|^2 for every y of ``points``, (M,): exact, or from as many shots each as a value takes."""
        self._check_budget(len(points))
        found = self._numbers("overlaps", lambda: self.prepared.overlaps(x, np.stack(points), self._draws))
        self._keep(len(points))
        return found

    def report(self, found: Evaluation, gradient: FloatArray | None = None) -> None:
        """Record an iteration that ended at ``found``; ``gradient`` is an estimate, where ``found`` has none."""
        assert self.best is not None
        slope = found.gradient if gradient is None else gradient
        norm, best = math.nan if slope is None else float(np.abs(slope).max(initial=0.0)), self.best.value

        def row() -> FloatArray:
            now = self.clock.seconds
            return np.array([found.value, found.error, norm, best, self.shots, now, *self._tails(found)])

        self._history.append(tuple(self._numbers("row", row).tolist()))
        self.waited = 0 if found.value < self._lowest else self.waited + 1
        self._lowest = min(self._lowest, found.value)
        if self.callback is not None and self.callback(found):
            raise Stop(STOPPED, "the callback asked for it")

    def energy(self) -> tuple[float, float]:
        """E at the best angles where values are exact, and its error, 0."""
        assert self.best is not None
        known = self.objective == MEAN
        return self.best.value if known else self.prepared.expectation(self.best.parameters), 0.0

    def sample(self, shots: int) -> Distribution:
        """Measurements at the best angles; they count towards no budget."""
        assert self.best is not None
        found = self.prepared.measured(self.prepared.sample(self.best.parameters, shots, self._sample_rng))
        self._keep_cheapest(found.cheapest)
        return found

    def _asked(self, points: Sequence[FloatArray], ask: Callable[[], list[Evaluation]]) -> list[Evaluation]:
        """What ``ask`` finds at ``points``, or the journal holds."""
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

    def _keep(self, circuits: int, *found: Evaluation) -> None:
        """Count a job of so many circuits, and remember the best of its values."""
        self.shots += circuits * (self.prepared.engine.shots or 0)
        self.evaluations += len(found)
        for one in found:
            self._keep_cheapest(one.cheapest)
            if self.best is None or one.value < self.best.value:
                self.best = one

    def _keep_cheapest(self, found: tuple[BitArray, float] | None) -> None:
        if found is not None and found[1] < self.best_cost:
            self.best_bits, self.best_cost = found[0].copy(), found[1]

    def _exceeds_shots(self, circuits: int) -> bool:
        spent = self.shots + circuits * (self.prepared.engine.shots or 0)
        return self.search.max_shots is not None and spent > self.search.max_shots

    def _check_budget(self, circuits: int) -> None:
        """`Stop` where the budget does not allow so many more circuits."""
        if self.best is None:
            return
        most, seconds = self.search.max_shots, self.search.max_seconds
        if self._exceeds_shots(circuits):
            needed = circuits * (self.prepared.engine.shots or 0)
            raise Stop(SHOT_LIMIT, f"{self.shots} of {most} shots are spent, the next job takes {needed}")
        if seconds is not None and self.clock.seconds >= seconds:
            raise Stop(TIME_LIMIT, f"the {seconds:g} seconds of the run are over")
