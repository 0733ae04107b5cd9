"""Circuits as state vectors in plain NumPy, gate by gate: the reference for engines."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.program import Gate, Program
from walshqhn.support.arrays import FloatArray


class MixedAnsatz(Ansatz):
    """Every kind of gate but phases: shared, scaled and fixed angles; if ``entangled``, CX in both directions."""

    def __init__(self, num_qubits: int, *, entangled: bool = True) -> None:
        self.num_qubits, self.entangled = num_qubits, entangled

    @cached_property
    def program(self) -> Program:
        n = self.num_qubits
        gates = [Gate("rx", (0,), 0, 2.0), Gate("ry", (n - 1,), scale=0.4), Gate("cx", (n - 1, 0))]
        gates += [Gate("ry", (j,), 1 + j, -0.5) for j in range(n)] + [Gate("cx", (0, n - 1))]
        gates += [Gate("rz", (j,), 1 + j) for j in range(n)] + [Gate("rx", (j,), 0, 0.5) for j in range(n)]
        return Program(n, n + 1, tuple(g for g in gates if self.entangled or g.name != "cx"))

    @property
    def description(self) -> dict[str, Any]:
        return {"name": "mixed" if self.entangled else "unentangled", "num_qubits": self.num_qubits}


def dense_state(ansatz: Ansatz, params: FloatArray) -> npt.NDArray[np.complex128]:
    """Amplitudes (2^N,), from exp(-i a P / 2) = cos(a / 2) - i sin(a / 2) P."""
    program, x = ansatz.program, np.arange(1 << ansatz.num_qubits)
    state = np.full(x.size, x.size**-0.5, complex) if program.plus else (x == 0).astype(complex)
    for gate in program.gates:
        angle = gate.scale * (params[gate.parameter] if gate.parameter >= 0 else 1.0)
        if gate.name == "phase":
            assert ansatz.phase_table is not None
            state = state * np.exp(-1j * angle * ansatz.phase_table)
        elif gate.name == "cx":
            control, target = gate.qubits
            state = state[x ^ ((x >> control & 1) << target)]
        else:
            qubit = gate.qubits[0]
            spin, flipped = 1 - 2 * (x >> qubit & 1), state[x ^ (1 << qubit)]
            rotated = {"rx": flipped, "ry": -1j * spin * flipped, "rz": spin * state}[gate.name]
            state = np.cos(angle / 2) * state - 1j * np.sin(angle / 2) * rotated
    return state


def rotation_rates(ansatz: Ansatz) -> FloatArray:
    """Root sum of squares of each parameter's factors in rotation angles; a phase gate counts with its terms'."""
    squares = np.zeros(ansatz.num_parameters)
    for gate in ansatz.program.gates:
        if gate.parameter >= 0:
            terms = 1.0 if ansatz.phase_table is None or gate.name != "phase" else 4 * float(ansatz.phase_table.var())
            squares[gate.parameter] += gate.scale**2 * terms
    return np.sqrt(squares)
