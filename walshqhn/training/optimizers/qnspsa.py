"""Quantum natural SPSA (Gacon, Zoufal, Carleo and Woerner, Quantum 5, 567 (2021))."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from walshqhn.engines.base import Evaluation
from walshqhn.support.arrays import FloatArray
from walshqhn.support.resources import numpy_threads
from walshqhn.support.specs import option
from walshqhn.training.evaluator import Evaluator
from walshqhn.training.optimizers.spsa import PerturbationMethod, PerturbationState, signs


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
    learning_rate: float = option(0.05, "Factor of every step.", above=0)
    perturbation: float = option(0.1, "Radians, for slopes and for the metric.", above=0)
    regularization: float = option(
        0.1, "Added to the absolute eigenvalues of the averaged metric; the metric of one Ry is 1/4.", above=0
    )

    def first_extra(self, run: Evaluator, here: Evaluation) -> tuple[FloatArray, int]:
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
        return self.learning_rate * solve_regularized(average, gradient, self.regularization), (average, taken)


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
