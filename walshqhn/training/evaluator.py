"""The objective of one run: evaluates, counts, remembers, and ends the run when a budget is spent."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from walshqhn.engines.base import Evaluation, Prepared
from walshqhn.engines.distribution import Distribution
from walshqhn.engines.objectives import MEAN, CVaR, Objective
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.clock import Stopwatch
from walshqhn.training.optimizers.base import Outcome
from walshqhn.training.result import SHOT_LIMIT, STOPPED, TAIL_FRACTIONS, TIME_LIMIT

_TAILS = tuple(CVaR(alpha) for alpha in TAIL_FRACTIONS)
_NO_TAILS = (math.nan,) * len(_TAILS)

Callback = Callable[[Evaluation], object]
"""Called after each iteration with its `Evaluation`; anything true ends the run."""


class Stop(Exception):
    """Raised by an `Evaluator` to end the search."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.outcome = Outcome(status, message)


class Evaluator:
    """What an optimizer asks for values, gradients and overlaps, and reports its iterations to.

    Parameters
    ----------
    prepared, objective
        The circuit, and what is minimized.
    rng
        For the samples: the seed is the run's.
    max_shots, max_seconds
        Budgets of the run; the first value is always computed.
    tails
        Also for exact values, record the mean of the cheapest fractions of the distribution. (Of samples that is
        always done.)
    callback
        See `Callback`.
    """

    def __init__(
        self,
        prepared: Prepared,
        objective: Objective,
        rng: np.random.Generator,
        *,
        max_shots: int | None = None,
        max_seconds: float | None = None,
        tails: bool = False,
        callback: Callback | None = None,
    ) -> None:
        self.prepared, self.objective, self.rng = prepared, objective, rng
        self.max_shots, self.max_seconds, self.tails, self.callback = max_shots, max_seconds, tails, callback
        self.clock = Stopwatch()
        self.evaluations = self.shots = 0
        self.best: Evaluation | None = None
        """Of the least value."""
        self.best_bits: BitArray | None = None
        """(N,), the cheapest that was measured."""
        self.best_cost = np.inf
        self._history: list[tuple[float, ...]] = []

    @property
    def is_exact(self) -> bool:
        """Whether values are exact."""
        return self.prepared.is_exact

    @property
    def iterations(self) -> int:
        """Iterations reported, the starting point not counted."""
        return max(0, len(self._history) - 1)

    @property
    def history(self) -> FloatArray:
        """A row for each iteration: value, standard error, gradient norm, best value so far, shots, seconds, means of
        the cheapest 1, 5 and 10 %.
        """
        return np.array(self._history, dtype=np.float64).reshape(-1, 6 + len(_TAILS))

    def value(self, x: FloatArray) -> Evaluation:
        """The objective at the angles ``x``, which the caller may change afterwards."""
        return self.values([x])[0]

    def values(self, points: Sequence[FloatArray]) -> list[Evaluation]:
        """The objective at several settings of the angles, in one job."""
        self._afford(len(points))
        found = self.prepared.evaluate(np.stack(points), self.objective, self._samples_rng)
        self._count(len(points))
        for one in found:
            self._keep(one)
        return found

    def value_and_gradient(self, x: FloatArray) -> tuple[Evaluation, FloatArray]:
        """The objective and its gradient at the angles ``x``; by parameter shifts where values are sampled."""
        circuits = 1 if self.is_exact else self.prepared.gradient_circuits
        if not self.is_exact and not self._can_afford(circuits):
            self.value(x)  # what is left may do for a value; the first one is always computed
        self._afford(circuits)
        found = self.prepared.value_and_gradient(x.copy(), self.objective, self._samples_rng)
        assert found.gradient is not None
        self._count(circuits)
        self._keep(found)
        return found, found.gradient

    def overlaps(self, x: FloatArray, points: Sequence[FloatArray]) -> FloatArray:
        """|<psi(x)|psi(y)>|^2 for every y of ``points``, (M,): exact, or from as many shots each as a value takes."""
        self._afford(len(points))
        found = self.prepared.overlaps(x, np.stack(points), self._samples_rng)
        self._count(len(points))
        return found

    def report(self, found: Evaluation, norm: float = math.nan) -> None:
        """An iteration is over, at ``found``; ``norm`` is the largest component of the gradient there (or of its
        estimate), NaN for a method without.
        """
        assert self.best is not None
        tails = self._tails_of(found)
        seconds = self.clock.seconds
        self._history.append((found.value, found.error, norm, self.best.value, self.shots, seconds, *tails))
        if self.callback is not None and self.callback(found):
            raise Stop(STOPPED, "the callback asked for it")

    def energy(self) -> tuple[float, float]:
        """E at the best angles where values are exact, and its error, 0."""
        assert self.best is not None
        if self.objective == MEAN:
            return self.best.value, 0.0
        return self.prepared.expectation(self.best.parameters), 0.0

    def sample(self, shots: int) -> Distribution:
        """What is measured at the best angles; counts for no budget."""
        assert self.best is not None
        found = self.prepared.measured(self.prepared.sample(self.best.parameters, shots, self.rng))
        self._keep_cheapest(found.cheapest)
        return found

    @property
    def _samples_rng(self) -> np.random.Generator | None:
        return None if self.is_exact else self.rng  # exact values take no random numbers from the run

    def _tails_of(self, found: Evaluation) -> tuple[float, ...]:
        """Means of the cheapest parts of the distribution of ``found``; NaN where they are not wanted."""
        if found.costs is not None:
            measured = Distribution(found.costs, bits=found.bits, measured_costs=found.costs)
            return tuple(tail.evaluate(measured).value for tail in _TAILS)
        if not self.tails:
            return _NO_TAILS
        exact = self.prepared.distribution(found.parameters)
        return tuple(tail.evaluate(exact).value for tail in _TAILS)

    def _keep(self, found: Evaluation) -> None:
        self.evaluations += 1
        self._keep_cheapest(found.cheapest)
        if self.best is None or found.value < self.best.value:
            self.best = found

    def _keep_cheapest(self, found: tuple[BitArray, float] | None) -> None:
        if found is not None and found[1] < self.best_cost:
            self.best_bits, self.best_cost = found[0].copy(), found[1]

    def _count(self, circuits: int) -> None:
        self.shots += circuits * (self.prepared.engine.shots or 0)

    def _can_afford(self, circuits: int) -> bool:
        needed = circuits * (self.prepared.engine.shots or 0)
        return self.max_shots is None or self.shots + needed <= self.max_shots

    def _afford(self, circuits: int) -> None:
        """`Stop` where the budget does not allow so many circuits more."""
        if self.best is None:
            return
        if not self._can_afford(circuits):
            needed = circuits * (self.prepared.engine.shots or 0)
            raise Stop(SHOT_LIMIT, f"{self.shots} of {self.max_shots} shots are spent, the next job takes {needed}")
        if self.max_seconds is not None and self.clock.seconds >= self.max_seconds:
            raise Stop(TIME_LIMIT, f"the {self.max_seconds:g} seconds of the run are over")
