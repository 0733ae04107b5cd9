"""Undo errors in reading out, on average: the measured distribution times the inverse of each qubit's errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from walshqhn.bits import bits_to_index
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.errors import InputError

_LEAST_CONTRAST = 0.1


@dataclass(frozen=True, eq=False)
class ReadoutErrors:
    """How often each bit is misread, bits taken to err independently."""

    one_for_zero: FloatArray
    """(N,)"""
    zero_for_one: FloatArray
    """(N,)"""

    @classmethod
    def from_calibration(cls, zeros: BitArray, ones: BitArray) -> ReadoutErrors:
        """From bits (shots, N) measured where all were 0, and where all were 1.

        InputError if a qubit reads much the same either way.
        """
        errors = cls(zeros.mean(axis=0), 1.0 - ones.mean(axis=0))
        contrast = 1.0 - errors.one_for_zero - errors.zero_for_one
        if contrast.min() < _LEAST_CONTRAST:
            worst = int(contrast.argmin())
            raise InputError(
                f"qubit {worst} reads 1 with probability {errors.one_for_zero[worst]:.2f} for 0 and "
                f"{1 - errors.zero_for_one[worst]:.2f} for 1: too much alike to be mitigated."
            )
        return errors

    def corrected_costs(self, table: FloatArray) -> FloatArray:
        """The cost (2^N,) whose mean over configurations as they are read is that of ``table`` over what they were.

        `corrected` moved from the distribution to the cost: each shot has a number of its own, so the mean has a
        standard error.
        """
        costs = table
        for j, (up, down) in enumerate(zip(self.one_for_zero, self.zero_for_one, strict=True)):
            transposed = np.array([[1 - down, -up], [-down, 1 - up]]) / (1 - up - down)
            costs = np.einsum("st,atb->asb", transposed, costs.reshape(-1, 2, 1 << j)).reshape(-1)
        return costs

    def corrected(self, bits: BitArray) -> FloatArray:
        """Quasi-probabilities (2^N,) of the configurations that were read as ``bits`` (shots, N).

        They add up to 1 and are unbiased, but some may be negative. Bravyi et al., Phys. Rev. A 103,
        042605 (2021), tensor-product noise.
        """
        num_bits = bits.shape[1]
        counts = np.bincount(bits_to_index(bits), minlength=1 << num_bits) / len(bits)
        for j, (up, down) in enumerate(zip(self.one_for_zero, self.zero_for_one, strict=True)):
            pairs = counts.reshape(-1, 2, 1 << j)
            inverse = np.array([[1 - down, -down], [-up, 1 - up]]) / (1 - up - down)
            counts = np.einsum("st,atb->asb", inverse, pairs).reshape(-1)
        return counts
