"""Indices, bits, spins, labels and masks, and all conversions between them.

=================  =====================================================================
bit b_j in {0, 1}  the j-th binary choice, j = 0 ... N-1; it lives on qubit j
index x            x = sum_j b_j 2^j, little-endian, as in Qiskit
spin z_j           (-1)^b_j = 1 - 2 b_j, the eigenvalue of Pauli Z on qubit j
label              printed b_{N-1} ... b_0, as in Qiskit
mask S             a set of qubits: a row of ceil(N / 64) uint64 words, bit j in word j // 64
degree             |S|, the number of qubits in the mask
=================  =====================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.support.arrays import BitArray, MaskArray
from walshqhn.support.checks import check_array
from walshqhn.support.errors import InputError


def words_for(num_bits: int) -> int:
    """Number of 64-bit words that hold ``num_bits`` bits (at least one)."""
    return max(1, -(-num_bits // 64))


def log2_exact(length: int, what: str) -> int:
    """N for ``length`` = 2^N; InputError naming ``what`` otherwise."""
    if length < 1 or length & (length - 1):
        raise InputError(f"{what} must have a length that is a power of two, got {length}.")
    return length.bit_length() - 1


def check_bits(bits: npt.ArrayLike, num_bits: int) -> BitArray:
    """``bits`` as a uint8 array with last axis ``num_bits``; InputError if it is not one of zeros and ones."""
    array = check_array("bits", bits)
    if array.ndim < 1 or array.shape[-1] != num_bits:
        raise InputError(f"bits must have {num_bits} entries along the last axis, got shape {array.shape}.")
    if array.dtype != np.bool_ and not np.isin(array, (0, 1)).all():
        raise InputError("bits must be 0 or 1.")
    return array.astype(np.uint8, copy=False)


def check_rows(bits: npt.ArrayLike, num_bits: int) -> BitArray:
    """As `check_bits`, for several configurations: shape (M, ``num_bits``)."""
    rows = check_bits(bits, num_bits)
    if rows.ndim != 2:
        raise InputError(f"bits must have shape (M, {num_bits}), got {rows.shape}.")
    return rows


def index_to_bits(index: npt.ArrayLike, num_bits: int) -> BitArray:
    """Bits of configuration indices: shape (..., ``num_bits``), bit j last-axis position j. N <= 63."""
    raw = np.asarray(index)
    if raw.size and raw.dtype.kind not in "iu":
        raise InputError(f"an index is a whole number, got dtype {raw.dtype}.")
    x = raw.astype(np.int64)
    if x.size and (x.min() < 0 or int(x.max()) >> num_bits):
        found = f"got {x.min()} ... {x.max()}"
        raise InputError(f"an index of {num_bits} bits lies in 0 ... {(1 << num_bits) - 1}, {found}.")
    return ((x[..., None] >> np.arange(num_bits)) & 1).astype(np.uint8)


def bits_to_index(bits: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Configuration indices of bits (..., N), N <= 63."""
    array = np.asarray(bits).astype(np.int64)
    if array.shape[-1] > 63:
        raise InputError(f"an index holds at most 63 bits, got {array.shape[-1]}.")
    return (array << np.arange(array.shape[-1])).sum(axis=-1)


def bits_to_spins(bits: npt.ArrayLike) -> npt.NDArray[np.int8]:
    """z = 1 - 2 b."""
    return (1 - 2 * np.asarray(bits).astype(np.int8)).astype(np.int8)


