"""Trained circuits, QAOA too, as OpenQASM 3."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from walshqhn.formats.format import Format

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

_GATES = ["h", "rx", "ry", "rz", "cx"]  # which every reader knows
_CONVENTION = "c[j] is bit j of the network, 0 or 1, measured on qubit j"


def _write(target: Path, circuit: QuantumCircuit, names: Sequence[str]) -> None:
    """With the angles found, and a measurement of all qubits at the end."""
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qasm3, transpile

    n = circuit.num_qubits
    whole = QuantumCircuit(QuantumRegister(n, "q"), ClassicalRegister(n, "c"))
    whole.compose(transpile(circuit, basis_gates=_GATES, optimization_level=0), inplace=True)
    whole.measure(range(n), range(n))
    bits = [f"// c[{j}]: {' '.join(str(name).split())}" for j, name in enumerate(names)]
    target.write_text("\n".join([f"// {_CONVENTION}", *bits, qasm3.dumps(whole), ""]), encoding="utf-8")


FORMAT = Format(
    name="qasm3", suffix=".qasm", holds="the trained circuit with its angles and measurements, OpenQASM 3",
    reader="`qiskit.qasm3.loads(text)`, Braket, others", convention=_CONVENTION, write_circuit=_write, names="always",
)  # fmt: skip
