"""From layers of gates to passes over the state.

Gates that act on the same few bits of the index are applied in one pass, while those amplitudes are in the L1 cache: Ry
on the lowest eleven qubits together with the CX among them before and the Rz after it; Ry on six further qubits
together with the preceding CX whose targets are among them. Forwards, the highest qubits come first, so that a CX from
a lower to a higher group finds its control as it was.
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
    """A circuit as passes over the state, in order. Rx(a) = Rz(-pi/2) Ry(a) Rz(pi/2) needs no kind of its own."""

    passes: IntArray
    """(P, 9): kind, first gate, last gate + 1, lowest qubit, row of ``permutations`` or of ``orders`` (-1: none), first
    and last + 1 gate of the Rz that follow, the same of ``flips``"""
    permutations: IntArray
    """(rows, 2^11): CX among the lowest qubits, see `rotations.ry_layer`"""
    orders: IntArray
    """(rows, 2^6): CX among the qubits of a panel"""
    flips: IntArray
    """(F, 2): CX into a panel from outside"""
    qubits: IntArray
    """(G,): qubit of a rotation, control of a CX"""
    targets: IntArray
    """(G,): target of a CX"""
    indices: IntArray
    """(G,): the gate's angle is scales * params[indices], or scales where indices < 0"""
    scales: npt.NDArray[np.float64]
    """(G,)"""


def _order(gates: list[tuple[int, int]], bits: int) -> IntArray:
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

    def add(self, kind: int, first: int, last: int) -> None:
        """A pass of one kind of gates; every CX is a pass."""
        ranges = [(g, g + 1) for g in range(first, last)] if kind == CX else [(first, last)]
        self.rows += [(kind, *gates, 0, -1, 0, 0, 0, 0) for gates in ranges]

    def add_ry(self, first: int, last: int, cx: range, rz: tuple[int, int]) -> bool:
        """Ry gates with the CX before and the Rz after them; return whether the Rz were included."""
        n = self.num_qubits
        groups = [(0, min(n, BLOCK_BITS))]
        groups += [(low, min(low + PANEL_BITS, n)) for low in range(BLOCK_BITS, n, PANEL_BITS)]
        merged = [self._mergeable(cx, low, high) for low, high in groups]
        inside = {g for within, into in merged for g in within + into}
        for g in cx:
            if g not in inside:
                self.add(CX, g, g + 1)
        rotated = self.qubits[first:last]
        for (low, high), (within, into) in reversed(list(zip(groups, merged, strict=True))):
            if not (within or into or np.any((rotated >= low) & (rotated < high))):
                continue
            gates = [(int(self.qubits[g]) - low, int(self.targets[g]) - low) for g in within]
            if low == 0:
                self.rows.append((RY, first, last, 0, len(self.permutations) if gates else -1, *rz, 0, 0))
                if gates:
                    self.permutations.append(_order(gates, BLOCK_BITS))
                return True
            start = len(self.flips)
            self.flips += [(int(self.qubits[g]), 1 << (int(self.targets[g]) - low)) for g in into]
            self.rows.append((RY, first, last, low, len(self.orders), 0, 0, start, len(self.flips)))
            self.orders.append(_order(gates, PANEL_BITS))
        return False

    def _mergeable(self, cx: range, low: int, high: int) -> tuple[list[int], list[int]]:
        """CX within qubits ``low`` to ``high - 1``, and those into them from a bit that all of a panel shares."""
        into = [g for g in cx if low <= self.targets[g] < high]
        within = [g for g in into if low <= self.qubits[g] < high]
        return within, [g for g in into if BLOCK_BITS - (high - low) <= self.qubits[g] < low]


def schedule(
    layers: Iterable[tuple[int, int, int]],
    num_qubits: int,
    qubits: IntArray,
    targets: IntArray,
    indices: IntArray,
    scales: npt.NDArray[np.float64],
) -> CompiledCircuit:
    """Passes for ``layers`` (kind, first gate, last gate + 1): gates of one kind on different qubits."""
    passes, todo = _Passes(num_qubits, qubits, targets), [(-1, 0, 0), *layers, (-1, 0, 0)]
    k = 1
    while k < len(todo) - 1:
        before, (kind, first, last), after = todo[k - 1 : k + 2]
        if kind == RY:
            cx = range(*before[1:]) if before[0] == CX else range(0)
            rz = after[1:] if after[0] == RZ else (0, 0)
            k += passes.add_ry(first, last, cx, rz) and after[0] == RZ
        elif kind != CX or after[0] != RY:
            passes.add(kind, first, last)
        k += 1
    return CompiledCircuit(
        np.array(passes.rows, dtype=np.int64).reshape(-1, 9),
        np.array(passes.permutations, dtype=np.int64).reshape(-1, 1 << BLOCK_BITS),
        np.array(passes.orders, dtype=np.int64).reshape(-1, 1 << PANEL_BITS),
        np.array(passes.flips, dtype=np.int64).reshape(-1, 2),
        qubits, targets, indices, scales,
    )  # fmt: skip
