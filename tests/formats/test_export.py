"""Hamiltonians in other people's formats."""

import csv

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from qiskit import QuantumCircuit, qpy
from qiskit.circuit.library import PauliEvolutionGate
from qiskit.quantum_info import SparsePauliOp
from quantum_oracles import all_bits, random_table

from walshqhn import IsingHamiltonian, WalshSpectrum
from walshqhn.bits import mask_support, masks_from_supports
from walshqhn.formats.export import read_sparse_pauli_op, write_csv, write_sparse_pauli_op, write_sympy
from walshqhn.support.errors import FormatError, InputError, UsageError

WRITERS = [write_sparse_pauli_op, write_sympy, write_csv]


def small(num_qubits=3, **truncation):
    return WalshSpectrum.from_cost(random_table(num_qubits)).hamiltonian(**truncation)


def wide():
    """70 qubits, awkward numbers."""
    masks = masks_from_supports([(69,), (0, 64), (1, 2, 3)], 70)
    return IsingHamiltonian(70, masks, np.array([1 / 3, -1e-17, 2.5e130]), constant=0.1)


def assert_equal(found, expected):
    assert found.num_qubits == expected.num_qubits
    assert found.constant == expected.constant
    assert terms_of(found) == terms_of(expected)


def terms_of(hamiltonian):
    return {mask_support(m): c for m, c in zip(hamiltonian.masks, hamiltonian.coefficients, strict=True)}


def write_bytes(path, content):
    path.write_bytes(content)
    return path


def dump(path, circuit):
    with path.open("wb") as file:
        qpy.dump(circuit, file)


# --- QPY ------------------------------------------------------------------------------------------


def test_qiskit_reads_the_operator_from_the_file(tmp_path):
    hamiltonian = small()
    write_sparse_pauli_op(tmp_path / "h.qpy", hamiltonian)
    with (tmp_path / "h.qpy").open("rb") as file:
        (circuit,) = qpy.load(file)
    gate = circuit.data[0].operation
    assert isinstance(gate, PauliEvolutionGate)
    assert gate.time == 1.0
    assert [circuit.find_bit(q).index for q in circuit.data[0].qubits] == [0, 1, 2]
    assert gate.operator == hamiltonian.to_sparse_pauli_op()
    np.testing.assert_allclose(gate.operator.to_matrix().diagonal(), random_table(3), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "hamiltonian",
    [small(1), small(4), small(4, max_degree=1), small(2, max_terms=0), wide()],
    ids=["1", "4", "truncated", "constant", "wide"],
)
def test_qpy_round_trip(tmp_path, hamiltonian):
    write_sparse_pauli_op(tmp_path / "h.qpy", hamiltonian)
    assert_equal(read_sparse_pauli_op(tmp_path / "h.qpy"), hamiltonian)


def test_qpy_of_more_terms_than_a_default_label_can_list(tmp_path):
    hamiltonian = small(13, max_terms=5000)
    write_sparse_pauli_op(tmp_path / "h.qpy", hamiltonian)
    assert_equal(read_sparse_pauli_op(tmp_path / "h.qpy"), hamiltonian)


def test_qpy_of_someone_else(tmp_path):
    circuit = QuantumCircuit(2)
    circuit.append(PauliEvolutionGate(SparsePauliOp(["ZI", "II"], [0.5, 2.0]), time=0.3), [0, 1])
    dump(tmp_path / "h.qpy", circuit)
    found = read_sparse_pauli_op(tmp_path / "h.qpy")
    assert (terms_of(found), found.constant) == ({(1,): 0.5}, 2.0)


def test_qpy_without_an_operator(tmp_path):
    circuit = QuantumCircuit(1)
    dump(tmp_path / "empty.qpy", circuit)
    with pytest.raises(FormatError, match="not a QPY file with a circuit"):
        read_sparse_pauli_op(tmp_path / "empty.qpy")
    circuit.h(0)
    dump(tmp_path / "h.qpy", circuit)
    with pytest.raises(InputError, match="the first gate must be a PauliEvolutionGate, found 'h'"):
        read_sparse_pauli_op(tmp_path / "h.qpy")


@pytest.mark.parametrize(
    "operator", [[SparsePauliOp("ZI"), SparsePauliOp("IZ")], SparsePauliOp("XZ")], ids=["list", "with X"]
)
def test_qpy_with_an_operator_that_is_no_cost(tmp_path, operator):
    circuit = QuantumCircuit(2)
    circuit.append(PauliEvolutionGate(operator), [0, 1])
    dump(tmp_path / "h.qpy", circuit)
    with pytest.raises(InputError):
        read_sparse_pauli_op(tmp_path / "h.qpy")


@pytest.mark.parametrize(
    "content",
    [b"", b"Q", b"QISKIT", b"\x89HDF\r\n\x1a\n", b"degree,qubits\n", b"QISKIT\xff" + b"\x00" * 100, bytes(5000)],
)
def test_what_is_not_qpy(tmp_path, content):
    with pytest.raises(FormatError, match=r"h\.qpy: not a QPY file"):
        read_sparse_pauli_op(write_bytes(tmp_path / "h.qpy", content))


def test_a_qpy_file_cut_off_anywhere(tmp_path):
    write_sparse_pauli_op(tmp_path / "h.qpy", small())
    content = (tmp_path / "h.qpy").read_bytes()
    for length in range(0, len(content), 3):
        with pytest.raises(FormatError, match="not a QPY file"):
            read_sparse_pauli_op(write_bytes(tmp_path / "cut.qpy", content[:length]))


