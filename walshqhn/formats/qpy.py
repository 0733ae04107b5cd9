"""Hamiltonians as QPY files, which store Qiskit circuits.

The file holds one circuit with one ``PauliEvolutionGate`` of time 1 whose operator is the SparsePauliOp.
"""

from __future__ import annotations

import io
from pathlib import Path

from walshqhn.circuits.qpy import read_qpy
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.formats.format import Details, Format, convention
from walshqhn.support.checks import check_whole
from walshqhn.support.errors import InputError


def _write(target: Path, hamiltonian: IsingHamiltonian, details: Details) -> None:
    """With the constant. UsageError for a version of QPY that this Qiskit does not write."""
    from qiskit import QuantumCircuit, qpy
    from qiskit.circuit.library import PauliEvolutionGate
    from qiskit.qpy.common import QPY_COMPATIBILITY_VERSION, QPY_VERSION

    version = QPY_COMPATIBILITY_VERSION  # what the oldest Qiskit reads
    if details.qpy_version is not None:
        version = check_whole("the version of QPY", details.qpy_version, QPY_COMPATIBILITY_VERSION, QPY_VERSION)
    facts = {"convention": convention(hamiltonian)}
    circuit = QuantumCircuit(hamiltonian.num_qubits, name="walshqhn", metadata=facts)
    # the default label lists every term, and QPY cannot store labels of more than 65,535 bytes
    gate = PauliEvolutionGate(hamiltonian.to_sparse_pauli_op(), time=1.0, label="exp(-iH)")
    circuit.append(gate, range(hamiltonian.num_qubits))
    buffer = io.BytesIO()
    qpy.dump(circuit, buffer, version=version)
    target.write_bytes(buffer.getvalue())


def _read(file: Path) -> IsingHamiltonian:
    """From the first circuit, which begins with a ``PauliEvolutionGate`` (of any time).

    The Hamiltonian has all qubits of the circuit; its terms act on the qubits of the gate.
    """
    from qiskit.circuit.library import PauliEvolutionGate
    from qiskit.quantum_info import SparsePauliOp

    circuit = read_qpy(file)[0]
    if not circuit.data:
        raise InputError(f"{file}: the first circuit has no gates.")
    gate = circuit.data[0].operation
    qubits = [circuit.find_bit(qubit).index for qubit in circuit.data[0].qubits]
    if not isinstance(gate, PauliEvolutionGate):
        raise InputError(f"{file}: the first gate must be a PauliEvolutionGate, found {gate.name!r}.")
    if not isinstance(gate.operator, SparsePauliOp):
        raise InputError(f"{file}: the gate must hold one SparsePauliOp, found {type(gate.operator).__name__}.")
    return IsingHamiltonian.from_sparse_pauli_op(gate.operator.apply_layout(qubits, num_qubits=circuit.num_qubits))


FORMAT = Format(
    name="sparse-pauli-op", suffix=".qpy", holds="QPY, a circuit with one PauliEvolutionGate that holds the operator",
    reader="`qiskit.qpy.load(file)`", write=_write, reads=(".qpy",), read=_read,
)  # fmt: skip
