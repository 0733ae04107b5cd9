"""The minimum of a Hamiltonian with a sparse interaction graph: bits are eliminated one after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from walshqhn.cost.flips import SpinModel
from walshqhn.support.arrays import BitArray, FloatArray

LARGEST_WIDTH = 22  # neighbours of a bit: a table of 2^23 energies


def elimination_order(model: SpinModel, largest: int = LARGEST_WIDTH) -> list[int] | None:
    """Bits in an order in which each has at most ``largest`` neighbours when it is eliminated; None if none is found.

    Always the bit with the fewest neighbours is next, which are then neighbours of each other.
    """
    near: list[set[int]] = [set() for _ in range(model.num_bits)]
    for begin, end in zip(model.starts[:-1], model.starts[1:], strict=True):
        support = model.bits[begin:end].tolist()
        for j in support:
            near[j].update(support)
    for j, others in enumerate(near):
        others.discard(j)
    left, order = set(range(model.num_bits)), []
    while left:
        j = min(left, key=lambda k: (len(near[k]), k))
        if len(near[j]) > largest:
            return None
        for k in near[j]:
            near[k] |= near[j]
            near[k] -= {j, k}
        left.remove(j)
        order.append(j)
    return order


def eliminate(model: SpinModel, order: Sequence[int]) -> BitArray:
    """A configuration (N,) of minimum energy, by dynamic programming over bits in ``order``.

    Time and memory grow as 2^width, where width is the largest number of neighbours (Bertele and Brioschi, 1972).
    """
    place = {j: k for k, j in enumerate(order)}
    buckets: list[list[tuple[list[int], FloatArray]]] = [[] for _ in order]
    for t, (begin, end) in enumerate(zip(model.starts[:-1], model.starts[1:], strict=True)):
        support = sorted(model.bits[begin:end].tolist(), key=place.__getitem__)
        table = np.array(model.values[t])
        for _ in support:
            table = np.stack([table, -table])
        buckets[place[support[0]]].append((support, table))
    choices: list[tuple[list[int], BitArray]] = []
    for k in range(len(order)):
        scope = sorted({j for support, _ in buckets[k] for j in support} | {order[k]}, key=place.__getitem__)
        total = np.zeros((2,) * len(scope))
        for support, table in buckets[k]:
            total += table[tuple(slice(None) if j in support else None for j in scope)]
        buckets[k] = []
        choices.append((scope[1:], total.argmin(axis=0).astype(np.uint8)))
        if len(scope) > 1:
            buckets[place[scope[1]]].append((scope[1:], total.min(axis=0)))
    bits = np.zeros(model.num_bits, np.uint8)
    for k in reversed(range(len(order))):
        scope, best = choices[k]
        bits[order[k]] = best[tuple(bits[scope])]
    return bits
