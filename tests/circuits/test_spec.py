"""Circuits by name, and made again from their descriptions."""

import numpy as np
import pytest
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Parameter
from quantum_oracles import random_table

from walshqhn import ExactEngine, IsingHamiltonian, LinearAnsatz, ProductAnsatz, QAOAAnsatz, WalshSpectrum
from walshqhn.circuits.qaoa import MultiAngleQAOAAnsatz
from walshqhn.circuits.spec import ansatz_like, make_ansatz
from walshqhn.circuits.user import CircuitAnsatz
from walshqhn.support.errors import InputError, UsageError

TABLE = random_table(3, seed=3)
HAMILTONIAN = WalshSpectrum.from_cost(TABLE).hamiltonian()


@pytest.fixture
def qpy_file(tmp_path):
    a, b = Parameter("a"), Parameter("b")
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.ry(a, 1)
    circuit.cx(0, 2)
    circuit.rx(2 * a + b, 2)
    with (tmp_path / "mine.qpy").open("wb") as file:
        qpy.dump(circuit, file)
    return tmp_path / "mine.qpy"


def energy(ansatz):
    params = np.linspace(0.3, 1.1, ansatz.num_parameters)
    return ExactEngine(TABLE).expectation(ansatz, params)


@pytest.mark.parametrize(
    ("name", "layers", "kind"),
    [("linear", 2, LinearAnsatz), ("product", 5, ProductAnsatz), ("qaoa", 2, QAOAAnsatz),
     ("ma-qaoa", 1, MultiAngleQAOAAnsatz)],
)  # fmt: skip
@pytest.mark.parametrize("cost", [TABLE, HAMILTONIAN])
def test_by_name_and_from_the_description(name, layers, kind, cost):
    ansatz = make_ansatz(name, layers, cost)
    assert type(ansatz) is kind
    again = ansatz_like(ansatz.description, TABLE)
    assert again.description == ansatz.description
    assert energy(again) == pytest.approx(energy(ansatz), abs=1e-12)


@pytest.mark.parametrize("name", ["qaoa", "ma-qaoa"])
def test_truncated_phases(name):
    ansatz = make_ansatz(name, 1, TABLE, max_degree=1)
    expected = HAMILTONIAN.truncate(max_degree=1)
    assert ansatz.hamiltonian.masks.tolist() == expected.masks.tolist()
    np.testing.assert_allclose(ansatz.hamiltonian.coefficients, expected.coefficients, atol=1e-14)
    assert energy(ansatz) != pytest.approx(energy(make_ansatz(name, 1, TABLE)), abs=1e-3)
    assert energy(ansatz_like(ansatz.description, TABLE)) == pytest.approx(energy(ansatz), abs=1e-12)
    assert make_ansatz(name, 1, HAMILTONIAN, max_degree=1).description == ansatz.description


def test_a_hamiltonian_of_ones_own_is_not_guessed():
    ansatz = QAOAAnsatz(IsingHamiltonian(3, np.array([[1], [6]], np.uint64), np.array([0.4, -1.0])), 1)
    with pytest.raises(UsageError, match="Hamiltonian of 2 terms of its own"):
        ansatz_like(ansatz.description, TABLE)


def test_a_circuit_from_a_file(qpy_file):
    ansatz = make_ansatz(str(qpy_file), 0, TABLE)
    assert isinstance(ansatz, CircuitAnsatz)
    assert ansatz.parameter_names == ("a", "b")
    again = ansatz_like(ansatz.description, TABLE)
    assert energy(again) == energy(ansatz)
    other = QuantumCircuit(3)
    other.ry(Parameter("a"), 0)
    with qpy_file.open("wb") as file:
        qpy.dump(other, file)
    with pytest.raises(InputError, match="another circuit"):
        ansatz_like(ansatz.description, TABLE)
    with pytest.raises(UsageError, match="made in Python"):
        ansatz_like(CircuitAnsatz(other).description, TABLE)


def test_bad_files(tmp_path, qpy_file):
    (tmp_path / "damaged.qpy").write_bytes(qpy_file.read_bytes()[:40])
    with pytest.raises(InputError, match="no QPY file"):
        make_ansatz(str(tmp_path / "damaged.qpy"), 0, TABLE)
    with pytest.raises(InputError, match="no QPY file"):
        make_ansatz(str(tmp_path / "missing.qpy"), 0, TABLE)
    with (tmp_path / "two.qpy").open("wb") as file:
        qpy.dump([QuantumCircuit(1), QuantumCircuit(2)], file)
    with pytest.raises(InputError, match="2 circuits"):
        make_ansatz(str(tmp_path / "two.qpy"), 0, TABLE)


def test_bad_names():
    with pytest.raises(UsageError, match=r"linaer.*linear"):
        make_ansatz("linaer", 1, TABLE)
    with pytest.raises(UsageError, match="max_degree truncates the phases of qaoa"):
        make_ansatz("linear", 1, TABLE, max_degree=2)
