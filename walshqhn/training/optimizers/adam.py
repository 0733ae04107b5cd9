"""Adam (Kingma and Ba, arXiv:1412.6980)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from walshqhn.support.arrays import FloatArray
from walshqhn.training.optimizers.base import Limits, Optimizer, Outcome, Patience, Problem, check_count, check_setting
from walshqhn.training.result import CONVERGED, ITERATION_LIMIT, STALLED


@dataclass(frozen=True)
class Adam(Optimizer):
    """Gradient descent with a step of its own for every angle.

    Exact gradients, or on an engine with shots parameter shifts, 2 num_parameters + 1 estimates each. It has
    converged when no component of an exact gradient exceeds ``gradient_tolerance``. UsageError for settings out
    of range.
    """

    name: ClassVar[str] = "Adam"
    learning_rate: float = 0.05
    """About how far an angle moves in one step, radians."""
    beta1: float = 0.9
    """Memory of the mean gradient, in (0, 1)."""
    beta2: float = 0.999
    """Memory of the mean squared gradient, in (0, 1)."""
    epsilon: float = 1e-8
    patience: int | None = None
    """Stop as stalled after so many iterations without a lower value; None: never."""

    def __post_init__(self) -> None:
        for setting in ("learning_rate", "epsilon"):
            check_setting(self.name, setting, getattr(self, setting))
        for setting in ("beta1", "beta2"):
            check_setting(self.name, setting, getattr(self, setting), high=1.0)
        if self.patience is not None:
            check_count(self.name, "patience", self.patience)

    def minimize(self, problem: Problem, x0: FloatArray, limits: Limits, rng: np.random.Generator) -> Outcome:
        x, first, second = x0.copy(), np.zeros(x0.size), np.zeros(x0.size)
        patience = Patience(self.patience)
        for k in range(limits.max_iterations + 1):
            estimate, gradient = problem.value_and_gradient(x)
            norm = float(np.abs(gradient).max(initial=0.0))
            problem.iteration(*estimate, norm)
            if problem.exact and norm <= limits.gradient_tolerance:
                return Outcome(CONVERGED, f"the largest component of the gradient is {norm:.3g}")
            if patience.is_over(estimate.value):
                return Outcome(STALLED, f"no lower value in {self.patience} iterations")
            first = self.beta1 * first + (1 - self.beta1) * gradient
            second = self.beta2 * second + (1 - self.beta2) * gradient**2
            unbiased = first / (1 - self.beta1 ** (k + 1))
            spread = np.sqrt(second / (1 - self.beta2 ** (k + 1)))
            x = x - self.learning_rate * unbiased / (spread + self.epsilon)
        return Outcome(ITERATION_LIMIT, f"{limits.max_iterations} iterations are over")
