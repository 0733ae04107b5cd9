"""Sums of products in other variables: bits for spins, z = 1 - 2 b, and spins for bits, b = (1 - z) / 2."""

from __future__ import annotations

import numpy as np

from walshqhn.bits import mask_degrees, unpack_bits
from walshqhn.support.arrays import FloatArray, MaskArray
from walshqhn.support.resources import require_memory

_DENSE = 40  # bits up to which 2^N can be compared with the number of products


def substitute(
    num_bits: int, masks: MaskArray, values: FloatArray, constant: float, factor: float
) -> tuple[MaskArray, FloatArray]:
    """sum_t values[t] prod_{j in masks[t]} (constant + factor y_j), as products of y: masks (T, W) and values (T,).

    Masks may be empty, and occur several times, before and after. TooLargeError for more than memory holds.
    """
    degrees = mask_degrees(masks)
    count = sum(1 << d for d in degrees.tolist())
    advice = "Truncate it: max_degree=2, max_terms= or tolerance=."
    if num_bits <= _DENSE and 1 << num_bits <= count:
        require_memory(40 << num_bits, f"the {1 << num_bits:,} products of {num_bits} bits", advice)
        table = np.bincount(masks[:, 0].astype(np.int64), values, 1 << num_bits).astype(np.float64)
        for j in range(num_bits):
            pairs = table.reshape(-1, 2, 1 << j)
            pairs[:, 0] += constant * pairs[:, 1]
            pairs[:, 1] *= factor
        kept = np.flatnonzero(table)
        return kept.astype(np.uint64)[:, None], table[kept]
    words = masks.shape[1]
    require_memory(3 * 8 * (words + 1) * count + len(masks) * num_bits, f"an expansion of {count:,} products", advice)
    parts = []
    for degree in np.unique(degrees).tolist():
        of_degree = degrees == degree
        chosen, left = masks[of_degree], values[of_degree]
        qubits = np.nonzero(unpack_bits(chosen, num_bits))[1].reshape(len(chosen), degree)
        single = np.zeros((*qubits.shape, words), np.uint64)
        word, bit = qubits[..., None] // 64, np.uint64(1) << (qubits[..., None] % 64).astype(np.uint64)
        np.put_along_axis(single, word, bit, axis=2)
        for subset in range(1 << degree):
            members = [k for k in range(degree) if subset >> k & 1]
            weight = factor ** len(members) * constant ** (degree - len(members))
            parts.append((np.bitwise_or.reduce(single[:, members], axis=1, initial=0), left * weight))
    if not parts:
        return masks, values
    return np.concatenate([m for m, _ in parts]), np.concatenate([v for _, v in parts])
