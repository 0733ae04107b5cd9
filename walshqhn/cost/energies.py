"""Energies of configurations from the terms of a Hamiltonian."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from walshqhn.bits import mask_degrees, pack_bits, unpack_bits
from walshqhn.support.arrays import BitArray, FloatArray, MaskArray
from walshqhn.support.resources import numpy_threads

_PAIRS = 1 << 20  # (configuration, term) pairs evaluated at a time ...
_ROWS = 1 << 10  # ... of this many configurations


class Terms:
    """sum_t coefficients[t] prod_{j in masks[t]} z_j of masks (T, W) and coefficients (T,), to be evaluated often.

    Up to a degree of one more than the number of words, products of spins are quicker than parities of words.
    """

    def __init__(self, num_qubits: int, masks: MaskArray, coefficients: FloatArray) -> None:
        degrees = mask_degrees(masks)
        longest = min(num_qubits, 1 + masks.shape[1])
        self._long = masks[degrees > longest], coefficients[degrees > longest]
        self._short: list[tuple[npt.NDArray[np.int64], FloatArray]] = []
        for degree in range(1, longest + 1):
            chosen = np.flatnonzero(degrees == degree)
            qubits = np.empty((len(chosen), degree), np.int64)
            for start in range(0, len(chosen), step := max(1, _PAIRS // num_qubits)):
                bits = unpack_bits(masks[chosen[start : start + step]], num_qubits)
                qubits[start : start + step] = np.nonzero(bits)[1].reshape(-1, degree)
            self._short.append((np.ascontiguousarray(qubits.T), coefficients[chosen]))

    def energies(self, rows: BitArray) -> FloatArray:
        """Of configurations (M, N): shape (M,)."""
        out = np.zeros(len(rows))
        with numpy_threads(1):  # whose number would change the last bit of sums
            for start in range(0, len(rows), _ROWS):
                self._add(rows[start : start + _ROWS], out[start : start + _ROWS])
        return out

    def _add(self, rows: BitArray, out: FloatArray) -> None:
        spins, batch = 1.0 - 2.0 * rows.T, max(1, _PAIRS // len(rows))
        for qubits, coefficients in self._short:
            for start in range(0, len(coefficients), batch):
                part = qubits[:, start : start + batch]
                product = spins[part[0]]
                for qubit in part[1:]:
                    product *= spins[qubit]
                out += coefficients[start : start + batch] @ product
        masks, coefficients = self._long
        words, batch = pack_bits(rows), max(1, batch // masks.shape[1])
        for start in range(0, len(coefficients), batch):
            odd = np.bitwise_count(words & masks[start : start + batch, None, :]).sum(axis=2) & 1
            out += coefficients[start : start + batch] @ (1.0 - 2.0 * odd)
