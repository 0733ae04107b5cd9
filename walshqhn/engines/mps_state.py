"""Circuits as matrix product states: exactly, or truncated to a bond."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.program import Gate
from walshqhn.kernels import mps_sites as kernels
from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import UsageError
from walshqhn.support.resources import require_memory

IntArray = npt.NDArray[np.int64]
_ROTATIONS = {"rx": kernels.RX, "ry": kernels.RY, "rz": kernels.RZ}


@dataclass(frozen=True, eq=False)
class State:
    """A matrix product state with tensors A[i, s, r], or a cotangent of the same shape."""

    re: FloatArray
    im: FloatArray
    tensors: IntArray
    """(N,), where in ``re`` and ``im`` the tensor of each site begins."""
    bonds: IntArray
    """(N + 1,); the first and the last are 1."""
    discarded: float = 0.0
    """Discarded weight: the sum of the squares of all Schmidt coefficients that truncation has dropped."""

    @classmethod
    def of_shape(cls, bonds: list[int]) -> State:
        """An uninitialised one."""
        starts = np.cumsum([0, *(2 * a * b for a, b in pairwise(bonds))])
        return cls(np.empty(starts[-1]), np.empty(starts[-1]), starts[:-1], np.array(bonds, dtype=np.int64))

    def part(self, first: int, end: int) -> State:
        """Sites from ``first`` to before ``end``; the arrays are shared."""
        return State(self.re, self.im, self.tensors[first:end], self.bonds[first : end + 1])

    def mirrored(self) -> tuple[State, IntArray]:
        """The sites in reverse order, and where in ``re`` and ``im`` its entries are."""
        found = State.of_shape(self.bonds[::-1].tolist())
        blocks = zip(self.tensors[::-1], self.bonds[-2::-1], self.bonds[::-1], strict=False)
        order = [(t + np.arange(2 * a * b)).reshape(a, 2, b).transpose(2, 1, 0).ravel() for t, a, b in blocks]
        where = np.concatenate(order)
        return replace(found, re=self.re[where], im=self.im[where]), where

    @cached_property
    def canonical(self) -> State:
        """The same state, from which samples can be drawn."""
        found = State(np.empty_like(self.re), np.empty_like(self.im), self.tensors, np.empty_like(self.bonds))
        kernels.canonicalize(self.re.copy(), self.im.copy(), self.tensors, self.bonds, found.re, found.im, found.bonds)
        return found


class SiteProgram:
    """The gates of a circuit by qubit: what its state, its gradient and the reach of its correlations follow from.

    UsageError for a circuit with other gates than rotations and CX. A CX whose control is still |0>, or whose target is
    still |+>, does nothing and is left out.
    """

    def __init__(self, ansatz: Ansatz) -> None:
        program, self.num_qubits, self.num_parameters = ansatz.program, ansatz.num_qubits, ansatz.num_parameters
        self.plus = program.plus
        if other := {g.name for g in program.gates} - {*_ROTATIONS, "cx"}:
            raise UsageError(
                f"the mps engine runs circuits of rotations and CX; the {ansatz.description['name']} ansatz has "
                f"{' and '.join(sorted(other))} gates. "
                "Use the linear or the product ansatz, or another engine (exact, aer-mps)."
            )
        self.gates = _without_idle(program.gates, self.num_qubits, program.plus)
        self.crossings = [0] * (self.num_qubits + 1)
        """CX gates across the bond before each qubit; the exact bond is 2 to this power."""
        self._ops: list[list[tuple[int, int, int]]] = [[] for _ in range(self.num_qubits)]
        rotations: list[Gate] = []
        for gate in self.gates:
            if gate.name == "cx":
                self._add_cx(*gate.qubits)
            else:
                self._ops[gate.qubits[0]].append((_ROTATIONS[gate.name], len(rotations), 0))
                rotations.append(gate)
        self._owners = np.array([g.parameter for g in rotations], dtype=np.int64)
        self._scales = np.array([g.scale for g in rotations], dtype=np.float64)

    def _add_cx(self, control: int, target: int) -> None:
        low, high = min(control, target), max(control, target)
        for qubit in range(low, high + 1):
            left, right = self.crossings[qubit], self.crossings[qubit + 1]
            if low < qubit < high:
                self._ops[qubit].append((kernels.THROUGH, left, right))
            else:
                kind = kernels.CONTROL if qubit == control else kernels.TARGET
                self._ops[qubit].append((kind, int(qubit == low), right if qubit == low else left))
            if qubit > low:
                self.crossings[qubit] += 1

    @cached_property
    def _arrays(self) -> tuple[IntArray, IntArray]:
        ops = [op for site in self._ops for op in site]
        ends = np.cumsum([0, *(len(site) for site in self._ops)])
        return np.array(ops, dtype=np.int64).reshape(-1, 3), ends

    @cached_property
    def reach(self) -> tuple[IntArray, IntArray]:
        """First and last qubit that each qubit's outcome depends on: (N,), (N,).

        Where two of these ranges have nothing in common, neither have the outcomes.
        """
        first, last = list(range(self.num_qubits)), list(range(self.num_qubits))
        for gate in self.gates:
            if gate.name == "cx":
                a, b = gate.qubits
                first[a] = first[b] = min(first[a], first[b])
                last[a] = last[b] = max(last[a], last[b])
        return np.array(first), np.array(last)

    def angles(self, params: FloatArray) -> FloatArray:
        """The angle of every rotation, in the order of the gates."""
        fixed = self._owners < 0
        return self._scales * np.where(fixed, 1.0, params[np.where(fixed, 0, self._owners)] if params.size else 1.0)

    def require_memory(self) -> None:
        """TooLargeError if the exact state, its environments and derivatives do not fit in memory."""
        bonds = [1 << c for c in self.crossings]
        what = f"a matrix product state of {self.num_qubits} qubits and bond {_count(max(bonds))}"
        size = sum(64 * a * b + 64 * b * b for a, b in pairwise(bonds))
        require_memory(size, what, "Set max_bond (bond_dimension), which truncates it, or use fewer layers.")

    def state(self, params: FloatArray) -> State:
        """The exact state."""
        found = State.of_shape([1 << c for c in self.crossings])
        kernels.build(*self._arguments(params), found.tensors, found.bonds, found.re, found.im)
        return found

    def gradient(self, params: FloatArray, state: State, gre: FloatArray, gim: FloatArray) -> FloatArray:
        """(num_parameters,), from the cotangent g of the exact state's tensors: dE = Re(sum g dA)."""
        slopes = np.zeros(len(self._owners))
        kernels.slopes(*self._arguments(params), state.tensors, state.bonds, gre, gim, slopes)
        driven = self._owners >= 0
        return np.bincount(
            self._owners[driven], weights=(self._scales * slopes)[driven], minlength=self.num_parameters
        ).astype(np.float64)

    def _arguments(self, params: FloatArray) -> tuple[IntArray, IntArray, FloatArray, FloatArray, bool]:
        half = self.angles(params) / 2
        return *self._arrays, np.cos(half), np.sin(half), self.plus


