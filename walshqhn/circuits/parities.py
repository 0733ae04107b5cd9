"""Products of Pauli Z as CX and Rz gates: each term is an Rz on a qubit that holds the term's parity for a moment.

There are two ways to visit the parities, of which the one with fewer CX is taken: *ladders*, term by term, where CX
that cancel at the seams are left out; and *parities*, the recursive walk of Amy, Azimzadeh and Mosca (Quantum Sci.
Technol. 4, 015002 (2018), arXiv:1712.01859), which meets all 2^N - 1 parities with 2^N - 2 CX.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.support.errors import UsageError

LARGEST_NETWORK = 1 << 14
"""Terms that `parities` is tried for; its time grows with the square of their number."""


class Step(NamedTuple):
    """A CX on (control, target), or, with ``term`` >= 0, the rotation of that term on one qubit."""

    qubits: tuple[int, ...]
    term: int = -1


def term_masks(hamiltonian: IsingHamiltonian) -> list[int]:
    """The mask of each term as one integer, bit j for Z_j."""
    return [sum(int(word) << 64 * k for k, word in enumerate(row)) for row in hamiltonian.masks]


def count_cx(steps: Iterable[Step]) -> int:
    """Number of CX gates."""
    return sum(step.term < 0 for step in steps)


def cheapest_network(masks: Sequence[int], num_qubits: int) -> tuple[Step, ...]:
    """Steps that visit every parity and leave the qubits as they were, by the method with the fewest CX."""
    methods = ("ladders", "parities") if len(masks) <= LARGEST_NETWORK else ("ladders",)
    return min((network(method, tuple(masks), num_qubits) for method in methods), key=count_cx)


@lru_cache(maxsize=32)
def network(method: str, masks: tuple[int, ...], num_qubits: int) -> tuple[Step, ...]:
    """The steps of one method, "ladders" or "parities"; those of recent calls are kept."""
    return tuple((ladders if method == "ladders" else parities)(masks, num_qubits))


def ladders(masks: Sequence[int], num_qubits: int) -> list[Step]:
    """Term by term: CX along the term's qubits, ascending, the rotation on the last, and the CX again, reversed."""
    steps: list[Step] = []
    terms = [tuple(j for j in range(m.bit_length()) if m >> j & 1) for m in _check(masks, num_qubits)]
    for term, qubits in sorted(enumerate(terms), key=lambda item: item[1]):
        rungs = [Step(pair) for pair in pairwise(qubits)]
        for rung in rungs:
            if steps and steps[-1] == rung:
                steps.pop()
            else:
                steps.append(rung)
        steps += [Step(qubits[-1:], term), *reversed(rungs)]
    return steps


def parities(masks: Sequence[int], num_qubits: int) -> list[Step]:
    """The recursive walk over all parities, then the CX that restore the qubits."""
    walk = _Walk(_check(masks, num_qubits), num_qubits)
    walk.run()
    mirrored = [step for step in reversed(walk.steps) if step.term < 0]
    return walk.steps + min(_restore(walk.held), _restore_transposed(walk.held), mirrored, key=len)


def _check(masks: Sequence[int], num_qubits: int) -> Sequence[int]:
    for mask in masks:
        if not 0 < mask < 1 << num_qubits:
            raise UsageError(f"a mask of {num_qubits} qubits is not empty and below 2^{num_qubits}, got {mask}.")
    return masks


class _Walk:
    """The state of the walk: what each qubit holds, and the parities still to be met, in terms of that."""

    def __init__(self, masks: Sequence[int], num_qubits: int) -> None:
        self.num_qubits = num_qubits
        self.steps: list[Step] = []
        self.held = [1 << q for q in range(num_qubits)]
        self.waiting: dict[int, list[int]] = {}
        for term, mask in enumerate(masks):
            self.waiting.setdefault(mask, []).append(term)
        self._row_of = {mask: row for row, mask in enumerate(self.waiting)}
        bits = [[m >> q & 1 for q in range(num_qubits)] for m in self.waiting]
        self.rows = np.array(bits, dtype=bool).reshape(-1, num_qubits)
        self.met = np.zeros(len(self.rows), dtype=bool)
        for q in range(num_qubits):
            self._rotate(q)

    def _rotate(self, qubit: int) -> None:
        for term in self.waiting.pop(self.held[qubit], []):
            self.steps.append(Step((qubit,), term))
            self.met[self._row_of[self.held[qubit]]] = True

    def _cx(self, control: int, target: int) -> None:
        self.steps.append(Step((control, target)))
        self.held[target] ^= self.held[control]
        self.rows[:, control] ^= self.rows[:, target]
        self._rotate(target)

    def run(self) -> None:
        """Split by one qubit at a time; a set that has bits in common sheds all of them but its target's."""
        stack = [(np.arange(len(self.rows)), tuple(range(self.num_qubits)), -1)]
        while stack:
            chosen, free, target = stack.pop()
            while target >= 0:
                chosen = chosen[~self.met[chosen]]
                if not len(chosen):
                    break
                common = np.asarray(self.rows[chosen].all(axis=0))
                common[target] = False
                if not common.any():
                    break
                self._cx(int(common.argmax()), target)
            if not free or not len(chosen):
                continue
            ones = self.rows[chosen][:, free].sum(axis=0)
            j = free[int(np.maximum(ones, len(chosen) - ones).argmax())]
            rest = tuple(q for q in free if q != j)
            has = self.rows[chosen, j]
            stack += [(chosen[has], rest, j if target < 0 else target), (chosen[~has], rest, target)]


def _restore(held: Sequence[int]) -> list[Step]:
    """CX that bring qubits holding the parities ``held`` back to their own bits (Gauss-Jordan elimination)."""
    rows, steps = list(held), []

    def cx(control: int, target: int) -> None:
        rows[target] ^= rows[control]
        steps.append(Step((control, target)))

    for q in range(len(rows)):
        if not rows[q] >> q & 1:
            cx(next(r for r in range(q + 1, len(rows)) if rows[r] >> q & 1), q)
        for r in range(len(rows)):
            if r != q and rows[r] >> q & 1:
                cx(q, r)
    return steps


def _restore_transposed(held: Sequence[int]) -> list[Step]:
    """The same from the transposed matrix, which may take another number of CX: transposing swaps CX and order."""
    transposed = [sum((held[r] >> q & 1) << r for r in range(len(held))) for q in range(len(held))]
    return [Step(step.qubits[::-1]) for step in reversed(_restore(transposed))]
