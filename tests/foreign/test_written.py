"""What we write, read by the packages it is written for: the values at all bit strings are those of the definition."""

import importlib
import importlib.util
import json
import re
import sys
from types import ModuleType

import numpy as np
import pytest

from walshqhn import IsingHamiltonian, write_hamiltonian
from walshqhn.cli import main
from walshqhn.formats.hdf5 import load


def diagonal_of(terms, num_qubits=5):
    """Of an OpenFermion operator's ``terms``, ((qubit, "Z"), ...) -> coefficient."""
    z = np.array([[1 - 2 * (x >> j & 1) for j in range(num_qubits)] for x in range(1 << num_qubits)])
    assert {letter for term in terms for _, letter in term} <= {"Z"}
    return sum(complex(c).real * np.prod(z[:, [q for q, _ in term]], axis=1) for term, c in terms.items())


def test_openfermion(cubic, tmp_path):
    openfermion = pytest.importorskip("openfermion")
    write_hamiltonian(tmp_path / "h.txt", cubic.hamiltonian, "openfermion")
    operator = openfermion.QubitOperator((tmp_path / "h.txt").read_text())
    np.testing.assert_allclose(diagonal_of(operator.terms), cubic.energies, atol=1e-12)
    # as OpenFermion's own matrix, whose states have qubit 0 in front
    matrix = openfermion.get_sparse_operator(operator, n_qubits=5).diagonal().real
    backwards = [int(f"{x:05b}"[::-1], 2) for x in range(32)]
    np.testing.assert_allclose(matrix[backwards], cubic.energies, atol=1e-12)


def test_hamlib(cubic, tmp_path):
    """HamLib's functions are no package; this is `read_openfermion_hdf5` (arXiv:2306.13126, listing 3)."""
    openfermion, h5py = pytest.importorskip("openfermion"), pytest.importorskip("h5py")
    write_hamiltonian(tmp_path / "h.hdf5", cubic.hamiltonian, "hamlib")
    with h5py.File(tmp_path / "h.hdf5", "r", libver="latest") as file:
        (key,) = file
        operator = openfermion.QubitOperator(file[key][()].decode("utf-8"))
    np.testing.assert_allclose(diagonal_of(operator.terms), cubic.energies, atol=1e-12)


@pytest.mark.parametrize("names", [None, ["a", "W1[0,0]", "mean radius", "d", "e"]])
def test_dimod(quadratic, tmp_path, names):
    dimod = pytest.importorskip("dimod")
    write_hamiltonian(tmp_path / "h.json", quadratic.hamiltonian, "dimod", names=names)
    with (tmp_path / "h.json").open() as file:
        model = dimod.BinaryQuadraticModel.from_serializable(json.load(file))
    order = names or range(5)
    found = model.energies((np.array(quadratic.spins), list(order)))
    np.testing.assert_allclose(found, quadratic.energies, atol=1e-12)


def test_dimod_past_degree_two(cubic, tmp_path):
    dimod = pytest.importorskip("dimod")
    write_hamiltonian(tmp_path / "h.json", cubic.hamiltonian, "dimod")
    found = json.loads((tmp_path / "h.json").read_text())
    polynomial = dimod.BinaryPolynomial({tuple(v): x for v, x in found["terms"]}, found["vartype"])
    np.testing.assert_allclose(polynomial.energies((np.array(cubic.spins), range(5))), cubic.energies, atol=1e-12)


def test_qubo(quadratic, tmp_path):
    dimod = pytest.importorskip("dimod")
    from dimod.serialization import coo

    write_hamiltonian(tmp_path / "h.coo", quadratic.hamiltonian, "qubo")
    with (tmp_path / "h.coo").open() as file:
        model = coo.load(file)
    assert model.vartype is dimod.BINARY
    offset = float(re.search(r"# offset=(\S+)", (tmp_path / "h.coo").read_text())[1])  # of which a list knows nothing
    found = model.energies((np.array(quadratic.bits), range(5))) + offset
    np.testing.assert_allclose(found, quadratic.energies, atol=1e-12)


def test_ommx(cubic, tmp_path):
    pytest.importorskip("ommx")
    from ommx.artifact import Artifact
    from ommx.v1 import Instance

    names = ["a", "W1[0,0]", "mean radius", "d", "e"]
    write_hamiltonian(tmp_path / "h.ommx", cubic.hamiltonian, "ommx", names=names)
    instance = Artifact.load_archive(str(tmp_path / "h.ommx")).instance
    assert [v.name for v in instance.decision_variables] == names
    assert instance.sense == Instance.MINIMIZE
    assert "bit j" in instance.description.description
    found = [instance.evaluate(dict(enumerate(bits))).objective for bits in cubic.bits]
    np.testing.assert_allclose(found, cubic.energies, atol=1e-12)


