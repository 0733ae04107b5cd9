"""Simultaneous perturbation stochastic approximation (Spall, IEEE Trans. Aerosp. Electron. Syst. 34, 817 (1998))."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from walshqhn.engines.base import Evaluation
from walshqhn.support.arrays import FloatArray
from walshqhn.support.specs import option
from walshqhn.training.optimizers.base import Optimizer, Outcome, Patience, Search, largest_component
from walshqhn.training.result import CONVERGED, STALLED

_QUIET_STEPS = 10  # in a row, none longer than the tolerance: converged


@dataclass(frozen=True, eq=False)
class PerturbationState:
    """Where a search by perturbations is."""

    here: Evaluation
    extra: Any
    """What the method keeps for itself."""
    steps: int = 0
    quiet: int = 0
    """Steps in a row that moved no angle by more than the tolerance."""
    blocked: int = 0
    """Steps in a row that were refused."""
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True)
class PerturbationMethod(Optimizer):
    """Steps along the slope between two points on a random direction; what SPSA and QN-SPSA have in common."""

    blocking: bool = option(False, "Go only to lower values.")
    allowed_increase: float | None = option(
        None, "With blocking, how much higher a value may be; none: two standard errors of the difference.", least=0
    )
    resamplings: int = option(1, "Random directions that a step averages over.", least=1)
    patience: int | None = option(None, "Stop as stalled after so many iterations without a lower value.", least=1)
    max_blocked: int = option(50, "With blocking, stop as stalled after so many refused steps in a row.", least=1)
    step_tolerance: float = option(
        1e-6, "Converged after 10 steps in a row that move no angle by more, radians.", above=0
    )

    @abstractmethod
    def first_extra(self, search: Search, here: Evaluation) -> Any:
        """What the method keeps for itself, at the start."""

    @abstractmethod
    def width(self, k: int) -> float:
        """Perturbation of every angle in step k = 0, 1, ..., radians."""

    @abstractmethod
    def descent(self, search: Search, state: PerturbationState, gradient: FloatArray) -> tuple[FloatArray, Any]:
        """The step (num_parameters,) that is to be subtracted from the angles, and what the method keeps then."""

    def init(self, search: Search, x0: FloatArray) -> PerturbationState:
        here = search.evaluator.value(x0)
        search.evaluator.report(here)
        return PerturbationState(here, self.first_extra(search, here), patience=Patience().after(here.value))

    def step(self, search: Search, state: PerturbationState) -> PerturbationState:
        x, here = state.here.parameters, state.here
        gradient = np.zeros(x.size)
        for _ in range(self.resamplings):
            steepness, direction = slope(search, x, self.width(state.steps))
            gradient += steepness * direction / self.resamplings
        step, extra = self.descent(search, state, gradient)
        proposed, blocked = search.evaluator.value(x - step), state.blocked + 1
        if not self.blocking or proposed.value < here.value + self._allowance(here, proposed):
            here, blocked = proposed, 0
        search.evaluator.report(here, largest_component(gradient))
        quiet = state.quiet + 1 if largest_component(step) <= self.step_tolerance else 0
        return PerturbationState(here, extra, state.steps + 1, quiet, blocked, state.patience.after(here.value))

    def terminate(self, search: Search, state: PerturbationState) -> Outcome | None:
        if state.quiet == _QUIET_STEPS:
            message = f"{state.quiet} steps in a row moved no angle by more than {self.step_tolerance:g}"
            return Outcome(CONVERGED, message)
        if state.blocked == self.max_blocked:
            return Outcome(STALLED, f"{state.blocked} steps in a row led to no lower value and were blocked")
        if state.patience.is_over(self.patience):
            return Outcome(STALLED, f"no lower value in {self.patience} iterations")
        return None

    def _allowance(self, current: Evaluation, proposed: Evaluation) -> float:
        if self.allowed_increase is not None:
            return self.allowed_increase
        noise = 2 * math.hypot(current.error, proposed.error)
        return 0.0 if math.isnan(noise) else noise


@dataclass(frozen=True)
class SPSA(PerturbationMethod):
    """Steps along a random direction, by the slope between two points on it.

    Iteration k = 0, 1, ... perturbs all angles by +- c / (k + 1)^gamma and goes down with gain
    a / (A + k + 1)^alpha. Each takes three values: two for the slope, one at the new angles, which the history
    records. UsageError for settings out of range.
    """

    name: ClassVar[str] = "SPSA"
    learning_rate: float | None = option(
        None,
        "a; none: such that the first steps move each angle by about first_step, from calibration slopes.",
        above=0,
    )
    perturbation: float = option(0.2, "c, radians.", above=0)
    alpha: float = option(0.602, "Exponent of the gain.", above=0)
    gamma: float = option(0.101, "Exponent of the perturbation.", above=0)
    stability: float | None = option(None, "A; none: a tenth of max_iterations.", above=-1)
    first_step: float = option(0.2, "Radians.", above=0)
    calibration: int = option(25, "Slopes that the learning rate is chosen from.", least=1)

    def first_extra(self, search: Search, here: Evaluation) -> tuple[float, float]:
        """a and A."""
        offset = 0.1 * search.max_iterations if self.stability is None else self.stability
        if self.learning_rate is not None:
            return self.learning_rate, offset
        slopes = [abs(slope(search, here.parameters, self.perturbation)[0]) for _ in range(self.calibration)]
        mean = float(np.mean(slopes))
        return self.first_step * (offset + 1) ** self.alpha / (mean if mean > 1e-10 else 1.0), offset

    def width(self, k: int) -> float:
        return self.perturbation / (k + 1) ** self.gamma

    def descent(self, search: Search, state: PerturbationState, gradient: FloatArray) -> tuple[FloatArray, Any]:
        a, offset = state.extra
        return a / (offset + state.steps + 1) ** self.alpha * gradient, state.extra


def signs(count: int, rng: np.random.Generator) -> FloatArray:
    """Independent random signs, +1.0 or -1.0: (count,)."""
    return 2 * rng.integers(0, 2, count).astype(np.float64) - 1


def slope(search: Search, x: FloatArray, width: float) -> tuple[float, FloatArray]:
    """(slope, direction) along random signs; their product estimates the gradient."""
    direction = signs(x.size, search.rng)
    up, down = search.evaluator.values([x + width * direction, x - width * direction])
    return (up.value - down.value) / (2 * width), direction
