"""Engines by name."""

import numpy as np
import pytest
from quantum_oracles import random_angles, random_table

from walshqhn import BlackBoxCost, ExactEngine, LinearAnsatz
from walshqhn.cost.table import TableCost
from walshqhn.engines.mps import MPSEngine
from walshqhn.engines.qiskit.aer import AerEngine
from walshqhn.engines.qiskit.backend import BackendEngine
from walshqhn.engines.qiskit.noise import depolarizing_noise
from walshqhn.engines.spec import EngineSpec
from walshqhn.support.errors import TooLargeError, UsageError

COST = TableCost(random_table(3, seed=4))
ANSATZ = LinearAnsatz(3, 1)
PARAMS = random_angles(12, seed=2)


def test_exact_engines_agree():
    expected = EngineSpec().make(COST).expectation(ANSATZ, PARAMS)
    assert EngineSpec("aer").make(COST).expectation(ANSATZ, PARAMS) == pytest.approx(expected, abs=1e-10)


def test_noise_without_shots_is_a_density_matrix():
    engine = EngineSpec("aer", noise="50").make(COST)
    assert engine.method == "density_matrix"
    direct = AerEngine(COST, method="density_matrix", noise_model=depolarizing_noise(50.0))
    assert engine.expectation(ANSATZ, PARAMS) == pytest.approx(direct.expectation(ANSATZ, PARAMS), abs=1e-12)
    clean = ExactEngine(COST).expectation(ANSATZ, PARAMS)
    assert engine.expectation(ANSATZ, PARAMS) != pytest.approx(clean, abs=1e-4)


def test_matrix_product_states():
    engine = EngineSpec("aer-mps", shots=50, bond_dimension=2).make(COST, seed=7, threads=1)
    assert engine.settings == {
        "method": "matrix_product_state", "max_bond_dimension": 2, "truncation_threshold": 1e-16
    }  # fmt: skip
    assert (engine.shots, engine.seed, engine.threads) == (50, 7, 1)
    engine = EngineSpec("mps", shots=50, bond_dimension=2).make(COST, seed=7, threads=1)
    assert isinstance(engine, MPSEngine)
    assert (engine.shots, engine.seed, engine.threads, engine.settings) == (50, 7, 1, {"max_bond": 2})


def test_hardware_by_name(tmp_path):
    engine = EngineSpec("backend", shots=100, backend="generic", mitigate_readout=True).make(
        COST, seed=3, jobs=tmp_path / "jobs"
    )
    assert isinstance(engine, BackendEngine)
    assert engine.backend.num_qubits == 3
    pairs = {tuple(sorted(pair)) for pair in engine.backend.coupling_map.get_edges()}
    assert pairs == {(0, 1), (1, 2)}
    assert (engine.mitigate_readout, engine.seed) == (True, 3)
    assert (tmp_path / "jobs").exists()


def test_a_fake_ibm_device_and_its_noise():
    pytest.importorskip("qiskit_ibm_runtime")
    assert EngineSpec("backend", shots=10, backend="fake_manila").make(COST).backend.num_qubits == 5
    assert EngineSpec("aer", shots=100, noise="fake_manila").make(COST).noise_model is not None


def test_costs_of_many_bits():
    """Only those that estimate from shots do without a table, and say so before the cost is evaluated."""
    cost = BlackBoxCost(lambda bits: bits @ np.arange(40.0), 40)
    engine = EngineSpec("mps", shots=50).make(cost)
    flipped = np.zeros((2, 2, 40))
    flipped[0, 0, 38] = np.pi  # then CX from qubit 38 to 39
    assert engine.expectation(LinearAnsatz(40, 1), flipped.ravel()) == 77.0
    with pytest.raises(TooLargeError, match=r"40 qubits.*needs 44 TB.*engine mps"):
        EngineSpec("exact").make(cost)
    with pytest.raises(TooLargeError, match=r"40 qubits in Aer needs 35.2 TB.*engine mps"):
        EngineSpec("aer", shots=10).make(cost)


@pytest.mark.parametrize(
    ("options", "needed"),
    [
        ({}, True),
        ({"engine": "aer"}, True),
        ({"engine": "aer", "shots": 5}, False),
        ({"engine": "aer-mps", "shots": 5}, False),
        ({"engine": "mps"}, False),
        ({"engine": "backend", "backend": "generic", "shots": 5}, False),
        ({"engine": "backend", "backend": "generic", "shots": 5, "mitigate_readout": True}, True),
    ],
)
def test_which_need_a_table(options, needed):
    assert EngineSpec(**options).needs_table is needed


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"engine": "exat"}, "exat.*exact"),
        (
            {"shots": 3},
            "shots cannot be used with the exact engine; it is for product or mps or aer or aer-mps or backend",
        ),
        ({"noise": "1"}, "noise cannot be used with the exact engine; it is for aer or aer-mps"),
        (
            {"engine": "aer", "bond_dimension": 3},
            "bond-dimension cannot be used with the aer engine; it is for mps or aer-mps",
        ),
        ({"engine": "aer-mps"}, "set shots, or use mps"),
        ({"engine": "backend", "shots": 5}, "needs --backend NAME"),
        ({"engine": "backend", "backend": "generic"}, "--shots"),
    ],
)
def test_options_that_do_not_go_together(options, says):
    with pytest.raises(UsageError, match=says):
        EngineSpec(**options)


def test_what_is_seen_only_when_the_engine_is_made(tmp_path):
    with pytest.raises(UsageError, match=r"strength of depolarizing noise must be in.*got -1"):
        EngineSpec("aer", noise="-1").make(COST)
    with pytest.raises(UsageError, match="jobs cannot be used with the exact engine; it is for backend"):
        EngineSpec().make(COST, jobs=tmp_path / "jobs")
