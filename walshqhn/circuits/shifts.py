"""The parameter-shift rule: which circuits a gradient takes, and what it is made of their values."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.parities import cheapest_network, term_masks
from walshqhn.circuits.program import Gate, Program
from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import UsageError

LARGEST_JOB = 20_000
"""Circuits that one gradient may take."""


class ShiftRule:
    """The gradient of a mean from its values at shifted angles.

    The derivative with respect to the angle a of exp(-i a P / 2), P^2 = 1, is (E(a + pi/2) - E(a - pi/2)) / 2 (Schuld
    et al., arXiv:1811.11184). A parameter that turns several gates gets the sum over them, each shifted by itself; the
    phase gate of QAOA is taken apart into the terms of its Hamiltonian.

    `ansatz` is the circuit to run: the caller's where each parameter turns one rotation, else one in which every gate
    has an angle of its own. UsageError if more than `LARGEST_JOB` circuits are needed.
    """

    def __init__(self, ansatz: Ansatz) -> None:
        self._num_parameters = ansatz.num_parameters
        turned = [g for g in ansatz.program.gates if g.parameter >= 0 and g.scale != 0.0]
        uses = np.bincount([g.parameter for g in turned], minlength=ansatz.num_parameters)
        self.ansatz: Ansatz = ansatz
        if (uses <= 1).all() and not any(g.name == "phase" for g in turned):
            self._owners = np.array([g.parameter for g in turned], dtype=np.int64)
            self._columns, self._scales = self._owners, np.array([g.scale for g in turned])
            self._steps = math.pi / 2 / self._scales
        else:
            self.ansatz = loose = _unshared(ansatz)
            self._owners = np.array(loose.owners, dtype=np.int64)
            self._columns, self._scales = np.arange(loose.num_parameters), np.array(loose.scales)
            self._steps = np.full(loose.num_parameters, math.pi / 2)
        self._is_shared = self.ansatz is not ansatz
        self.num_points = 2 * len(self._columns)
        if self.num_points > LARGEST_JOB:
            raise UsageError(
                f"a gradient of the {ansatz.description['name']} ansatz by parameter shifts takes "
                f"{self.num_points:,} circuits, at most {LARGEST_JOB:,} are allowed. Use ExactEngine, fewer terms, or "
                "an optimizer without gradients."
            )

    def points(self, params: FloatArray) -> FloatArray:
        """The angles for `ansatz` to run at, (num_points, its parameters), for a gradient at ``params``."""
        count = len(self._columns)
        unshifted = self._scales * params[self._owners] if self._is_shared else params
        rows = np.repeat(unshifted[None, :], self.num_points, axis=0)
        rows[np.arange(count), self._columns] += self._steps
        rows[count + np.arange(count), self._columns] -= self._steps
        return rows

    def gradient(self, values: FloatArray) -> FloatArray:
        """The gradient (num_parameters,) from the values at every one of `points`."""
        up, down = values.reshape(2, -1)
        slopes = self._scales * (up - down) / 2
        return np.bincount(self._owners, weights=slopes, minlength=self._num_parameters).astype(np.float64)


@dataclass(frozen=True, eq=False)
class _UnsharedAnsatz(Ansatz):
    """A circuit in which every gate has an angle of its own, ``scales[g]`` times parameter ``owners[g]`` of another."""

    num_qubits: int
    gates: Program
    owners: tuple[int, ...]
    scales: tuple[float, ...]
    name: str = field(default="unshared")

    @cached_property
    def program(self) -> Program:
        return self.gates

    @property
    def description(self) -> dict[str, Any]:
        return {"name": self.name, "num_qubits": self.num_qubits}


def _unshared(ansatz: Ansatz) -> _UnsharedAnsatz:
    """The circuit with phase gates taken apart into rotations, each gate with a parameter of its own."""
    gates: list[Gate] = []
    owners: list[int] = []
    scales: list[float] = []

    def rotation(name: Any, qubit: int, parameter: int, scale: float) -> None:
        if parameter < 0:
            gates.append(Gate(name, (qubit,), scale=scale))
            return
        gates.append(Gate(name, (qubit,), len(owners)))
        owners.append(parameter)
        scales.append(scale)

    for gate in ansatz.program.gates:
        if gate.name == "cx":
            gates.append(gate)
        elif gate.name != "phase":
            rotation(gate.name, gate.qubits[0], gate.parameter, gate.scale)
        else:
            terms = _phase_terms(ansatz)
            for step in cheapest_network([mask for mask, _ in terms], ansatz.num_qubits):
                if step.term < 0:
                    gates.append(Gate("cx", step.qubits))
                else:
                    rotation("rz", step.qubits[0], gate.parameter, 2 * gate.scale * terms[step.term][1])
    program = Program(ansatz.num_qubits, len(owners), tuple(gates), ansatz.program.plus)
    name = f"{ansatz.description['name']}, unshared"
    return _UnsharedAnsatz(ansatz.num_qubits, program, tuple(owners), tuple(scales), name)


def _phase_terms(ansatz: Ansatz) -> list[tuple[int, float]]:
    """(mask, coefficient) of the diagonal of the phase gates."""
    hamiltonian = ansatz.phase_hamiltonian
    if hamiltonian is None:
        raise UsageError(f"the {ansatz.description['name']} ansatz has a phase gate, but no diagonal for it.")
    if 2 * len(hamiltonian) > LARGEST_JOB:
        raise UsageError(
            f"a gradient of the {ansatz.description['name']} ansatz by parameter shifts takes a circuit for each of "
            f"its {len(hamiltonian):,} terms, twice; at most {LARGEST_JOB:,} circuits are allowed. Use ExactEngine, "
            "fewer terms, or an optimizer without gradients."
        )
    return list(zip(term_masks(hamiltonian), hamiltonian.coefficients.tolist(), strict=True))
