"""Spectra estimated from samples."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from walshqhn.cost.base import Cost, Progress
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.shown import ByValue, Drawn, Tabular

_BATCH_BITS = 1 << 20  # of configurations that are evaluated between two reports


@dataclass(frozen=True, eq=False, repr=False)
class SpectrumEstimate(ByValue, Tabular, Drawn):
    """W(k) of low degrees, and of all others together, with standard errors."""

    num_bits: int
    """N."""
    weights: FloatArray
    """(K + 1,), W(0) ... W(K); an estimate may lie below 0 by its error."""
    errors: FloatArray
    """(K + 1,), standard errors; 0 where a weight is known exactly."""
    bias: FloatArray
    """(K + 1,), by how much a weight may be wrong besides, whatever higher degrees the rest belongs to."""
    rest: float
    """Weight of all degrees above K."""
    rest_error: float
    variance: float
    """Sum of W(k), k >= 1."""
    variance_error: float
    evaluations: int
    """How often the cost was evaluated."""
    method: str
    hamiltonian: IsingHamiltonian | None = None
    """The terms that were found, or were known before."""

    def columns(self, count: int | None = None) -> dict[str, Any]:
        """Degrees 0 ... K and the rest, their weights, standard errors and shares of the variance; NaN for degree 0."""
        return {
            "degree": [*map(str, range(len(self.weights))), "rest"],
            "weight": [*self.weights, self.rest],
            "error": [*self.errors, self.rest_error],
            "share": [np.nan, *self.shares],
        }

    @property
    def shares(self) -> FloatArray:
        """Share of the variance in each degree 1 ... K, and in the rest: (K + 1,)."""
        found = np.append(self.weights[1:], self.rest)
        return found / self.variance if self.variance else np.zeros_like(found)

    def up_to(self, max_degree: int) -> SpectrumEstimate:
        """With the degrees above ``max_degree`` counted among the rest."""
        cut = slice(max_degree + 1)
        above = self.rest + float(self.weights[max_degree + 1 :].sum())
        return replace(
            self, weights=self.weights[cut], errors=self.errors[cut], bias=self.bias[cut], rest=above,
            rest_error=float(np.sqrt(self.rest_error**2 + np.square(self.errors[max_degree + 1 :]).sum())),
        )  # fmt: skip


def evaluate(cost: Cost, bits: BitArray, progress: Progress | None = None) -> FloatArray:
    """Costs of ``bits`` (M, N) in batches: shape (M,)."""
    out, batch = np.empty(len(bits)), max(1, _BATCH_BITS // max(1, cost.num_bits))
    for start in range(0, len(bits), batch):
        out[start : start + batch] = cost.costs(bits[start : start + batch])
        if progress is not None:
            progress(min(1.0, (start + batch) / len(bits)))
    return out
