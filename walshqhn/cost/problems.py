"""Benchmark Hamiltonians."""

from __future__ import annotations

import re
from collections import defaultdict

import numpy as np

from walshqhn.bits import masks_from_supports
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.support.checks import check_whole


def labs(num_bits: int) -> IsingHamiltonian:
    """Low autocorrelation binary sequences: E(z) = sum_{k=1}^{N-1} C_k^2 with C_k = sum_i z_i z_{i+k}; N >= 2.

    Of degree 4, with about N^3 / 12 terms; a notoriously hard problem. Optimal energies up to N = 66: Packebusch and
    Mertens, J. Phys. A 49, 165001 (2016). Besides flips, its symmetry is the reversal, ``range(N)[::-1]``.

    >>> labs(13).find_minimum().value  # Barker's longest sequence
    6.0
    """
    n = check_whole("num_bits", num_bits, 2, 512)
    terms: defaultdict[frozenset[int], float] = defaultdict(float)
    for k in range(1, n):
        for i in range(n - k):
            for j in range(i + 1, n - k):
                terms[frozenset((i, i + k)) ^ {j, j + k}] += 2.0
    masks = masks_from_supports([sorted(term) for term in terms], n)
    return IsingHamiltonian(n, masks, np.array([*terms.values()]), n * (n - 1) / 2)


def find_problem(name: str) -> IsingHamiltonian | None:
    """The Hamiltonian called ``name``, such as "labs-27"; None if there is none."""
    match = re.fullmatch(r"labs-(\d+)", name)
    return labs(int(match[1])) if match else None
