"""Adam (Kingma and Ba, arXiv:1412.6980)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from walshqhn.support.arrays import FloatArray
from walshqhn.support.specs import option
from walshqhn.training.evaluator import Evaluator
from walshqhn.training.optimizers.base import Optimizer, largest_component, out_of_patience
from walshqhn.training.result import CONVERGED, Outcome


@dataclass(frozen=True, eq=False)
class AdamState:
    """Angles, the gradient there, and running means (all of shape (num_parameters,))."""

    x: FloatArray
    gradient: FloatArray
    first: FloatArray
    """Mean of the gradients before this one."""
    second: FloatArray
    """Mean of their squares."""
    steps: int = 0


@dataclass(frozen=True)
class Adam(Optimizer):
    """Gradient descent with an adaptive step for each angle.

    Gradients are exact or, on an engine with shots, from parameter shifts: 2 num_parameters + 1 estimates each. It has
    converged when no component of an exact gradient exceeds ``gradient_tolerance``.
    """

    name: ClassVar[str] = "Adam"
    learning_rate: float = option(0.05, "Approximate change of an angle in one step, radians.", above=0)
    beta1: float = option(0.9, "Memory of the mean gradient.", above=0, below=1)
    beta2: float = option(0.999, "Memory of the mean squared gradient.", above=0, below=1)
    epsilon: float = option(
        1e-8, "Added to the root of the mean squared gradient, in standard deviations of the cost.", above=0
    )
    patience: int | None = option(None, "Stop as stalled after so many iterations without a lower value.", least=1)

    def init(self, run: Evaluator, x0: FloatArray) -> AdamState:
        return AdamState(x0, _report_gradient(run, x0), np.zeros(x0.size), np.zeros(x0.size))

    def step(self, run: Evaluator, state: AdamState) -> AdamState:
        first = self.beta1 * state.first + (1 - self.beta1) * state.gradient
        second = self.beta2 * state.second + (1 - self.beta2) * state.gradient**2
        steps = state.steps + 1
        unbiased = first / (1 - self.beta1**steps)
        spread = np.sqrt(second / (1 - self.beta2**steps))
        x = state.x - self.learning_rate * unbiased / (spread + self.epsilon * run.spread)
        return AdamState(x, _report_gradient(run, x), first, second, steps)

    def terminate(self, run: Evaluator, state: AdamState) -> Outcome | None:
        norm = largest_component(state.gradient)
        if run.is_exact and norm <= run.search.gradient_tolerance * run.spread:
            return Outcome(
                CONVERGED, f"the largest component of the gradient is {norm / run.spread:.3g} deviations of the cost"
            )
        return out_of_patience(run, self.patience)


def _report_gradient(run: Evaluator, x: FloatArray) -> FloatArray:
    here, gradient = run.value_and_gradient(x)
    run.report(here)
    return gradient
