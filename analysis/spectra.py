"""What the Fourier coefficients of a task's cost say: weight of each degree, interacting bits, truncation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn import NetworkTask, WalshSpectrum, iwht
from walshqhn.bits import index_degrees, index_to_bits
from walshqhn.support.arrays import FloatArray

_MOST_EVALUATED = 256  # minimizers of a truncated cost whose accuracy is taken; more only where bits are idle


@dataclass(frozen=True)
class Analysis:
    """One task, its cost and its spectrum."""

    task: NetworkTask
    cost: FloatArray
    spectrum: WalshSpectrum

    @classmethod
    def of(cls, task: NetworkTask) -> Analysis:
        """Tabulate and transform."""
        cost = task.cost_table()
        return cls(task, cost, WalshSpectrum.from_cost(cost))


@dataclass(frozen=True)
class Truncated:
    """The cost without its degrees above some d, and what minimizing it is worth."""

    rms_error: float
    """Root mean square of what is missing, in standard deviations of C."""
    minimizers: int
    excess: float
    """Mean of C over the minimizers of the truncated cost, above min C, in standard deviations of C."""
    accuracy: float
    """Their mean accuracy on test data (of 256 of them, if they are more)."""


def shares(weights: npt.ArrayLike) -> FloatArray:
    """W(k) / variance for k = 0 ... N, with entry 0 set to 0."""
    w = np.asarray(weights, dtype=np.float64).copy()
    w[0] = 0.0
    w /= w.sum()
    return w


def mean_degree(share: FloatArray) -> float:
    """sum_k k W(k) / variance, the total influence of the bits per variance; N/2 for a random table."""
    return float(np.arange(len(share)) @ share)


def couplings(spectrum: WalshSpectrum) -> FloatArray:
    """(N, N) symmetric: f({i, j}) off the diagonal, f({j}) on it."""
    masks = 1 << np.arange(spectrum.num_bits)
    return np.asarray(spectrum.coefficients[masks[:, None] | masks])


def strongest_pairs(found: Analysis, count: int = 5) -> list[dict[str, Any]]:
    """The pairs of bits with the largest |f({i, j})|, and their shares of W(2)."""
    matrix = couplings(found.spectrum)
    rows, columns = np.triu_indices(len(matrix), 1)
    values = matrix[rows, columns]
    names, total = found.task.bit_names, float(np.square(values).sum())
    return [
        {
            "bits": [names[rows[p]], names[columns[p]]],
            "coefficient": float(values[p]),
            "share_of_W2": float(values[p] ** 2 / total),
        }
        for p in np.argsort(-np.abs(values), kind="stable")[:count]
    ]


def truncate(found: Analysis, max_degree: int) -> Truncated:
    """Drop all terms of degree above ``max_degree``; minimize exactly; look at the true cost there."""
    kept = np.where(index_degrees(found.spectrum.num_bits) <= max_degree, found.spectrum.coefficients, 0.0)
    approximate = iwht(kept, norm="forward")
    low = approximate.min()
    chosen = np.flatnonzero(approximate <= low + 1e-9 * (approximate.max() - low))
    some = chosen[np.unique(np.linspace(0, len(chosen) - 1, _MOST_EVALUATED).astype(np.int64))]
    deviation = float(found.cost.std())
    return Truncated(
        rms_error=float(np.sqrt(np.square(approximate - found.cost).mean()) / deviation),
        minimizers=len(chosen),
        excess=float((found.cost[chosen].mean() - found.cost.min()) / deviation),
        accuracy=float(found.task.accuracy(index_to_bits(some, found.spectrum.num_bits)).mean()),
    )
