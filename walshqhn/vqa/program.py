"""Circuits as data: one description that both Qiskit and the exact engine are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from walshqhn.kernels.circuit import CX, PHASE, ROTATION

_AXES = {"rx": 0, "ry": 1, "rz": 2}


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: "rx", "ry", "rz" on one qubit, "cx" on (control, target), or "phase" on all.

    A rotation is exp(-i a P / 2), "phase" is exp(-i a D) with the diagonal D of the program's
    owner, a = ``scale`` times parameter number ``parameter``.
    """

    name: Literal["rx", "ry", "rz", "cx", "phase"]
    qubits: tuple[int, ...] = ()
    parameter: int = -1
    scale: float = 1.0


@dataclass(frozen=True)
class Program:
    """Gates in order, on |0...0> or, if ``plus``, on |+>^N."""

    num_qubits: int
    num_parameters: int
    gates: tuple[Gate, ...]
    plus: bool = False


@dataclass(frozen=True)
class CompiledProgram:
    """A program as the arrays that `walshqhn.kernels.circuit` takes."""

    blocks: npt.NDArray[np.int64]
    axes: npt.NDArray[np.int64]
    indices: npt.NDArray[np.int64]
    scales: npt.NDArray[np.float64]
    plus: bool


def compile_program(program: Program) -> CompiledProgram:
    """Merge runs of rotations of one qubit into blocks: the state is passed over once for each run."""
    blocks: list[tuple[int, int, int, int, int]] = []
    ordered: list[Gate] = []
    pending: dict[int, list[Gate]] = {}

    def flush(qubits: tuple[int, ...]) -> None:
        for q in qubits:
            run = pending.pop(q, [])
            if run:
                blocks.append((ROTATION, q, 0, len(ordered), len(ordered) + len(run)))
                ordered.extend(run)

    for gate in program.gates:
        if gate.name in _AXES:
            pending.setdefault(gate.qubits[0], []).append(gate)
        elif gate.name == "cx":
            flush(gate.qubits)
            blocks.append((CX, gate.qubits[0], gate.qubits[1], 0, 0))
        else:
            flush(tuple(pending))
            blocks.append((PHASE, 0, 0, len(ordered), len(ordered) + 1))
            ordered.append(gate)
    flush(tuple(pending))
    return CompiledProgram(
        blocks=np.array(blocks, dtype=np.int64).reshape(-1, 5),
        axes=np.array([_AXES.get(g.name, -1) for g in ordered], dtype=np.int64),
        indices=np.array([g.parameter for g in ordered], dtype=np.int64),
        scales=np.array([g.scale for g in ordered], dtype=np.float64),
        plus=program.plus,
    )