def truncated_state(program: SiteProgram, params: FloatArray, most: int) -> State:
    """The state with bonds of at most ``most``, truncated after every CX (Vidal, Phys. Rev. Lett. 91, 147902 (2003)).

    UsageError for a CX between qubits that are not neighbours.
    """
    n = program.num_qubits
    spinor = np.array([0.5**0.5, 0.5**0.5] if program.plus else [1.0, 0.0], dtype=complex)
    tensors, centre, discarded = [spinor.reshape(1, 2, 1) for _ in range(n)], 0, 0.0
    angles = iter(program.angles(params).tolist())
    for gate in program.gates:
        j = min(gate.qubits)
        if gate.name != "cx":
            tensors[j] = np.einsum("st,ltr->lsr", _ROTATION[gate.name](next(angles)), tensors[j])
            continue
        if max(gate.qubits) != j + 1:
            raise UsageError(f"max_bond needs CX gates between neighbours, the circuit has one on {gate.qubits}.")
        while centre != j:  # the environments of the two sites must be orthonormal
            centre = _move(tensors, centre, centre + (1 if centre < j else -1))
        pair = np.einsum("lsm,mtr->lstr", tensors[j], tensors[j + 1])
        pair = pair.copy()
        if gate.qubits[0] == j:
            pair[:, 1] = pair[:, 1, ::-1]
        else:
            pair[:, :, 1] = pair[:, ::-1, 1]
        left, _, _, right = pair.shape
        u, values, v = np.linalg.svd(pair.reshape(2 * left, 2 * right), full_matrices=False)
        keep = max(1, min(most, int((values > 1e-14 * values[0]).sum())))
        discarded += float(np.square(values[keep:]).sum())
        values = values[:keep] / np.sqrt(np.square(values[:keep]).sum())
        tensors[j] = (u[:, :keep] * values).reshape(left, 2, keep)
        tensors[j + 1] = v[:keep].reshape(keep, 2, right)
    found = State.of_shape([1, *(t.shape[2] for t in tensors)])
    flat = np.concatenate([t.ravel() for t in tensors])
    return State(flat.real.copy(), flat.imag.copy(), found.tensors, found.bonds, discarded)


def _move(tensors: list[npt.NDArray[np.complex128]], here: int, there: int) -> int:
    """Make the tensor of site ``here`` an isometry, and multiply the rest into its neighbour ``there``."""
    left, _, right = tensors[here].shape
    if there > here:
        q, r = np.linalg.qr(tensors[here].reshape(2 * left, right))
        tensors[here] = q.reshape(left, 2, -1)
        tensors[there] = np.einsum("lm,msr->lsr", r, tensors[there])
    else:
        q, r = np.linalg.qr(tensors[here].reshape(left, 2 * right).T)
        tensors[here] = q.T.reshape(-1, 2, right)
        tensors[there] = np.einsum("lsm,rm->lsr", tensors[there], r)
    return there


_ROTATION: dict[str, Callable[[float], npt.NDArray[np.complex128]]] = {
    "rx": lambda a: np.array([[np.cos(a / 2), -1j * np.sin(a / 2)], [-1j * np.sin(a / 2), np.cos(a / 2)]]),
    "ry": lambda a: np.array([[np.cos(a / 2), -np.sin(a / 2)], [np.sin(a / 2), np.cos(a / 2)]], dtype=complex),
    "rz": lambda a: np.diag(np.exp([-0.5j * a, 0.5j * a])),
}


def _without_idle(gates: tuple[Gate, ...], num_qubits: int, plus: bool) -> list[Gate]:
    """The gates without CX that leave the state as it is."""
    harmless = "rx" if plus else "rz"
    idle, kept = [True] * num_qubits, []
    for gate in gates:
        if gate.name == "cx":
            control, target = gate.qubits
            if idle[target if plus else control]:
                continue
            idle[control] = idle[target] = False
        elif gate.name != harmless:
            idle[gate.qubits[0]] = False
        kept.append(gate)
    return kept


def _count(number: int) -> str:
    """A power of two, readable."""
    return f"{number:,}" if number < 1 << 20 else f"2^{number.bit_length() - 1}"
