"""Hamiltonians as QPY files."""

import numpy as np
import pytest
from hamiltonian_cases import EVERY_KIND, small, terms_of
from qiskit import QuantumCircuit, qpy
from qiskit.circuit.library import PauliEvolutionGate
from qiskit.quantum_info import Operator, SparsePauliOp
from quantum_oracles import random_table

from walshqhn import read_hamiltonian, write_hamiltonian
from walshqhn.support.errors import FormatError, InputError


def dump(path, circuit):
    with path.open("wb") as file:
        qpy.dump(circuit, file)
    return path


def test_qiskit_reads_the_operator_from_the_file(tmp_path):
    hamiltonian = small()
    write_hamiltonian(tmp_path / "h.qpy", hamiltonian, "sparse-pauli-op")
    with (tmp_path / "h.qpy").open("rb") as file:
        (circuit,) = qpy.load(file)
    gate = circuit.data[0].operation
    assert isinstance(gate, PauliEvolutionGate)
    assert gate.time == 1.0
    assert [circuit.find_bit(q).index for q in circuit.data[0].qubits] == [0, 1, 2]
    assert gate.operator == hamiltonian.to_sparse_pauli_op()
    np.testing.assert_allclose(gate.operator.to_matrix().diagonal(), random_table(3), rtol=0, atol=1e-12)


@EVERY_KIND
def test_round_trip(tmp_path, hamiltonian):
    write_hamiltonian(tmp_path / "h.qpy", hamiltonian, "sparse-pauli-op")
    found = read_hamiltonian(tmp_path / "h.qpy")
    assert (found.num_qubits, found.constant) == (hamiltonian.num_qubits, hamiltonian.constant)
    assert terms_of(found) == terms_of(hamiltonian)


def test_more_terms_than_a_default_label_can_list(tmp_path):
    hamiltonian = small(13, max_terms=5000)
    write_hamiltonian(tmp_path / "h.qpy", hamiltonian, "sparse-pauli-op")
    assert terms_of(read_hamiltonian(tmp_path / "h.qpy")) == terms_of(hamiltonian)


@pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")  # from Qiskit's own matrix
@pytest.mark.parametrize("qubits", [(0, 1), (1, 0), (3, 1)])
def test_terms_are_on_the_qubits_that_the_gate_is_placed_on(tmp_path, qubits):
    """Qiskit's own matrix of the circuit is the oracle."""
    circuit = QuantumCircuit(4)
    circuit.append(PauliEvolutionGate(SparsePauliOp(["ZI", "ZZ", "II"], [0.5, 0.25, 2.0]), time=0.3), qubits)
    found = read_hamiltonian(dump(tmp_path / "h.qpy", circuit))
    assert found.num_qubits == 4
    assert terms_of(found) == {(qubits[1],): 0.5, tuple(sorted(qubits)): 0.25}
    np.testing.assert_allclose(np.exp(-0.3j * found.energies()), np.diag(Operator(circuit).data), atol=1e-12)


def test_files_without_an_operator(tmp_path):
    circuit = QuantumCircuit(1)
    with pytest.raises(InputError, match="the first circuit has no gates"):
        read_hamiltonian(dump(tmp_path / "empty.qpy", circuit))
    circuit.h(0)
    with pytest.raises(InputError, match="the first gate must be a PauliEvolutionGate, found 'h'"):
        read_hamiltonian(dump(tmp_path / "h.qpy", circuit))
    with pytest.raises(InputError, match="no such file"):
        read_hamiltonian(tmp_path / "missing.qpy")


@pytest.mark.parametrize(
    ("operator", "says"),
    [([SparsePauliOp("ZI"), SparsePauliOp("IZ")], "must hold one Sparse"), (SparsePauliOp("XZ"), "I and Z only")],
)
def test_operators_that_are_no_costs(tmp_path, operator, says):
    circuit = QuantumCircuit(2)
    circuit.append(PauliEvolutionGate(operator), [0, 1])
    with pytest.raises(InputError, match=says):
        read_hamiltonian(dump(tmp_path / "h.qpy", circuit))


@pytest.mark.parametrize(
    "content",
    [b"", b"Q", b"QISKIT", b"\x89HDF\r\n\x1a\n", b"degree,qubits\n", b"QISKIT\xff" + b"\x00" * 100, bytes(5000)],
)
def test_what_is_not_qpy(tmp_path, content):
    (tmp_path / "h.qpy").write_bytes(content)
    with pytest.raises(FormatError, match=r"h\.qpy: not a QPY file"):
        read_hamiltonian(tmp_path / "h.qpy")


def test_a_file_cut_off_anywhere(tmp_path):
    write_hamiltonian(tmp_path / "h.qpy", small(), "sparse-pauli-op")
    content = (tmp_path / "h.qpy").read_bytes()
    for length in range(0, len(content), 40):
        (tmp_path / "cut.qpy").write_bytes(content[:length])
        with pytest.raises(FormatError, match="not a QPY file"):
            read_hamiltonian(tmp_path / "cut.qpy")
