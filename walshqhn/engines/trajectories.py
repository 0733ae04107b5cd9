"""Measurements of circuits with depolarizing noise, on the exact engine: one state for many shots.

In every shot each gate is followed by a random Pauli, mostly the identity. A Pauli that moves through the rest of the
circuit turns the sign of the rotations that it anticommutes with, is multiplied by other Paulis at each CX, and at the
end flips measured bits. So a shot with errors is a shot of the same circuit with some angles negated, and some of its
bits flipped; shots with the same negations share a state. This is exact: no error is left out or counted twice.

Two patterns of negations prepare states with the same outcomes, up to flips, if they differ

- in rotations about Z that nothing but CX controls and other such rotations follow, or
- by what a Pauli does that leaves the first state as it is (Z on |0>, X on |+>).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.program import Gate, Program
from walshqhn.engines.base import Rng
from walshqhn.engines.exact import ExactEngine
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.checks import check_real, check_whole
from walshqhn.support.errors import UsageError
from walshqhn.support.resources import require_memory


@dataclass(frozen=True)
class GateNoise:
    """How often a gate is followed by a Pauli other than the identity, each of them equally likely."""

    p1: float
    """Probability in [0, 1] after a one-qubit gate, of X, Y or Z."""
    p2: float
    """Probability in [0, 1] after a CX, of any of the 15 pairs."""

    def __post_init__(self) -> None:
        for name, value in (("p1", self.p1), ("p2", self.p2)):
            check_real(name, value, least=0, most=1)


class PauliTrajectories:
    """Samples a circuit with noise; as `AerEngine` does with the model `noise_model(p1, p2)`, without readout errors.

    Every gate of ``ansatz.program`` is followed by noise, with |+> for a first state also a Hadamard on each qubit.

    Parameters
    ----------
    engine
        Its kernels prepare the states; its cost plays no role.
    ansatz
        A circuit of Rx, Ry, Rz and CX.

    Raises
    ------
    InputError
        The circuit has another number of qubits than the engine.
    UsageError
        It has phase gates, as QAOA, whose noise depends on how they are compiled.
    """

    def __init__(self, engine: ExactEngine, ansatz: Ansatz) -> None:
        engine.prepare(ansatz)  # says now what does not fit
        if any(gate.name == "phase" for gate in ansatz.program.gates):
            raise UsageError(
                "a phase gate is compiled before it meets noise: use MultiAngleQAOAAnsatz, or "
                "CircuitAnsatz(ansatz.circuit())."
            )
        self._ansatz, self.separate = ansatz, SeparateAnsatz(ansatz.program)
        """The circuit that is run, with an angle of its own for every rotation."""
        self._prepared = engine.prepare(self.separate)
        (single, double), gauge, counted = _propagate(ansatz.program)
        self._num_angles = len(self.separate.scales)
        self._effects = [np.array(single, np.uint8).reshape(-1, 2, len(counted)) & counted,
                         np.array(double, np.uint8).reshape(-1, 4, len(counted)) & counted]  # fmt: skip
        self._gauge = _reduced(gauge & counted, self._num_angles)

    def sample(self, params: npt.ArrayLike, shots: int, noise: Sequence[GateNoise], rng: Rng) -> npt.NDArray[np.uint8]:
        """``shots`` measured bit strings under each of the ``noise``: (len(noise), shots, N) uint8.

        All shots are independent. Several strengths at once cost less than one after the other, since they share
        states. TooLargeError if the shots do not fit in memory; InputError for parameters that do not fit.
        """
        angles = self.separate.angles(self._ansatz.check_parameters(params))
        count, generator = check_whole("shots", shots, 1), np.random.default_rng(rng)
        negated, flips = self.patterns(count, noise, generator)
        keys, first, group = np.unique(_as_keys(np.packbits(negated, axis=1)), return_index=True, return_inverse=True)
        order = np.argsort(group, kind="stable")
        ends = np.cumsum(np.bincount(group, minlength=len(keys)))
        bits = np.empty((len(flips), self._ansatz.num_qubits), np.uint8)
        for k, members in enumerate(np.split(order, ends[:-1])):
            signs = 1.0 - 2.0 * negated[first[k]]
            bits[members] = self._prepared.sample(angles * signs, len(members), generator)
        return (bits ^ flips).reshape(len(noise), count, -1)

    def num_states(self, shots: int, noise: Sequence[GateNoise], rng: Rng) -> int:
        """How many states `sample` would prepare, drawn with ``rng``."""
        negated, _ = self.patterns(check_whole("shots", shots, 1), noise, np.random.default_rng(rng))
        return len(np.unique(_as_keys(np.packbits(negated, axis=1))))

    def patterns(self, shots: int, noise: Sequence[GateNoise], rng: np.random.Generator) -> tuple[BitArray, BitArray]:
        """Which angles of `separate` are negated, (len(noise) shots, angles), and which bits flipped, (..., N), by the
        errors that are drawn; shots of one noise together.

        Each is brought to the one form that all have that prepare the same state.
        """
        width = self._num_angles + self._ansatz.num_qubits
        require_memory(3 * len(noise) * shots * width, f"{shots:,} shots", "Use fewer shots, or several calls.")
        patterns = np.zeros((len(noise) * shots, width), np.uint8)
        for level, strength in enumerate(noise):
            for effects, probability in zip(self._effects, (strength.p1, strength.p2), strict=True):
                places = shots * len(effects)
                hits = rng.choice(places, rng.binomial(places, probability), replace=False, shuffle=False)
                parts = rng.integers(1, 1 << effects.shape[1], len(hits))
                for bit in range(effects.shape[1]):
                    chosen = hits[parts >> bit & 1 == 1]
                    shot, place = np.divmod(chosen, max(1, len(effects)))
                    np.bitwise_xor.at(patterns, level * shots + shot, effects[place, bit])
        for pivot, row in self._gauge:
            patterns[patterns[:, pivot] == 1] ^= row
        return patterns[:, : self._num_angles], patterns[:, self._num_angles :]


class SeparateAnsatz(Ansatz):
    """A circuit with an angle of its own for every rotation, so that each can be negated alone."""

    def __init__(self, program: Program) -> None:
        rotations = [gate for gate in program.gates if gate.name != "cx"]
        self.num_qubits = program.num_qubits
        self.scales = np.array([gate.scale for gate in rotations])
        self._indices = np.array([gate.parameter for gate in rotations], np.int64)
        numbers = iter(range(len(rotations)))
        gates = [g if g.name == "cx" else Gate(g.name, g.qubits, next(numbers)) for g in program.gates]
        self._program = Program(program.num_qubits, len(rotations), tuple(gates), program.plus)

    @cached_property
    def program(self) -> Program:
        return self._program

    @property
    def description(self) -> dict[str, Any]:
        return {"name": "separate", "num_qubits": self.num_qubits}

    def angles(self, params: FloatArray) -> FloatArray:
        """Of every rotation, from the parameters of the circuit."""
        free = self._indices < 0
        return np.where(free, self.scales, self.scales * params[np.where(free, 0, self._indices)])


def _propagate(program: Program) -> tuple[tuple[list[BitArray], list[BitArray]], BitArray, BitArray]:
    """What a Pauli does that appears after a gate: rows (angles + N) of angles negated and bits flipped.

    Returns the rows (2, angles + N) of X and Z after each one-qubit gate, and (4, angles + N) of X and Z on the control
    and X and Z on the target after each CX; those (N, angles + N) of the Paulis that leave the first state as it is;
    and (angles + N,) which columns matter for what is measured. Effects of products are sums modulo 2.
    """
    n = program.num_qubits
    index = sum(gate.name != "cx" for gate in program.gates)
    width = index + n
    x, z = np.zeros((n, width), np.uint8), np.zeros((n, width), np.uint8)
    x[:, index:] = np.eye(n, dtype=np.uint8)
    counted = np.ones(width, np.uint8)
    diagonal = [True] * n  # Z on the qubit, moved to the end, is still a product of Z
    single: list[BitArray] = []
    double: list[BitArray] = []
    for gate in reversed(program.gates):
        if gate.name == "cx":
            c, t = gate.qubits
            double.append(np.stack([x[c], z[c], x[t], z[t]]))
            x[c] ^= x[t]
            z[t] ^= z[c]
            diagonal[t] = diagonal[t] and diagonal[c]
            continue
        q = gate.qubits[0]
        index -= 1
        single.append(np.stack([x[q], z[q]]))
        if gate.name != "rx":
            x[q, index] ^= 1
        if gate.name != "rz":
            z[q, index] ^= 1
            diagonal[q] = False
        elif diagonal[q]:
            counted[index] = 0
    if program.plus:
        single += [np.stack([x[q], z[q]]) for q in range(n)]
    return (single, double), x if program.plus else z, counted


def _reduced(rows: BitArray, num_angles: int) -> list[tuple[int, BitArray]]:
    """Rows in reduced echelon form modulo 2, each with its pivot among the angles; those without one are dropped."""
    left = [row.copy() for row in rows]
    done: list[tuple[int, BitArray]] = []
    while left:
        row = left.pop()
        if not row[:num_angles].any():
            continue
        pivot = int(row[:num_angles].argmax())
        for other in [*left, *(r for _, r in done)]:
            if other[pivot]:
                other ^= row
        done.append((pivot, row))
    return done


def _as_keys(packed: npt.NDArray[np.uint8]) -> npt.NDArray[np.void]:
    """Each row as one value that can be compared."""
    rows = np.ascontiguousarray(packed)
    return rows.view(np.dtype((np.void, max(1, rows.shape[1])))).ravel()
