"""Engines by name."""

import numpy as np
import pytest
from quantum_oracles import random_table

from walshqhn import ExactEngine, LinearAnsatz
from walshqhn.engines.qiskit.aer import AerEngine
from walshqhn.engines.qiskit.backend import BackendEngine
from walshqhn.engines.qiskit.noise import depolarizing_noise
from walshqhn.engines.spec import ENGINES, make_engine
from walshqhn.support.errors import TooLargeError, UsageError

TABLE = random_table(3, seed=4)
ANSATZ = LinearAnsatz(3, 1)
PARAMS = np.linspace(0.2, 2.0, ANSATZ.num_parameters)


def test_exact_engines_agree():
    expected = make_engine("exact", TABLE).expectation(ANSATZ, PARAMS)
    assert make_engine("aer", TABLE).expectation(ANSATZ, PARAMS) == pytest.approx(expected, abs=1e-10)


def test_noise_without_shots_is_a_density_matrix():
    engine = make_engine("aer", TABLE, noise="50")
    assert engine.method == "density_matrix"
    direct = AerEngine(TABLE, method="density_matrix", noise_model=depolarizing_noise(50.0))
    assert engine.expectation(ANSATZ, PARAMS) == pytest.approx(direct.expectation(ANSATZ, PARAMS), abs=1e-12)
    clean = make_engine("exact", TABLE).expectation(ANSATZ, PARAMS)
    assert engine.expectation(ANSATZ, PARAMS) != pytest.approx(clean, abs=1e-4)


def test_matrix_product_states():
    engine = make_engine("mps", TABLE, shots=20000, bond_dimension=2, seed=1)
    assert engine.settings["max_bond_dimension"] == 2
    exact = ExactEngine(TABLE)
    deviation = np.sqrt(exact.probabilities(ANSATZ, PARAMS) @ TABLE**2 - exact.expectation(ANSATZ, PARAMS) ** 2)
    found = engine.expectation(ANSATZ, PARAMS)
    assert found == pytest.approx(exact.expectation(ANSATZ, PARAMS), abs=5 * deviation / np.sqrt(20000))


def test_hardware_by_name():
    engine = make_engine("backend", TABLE, shots=100, backend="generic", mitigate_readout=True)
    assert isinstance(engine, BackendEngine)
    assert engine.backend.num_qubits == 3
    pairs = {tuple(sorted(pair)) for pair in engine.backend.coupling_map.get_edges()}
    assert pairs == {(0, 1), (1, 2)}
    assert engine.mitigate_readout


def test_a_fake_ibm_device_and_its_noise():
    pytest.importorskip("qiskit_ibm_runtime")
    assert make_engine("backend", TABLE, shots=10, backend="fake_manila").backend.num_qubits == 5
    noisy = make_engine("aer", TABLE, shots=100, noise="fake_manila")
    assert noisy.noise_model is not None


def test_a_cost_function_for_many_bits():
    def ones(bits):
        return bits.sum(axis=1).astype(float)

    engine = make_engine("mps", ones, num_qubits=40, shots=50)
    bits = engine.sample(LinearAnsatz(40, 1), np.zeros(160), 5, np.random.default_rng(0))
    assert not bits.any()
    assert engine.expectation(LinearAnsatz(40, 1), np.full(160, np.pi)) > 0


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("exat", {}, "exat.*exact"),
        ("exact", {"shots": 3}, "shots does not go with the exact engine; it is for aer or mps or backend"),
        ("exact", {"noise": "1"}, "noise does not go with the exact engine; it is for aer or mps"),
        ("aer", {"bond_dimension": 3}, "bond-dimension does not go with the aer engine; it is for mps"),
        ("mps", {"jobs": "x"}, "jobs does not go with the mps engine"),
        ("mps", {}, "set shots"),
        ("backend", {"shots": 5}, "needs --backend NAME"),
        ("backend", {"backend": "generic"}, "--shots"),
        ("aer", {"noise": "-1"}, "0 ... 266.7"),
    ],
)
def test_options_that_do_not_go_together(name, options, says):
    with pytest.raises(UsageError, match=says):
        make_engine(name, TABLE, **options)


@pytest.mark.parametrize("name", ["exact", "aer"])
def test_a_function_is_no_table(name):
    """Where a table would do, that is said; where none would fit, how large it is, and who does without."""

    def ones(bits):
        return bits.sum(axis=1)

    with pytest.raises(UsageError, match=f"the {name} engine needs a table of all costs.* Use the engine mps"):
        make_engine(name, ones, num_qubits=4)
    with pytest.raises(TooLargeError, match=r"40 qubits.*needs 44 TB.*Use the engine mps .* or backend .*, with shots"):
        make_engine(name, ones, num_qubits=40)
    with pytest.raises(TooLargeError, match=r"40 qubits in Aer needs 35.2 TB.*engine mps"):
        make_engine("aer", ones, num_qubits=40, shots=10)


def test_every_name_is_known():
    assert ENGINES == ("exact", "aer", "mps", "backend")
