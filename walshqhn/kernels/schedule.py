"""From layers of gates to passes over the state.

Gates that act on the same few bits of the index are done in one pass, while those amplitudes are in the L1
cache: Ry on the lowest eleven qubits together with the CX among them before and the Rz after it; Ry on six
further qubits together with the CX before it whose targets are among them. Forwards, the highest qubits come
first: a CX from a lower to a higher group then finds its control as it was.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

RY, RZ, CX, PHASE = 0, 1, 2, 3
BLOCK_BITS = 11
PANEL_BITS = 6

IntArray = npt.NDArray[np.int64]


class CompiledCircuit(NamedTuple):
    """A circuit as passes over the state, in order.

    RX needs no kind of its own: Rx(a) = Rz(-pi/2) Ry(a) Rz(pi/2).
    """

    passes: IntArray
    """(P, 9): kind, first gate, last gate + 1, lowest qubit, row of ``permutations`` or of ``orders`` (-1: none), first
    and last + 1 gate of the Rz that follow, the same of ``flips``"""
    permutations: IntArray
    """(rows, 2^11): CX among the lowest qubits, see `rotations.turn_blocks`"""
    orders: IntArray
    """(rows, 2^6): CX among the qubits of a panel, see `rotations.turn_panels`"""
    flips: IntArray
    """(F, 2): CX into a panel, as well"""
    qubits: IntArray
    """(G,): qubit of a rotation, control of a CX"""
    targets: IntArray
    """(G,): target of a CX"""
    indices: IntArray
    """(G,): the gate's angle is scales * params[indices], or scales where indices < 0"""
    scales: npt.NDArray[np.float64]
    """(G,)"""


def _order(gates: Iterable[tuple[int, int]], bits: int) -> IntArray:
    """Where each index comes from under CX (control, target) on different qubits, which commute."""
    source = np.arange(1 << bits)
    for control, target in gates:
        source ^= ((source >> control) & 1) << target
    return source


class _Passes:
    """Collects passes and the tables they refer to."""

    def __init__(self, num_qubits: int, qubits: IntArray, targets: IntArray) -> None:
        self.num_qubits, self.qubits, self.targets = num_qubits, qubits, targets
        self.rows: list[tuple[int, ...]] = []
        self.permutations: list[IntArray] = []
        self.orders: list[IntArray] = []
        self.flips: list[tuple[int, int]] = []

    def one(self, kind: int, first: int, last: int) -> None:
        """A pass of one kind of gates."""
        self.rows.append((kind, first, last, 0, -1, 0, 0, 0, 0))

    def cx(self, gates: Iterable[int]) -> None:
        for g in gates:
            self.one(CX, g, g + 1)

    def ry(self, first: int, last: int, cx: list[int], rz: tuple[int, int]) -> bool:
        """Ry gates with the CX before and the Rz after them; return whether Rz were included."""
        n = self.num_qubits
        groups = [(0, min(n, BLOCK_BITS))]
        groups += [(low, min(low + PANEL_BITS, n)) for low in range(BLOCK_BITS, n, PANEL_BITS)]
        merged = [self._merge(cx, low, high) for low, high in groups]
        inside = {g for within, into in merged for g in within + into}
        self.cx(g for g in cx if g not in inside)
        turned = self.qubits[first:last]
        for (low, high), (within, into) in reversed(list(zip(groups, merged, strict=True))):
            if not (within or into or np.any((turned >= low) & (turned < high))):
                continue
            gates = [(int(self.qubits[g]) - low, int(self.targets[g]) - low) for g in within]
            if low == 0:
                order = len(self.permutations) if gates else -1
                if gates:
                    self.permutations.append(_order(gates, BLOCK_BITS))
                self.rows.append((RY, first, last, 0, order, *rz, 0, 0))
                return True
            flips = [(int(self.qubits[g]), 1 << (int(self.targets[g]) - low)) for g in into]
            start = len(self.flips)
            self.flips += flips
            self.rows.append((RY, first, last, low, len(self.orders), 0, 0, start, len(self.flips)))
            self.orders.append(_order(gates, PANEL_BITS))
        return False

    def _merge(self, cx: list[int], low: int, high: int) -> tuple[list[int], list[int]]:
        """CX within qubits ``low`` to ``high - 1``, and those into them from a bit that all of a panel shares."""
        targets = [g for g in cx if low <= self.targets[g] < high]
        within = [g for g in targets if low <= self.qubits[g] < high]
        shared = BLOCK_BITS - (high - low)
        into = [g for g in targets if shared <= self.qubits[g] < low]
        return within, into


def schedule(
    layers: Iterable[tuple[int, int, int]],
    num_qubits: int,
    qubits: IntArray,
    targets: IntArray,
    indices: IntArray,
    scales: npt.NDArray[np.float64],
) -> CompiledCircuit:
    """Passes for ``layers`` (kind, first gate, last gate + 1): gates of one kind on different qubits."""
    passes, todo = _Passes(num_qubits, qubits, targets), [*layers]
    k = 0
    while k < len(todo):
        kind, first, last = todo[k]
        following = todo[k + 1] if k + 1 < len(todo) else (-1, 0, 0)
        if kind == CX and following[0] != RY:
            passes.cx(range(first, last))
        elif kind == RY:
            before = list(range(*todo[k - 1][1:])) if k and todo[k - 1][0] == CX else []
            rz = following[1:] if following[0] == RZ else (0, 0)
            if passes.ry(first, last, before, rz) and following[0] == RZ:
                k += 1
        elif kind != CX:
            passes.one(kind, first, last)
        k += 1
    return CompiledCircuit(
        passes=np.array(passes.rows, dtype=np.int64).reshape(-1, 9),
        permutations=np.array(passes.permutations, dtype=np.int64).reshape(-1, 1 << BLOCK_BITS),
        orders=np.array(passes.orders, dtype=np.int64).reshape(-1, 1 << PANEL_BITS),
        flips=np.array(passes.flips, dtype=np.int64).reshape(-1, 2),
        qubits=qubits,
        targets=targets,
        indices=indices,
        scales=scales,
    )
