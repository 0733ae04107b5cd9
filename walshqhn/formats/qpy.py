"""Hamiltonians as QPY files, which store Qiskit circuits.

The file holds one circuit with one ``PauliEvolutionGate`` of time 1 whose operator is the SparsePauliOp.
"""

from __future__ import annotations

import io
from pathlib import Path

from walshqhn.circuits.qpy import read_qpy
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.support.errors import InputError
from walshqhn.support.files import write_atomically


def write_sparse_pauli_op(path: str | Path, hamiltonian: IsingHamiltonian, *, overwrite: bool = False) -> None:
    """Write a QPY file with the operator, constant included; `read_sparse_pauli_op` reads it."""
    from qiskit import QuantumCircuit, qpy
    from qiskit.circuit.library import PauliEvolutionGate

    circuit = QuantumCircuit(hamiltonian.num_qubits, name="walshqhn")
    # the default label lists every term, and QPY cannot store labels of more than 65,535 bytes
    gate = PauliEvolutionGate(hamiltonian.to_sparse_pauli_op(), time=1.0, label="exp(-iH)")
    circuit.append(gate, range(hamiltonian.num_qubits))
    buffer = io.BytesIO()
    qpy.dump(circuit, buffer)
    write_atomically(path, lambda target: target.write_bytes(buffer.getvalue()), overwrite=overwrite)


def read_sparse_pauli_op(path: str | Path) -> IsingHamiltonian:
    """The Hamiltonian in a QPY file whose first circuit begins with a ``PauliEvolutionGate`` (of any time).

    It has all qubits of the circuit; its terms act on the qubits of the gate.
    InputError if there is no such file or the gate is another one, FormatError if it is not a QPY file.
    """
    from qiskit.circuit.library import PauliEvolutionGate
    from qiskit.quantum_info import SparsePauliOp

    circuit = read_qpy(path)[0]
    if not circuit.data:
        raise InputError(f"{path}: the first circuit has no gates.")
    gate = circuit.data[0].operation
    qubits = [circuit.find_bit(qubit).index for qubit in circuit.data[0].qubits]
    if not isinstance(gate, PauliEvolutionGate):
        raise InputError(f"{path}: the first gate must be a PauliEvolutionGate, found {gate.name!r}.")
    if not isinstance(gate.operator, SparsePauliOp):
        raise InputError(f"{path}: the gate must hold one SparsePauliOp, found {type(gate.operator).__name__}.")
    return IsingHamiltonian.from_sparse_pauli_op(gate.operator.apply_layout(qubits, num_qubits=circuit.num_qubits))
