"""Simultaneous perturbation stochastic approximation (Spall, IEEE Trans. Aerosp. Electron. Syst. 34, 817 (1998)).

Quantum natural SPSA: Gacon, Zoufal, Carleo and Woerner, Quantum 5, 567 (2021).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from walshqhn.support.arrays import FloatArray
from walshqhn.support.resources import numpy_threads
from walshqhn.support.specs import option
from walshqhn.training.evaluator import Evaluator, Point
from walshqhn.training.optimizers.base import Optimizer, largest_component, out_of_patience
from walshqhn.training.result import CONVERGED, STALLED, Outcome

_FLAT = 1e-10  # standard deviations of the cost a radian: less is rounding, and no slope
_QUIET_STEPS = 10  # in a row, none longer than the tolerance: converged


@dataclass(frozen=True, eq=False)
class PerturbationState:
    """The latest accepted point, and what decides the next step."""

    here: Point
    extra: Any
    """Private to the method."""
    steps: int = 0
    quiet: int = 0
    """Consecutive steps that moved no angle by more than the tolerance."""
    blocked: int = 0
    """Consecutive steps that were rejected."""


@dataclass(frozen=True)
class PerturbationMethod(Optimizer):
    """Steps down the slope between two points along a random direction; the common part of SPSA and QN-SPSA."""

    blocking: bool = option(False, "Accept only lower values.")
    allowed_increase: float | None = option(
        None,
        "With blocking, how much higher a value may be, in standard deviations of the cost; none: two standard "
        "errors of the difference.",
        least=0,
    )
    resamplings: int = option(1, "Random directions averaged in each step.", least=1)
    patience: int | None = option(None, "Stop as stalled after so many iterations without a lower value.", least=1)
    max_blocked: int = option(50, "With blocking, stop as stalled after so many consecutive rejected steps.", least=1)
    step_tolerance: float = option(
        1e-6, "Converged after 10 consecutive steps that move no angle by more, radians.", above=0
    )

    @abstractmethod
    def first_extra(self, run: Evaluator, here: Point) -> Any:
        """The initial ``extra`` of the state."""

    @abstractmethod
    def width(self, k: int) -> float:
        """Perturbation of every angle in step k = 0, 1, ..., radians."""

    @abstractmethod
    def descent(self, run: Evaluator, state: PerturbationState, gradient: FloatArray) -> tuple[FloatArray, Any]:
        """The step (num_parameters,) to subtract from the angles, and the new ``extra``."""

    def init(self, run: Evaluator, x0: FloatArray) -> PerturbationState:
        here = run.value(x0)
        run.report(here)
        return PerturbationState(here, self.first_extra(run, here))

    def step(self, run: Evaluator, state: PerturbationState) -> PerturbationState:
        x, here = state.here.parameters, state.here
        gradient = np.zeros(x.size)
        for _ in range(self.resamplings):
            steepness, direction = slope(run, x, self.width(state.steps))
            gradient += steepness * direction / self.resamplings
        step, extra = self.descent(run, state, gradient)
        proposed, blocked = run.value(x - step), state.blocked + 1
        noise = 2 * math.hypot(here.error, proposed.error)
        given = self.allowed_increase
        allowed = np.nan_to_num(noise) if given is None else given * run.spread  # NaN: single shots
        if not self.blocking or proposed.value < here.value + allowed:
            here, blocked = proposed, 0
        run.report(here, gradient)
        quiet = state.quiet + 1 if largest_component(step) <= self.step_tolerance else 0
        return PerturbationState(here, extra, state.steps + 1, quiet, blocked)

    def terminate(self, run: Evaluator, state: PerturbationState) -> Outcome | None:
        if state.quiet == _QUIET_STEPS:
            tolerance = f"{self.step_tolerance:g}"
            return Outcome(CONVERGED, f"{state.quiet} steps in a row moved no angle by more than {tolerance}")
        if state.blocked == self.max_blocked:
            return Outcome(STALLED, f"{state.blocked} steps in a row led to no lower value and were blocked")
        return out_of_patience(run, self.patience)


@dataclass(frozen=True)
class SPSA(PerturbationMethod):
    """Steps along a random direction, by the slope between two points on it.

    Iteration k = 0, 1, ... perturbs all angles by +- c / (k + 1)^gamma and descends with gain a / (A + k + 1)^alpha. It
    takes three values: two for the slope, and one at the new angles, which the history records.
    """

    name: ClassVar[str] = "SPSA"
    learning_rate: float | None = option(
        None,
        "a, per standard deviation of the cost; none: calibrated so that the first steps move each angle by about "
        "first_step.",
        above=0,
    )
    perturbation: float = option(0.2, "c, radians.", above=0)
    alpha: float = option(0.602, "Exponent of the gain.", above=0)
    gamma: float = option(0.101, "Exponent of the perturbation.", above=0)
    stability: float | None = option(None, "A; none: a tenth of max_iterations.", above=-1)
    first_step: float = option(0.2, "Radians.", above=0)
    calibration: int = option(25, "Number of slopes that the learning rate is calibrated from.", least=1)

    def first_extra(self, run: Evaluator, here: Point) -> tuple[float, float]:
        """a and A."""
        offset = 0.1 * run.search.max_iterations if self.stability is None else self.stability
        if self.learning_rate is not None:
            return self.learning_rate / run.spread, offset
        slopes = [abs(slope(run, here.parameters, self.perturbation)[0]) for _ in range(self.calibration)]
        mean = float(np.mean(slopes))
        return self.first_step * (offset + 1) ** self.alpha / (
            mean if mean > _FLAT * run.spread else run.spread
        ), offset

    def width(self, k: int) -> float:
        return self.perturbation / (k + 1) ** self.gamma

    def descent(self, run: Evaluator, state: PerturbationState, gradient: FloatArray) -> tuple[FloatArray, Any]:
        a, offset = state.extra
        return a / (offset + state.steps + 1) ** self.alpha * gradient, state.extra


@dataclass(frozen=True)
class QNSPSA(PerturbationMethod):
    """SPSA preconditioned by the inverse of the estimated Fubini-Study metric.

    The metric g_ij = Re <d_i psi|d_j psi> - <d_i psi|psi><psi|d_j psi> is sampled from four overlaps per step, averaged
    over all steps so far, and made positive as |g| + ``regularization``. Overlaps are exact on an exact engine;
    elsewhere each takes as many shots as a value. Memory and time per step grow as num_parameters^2 and
    num_parameters^3.
    """

    name: ClassVar[str] = "QN-SPSA"
    blocking: bool = option(True, "Accept only lower values.")
    learning_rate: float = option(0.05, "Factor of every step, per standard deviation of the cost.", above=0)
    perturbation: float = option(0.1, "Radians, for slopes and for the metric.", above=0)
    regularization: float = option(
        0.1, "Added to the absolute eigenvalues of the averaged metric; the metric of one Ry is 1/4.", above=0
    )

    def first_extra(self, run: Evaluator, here: Point) -> tuple[FloatArray, int]:
        """The averaged metric, with the identity as its first sample, and the number of samples."""
        return np.eye(here.parameters.size), 1

    def width(self, k: int) -> float:
        return self.perturbation

    def descent(self, run: Evaluator, state: PerturbationState, gradient: FloatArray) -> tuple[FloatArray, Any]:
        average, taken = state.extra
        for _ in range(self.resamplings):
            sample = metric_sample(run, state.here.parameters, self.perturbation)
            average = average + (sample - average) / (taken + 1)
            taken += 1
        return self.learning_rate / run.spread * solve_regularized(average, gradient, self.regularization), (
            average,
            taken,
        )


def signs(count: int, rng: np.random.Generator) -> FloatArray:
    """Independent random signs, +1.0 or -1.0: (count,)."""
    return 2 * rng.integers(0, 2, count).astype(np.float64) - 1


def slope(run: Evaluator, x: FloatArray, width: float) -> tuple[float, FloatArray]:
    """(slope, direction) along random signs; their product estimates the gradient."""
    direction = signs(x.size, run.rng)
    up, down = run.values([x + width * direction, x - width * direction])
    return (up.value - down.value) / (2 * width), direction


def metric_sample(run: Evaluator, x: FloatArray, width: float) -> FloatArray:
    """A random symmetric matrix (num_parameters, num_parameters) whose mean is the Fubini-Study metric + O(width^2).

    With random signs u, v and F(y) = |<psi(x)|psi(x + y)>|^2 = 1 - y^T g y + ..., the mixed second difference
    of F along u and v is -4 width^2 u^T g v, and the mean of (u^T g v) u v^T is g (equation 9 ff. of the paper).
    """
    u, v = width * signs(x.size, run.rng), width * signs(x.size, run.rng)
    both, first, across, back = run.overlaps(x, [x + u + v, x + u, x - u + v, x - u])
    mixed = both - first - across + back
    product = np.outer(u, v) / width**2
    return -mixed / (4 * width**2) * (product + product.T) / 2


def solve_regularized(metric: FloatArray, gradient: FloatArray, regularization: float) -> FloatArray:
    """(|metric| + regularization)^-1 gradient, |metric| having the absolute eigenvalues of the symmetric ``metric``."""
    with numpy_threads(1):  # BLAS sums depend on the number of threads in the last bit
        values, vectors = np.linalg.eigh(metric)
        return vectors @ ((vectors.T @ gradient) / (np.abs(values) + regularization))
