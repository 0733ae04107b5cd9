"""Circuits by name, and made again from their descriptions."""

import numpy as np
import pytest
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Parameter
from quantum_oracles import random_table

from walshqhn import ExactEngine, IsingHamiltonian, LinearAnsatz, ProductAnsatz, QAOAAnsatz, WalshSpectrum, as_cost
from walshqhn.circuits.qaoa import MultiAngleQAOAAnsatz
from walshqhn.circuits.spec import CircuitSpec, check_description, remake_ansatz
from walshqhn.circuits.user import CircuitAnsatz
from walshqhn.support.errors import FormatError, InputError, UsageError

TABLE = as_cost(random_table(3, seed=3))
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
    ansatz = CircuitSpec(name, layers).make(cost)
    assert type(ansatz) is kind
    again = remake_ansatz(ansatz.description, TABLE)
    assert again.description == ansatz.description
    assert energy(again) == pytest.approx(energy(ansatz), abs=1e-12)


@pytest.mark.parametrize("cost", [TABLE, HAMILTONIAN, HAMILTONIAN.truncate(max_degree=2)])
@pytest.mark.parametrize("settings", [{"mixer": "xx"}, {"start": [0.4, 1.3, 2.9]}])
def test_mixers_and_starts_from_the_description(settings, cost):
    ansatz = QAOAAnsatz(cost, 2, **settings)
    assert energy(ansatz) != pytest.approx(energy(QAOAAnsatz(cost, 2)), abs=1e-3)
    check_description(ansatz.description, 3, 4)
    again = remake_ansatz(ansatz.description, TABLE)
    assert again.description == ansatz.description
    assert energy(again) == pytest.approx(energy(ansatz), abs=1e-12)
    with pytest.raises(UsageError, match="part of qaoa"):
        CircuitSpec("ma-qaoa", mixer="xx")


@pytest.mark.parametrize("name", ["qaoa", "ma-qaoa"])
def test_truncated_phases(name):
    ansatz = CircuitSpec(name, 1, max_degree=1).make(TABLE)
    expected = HAMILTONIAN.truncate(max_degree=1)
    assert ansatz.hamiltonian.masks.tolist() == expected.masks.tolist()
    np.testing.assert_allclose(ansatz.hamiltonian.coefficients, expected.coefficients, atol=1e-14)
    assert energy(ansatz) != pytest.approx(energy(CircuitSpec(name, 1).make(TABLE)), abs=1e-3)
    assert energy(remake_ansatz(ansatz.description, TABLE)) == pytest.approx(energy(ansatz), abs=1e-12)
    assert CircuitSpec(name, 1, max_degree=1).make(HAMILTONIAN).description == ansatz.description


def test_a_hamiltonian_of_ones_own_is_not_guessed():
    ansatz = QAOAAnsatz(IsingHamiltonian(3, np.array([[1], [6]], np.uint64), np.array([0.4, -1.0])), 1)
    with pytest.raises(UsageError, match="separate Hamiltonian, of 2 terms"):
        remake_ansatz(ansatz.description, TABLE)


def test_a_circuit_from_a_file(qpy_file):
    ansatz = CircuitSpec(str(qpy_file)).make(TABLE)
    assert isinstance(ansatz, CircuitAnsatz)
    assert ansatz.parameter_names == ("a", "b")
    again = remake_ansatz(ansatz.description, TABLE)
    assert energy(again) == energy(ansatz)
    other = QuantumCircuit(3)
    other.ry(Parameter("a"), 0)
    with qpy_file.open("wb") as file:
        qpy.dump(other, file)
    with pytest.raises(InputError, match="another circuit"):
        remake_ansatz(ansatz.description, TABLE)
    with pytest.raises(UsageError, match="made in Python"):
        remake_ansatz(CircuitAnsatz(other).description, TABLE)


def test_bad_files(tmp_path, qpy_file):
    (tmp_path / "damaged.qpy").write_bytes(qpy_file.read_bytes()[:40])
    with pytest.raises(FormatError, match="not a QPY file"):
        CircuitSpec(str(tmp_path / "damaged.qpy")).make(TABLE)
    with pytest.raises(InputError, match="no such file"):
        CircuitSpec(str(tmp_path / "missing.qpy")).make(TABLE)
    with (tmp_path / "two.qpy").open("wb") as file:
        qpy.dump([QuantumCircuit(1), QuantumCircuit(2)], file)
    with pytest.raises(InputError, match="2 circuits"):
        CircuitSpec(str(tmp_path / "two.qpy")).make(TABLE)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ansatz": "linaer"}, r"Unknown ansatz 'linaer'\. Did you mean 'linear'"),
        ({"max_degree": 2}, "max_degree truncates the phases of qaoa and ma-qaoa; 'linear' has none"),
        ({"layers": -1}, "layers must be a whole number of at least 0, got -1"),
        ({"layers": 1.5}, "layers must be a whole number"),
    ],
)
def test_settings_that_are_not_allowed(settings, message):
    with pytest.raises(UsageError, match=message):
        CircuitSpec(**settings)
    with pytest.raises(UsageError, match=message):
        CircuitSpec.from_dict(settings, "a file")


def test_circuits_without_layers_have_none_to_count():
    assert CircuitSpec("product", 5) == CircuitSpec("product", 2)


def test_circuits_past_memory():
    cost = IsingHamiltonian(785, np.eye(1, 13, dtype=np.uint64), np.array([1.0]))
    assert CircuitSpec("linear", 2).make(cost).num_parameters == 4 * 2 * 785
    assert CircuitSpec("qaoa", 1).make(cost).description["terms"] == 1
