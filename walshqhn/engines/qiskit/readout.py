"""Readout mitigation: the cost is multiplied by the inverse of each qubit's readout errors."""

from __future__ import annotations

import numpy as np

from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.errors import InputError


def readout_errors(zeros: BitArray, ones: BitArray) -> FloatArray:
    """Probabilities (2, N) to read 1 for 0, and 0 for 1, from bits (shots, N) measured on all zeros and on all ones.

    Bits are assumed to be misread independently. InputError if a qubit's readings hardly depend on its state.
    """
    up, down = zeros.mean(axis=0), 1.0 - ones.mean(axis=0)
    worst = int((up + down).argmax())
    if up[worst] + down[worst] > 0.9:
        raise InputError(
            f"qubit {worst} reads 1 with probability {up[worst]:.2f} for 0 and {1 - down[worst]:.2f} for 1: "
            "too much alike to be mitigated."
        )
    return np.stack([up, down])


def corrected_costs(table: FloatArray, errors: FloatArray) -> FloatArray:
    """The cost (2^N,) whose mean over configurations as read is the mean of ``table`` over the true ones.

    Bravyi et al., Phys. Rev. A 103, 042605 (2021), tensor-product noise, applied to the cost rather than the
    distribution: each shot has a number, so the mean has a standard error. ``errors`` as in `readout_errors`.
    """
    costs = table
    for j, (up, down) in enumerate(errors.T):
        transposed = np.array([[1 - down, -up], [-down, 1 - up]]) / (1 - up - down)
        costs = np.einsum("st,atb->asb", transposed, costs.reshape(-1, 2, 1 << j)).reshape(-1)
    return costs
