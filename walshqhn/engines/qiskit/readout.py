"""Readout mitigation: the cost is multiplied by the inverse of each qubit's readout errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.errors import InputError


@dataclass(frozen=True, eq=False)
class ReadoutErrors:
    """How often each bit is misread, independently of the others."""

    one_for_zero: FloatArray
    """(N,)"""
    zero_for_one: FloatArray
    """(N,)"""

    @classmethod
    def from_calibration(cls, zeros: BitArray, ones: BitArray) -> ReadoutErrors:
        """From bits (shots, N) measured where all were 0, and where all were 1.

        InputError if a qubit's readings hardly depend on its state.
        """
        up, down = zeros.mean(axis=0), 1.0 - ones.mean(axis=0)
        worst = int((1.0 - up - down).argmin())
        if 1.0 - up[worst] - down[worst] < 0.1:
            raise InputError(
                f"qubit {worst} reads 1 with probability {up[worst]:.2f} for 0 and {1 - down[worst]:.2f} for 1: "
                "too much alike to be mitigated."
            )
        return cls(up, down)

    def corrected_costs(self, table: FloatArray) -> FloatArray:
        """The cost (2^N,) whose mean over configurations as read is the mean of ``table`` over the true ones.

        Bravyi et al., Phys. Rev. A 103, 042605 (2021), tensor-product noise, applied to the cost rather than the
        distribution: each shot has its own number, so the mean has a standard error.
        """
        costs = table
        for j, (up, down) in enumerate(zip(self.one_for_zero, self.zero_for_one, strict=True)):
            transposed = np.array([[1 - down, -up], [-down, 1 - up]]) / (1 - up - down)
            costs = np.einsum("st,atb->asb", transposed, costs.reshape(-1, 2, 1 << j)).reshape(-1)
        return costs
