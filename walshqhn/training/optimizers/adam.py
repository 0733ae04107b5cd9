"""Adam (Kingma and Ba, arXiv:1412.6980)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from walshqhn.engines.base import Evaluation
from walshqhn.support.arrays import FloatArray
from walshqhn.support.specs import option
from walshqhn.training.optimizers.base import Optimizer, Outcome, Patience, Search, largest_component
from walshqhn.training.result import CONVERGED, STALLED


@dataclass(frozen=True, eq=False)
class AdamState:
    """Where Adam is."""

    here: Evaluation
    gradient: FloatArray
    first: FloatArray
    """(num_parameters,), running mean of the gradients before this one."""
    second: FloatArray
    """(num_parameters,), of their squares."""
    steps: int
    patience: Patience


@dataclass(frozen=True)
class Adam(Optimizer):
    """Gradient descent with a step of its own for every angle.

    Exact gradients, or on an engine with shots parameter shifts, 2 num_parameters + 1 estimates each. It has
    converged when no component of an exact gradient exceeds ``gradient_tolerance``. UsageError for settings out
    of range.
    """

    name: ClassVar[str] = "Adam"
    learning_rate: float = option(0.05, "About how far an angle moves in one step, radians.", above=0)
    beta1: float = option(0.9, "Memory of the mean gradient.", above=0, below=1)
    beta2: float = option(0.999, "Memory of the mean squared gradient.", above=0, below=1)
    epsilon: float = option(1e-8, "Added to the root of the mean squared gradient.", above=0)
    patience: int | None = option(None, "Stop as stalled after so many iterations without a lower value.", least=1)

    def init(self, search: Search, x0: FloatArray) -> AdamState:
        return self._at(search, x0, np.zeros(x0.size), np.zeros(x0.size), 0, Patience())

    def step(self, search: Search, state: AdamState) -> AdamState:
        first = self.beta1 * state.first + (1 - self.beta1) * state.gradient
        second = self.beta2 * state.second + (1 - self.beta2) * state.gradient**2
        steps = state.steps + 1
        unbiased = first / (1 - self.beta1**steps)
        spread = np.sqrt(second / (1 - self.beta2**steps))
        x = state.here.parameters - self.learning_rate * unbiased / (spread + self.epsilon)
        return self._at(search, x, first, second, steps, state.patience)

    def terminate(self, search: Search, state: AdamState) -> Outcome | None:
        norm = largest_component(state.gradient)
        if search.evaluator.is_exact and norm <= search.gradient_tolerance:
            return Outcome(CONVERGED, f"the largest component of the gradient is {norm:.3g}")
        if state.patience.is_over(self.patience):
            return Outcome(STALLED, f"no lower value in {self.patience} iterations")
        return None

    def _at(
        self, search: Search, x: FloatArray, first: FloatArray, second: FloatArray, steps: int, patience: Patience
    ) -> AdamState:
        here, gradient = search.evaluator.value_and_gradient(x)
        search.evaluator.report(here, largest_component(gradient))
        return AdamState(here, gradient, first, second, steps, patience.after(here.value))
