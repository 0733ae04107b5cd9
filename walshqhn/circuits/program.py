"""Circuits as data: one description that both Qiskit and the exact engine are made from."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from walshqhn.kernels.schedule import CX, PHASE, RY, RZ, CompiledCircuit, schedule
from walshqhn.support.resources import require_memory

_GATE = 300  # bytes at least, with its qubits and what is compiled of it
_KINDS = {"ry": RY, "rz": RZ, "cx": CX, "phase": PHASE}


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: "rx", "ry", "rz" on one qubit, "cx" on (control, target), or "phase" on all.

    A rotation is exp(-i a P / 2), "phase" is exp(-i a D) with the diagonal D of the program's
    owner. The angle a is ``scale`` times parameter number ``parameter``; without a parameter
    (-1) it is ``scale``.
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

    @property
    def fingerprint(self) -> str:
        """Checksum of the gates; the diagonal of "phase" gates is not in it."""
        gates = [(g.name, g.qubits, g.parameter, float(g.scale).hex()) for g in self.gates]
        text = repr((self.num_qubits, self.num_parameters, bool(self.plus), gates))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass
class _Layer:
    """Gates of one kind on different qubits."""

    name: str
    gates: list[Gate] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)


def compile_program(program: Program) -> CompiledCircuit:
    """Gather gates into layers: each joins the earliest layer of its kind that it can slide to."""
    everywhere = tuple(range(program.num_qubits))
    layers: list[_Layer] = []

    def place(gate: Gate) -> None:
        qubits = everywhere if gate.name == "phase" else gate.qubits
        home = None
        for layer in reversed(layers):
            if not layer.touched.isdisjoint(qubits):
                break
            if layer.name == gate.name:
                home = layer
        if home is None:
            home = _Layer(gate.name)
            layers.append(home)
        home.gates.append(gate)
        home.touched.update(qubits)

    for gate in program.gates:
        if gate.name == "rx":
            place(Gate("rz", gate.qubits, scale=math.pi / 2))
            place(Gate("ry", gate.qubits, gate.parameter, gate.scale))
            place(Gate("rz", gate.qubits, scale=-math.pi / 2))
        else:
            place(gate)
    ordered = [gate for layer in layers for gate in layer.gates]
    ends = np.cumsum([0, *(len(layer.gates) for layer in layers)]).tolist()
    return schedule(
        [(_KINDS[layer.name], ends[k], ends[k + 1]) for k, layer in enumerate(layers)],
        program.num_qubits,
        qubits=np.array([g.qubits[0] if g.qubits else 0 for g in ordered], dtype=np.int64),
        targets=np.array([g.qubits[1] if g.name == "cx" else 0 for g in ordered], dtype=np.int64),
        indices=np.array([g.parameter for g in ordered], dtype=np.int64),
        scales=np.array([g.scale for g in ordered], dtype=np.float64),
    )


def require_gates(count: int) -> None:
    """TooLargeError, before any of them is made, if so many gates do not fit in memory."""
    if count > 1 << 20:
        require_memory(_GATE * count, f"a circuit of {count:,} gates", "Use fewer layers.")
