"""Symmetries of a Hamiltonian of at most 62 bits, and the part of the configurations that they leave to be searched.

Flips of signs are found by elimination: a set of bits F can be flipped if every term holds an even number of them. A
basis of all such sets, each with a bit that no other holds, allows those bits to be fixed at 0. Permutations are given
by the user.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.bits import index_to_bits
from walshqhn.support.arrays import BitArray, FloatArray, MaskArray
from walshqhn.support.errors import UsageError

Integers = npt.NDArray[np.int64]
_LARGEST_GROUP = 1024
_LEAST_SLAB = 4  # bits that symmetries must leave to a slab, or they are not used


def flip_symmetries(masks: MaskArray, order: Sequence[int]) -> dict[int, int]:
    """All flips that change no energy, masks (T,): pivot -> set of bits that holds this pivot and no other.

    Pivots are as far to the front of ``order``, a permutation of all bits, as possible.
    """
    rows, pivots = np.unique(masks.astype(np.int64)), dict[int, int]()
    for j in reversed(order):
        holds = rows >> j & 1 == 1
        if holds.any():
            pivot = int(rows[holds.argmax()])
            rows = np.where(holds, rows ^ pivot, rows)
            rows = rows[rows != 0]
            pivots = {k: row ^ pivot if row >> j & 1 else row for k, row in pivots.items()} | {j: pivot}
    return {f: 1 << f | sum(1 << j for j, row in pivots.items() if row >> f & 1) for f in order if f not in pivots}


def check_symmetry(num_bits: int, masks: MaskArray, coefficients: FloatArray, given: Any) -> tuple[Integers, int]:
    """A symmetry as (permutation, mask of flips). UsageError unless it is one of these terms, masks (T,)."""
    text = f"a symmetry is a permutation p of 0 ... {num_bits - 1}, x'[j] = x[p[j]], or a pair (p, flipped bits)"
    try:
        p, flips = given if len(given) == 2 and np.ndim(given[0]) == 1 else (given, np.zeros(num_bits, np.uint8))
        p, flips = np.asarray(p), np.asarray(flips)
        if not (p.dtype.kind in "iu" and np.array_equal(np.sort(p), np.arange(num_bits))):
            raise UsageError(f"{text}, got {given!r}.")
        if flips.shape != (num_bits,) or not np.isin(flips, (0, 1)).all():
            raise UsageError(f"the flips of a symmetry are {num_bits} zeros and ones, got {flips!r}.")
    except (TypeError, ValueError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"{text}, got {given!r}.") from None
    flipped = sum(1 << j for j in range(num_bits) if flips[j])
    moved, signs = np.zeros_like(masks), 1.0 - 2.0 * (np.bitwise_count(masks & np.uint64(flipped)) & 1)
    for j in range(num_bits):
        moved |= (masks >> np.uint64(j) & np.uint64(1)) << np.uint64(p[j])
    one, other = np.argsort(masks), np.argsort(moved)
    change = np.abs(coefficients[one] - (coefficients * signs)[other]).max(initial=0.0)
    same = np.array_equal(masks[one], moved[other])
    if not same or change > 1e-12 * np.abs(coefficients).max(initial=0.0):
        raise UsageError("this is not a symmetry of the Hamiltonian: it changes its terms.")
    return p.astype(np.int64), flipped


@dataclass(frozen=True)
class Layout:
    """How the bits of a Hamiltonian are split into slabs."""

    low: tuple[int, ...]
    """Bits of a slab; bit k of its index is bit low[k]."""
    high: tuple[int, ...]
    """Bits that are fixed for a slab."""
    flips: dict[int, int]
    """Bits at 0 -> what is flipped with them."""
    group: tuple[tuple[tuple[int, ...], int], ...]
    """All symmetries (permutation, flips) in use; the first one changes nothing."""
    maps: Integers
    """(G, high), images of the high bits, see `search_slabs`."""
    offsets: Integers
    """(G,)"""

    @property
    def free(self) -> tuple[int, ...]:
        """Bits of a packed index, lowest first."""
        return self.low + self.high

    def expand(self, packed: Integers, most: int) -> BitArray:
        """Configurations (K, N), K <= ``most``, that symmetries make of packed indices, nearest the first ones."""
        n = len(self.free) + len(self.flips)
        found: dict[int, None] = {}
        for index in packed.tolist():
            x = sum(1 << j for k, j in enumerate(self.free) if index >> k & 1)
            images = [sum((x >> p & 1) << j for j, p in enumerate(perm)) ^ flip for perm, flip in self.group]
            for flip in self.flips.values():
                images += [image ^ flip for image in images] if len(images) < most else []
            found |= dict.fromkeys(images)
            if len(found) >= most:
                break
        return index_to_bits(np.array(list(found)[:most], dtype=np.int64).reshape(-1), n)


def make_layout(num_bits: int, masks: MaskArray, symmetries: Iterable[tuple[Integers, int]], slab_bits: int) -> Layout:
    """Split ``num_bits`` bits of a Hamiltonian with ``masks`` (T,) into slabs of up to 2^``slab_bits`` configurations.

    The high bits are those in the fewest terms. They are a union of orbits of the ``symmetries`` where that leaves
    enough for a slab; otherwise the symmetries are not used.
    """
    group = _generate(num_bits, list(symmetries))
    counts = np.array([int((masks >> np.uint64(j) & np.uint64(1)).sum()) for j in range(num_bits)])
    orbits = {tuple(sorted({perm[j] for perm, _ in group})) for j in range(num_bits)}
    sorted_orbits = sorted(orbits, key=lambda orbit: (counts[list(orbit)].max(), orbit))
    order = [j for orbit in sorted_orbits for j in orbit]
    flips = dict(list(flip_symmetries(masks, order).items())[: max(0, num_bits - 2)])
    number = max(0, num_bits - len(flips) - slab_bits)
    high: list[int] = []
    for orbit in sorted_orbits:
        if len(high) < number:
            high += [j for j in orbit if j not in flips]
    low = [j for j in order if j not in flips and j not in high]
    maps, offsets, closed = _images(group, flips, high, low)
    if len(group) > 1 and (not closed or len(low) < min(_LEAST_SLAB, slab_bits)):
        return make_layout(num_bits, masks, (), slab_bits)
    return Layout(tuple(low), tuple(high), flips, group, maps, offsets)


def _generate(num_bits: int, generators: list[tuple[Integers, int]]) -> tuple[tuple[tuple[int, ...], int], ...]:
    """The group of the generators, the identity first. UsageError if it is too large."""
    identity = tuple(range(num_bits)), 0
    found, new = {identity: None}, [identity]
    while new:
        perm, flip = new.pop()
        for p, f in generators:  # first (perm, flip), then (p, f)
            product = tuple(perm[j] for j in p), f ^ sum((flip >> int(j) & 1) << k for k, j in enumerate(p))
            if product not in found:
                found[product] = None
                new.append(product)
        if len(found) > _LARGEST_GROUP:
            raise UsageError(f"the symmetries generate a group of more than {_LARGEST_GROUP:,} elements: give fewer.")
    return tuple(found)


def _images(
    group: Sequence[tuple[tuple[int, ...], int]], flips: dict[int, int], high: Sequence[int], low: Sequence[int]
) -> tuple[Integers, Integers, bool]:
    """Maps and offsets of the group on the high bits; and whether they depend on these bits only."""

    def restored(image: int) -> int:  # with the pivots at 0 again
        for pivot, flip in flips.items():
            image ^= flip if image >> pivot & 1 else 0
        return sum((image >> j & 1) << k for k, j in enumerate(high))

    columns = [{k: restored(1 << j) for j, k in enumerate(perm)} for perm, _ in group]
    maps = np.array([[column[j] for j in high] for column in columns], dtype=np.int64).reshape(len(group), len(high))
    offsets = np.array([restored(flip) for _, flip in group], dtype=np.int64)
    return maps, offsets, not any(column[j] for column in columns for j in low)
