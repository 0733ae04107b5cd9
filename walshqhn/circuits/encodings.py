"""More bits than qubits: each bit is the sign of a Pauli correlator, and correlators of one kind commute.

A bit string is read from the signs of <P_j>, so N bits take far fewer than N qubits, measured in at most three bases.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.program import Gate, Program
from walshqhn.support.checks import check_whole
from walshqhn.support.errors import UsageError
from walshqhn.support.shown import Shown

BASES = ("Z", "X", "Y")
_TO_Z = {"Z": (), "X": (("ry", -math.pi / 2),), "Y": (("rx", math.pi / 2),)}  # gates U with U^dagger Z U = the Pauli


@dataclass(frozen=True, repr=False)
class PauliEncoding(Shown):
    """Bits as signs of products of one Pauli matrix: bit j is 0 where <strings[j]> >= 0, else 1.

    UsageError for strings that are empty, repeated or of mixed Pauli matrices.

    >>> PauliEncoding.multi_basis(5).labels
    ('Z0', 'X0', 'Z1', 'X1', 'Z2')
    >>> PauliEncoding.correlations(17, 2).num_qubits
    4
    """

    num_qubits: int
    strings: tuple[tuple[str, tuple[int, ...]], ...]
    """(N,), basis "X", "Y" or "Z" and the qubits of each bit's correlator."""

    def __post_init__(self) -> None:
        check_whole("num_qubits", self.num_qubits, 1)
        for basis, qubits in self.strings:
            inside = all(0 <= q < self.num_qubits for q in qubits)
            if basis not in BASES or not qubits or len(set(qubits)) != len(qubits) or not inside:
                raise UsageError(f"a correlator is X, Y or Z on different qubits, got {basis!r} on {qubits!r}.")
        if len({(basis, frozenset(qubits)) for basis, qubits in self.strings}) != len(self.strings):
            raise UsageError("each bit needs a correlator of its own.")

    def facts(self) -> dict[str, Any]:
        return {
            "bits": len(self.strings),
            "qubits": self.num_qubits,
            "bases": ", ".join(sorted({basis for basis, _ in self.strings})),
        }

    @classmethod
    def multi_basis(cls, num_bits: int) -> PauliEncoding:
        """Two bits per qubit, the signs of <Z> and <X> (Patti et al., Phys. Rev. Research 4, 033142 (2022))."""
        count = check_whole("num_bits", num_bits, 1)
        return cls(-(-count // 2), tuple(("ZX"[j % 2], (j // 2,)) for j in range(count)))

    @classmethod
    def correlations(cls, num_bits: int, order: int, num_qubits: int | None = None) -> PauliEncoding:
        """Products of ``order`` equal Pauli matrices, of which n qubits have 3 C(n, order).

        Sciorilli et al., Nature Communications 16, 476 (2025). ``num_qubits``: by default as few as hold ``num_bits``.
        Bits are assigned to Z, X and Y in turn. UsageError if there are fewer correlators than bits.
        """
        count, k = check_whole("num_bits", num_bits, 1), check_whole("order", order, 1)
        n = k if num_qubits is None else check_whole("num_qubits", num_qubits, k)
        while num_qubits is None and 3 * math.comb(n, k) < count:
            n += 1
        if 3 * math.comb(n, k) < count:
            raise UsageError(f"{n} qubits have {3 * math.comb(n, k):,} correlators of order {k}, {count:,} are needed.")
        sets = combinations(range(n), k)
        strings = tuple((basis, qubits) for qubits in sets for basis in BASES)
        return cls(n, strings[:count])

    @property
    def num_bits(self) -> int:
        """N."""
        return len(self.strings)

    @property
    def labels(self) -> tuple[str, ...]:
        """The correlator of each bit, such as "X0 X3"."""
        return tuple(" ".join(f"{basis}{q}" for q in qubits) for basis, qubits in self.strings)

    @cached_property
    def families(self) -> dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
        """Basis -> (bits whose correlators are measured in it, their masks of qubits)."""
        found = {}
        for basis in BASES:
            bits = np.array([j for j, (kind, _) in enumerate(self.strings) if kind == basis], dtype=np.int64)
            masks = [sum(1 << q for q in self.strings[j][1]) for j in bits]
            if len(bits):
                found[basis] = bits, np.array(masks, dtype=np.int64)
        return found


class MeasuredIn(Ansatz):
    """A circuit whose qubits are measured in the ``basis`` "X", "Y" or "Z"."""

    def __init__(self, ansatz: Ansatz, basis: str) -> None:
        self.ansatz, self.basis, self.num_qubits = ansatz, basis, ansatz.num_qubits

    @cached_property
    def program(self) -> Program:
        before = self.ansatz.program
        turns = [Gate(name, (j,), -1, a) for name, a in _TO_Z[self.basis] for j in range(self.num_qubits)]  # type: ignore[arg-type]
        return Program(self.num_qubits, before.num_parameters, (*before.gates, *turns), plus=before.plus)

    @property
    def description(self) -> dict[str, Any]:
        return {"name": "measured-in", "basis": self.basis, "of": self.ansatz.description}
