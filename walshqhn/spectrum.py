"""The Walsh spectrum of a cost: all Fourier coefficients, and how much weight each degree carries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from walshqhn.binn.network import FloatArray
from walshqhn.binn.tables import check_cost_table
from walshqhn.bits import index_degrees, log2_exact
from walshqhn.errors import UsageError
from walshqhn.transform import iwht, wht

if TYPE_CHECKING:
    from walshqhn.hamiltonian import IsingHamiltonian


@dataclass(frozen=True, eq=False)
class WalshSpectrum:
    """Fourier coefficients f(S) = 2^-N sum_x C(x) (-1)^popcount(x & S) of a cost on N bits."""

    coefficients: FloatArray
    """(2^N,), entry S for the mask with index S."""

    @classmethod
    def from_cost_table(cls, table: npt.ArrayLike, *, threads: int | None = None) -> WalshSpectrum:
        """Spectrum of a cost table (2^N,). InputError if its length is no power of two or a value not finite."""
        return cls(wht(check_cost_table(table), norm="forward", threads=threads))

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

    def degree_weights(self) -> FloatArray:
        """W(k) = sum over |S| = k of f(S)^2, k = 0 ... N: shape (N + 1,)."""
        weights = np.bincount(
            index_degrees(self.num_bits), weights=np.square(self.coefficients), minlength=self.num_bits + 1
        )
        return weights.astype(np.float64, copy=False)

    def cost_table(self, *, threads: int | None = None) -> FloatArray:
        """The cost again: C(x) = sum_S f(S) (-1)^popcount(x & S), shape (2^N,)."""
        return iwht(self.coefficients, norm="forward", threads=threads)

    def hamiltonian(
        self, max_degree: int | None = None, tolerance: float = 0.0, max_terms: int | None = None
    ) -> IsingHamiltonian:
        """The Ising Hamiltonian of these coefficients, truncated if wanted.

        Parameters
        ----------
        max_degree
            Drop terms of higher degree.
        tolerance
            Drop terms with |f(S)| <= tolerance; 0 drops only what vanishes exactly.
        max_terms
            Of the rest keep the largest so many, not counting the constant.

        Returns
        -------
        IsingHamiltonian
            Its ``discarded_weight`` is the sum of f(S)^2 over what was dropped: the mean squared
            error of the energies.
        """
        from walshqhn.hamiltonian import IsingHamiltonian

        check_truncation(max_degree, tolerance, max_terms)
        magnitude = np.abs(self.coefficients)
        keep = magnitude > tolerance
        keep[0] = False
        if max_degree is not None:
            keep &= index_degrees(self.num_bits) <= max_degree
        kept = keep_largest(np.flatnonzero(keep), magnitude, max_terms)
        dropped = np.ones(self.coefficients.size, dtype=bool)
        dropped[kept] = False
        dropped[0] = False
        return IsingHamiltonian(
            num_qubits=self.num_bits,
            masks=kept.astype(np.uint64)[:, None],
            coefficients=self.coefficients[kept],
            constant=self.mean,
            discarded_weight=float(np.square(self.coefficients[dropped]).sum()),
            max_degree=max_degree,
            tolerance=tolerance,
        )


def check_truncation(max_degree: int | None, tolerance: float, max_terms: int | None) -> None:
    """UsageError unless the arguments of a truncation make sense."""
    if max_degree is not None and max_degree < 0:
        raise UsageError(f"max_degree must be at least 0, got {max_degree}.")
    if not 0 <= tolerance < np.inf:
        raise UsageError(f"tolerance must be at least 0 and finite, got {tolerance}.")
    if max_terms is not None and max_terms < 0:
        raise UsageError(f"max_terms must be at least 0, got {max_terms}.")


def keep_largest(terms: npt.NDArray[np.int64], magnitude: FloatArray, count: int | None) -> npt.NDArray[np.int64]:
    """Of the ``terms`` the ``count`` with the largest ``magnitude``, in their order; ties: the first ones."""
    if count is None or count >= len(terms):
        return terms
    order = np.argsort(-magnitude[terms], kind="stable")[:count]
    return terms[np.sort(order)]
