"""Products of independent spins over the terms of a Hamiltonian."""

import numpy as np
from numba import types

from walshqhn.kernels.compiler import const, kernel
from walshqhn.kernels.pool import share

_PIECES = 16
_WHOLE_BELOW = 1 << 14  # factors; below, waking a thread takes as long as what it could do


@kernel(
    "product",
    lambda t: t(const(types.int64), const(types.int32), const(t), const(t), t[::1], types.int64, types.int64),
)
def add_terms(starts, qubits, coefficients, spins, slopes, low, high):
    """Sum over terms ``low`` to ``high - 1`` of coefficient times product of spins; adds its derivatives to ``slopes``.

    The qubits of term t are qubits[starts[t] : starts[t + 1]]. A derivative is the product of what comes before and
    what comes after: nothing is divided, so spins may be 0.
    """
    longest = 0
    for t in range(low, high):
        longest = max(longest, starts[t + 1] - starts[t])
    before = np.empty(longest + 1)
    total = 0.0
    for t in range(low, high):
        first, end = starts[t], starts[t + 1]
        product = coefficients[t]
        for k in range(first, end):
            before[k - first] = product
            product *= spins[qubits[k]]
        total += product
        after = 1.0
        for k in range(end - 1, first - 1, -1):
            slopes[qubits[k]] += before[k - first] * after
            after *= spins[qubits[k]]
    return total


def value_and_slopes(
    starts: np.ndarray, qubits: np.ndarray, coefficients: np.ndarray, spins: np.ndarray
) -> tuple[float, np.ndarray]:
    """The sum over all terms, and its derivatives with respect to ``spins``; the same on any number of threads."""
    terms = coefficients.size
    pieces = 1 if qubits.size < _WHOLE_BELOW else _PIECES
    totals, slopes = np.zeros(pieces), np.zeros((pieces, spins.size))

    def work(begin: int, end: int) -> None:
        for p in range(begin, end):
            low, high = p * terms // pieces, (p + 1) * terms // pieces
            totals[p] = add_terms(starts, qubits, coefficients, spins, slopes[p], low, high)

    share(work, pieces)
    return float(totals.sum()), slopes.sum(axis=0)
