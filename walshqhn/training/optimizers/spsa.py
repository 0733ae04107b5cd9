"""Simultaneous perturbation stochastic approximation (Spall, IEEE Trans. Aerosp. Electron. Syst. 34, 817 (1998))."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from walshqhn.support.arrays import FloatArray
from walshqhn.training.optimizers.base import (
    Estimate,
    Limits,
    Optimizer,
    Outcome,
    Patience,
    Problem,
    check_count,
    check_setting,
)
from walshqhn.training.result import CONVERGED, ITERATION_LIMIT, STALLED

if TYPE_CHECKING:
    from walshqhn.training.optimizers.qnspsa import QNSPSA

_QUIET_STEPS = 10  # in a row, none longer than the tolerance: converged


@dataclass(frozen=True)
class SPSA(Optimizer):
    """Steps along a random direction, by the slope between two points on it.

    Iteration k = 0, 1, ... perturbs all angles by +- c / (k + 1)^gamma and goes down with gain
    a / (A + k + 1)^alpha. Each takes three values: two for the slope, one at the new angles, which the history
    records. UsageError for settings out of range.
    """

    name: ClassVar[str] = "SPSA"
    learning_rate: float | None = None
    """a; None: such that the first steps move each angle by about ``first_step``, from ``calibration`` slopes."""
    perturbation: float = 0.2
    """c, radians."""
    alpha: float = 0.602
    gamma: float = 0.101
    stability: float | None = None
    """A; None: a tenth of ``max_iterations``."""
    first_step: float = 0.2
    """Radians."""
    calibration: int = 25
    blocking: bool = False
    """Go only to lower values."""
    allowed_increase: float | None = None
    """With blocking, how much higher a value may be; None: two standard errors of the difference."""
    resamplings: int = 1
    """Random directions that a step averages over."""
    patience: int | None = None
    """Stop as stalled after so many iterations without a lower value; None: never."""
    max_blocked: int = 50
    """With blocking, stop as stalled after so many refused steps in a row."""
    step_tolerance: float = 1e-6
    """Converged after 10 steps in a row that move no angle by more, radians."""

    def __post_init__(self) -> None:
        if self.learning_rate is not None:
            check_setting(self.name, "learning_rate", self.learning_rate)
        if self.stability is not None:
            check_setting(self.name, "stability", self.stability, low=-1.0)
        for setting in ("perturbation", "alpha", "gamma", "first_step", "step_tolerance"):
            check_setting(self.name, setting, getattr(self, setting))
        check_count(self.name, "calibration", self.calibration)
        check_common(self)

    def minimize(self, problem: Problem, x0: FloatArray, limits: Limits, rng: np.random.Generator) -> Outcome:
        start = begin(problem, x0)
        offset = 0.1 * limits.max_iterations if self.stability is None else self.stability
        a = self.learning_rate
        if a is None:
            slopes = [abs(slope(problem, x0, self.perturbation, rng)[0]) for _ in range(self.calibration)]
            mean = float(np.mean(slopes))
            a = self.first_step * (offset + 1) ** self.alpha / (mean if mean > 1e-10 else 1.0)
        rule = Rule(
            gain=lambda k: a / (offset + k + 1) ** self.alpha,
            width=lambda k: self.perturbation / (k + 1) ** self.gamma,
            direction=lambda x, gradient: gradient,
            blocking=self.blocking,
            allowed_increase=self.allowed_increase,
            resamplings=self.resamplings,
            patience=self.patience,
            max_blocked=self.max_blocked,
            step_tolerance=self.step_tolerance,
        )
        return descend(problem, x0, start, limits, rng, rule)


@dataclass(frozen=True)
class Rule:
    """What distinguishes the methods of this family."""

    gain: Callable[[int], float]
    width: Callable[[int], float]
    direction: Callable[[FloatArray, FloatArray], FloatArray]
    """(angles, gradient estimate) -> what the gain is multiplied with."""
    blocking: bool
    allowed_increase: float | None
    resamplings: int
    patience: int | None
    max_blocked: int
    step_tolerance: float


def begin(problem: Problem, x0: FloatArray) -> Estimate:
    """The value at the starting point, reported as iteration 0."""
    start = problem.value(x0)
    problem.iteration(*start)
    return start


def signs(count: int, rng: np.random.Generator) -> FloatArray:
    """Independent random signs, +1.0 or -1.0: (count,)."""
    return 2 * rng.integers(0, 2, count).astype(np.float64) - 1


def slope(problem: Problem, x: FloatArray, width: float, rng: np.random.Generator) -> tuple[float, FloatArray]:
    """(slope, direction) along random signs; their product estimates the gradient."""
    direction = signs(x.size, rng)
    up, down = problem.values([x + width * direction, x - width * direction])
    return (up.value - down.value) / (2 * width), direction


def descend(
    problem: Problem, x0: FloatArray, start: Estimate, limits: Limits, rng: np.random.Generator, rule: Rule
) -> Outcome:
    """Iterate ``rule`` from ``x0``, where the value is ``start``."""
    x, current, quiet, blocked, patience = x0, start, 0, 0, Patience(rule.patience)
    patience.is_over(start.value)
    for k in range(limits.max_iterations):
        gradient = np.zeros(x.size)
        for _ in range(rule.resamplings):
            steepness, direction = slope(problem, x, rule.width(k), rng)
            gradient += steepness * direction / rule.resamplings
        step = rule.gain(k) * rule.direction(x, gradient)
        proposed = problem.value(x - step)
        if not rule.blocking or proposed.value < current.value + _allowance(rule, current, proposed):
            x, current, blocked = x - step, proposed, 0
        else:
            blocked += 1
        problem.iteration(*current, float(np.abs(gradient).max(initial=0.0)))
        quiet = quiet + 1 if np.abs(step).max(initial=0.0) <= rule.step_tolerance else 0
        if quiet == _QUIET_STEPS:
            return Outcome(CONVERGED, f"{quiet} steps in a row moved no angle by more than {rule.step_tolerance:g}")
        if blocked == rule.max_blocked:
            return Outcome(STALLED, f"{blocked} steps in a row led to no lower value and were blocked")
        if patience.is_over(current.value):
            return Outcome(STALLED, f"no lower value in {rule.patience} iterations")
    return Outcome(ITERATION_LIMIT, f"{limits.max_iterations} iterations are over")


def _allowance(rule: Rule, current: Estimate, proposed: Estimate) -> float:
    if rule.allowed_increase is not None:
        return rule.allowed_increase
    noise = 2 * math.hypot(current.error, proposed.error)
    return 0.0 if math.isnan(noise) else noise


def check_common(optimizer: SPSA | QNSPSA) -> None:
    """Check settings that the methods of this family share."""
    check_count(optimizer.name, "resamplings", optimizer.resamplings)
    check_count(optimizer.name, "max_blocked", optimizer.max_blocked)
    if optimizer.patience is not None:
        check_count(optimizer.name, "patience", optimizer.patience)
    if optimizer.allowed_increase not in (None, 0):
        check_setting(optimizer.name, "allowed_increase", optimizer.allowed_increase)
