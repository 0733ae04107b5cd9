"""Quantum natural SPSA (Gacon, Zoufal, Carleo and Woerner, Quantum 5, 567 (2021))."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from walshqhn.support.arrays import FloatArray
from walshqhn.support.resources import numpy_threads
from walshqhn.training.optimizers.base import Limits, Optimizer, Outcome, Problem, check_setting
from walshqhn.training.optimizers.spsa import Rule, begin, check_common, descend, signs


@dataclass(frozen=True)
class QNSPSA(Optimizer):
    """SPSA in the metric of the states: the gradient estimate is multiplied with the inverse of the metric's.

    The Fubini-Study metric g_ij = Re <d_i psi|d_j psi> - <d_i psi|psi><psi|d_j psi> is sampled from four overlaps
    for each step, averaged over all steps so far, and made positive as |g| + ``regularization``. Overlaps are
    exact on an exact engine; elsewhere each takes as many shots as a value. Memory and time for a step grow as
    num_parameters^2 and num_parameters^3. UsageError for settings out of range.
    """

    name: ClassVar[str] = "QN-SPSA"
    learning_rate: float = 0.05
    perturbation: float = 0.1
    """Radians, for slopes and for the metric."""
    regularization: float = 0.1
    """Added to the absolute values of the averaged metric's eigenvalues; the metric of one Ry is 1/4."""
    blocking: bool = True
    """Go only to lower values."""
    allowed_increase: float | None = None
    """With blocking, how much higher a value may be; None: two standard errors of the difference."""
    resamplings: int = 1
    """Random directions (for the metric: pairs) that a step averages over."""
    patience: int | None = None
    """Stop as stalled after so many iterations without a lower value; None: never."""
    max_blocked: int = 50
    """With blocking, stop as stalled after so many refused steps in a row."""
    step_tolerance: float = 1e-6
    """Converged after 10 steps in a row that move no angle by more, radians."""

    def __post_init__(self) -> None:
        for setting in ("learning_rate", "perturbation", "regularization", "step_tolerance"):
            check_setting(self.name, setting, getattr(self, setting))
        check_common(self)

    def minimize(self, problem: Problem, x0: FloatArray, limits: Limits, rng: np.random.Generator) -> Outcome:
        average = np.eye(x0.size)  # counts as the first sample
        taken = 1

        def direction(x: FloatArray, gradient: FloatArray) -> FloatArray:
            nonlocal average, taken
            for _ in range(self.resamplings):
                average += (metric_sample(problem, x, self.perturbation, rng) - average) / (taken + 1)
                taken += 1
            return solve_regularized(average, gradient, self.regularization)

        rule = Rule(
            gain=lambda k: self.learning_rate,
            width=lambda k: self.perturbation,
            direction=direction,
            blocking=self.blocking,
            allowed_increase=self.allowed_increase,
            resamplings=self.resamplings,
            patience=self.patience,
            max_blocked=self.max_blocked,
            step_tolerance=self.step_tolerance,
        )
        return descend(problem, x0, begin(problem, x0), limits, rng, rule)


def metric_sample(problem: Problem, x: FloatArray, width: float, rng: np.random.Generator) -> FloatArray:
    """A random symmetric matrix (num_parameters, num_parameters) whose mean is the Fubini-Study metric + O(width^2).

    With random signs u, v and F(y) = |<psi(x)|psi(x + y)>|^2 = 1 - y^T g y + ..., the mixed second difference
    of F along u and v is -4 width^2 u^T g v, and the mean of (u^T g v) u v^T is g (equation 9 ff. of the paper).
    """
    u, v = width * signs(x.size, rng), width * signs(x.size, rng)
    both, first, across, back = problem.overlaps(x, [x + u + v, x + u, x - u + v, x - u])
    mixed = both - first - across + back
    product = np.outer(u, v) / width**2
    return -mixed / (4 * width**2) * (product + product.T) / 2


def solve_regularized(metric: FloatArray, gradient: FloatArray, regularization: float) -> FloatArray:
    """(|metric| + regularization)^-1 gradient, |metric| having the absolute eigenvalues of the symmetric ``metric``."""
    with numpy_threads(1):  # so that a run repeats itself bit for bit whatever the number of threads
        values, vectors = np.linalg.eigh(metric)
        return vectors @ ((vectors.T @ gradient) / (np.abs(values) + regularization))
