"""Overlaps of states of one circuit at two settings of its angles, as circuits that any engine can run."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.program import Gate, Program
from walshqhn.support.arrays import FloatArray


class ComputeUncompute(Ansatz):
    """U(b)^dagger U(a) on |0...0>: all zeros are measured with probability |<psi(b)|psi(a)>|^2.

    Havlicek et al., Nature 567, 209 (2019), supplement. Parameters: a, then b, shape (2 num_parameters,).
    """

    def __init__(self, ansatz: Ansatz) -> None:
        self.ansatz = ansatz
        self.num_qubits = ansatz.num_qubits

    @cached_property
    def program(self) -> Program:
        forward, count = self.ansatz.program, self.ansatz.num_parameters
        back = [
            gate
            if gate.name == "cx"
            else Gate(gate.name, gate.qubits, gate.parameter + count if gate.parameter >= 0 else -1, -gate.scale)
            for gate in reversed(forward.gates)
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