def spins_to_bits(spins: npt.ArrayLike) -> BitArray:
    """b = (1 - z) / 2."""
    z = np.asarray(spins)
    if not np.isin(z, (-1, 1)).all():
        raise InputError("spins must be -1 or +1.")
    return ((1 - z) // 2).astype(np.uint8)


def bits_to_label(bits: npt.ArrayLike) -> str:
    """One configuration's bits (N,) as the string b_{N-1} ... b_0."""
    return "".join(str(int(b)) for b in np.asarray(bits)[::-1])


def label_to_bits(label: str) -> BitArray:
    """The inverse of `bits_to_label`; blanks (as Qiskit puts between registers) are ignored."""
    text = label.replace(" ", "")
    if not text or set(text) - {"0", "1"}:
        raise InputError(f"a label is a string of 0 and 1, got {label!r}.")
    return np.frombuffer(text.encode()[::-1], dtype=np.uint8) - np.uint8(ord("0"))


def configuration(given: Any, num_bits: int) -> Any:
    """The bits of one configuration given as a label or an index, however many; anything else unchanged.

    InputError for a label of another length, and for an index out of range.
    """
    if isinstance(given, str):
        bits = label_to_bits(given)
        if len(bits) != num_bits:
            raise InputError(f"a label has {num_bits} digits here, got {len(bits)}.")
        return bits
    if isinstance(given, int | np.integer) and not isinstance(given, bool):
        if not 0 <= given < 1 << num_bits:
            raise InputError(f"an index of {num_bits} bits lies in 0 ... 2^{num_bits} - 1, got {given}.")
        return np.array([int(given) >> j & 1 for j in range(num_bits)], dtype=np.uint8)
    return given


def pack_bits(bits: npt.ArrayLike) -> MaskArray:
    """Rows of bits (M, N) as rows of words (M, ceil(N / 64))."""
    array = np.asarray(bits, dtype=np.uint8)
    padded = np.zeros((*array.shape[:-1], 64 * words_for(array.shape[-1])), np.uint8)
    padded[..., : array.shape[-1]] = array
    return np.packbits(padded, axis=-1, bitorder="little").view("<u8").astype(np.uint64, copy=False)


def unpack_bits(words: npt.ArrayLike, num_bits: int) -> BitArray:
    """The inverse of `pack_bits`: (M, W) words to (M, ``num_bits``) bits."""
    rows = np.ascontiguousarray(np.asarray(words, dtype="<u8"))
    return np.unpackbits(rows.view(np.uint8), axis=-1, bitorder="little", count=num_bits)


def distinct_rows(bits: BitArray) -> tuple[BitArray, npt.NDArray[np.intp]]:
    """The distinct rows of bits (M, N), in ascending order of their words, and which of them each row is, (M,)."""
    words = pack_bits(bits)
    keys = words[:, 0] if words.shape[1] == 1 else words.view(np.dtype((np.void, 8 * words.shape[1])))[:, 0]
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    return bits[first], which.ravel()


def masks_from_supports(supports: Iterable[Sequence[int]], num_bits: int) -> MaskArray:
    """Mask rows (T, W) of the given sets of qubits."""
    sets = list(supports)
    bits = np.zeros((len(sets), num_bits), np.uint8)
    for t, qubits in enumerate(sets):
        for q in qubits:
            if not 0 <= q < num_bits:
                raise InputError(f"a qubit lies in 0 ... {num_bits - 1}, got {q}.")
            bits[t, q] = 1
    return pack_bits(bits)


def mask_support(mask: npt.ArrayLike) -> tuple[int, ...]:
    """The qubits in one mask row (W,), ascending."""
    words = np.atleast_1d(mask)
    return tuple(np.flatnonzero(unpack_bits(words, 64 * words.size)).tolist())


def mask_degrees(masks: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Degrees |S| of mask rows (T, W): shape (T,)."""
    return np.bitwise_count(np.asarray(masks, dtype=np.uint64)).sum(axis=-1, dtype=np.int64)


def index_degrees(num_bits: int) -> npt.NDArray[np.uint8]:
    """Degree of every index 0 ... 2^N - 1: shape (2^N,)."""
    return np.bitwise_count(np.arange(1 << num_bits, dtype=np.uint32 if num_bits <= 32 else np.uint64))


def deposit(index: npt.ArrayLike, positions: Sequence[int]) -> npt.NDArray[np.int64]:
    """Spread bit k of ``index`` to bit ``positions[k]``: the configuration index of a subset of bits."""
    x = np.asarray(index, dtype=np.int64)
    out = np.zeros_like(x)
    for k, position in enumerate(positions):
        out |= ((x >> k) & 1) << position
    return out
