"""Circuits made from another one, which any engine can run."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np

from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.parities import cheapest_network, term_masks
from walshqhn.circuits.program import Gate, Program
from walshqhn.support.arrays import FloatArray


class ComputeUncompute(Ansatz):
    """U(b)^dagger U(a) on |0...0>: all zeros are measured with probability |<psi(b)|psi(a)>|^2.

    Havlicek et al., Nature 567, 209 (2019), supplement. Parameters: a, then b, shape (2 num_parameters,).
    """

    def __init__(self, ansatz: Ansatz) -> None:
        self.ansatz, self.num_qubits = ansatz, ansatz.num_qubits

    @cached_property
    def program(self) -> Program:
        forward, count = self.ansatz.program, self.ansatz.num_parameters
        back = [
            g if g.name == "cx" else Gate(g.name, g.qubits, g.parameter + count if g.parameter >= 0 else -1, -g.scale)
            for g in reversed(forward.gates)
        ]
        if forward.plus:  # from |+> to |0>; H differs from this Ry by Z only
            back += [Gate("ry", (j,), -1, -math.pi / 2) for j in range(self.num_qubits)]
        return Program(self.num_qubits, 2 * count, (*forward.gates, *back), plus=forward.plus)

    @property
    def description(self) -> dict[str, Any]:
        return {"name": "compute-uncompute", "of": self.ansatz.description}

    @property
    def phase_table(self) -> FloatArray | None:
        return self.ansatz.phase_table

    def _append_phase(self, circuit: Any, angle: Any, *, symbolic: bool) -> None:
        self.ansatz._append_phase(circuit, angle, symbolic=symbolic)


class SeparateAnsatz(Ansatz):
    """A circuit with a separate angle for every rotation, so that each can be changed alone.

    Phase gates become rotations, one for each term of their Hamiltonian. Rotations by a fixed angle keep it, unless
    ``free_all``.
    """

    def __init__(self, ansatz: Ansatz, *, free_all: bool = False) -> None:
        self.num_qubits, plus = ansatz.num_qubits, ansatz.program.plus
        self._name = f"{ansatz.description['name']}, separate angles"
        gates: list[Gate] = []
        freed: list[Gate] = []
        for gate in ansatz.program.gates:
            for g in _terms(ansatz, gate) if gate.name == "phase" else [gate]:
                if g.name != "cx" and (free_all or g.parameter >= 0):
                    gates.append(Gate(g.name, g.qubits, len(freed)))
                    freed.append(g)
                else:
                    gates.append(g)
        self._program = Program(self.num_qubits, len(freed), tuple(gates), plus)
        self.owners = np.array([g.parameter for g in freed], dtype=np.int64)
        """(angles,), the parameter of the original circuit that each angle follows; -1: none."""
        self.scales = np.array([g.scale for g in freed], dtype=np.float64)
        """(angles,), how many times that parameter each angle is; without one, the angle itself."""

    @cached_property
    def program(self) -> Program:
        return self._program

    @property
    def description(self) -> dict[str, Any]:
        return {"name": self._name, "num_qubits": self.num_qubits}

    def angles(self, params: FloatArray) -> FloatArray:
        """The angles (angles,) at which this is the original circuit with ``params``."""
        fixed = self.owners < 0
        return np.where(fixed, self.scales, self.scales * params[np.where(fixed, 0, self.owners)])


def _terms(ansatz: Ansatz, phase: Gate) -> list[Gate]:
    """A phase gate as CX and a rotation for each term."""
    hamiltonian = ansatz.phase_hamiltonian
    steps = cheapest_network(term_masks(hamiltonian), ansatz.num_qubits)
    scales = [2 * phase.scale * value for value in hamiltonian.coefficients.tolist()]
    return [
        Gate("cx", s.qubits) if s.term < 0 else Gate("rz", s.qubits, phase.parameter, scales[s.term]) for s in steps
    ]
