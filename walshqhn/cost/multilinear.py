"""Means of costs over independent bits: E(z) = sum_S f(S) prod_{j in S} z_j, z_j the mean of spin j in [-1, 1].

This is the multilinear extension of the cost: equal to it where all z_j are -1 or 1, of degree 1 in each z_j. It is the
expectation value of a product state, whose z_j are its <Z_j>.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from walshqhn.bits import unpack_bits
from walshqhn.cost.base import require_table_memory
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.cost.table import TableCost
from walshqhn.kernels import terms
from walshqhn.support.arrays import FloatArray
from walshqhn.support.resources import require_memory, thread_limit

_BATCH_BYTES = 1 << 26  # of unpacked masks


class Multilinear(ABC):
    """The mean of a cost over independent bits."""

    error: float = 0.0
    """Bound on what E(z) may differ from the mean of the cost, beyond rounding."""

    @abstractmethod
    def value_and_slopes(self, spins: FloatArray) -> tuple[float, FloatArray]:
        """E(z) and dE / dz_j, (N,), at the mean ``spins`` z, (N,)."""

    def value(self, spins: FloatArray) -> float:
        """E(z)."""
        return self.value_and_slopes(spins)[0]


def product_probabilities(spins: FloatArray) -> FloatArray:
    """Probability of every setting of independent bits with mean ``spins`` (n,): (2^n,), bit k of the index is bit k.

    >>> product_probabilities(np.array([1.0, 0.5]))
    array([0.75, 0.  , 0.25, 0.  ])
    """
    found = np.ones(1)
    for one in (1.0 - spins) / 2:
        found = np.concatenate([(1.0 - one) * found, one * found])
    return found


def table_value_and_slopes(table: FloatArray, spins: FloatArray) -> tuple[float, FloatArray]:
    """The mean of a ``table`` (2^n,) over independent bits with mean ``spins`` (n,), and its derivatives (n,)."""
    ones, parts, mean = (1.0 - spins) / 2, [], table
    for j in reversed(range(len(ones))):  # the bits above j are averaged over already
        low, high = mean[: 1 << j], mean[1 << j :]
        parts.append(high - low)
        mean = low + ones[j] * parts[-1]
    slopes, weights = np.empty(len(ones)), np.ones(1)
    for j, one in enumerate(ones):
        slopes[j] = -0.5 * float(np.einsum("i,i->", weights, parts.pop()))
        weights = np.concatenate([(1.0 - one) * weights, one * weights])
    return float(mean[0]), slopes


class MultilinearTable(Multilinear):
    """Of a cost table: one pass over it, bit by bit from the highest. TooLargeError if there is no memory for that.

    >>> MultilinearTable(TableCost([3.0, 1.0, 0.5, 2.0])).value_and_slopes(np.array([1.0, 0.0]))
    (1.75, array([0.125, 1.25 ]))
    """

    def __init__(self, cost: TableCost) -> None:
        require_table_memory(cost.num_bits, "the mean of a table", copies=2)
        self._table = cost.values

    def value_and_slopes(self, spins: FloatArray) -> tuple[float, FloatArray]:
        return table_value_and_slopes(self._table, spins)


class MultilinearTerms(Multilinear):
    """Of a Hamiltonian of any degree, on any number of qubits. ``threads`` as in `resolve_threads`.

    >>> ring = IsingHamiltonian(3, masks=[[3], [6], [5]], coefficients=[1.0, 2.0, 3.0])
    >>> MultilinearTerms(ring).value_and_slopes(np.array([0.5, 0.0, 1.0]))
    (1.5, array([3. , 2.5, 1.5]))
    """

    def __init__(self, hamiltonian: IsingHamiltonian, *, threads: int | None = None) -> None:
        n, degrees = hamiltonian.num_qubits, hamiltonian.degrees
        self._constant, self._coefficients, self._threads = hamiltonian.constant, hamiltonian.coefficients, threads
        self._starts = np.concatenate([[0], np.cumsum(degrees)])
        factors = int(self._starts[-1])
        require_memory(12 * factors, f"a list of the {factors:,} qubits of all terms", "Truncate the Hamiltonian.")
        self._qubits = np.empty(factors, np.int32)
        batch = max(1, _BATCH_BYTES // max(1, n))
        for first in range(0, len(degrees), batch):
            found = np.nonzero(unpack_bits(hamiltonian.masks[first : first + batch], n))[1]
            self._qubits[self._starts[first] : self._starts[first] + found.size] = found

    def value_and_slopes(self, spins: FloatArray) -> tuple[float, FloatArray]:
        with thread_limit(self._threads):
            value, slopes = terms.value_and_slopes(
                self._starts, self._qubits, self._coefficients, np.ascontiguousarray(spins)
            )
        return value + self._constant, slopes
