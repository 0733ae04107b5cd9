"""The Walsh spectrum of a cost: all Fourier coefficients, and how much weight each degree carries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.bits import index_degrees, log2_exact
from walshqhn.cost.base import Cost
from walshqhn.cost.convert import as_cost
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.cost.truncation import select_terms
from walshqhn.support.arrays import FloatArray
from walshqhn.support.checks import check_numbers, check_real
from walshqhn.support.shown import ByValue, Drawn, Tabular
from walshqhn.transform import iwht, wht


@dataclass(frozen=True, eq=False, repr=False)
class WalshSpectrum(ByValue, Tabular, Drawn):
    """Fourier coefficients f(S) = 2^-N sum_x C(x) (-1)^popcount(x & S) of a cost on N bits.

    >>> WalshSpectrum.from_cost([0.0, 2.0, 2.0, 4.0]).coefficients
    array([ 2., -1., -1.,  0.])
    """

    coefficients: FloatArray
    """(2^N,), entry S for the mask with index S. InputError for anything but 2^N real numbers."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "coefficients", check_numbers("a spectrum", self.coefficients))
        log2_exact(self.coefficients.size, "a spectrum")

    @classmethod
    def from_cost(cls, cost: Cost | npt.ArrayLike, *, threads: int | None = None) -> WalshSpectrum:
        """Spectrum of a cost, or of what `as_cost` takes. TooLargeError if its table does not fit in memory."""
        return cls(wht(as_cost(cost).cost_table(threads=threads), norm="forward", threads=threads))

    def facts(self) -> dict[str, Any]:
        return {"bits": self.num_bits, "mean": self.mean, "variance": self.variance}

    def columns(self, count: int | None = None) -> dict[str, Any]:
        """Degrees, their weights W(k), and their shares of the variance; NaN for degree 0."""
        weights, variance = self.degree_weights(), self.variance or np.nan
        return {"degree": range(len(weights)), "weight": weights, "share": [np.nan, *(weights[1:] / variance)]}

    @property
    def num_bits(self) -> int:
        """N."""
        return log2_exact(self.coefficients.size, "a spectrum")

    @property
    def mean(self) -> float:
        """Mean of the cost, f of the empty set."""
        return float(self.coefficients[0])

    @property
    def variance(self) -> float:
        """Variance of the cost over all configurations, sum of W(k) for k >= 1."""
        return float(self.degree_weights()[1:].sum())

    @property
    def rounding_level(self) -> float:
        """Size up to which coefficients are rounding errors: machine epsilon times the root mean square cost."""
        return float(np.finfo(np.float64).eps * np.sqrt(np.square(self.coefficients).sum()))

    def degree_weights(self) -> FloatArray:
        """W(k) = sum over |S| = k of f(S)^2, k = 0 ... N: shape (N + 1,)."""
        return np.bincount(index_degrees(self.num_bits), np.square(self.coefficients)).astype(np.float64, copy=False)

    def influences(self) -> FloatArray:
        """Inf_j = sum of f(S)^2 over all S with j: (N,), as `IsingHamiltonian.influences`."""
        n, squares = self.num_bits, np.square(self.coefficients)
        return np.array([squares.reshape(-1, 2, 1 << j)[:, 1].sum() for j in range(n)])

    def noise_stability(self, rho: float) -> float:
        """sum over k of rho^k W(k), as `IsingHamiltonian.noise_stability`. UsageError unless -1 <= rho <= 1."""
        return float(self.degree_weights() @ check_real("rho", rho, least=-1, most=1) ** np.arange(self.num_bits + 1))

    def cost_table(self, *, threads: int | None = None) -> FloatArray:
        """The cost from its coefficients: C(x) = sum_S f(S) (-1)^popcount(x & S), shape (2^N,)."""
        return iwht(self.coefficients, norm="forward", threads=threads)

    def hamiltonian(
        self, max_degree: int | None = None, tolerance: float | None = None, max_terms: int | None = None
    ) -> IsingHamiltonian:
        """The Ising Hamiltonian of these coefficients, optionally truncated.

        Its ``discarded_weight`` is the sum of f(S)^2 over what was dropped: the mean squared error of the energies.
        UsageError for limits that are negative or not finite.

        Parameters
        ----------
        max_degree
            Drop terms of higher degree.
        tolerance
            Drop terms with |f(S)| <= tolerance; None: the level of rounding errors (`rounding_level`); 0: only what
            vanishes exactly.
        max_terms
            Of the rest keep only the largest, this many, not counting the constant.
        """
        if tolerance is None:
            tolerance = self.rounding_level
        degrees = index_degrees(self.num_bits)
        kept, discarded = select_terms(self.coefficients[1:], degrees[1:], max_degree, tolerance, max_terms)
        kept += 1  # the constant term, entry 0, was left out
        masks, values = kept.astype(np.uint64)[:, None], self.coefficients[kept]
        return IsingHamiltonian(self.num_bits, masks, values, self.mean, discarded, max_degree, tolerance)