def test_qokit(cubic, tmp_path, monkeypatch):
    """The package asks for twenty others and one version of Qiskit; its simulator, `qokit.fur`, does without."""
    if (spec := importlib.util.find_spec("qokit")) is None:
        pytest.skip("qokit is not installed")
    package = ModuleType("qokit")
    package.__path__ = spec.submodule_search_locations
    monkeypatch.setitem(sys.modules, "qokit", package)
    fur = importlib.import_module("qokit.fur")
    write_hamiltonian(tmp_path / "h.json", cubic.hamiltonian, "qokit")
    found = json.loads((tmp_path / "h.json").read_text())
    simulator = fur.choose_simulator(name="python")(found["N"], terms=[(w, tuple(q)) for w, q in found["terms"]])
    np.testing.assert_allclose(simulator.get_cost_diagonal(), cubic.energies, atol=1e-12)


def test_pennylane(cubic, tmp_path):
    qml = pytest.importorskip("pennylane")
    write_hamiltonian(tmp_path / "h.json", cubic.hamiltonian, "pennylane")
    found = json.loads((tmp_path / "h.json").read_text())
    assert found["use"].startswith("qml.dot(coefficients, [qml.prod(*map(qml.Z, w))")
    products = [qml.prod(*map(qml.Z, w)) if w else qml.Identity(0) for w in found["wires"]]
    operator = qml.dot(found["coefficients"], products)

    @qml.qnode(qml.device("default.qubit", wires=found["num_wires"]))
    def energy(bits):
        qml.BasisState(np.array(bits), wires=range(5))
        return qml.expval(operator)

    np.testing.assert_allclose([energy(bits) for bits in cubic.bits], cubic.energies, atol=1e-12)


def test_qiskit_functions(cubic, tmp_path):
    """They run at IBM only; the formula is that of their documentation: products of spins, keys as text."""
    write_hamiltonian(tmp_path / "h.json", cubic.hamiltonian, "qiskit-function")
    found = json.loads((tmp_path / "h.json").read_text())
    assert found["problem_type"] == "spin"
    assert found["problem"]["(0, 2)"] == 3.0
    keys = {tuple(int(q) for q in key.strip("()").split(",") if q): value for key, value in found["problem"].items()}
    z = np.array(cubic.spins)
    values = sum(value * np.prod(z[:, list(qubits)], axis=1) for qubits, value in keys.items())
    np.testing.assert_allclose(values, cubic.energies, atol=1e-12)


def test_qpy(cubic, tmp_path):
    from qiskit import qpy
    from qiskit.qpy.common import QPY_COMPATIBILITY_VERSION

    write_hamiltonian(tmp_path / "h.qpy", cubic.hamiltonian, "sparse-pauli-op")
    with (tmp_path / "h.qpy").open("rb") as file:
        assert qpy.get_qpy_version(file) == QPY_COMPATIBILITY_VERSION
        file.seek(0)
        (circuit,) = qpy.load(file)
    assert "z = (-1)^b" in circuit.metadata["convention"]
    diagonal = circuit.data[0].operation.operator.to_matrix().diagonal().real
    np.testing.assert_allclose(diagonal, cubic.energies, atol=1e-12)


@pytest.mark.parametrize("ansatz", ["linear", "qaoa"])
def test_a_trained_circuit(cubic, tmp_path, monkeypatch, ansatz):
    """qiskit-qasm3-import, a parser of its own, gives the state whose mean cost the training has found."""
    pytest.importorskip("qiskit_qasm3_import")
    from qiskit import qasm3
    from qiskit.quantum_info import Statevector

    monkeypatch.chdir(tmp_path)
    cubic.hamiltonian.save("h.h5")
    train = ["train", "h.h5", "-o", "run.h5", "--ansatz", ansatz, "--layers", "1", "--max-iterations", "5"]
    assert main([*train, "--threads", "1"]) == 0
    assert main(["export", "run.h5", "--format", "qasm3", "-o", "run.qasm"]) == 0
    circuit = qasm3.loads((tmp_path / "run.qasm").read_text())
    measured = [(circuit.find_bit(i.qubits[0]).index, circuit.find_bit(i.clbits[0]).index) for i in circuit.data[-5:]]
    assert measured == [(j, j) for j in range(5)]
    probabilities = Statevector(circuit.remove_final_measurements(inplace=False)).probabilities()
    assert probabilities @ cubic.energies == pytest.approx(load("run.h5").training.best_run.energy, rel=1e-9)


def test_nothing_is_symmetric(cubic, quadratic):
    """A reversed order of bits, or opposite spins, would be seen."""
    for case in (cubic, quadratic):
        backwards = [int(f"{x:05b}"[::-1], 2) for x in range(32)]
        assert not np.allclose(case.energies[backwards], case.energies)
        assert not np.allclose(case.energies[::-1], case.energies)
        assert isinstance(case.hamiltonian, IsingHamiltonian)