def test_no_such_qpy_file(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_sparse_pauli_op(tmp_path / "h.qpy")


# --- SymPy ----------------------------------------------------------------------------------------


def test_sympy_text_by_hand(tmp_path):
    masks = masks_from_supports([(0,), (1, 2), (2,)], 3)
    write_sympy(tmp_path / "h.txt", IsingHamiltonian(3, masks, np.array([0.5, -4.0, 2.0]), constant=1.5))
    assert (tmp_path / "h.txt").read_text().splitlines() == [
        "(",
        "    1.5000000000000000",
        "  + -4.0000000000000000*Z_1*Z_2",
        "  + 2.0000000000000000*Z_2",
        "  + 0.50000000000000000*Z_0",
        ")",
    ]


@pytest.mark.parametrize("num_qubits", [1, 2, 4])
def test_sympy_reads_its_text_back(tmp_path, num_qubits):
    table = random_table(num_qubits)
    write_sympy(tmp_path / "h.txt", small(num_qubits))
    expression = sympy.sympify((tmp_path / "h.txt").read_text())
    symbols = sympy.symbols(f"Z_0:{num_qubits}")
    energy = sympy.lambdify(symbols, expression)
    found = [energy(*(1 - 2 * b.astype(int))) for b in all_bits(num_qubits)]
    np.testing.assert_allclose(found, table, rtol=0, atol=1e-12)


@given(st.lists(st.floats(-1e140, 1e140), min_size=4, max_size=4))
def test_sympy_text_keeps_every_digit(tmp_path_factory, numbers):
    path = tmp_path_factory.mktemp("sympy") / "h.txt"
    masks = masks_from_supports([(0,), (1,), (0, 1)], 2)
    write_sympy(path, IsingHamiltonian(2, masks, np.array(numbers[1:]), constant=numbers[0]))
    lines = path.read_text().strip("()\n").splitlines()
    found = [float(line.strip(" +").split("*")[0]) for line in lines]
    assert found == [numbers[0], *sorted(numbers[1:], key=lambda v: -abs(v))]


def test_sympy_with_names_and_few_terms(tmp_path):
    masks = masks_from_supports([(0,), (1,), (0, 1)], 2)
    hamiltonian = IsingHamiltonian(2, masks, np.array([0.5, 4.0, -2.0]))
    write_sympy(tmp_path / "h.txt", hamiltonian, names=["W1[0,0]", "bias"], max_terms=2)
    _, constant, first, second, _ = (tmp_path / "h.txt").read_text().splitlines()
    assert float(constant) == 0
    assert first == "  + 4.0000000000000000*bias"
    assert second == "  + -2.0000000000000000*W1[0,0]*bias"


# --- CSV ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hamiltonian", [small(4), wide(), small(2, max_terms=0)], ids=["4", "wide", "constant"])
def test_csv_reads_back_exactly(tmp_path, hamiltonian):
    write_csv(tmp_path / "h.csv", hamiltonian)
    with (tmp_path / "h.csv").open(newline="") as file:
        constant, *rows = csv.DictReader(file)
    assert (constant["degree"], constant["qubits"], constant["bits"]) == ("0", "", "")
    assert float(constant["coefficient"]) == hamiltonian.constant
    found = {tuple(map(int, row["qubits"].split())): float(row["coefficient"]) for row in rows}
    assert found == terms_of(hamiltonian)
    assert [len(support) for support in found] == [int(row["degree"]) for row in rows] == hamiltonian.degrees.tolist()
    assert list(found) == [mask_support(mask) for mask in hamiltonian.masks]
    assert all(row["bits"] == " ".join(f"b[{q}]" for q in row["qubits"].split()) for row in rows)


def test_csv_with_names(tmp_path):
    masks = masks_from_supports([(1,), (0, 1)], 2)
    hamiltonian = IsingHamiltonian(2, masks, np.array([0.1, -2.0]), constant=3.0)
    write_csv(tmp_path / "h.csv", hamiltonian, names=["W1[0,0]", "b1"])
    assert (tmp_path / "h.csv").read_bytes().decode().splitlines() == [
        "degree,qubits,bits,coefficient", "0,,,3.0", "1,1,b1,0.1", '2,0 1,"W1[0,0] b1",-2.0',
    ]  # fmt: skip


@pytest.mark.parametrize("write", [write_csv, write_sympy])
def test_names_must_be_as_many_as_qubits(tmp_path, write):
    with pytest.raises(InputError, match="3 different names"):
        write(tmp_path / "h", small(3), names=["a"])
    assert list(tmp_path.iterdir()) == []


# --- every format ---------------------------------------------------------------------------------


@pytest.mark.parametrize("write", WRITERS)
def test_an_existing_file_is_refused(tmp_path, write):
    target = write_bytes(tmp_path / "h", b"precious")
    with pytest.raises(UsageError, match="exists; use --force"):
        write(target, small())
    assert target.read_bytes() == b"precious"
    write(target, small(), overwrite=True)
    assert target.read_bytes() != b"precious"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("write", WRITERS)
def test_a_missing_folder_is_refused(tmp_path, write):
    with pytest.raises(UsageError, match="does not exist"):
        write(tmp_path / "missing" / "h", small())
