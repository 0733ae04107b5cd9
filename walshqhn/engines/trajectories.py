"""Measurements of circuits with depolarizing noise on the exact engine, many shots per state.

In every shot each gate is followed by a random Pauli, mostly the identity. A Pauli that is moved through the rest of
the circuit flips the sign of the rotations that it anticommutes with, picks up other Paulis at each CX, and at the end
flips measured bits. So a shot with errors is a shot of the same circuit with some angles negated and some bits flipped;
shots with the same negations share a state. This is exact: every error is counted, once.

Two patterns of negations prepare states with the same outcomes, up to flips, if they differ

- in rotations about Z that only CX controls and other such rotations follow, or
- by the effect of a Pauli that stabilises the initial state (Z on |0>, X on |+>).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.derived import SeparateAnsatz
from walshqhn.circuits.program import Program
from walshqhn.engines.base import Rng
from walshqhn.engines.exact import ExactEngine
from walshqhn.support.arrays import BitArray
from walshqhn.support.checks import check_real, check_whole
from walshqhn.support.errors import UsageError
from walshqhn.support.resources import require_memory


@dataclass(frozen=True)
class GateNoise:
    """How often a gate is followed by a Pauli other than the identity, each equally likely."""

    p1: float
    """Probability in [0, 1] of X, Y or Z after a one-qubit gate."""
    p2: float
    """Probability in [0, 1] of any of the 15 pairs after a CX."""

    def __post_init__(self) -> None:
        for name in ("p1", "p2"):
            check_real(name, getattr(self, name), least=0, most=1)


class PauliTrajectories:
    """Samples a noisy circuit, as `AerEngine` does with ``noise_model(p1, p2)``, without readout errors.

    Every gate of ``ansatz.program`` is followed by noise; so is a Hadamard on each qubit if the initial state is |+>.
    The ``engine`` prepares the states; its cost is not used. InputError if it has another number of qubits than the
    circuit, UsageError for phase gates, as in QAOA, whose noise depends on how they are compiled.
    """

    def __init__(self, engine: ExactEngine, ansatz: Ansatz) -> None:
        engine.prepare(ansatz)  # fail early
        if any(gate.name == "phase" for gate in ansatz.program.gates):
            raise UsageError(
                "a phase gate is compiled before it meets noise: use MultiAngleQAOAAnsatz, or "
                "CircuitAnsatz(ansatz.circuit())."
            )
        self._ansatz, self.separate = ansatz, SeparateAnsatz(ansatz, free_all=True)
        """The circuit that is run, with a separate angle for every rotation."""
        self._prepared = engine.prepare(self.separate)
        self._num_angles = self.separate.num_parameters
        single, double, stabilisers, counted = _propagate(ansatz.program)
        self._effects = [np.array(rows, np.uint8).reshape(-1, size, len(counted)) & counted
                         for rows, size in ((single, 2), (double, 4))]  # fmt: skip
        self._gauge = _reduced(stabilisers & counted, self._num_angles)

    def sample(self, params: npt.ArrayLike, shots: int, noise: Sequence[GateNoise], rng: Rng) -> BitArray:
        """``shots`` measured bit strings under each of the ``noise``: (len(noise), shots, N).

        All shots are independent. Sampling several noise strengths at once costs less than one by one, since they share
        states. TooLargeError if the shots do not fit in memory; InputError for invalid parameters.
        """
        angles = self.separate.angles(self._ansatz.check_parameters(params))
        count, generator = check_whole("shots", shots, 1), np.random.default_rng(rng)
        negated, flips = self.patterns(count, noise, generator)
        keys, first, group = np.unique(_as_keys(negated), return_index=True, return_inverse=True)
        order, ends = np.argsort(group, kind="stable"), np.cumsum(np.bincount(group, minlength=len(keys)))
        bits = np.empty_like(flips)
        for k, members in enumerate(np.split(order, ends[:-1])):
            signs = 1.0 - 2.0 * negated[first[k]]
            bits[members] = self._prepared.sample(angles * signs, len(members), generator)
        return (bits ^ flips).reshape(len(noise), count, -1)

    def num_states(self, shots: int, noise: Sequence[GateNoise], rng: Rng) -> int:
        """How many states `sample` would prepare, drawn with ``rng``."""
        negated, _ = self.patterns(check_whole("shots", shots, 1), noise, np.random.default_rng(rng))
        return len(np.unique(_as_keys(negated)))

    def patterns(self, shots: int, noise: Sequence[GateNoise], rng: np.random.Generator) -> tuple[BitArray, BitArray]:
        """Random errors: angles of `separate` that they negate, (len(noise) shots, angles), and bits flipped, (..., N).

        Shots of one noise are contiguous. Patterns that prepare the same state are brought to one form.
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
                    shot, place = np.divmod(hits[parts >> bit & 1 == 1], max(1, len(effects)))
                    np.bitwise_xor.at(patterns, level * shots + shot, effects[place, bit])
        for pivot, row in self._gauge:
            patterns[patterns[:, pivot] == 1] ^= row
        return patterns[:, : self._num_angles], patterns[:, self._num_angles :]


def _propagate(program: Program) -> tuple[list[BitArray], list[BitArray], BitArray, BitArray]:
    """The effect of a Pauli after each gate, as rows (angles + N,) of angles negated and bits flipped.

    Returns the rows of X and Z after each one-qubit gate, (2, angles + N); those of X and Z on the control and X and Z
    on the target after each CX, (4, angles + N); those of the stabilisers of the initial state, (N, angles + N); and
    which columns affect what is measured, (angles + N,). Effects of products are sums modulo 2.
    """
    n = program.num_qubits
    index = sum(gate.name != "cx" for gate in program.gates)
    width = index + n
    x, z = np.eye(n, width, index, dtype=np.uint8), np.zeros((n, width), np.uint8)
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
    return single, double, x if program.plus else z, counted


def _reduced(rows: BitArray, num_angles: int) -> list[tuple[int, BitArray]]:
    """Rows in reduced echelon form modulo 2, each with its pivot among the angles; those without one are dropped."""
    left = [row.copy() for row in rows]
    done: list[tuple[int, BitArray]] = []
    while left:
        row = left.pop()
        if row[:num_angles].any():
            pivot = int(row[:num_angles].argmax())
            for other in [*left, *(r for _, r in done)]:
                if other[pivot]:
                    other ^= row
            done.append((pivot, row))
    return done


def _as_keys(rows: BitArray) -> npt.NDArray[np.void]:
    """Each row of bits as one value that can be compared."""
    packed = np.packbits(rows, axis=1)
    return packed.view(np.dtype((np.void, max(1, packed.shape[1])))).ravel()
