"""Aer: the conformance kit, costs that are functions, jobs in parts, matrix product states, what does not fit."""

import numpy as np
import pytest
from quantum_oracles import random_angles, random_table

from walshqhn import AerEngine, BlackBoxCost, ExactEngine, IsingHamiltonian, LinearAnsatz, ProductAnsatz, QAOAAnsatz
from walshqhn.bits import masks_from_supports
from walshqhn.engines.qiskit.noise import noise_model
from walshqhn.support.errors import TooLargeError, UsageError
from walshqhn.testing import check_engine


def make_bits(bits):
    """Angles of the product ansatz that measures ``bits`` with certainty."""
    return np.concatenate([np.pi * np.asarray(bits), np.zeros(len(bits))])


ENGINES = {
    "statevector": {},
    "density matrix": {"method": "density_matrix"},
    "shots": {"shots": 2000, "seed": 11},
    "matrix product state": {"method": "matrix_product_state", "shots": 2000, "seed": 11},
}


@pytest.mark.parametrize("kind", ENGINES)
def test_it_does_what_engines_promise(kind):
    check_engine(AerEngine(random_table(3), **ENGINES[kind]))


# --- costs and jobs --------------------------------------------------------------------------------


def test_a_cost_that_is_a_function_sees_bits_in_order():
    seen = []

    def cost(bits):
        seen.append(bits)
        return bits @ np.array([1.0, 10.0, 100.0])

    engine = AerEngine(BlackBoxCost(cost, 3), shots=20)
    assert engine.expectation(ProductAnsatz(3), make_bits([1, 0, 1])) == 101.0
    assert [rows.tolist() for rows in seen] == [[[1, 0, 1]]]  # all 20 shots alike: evaluated once


def test_a_cost_is_tabulated_only_without_shots():
    hamiltonian = IsingHamiltonian(3, np.array([[3], [4]], np.uint64), [1.0, 0.5])
    assert AerEngine(hamiltonian, shots=5).cost is hamiltonian
    assert AerEngine(hamiltonian).cost.values.tolist() == hamiltonian.energies().tolist()


def test_probabilities_with_shots_where_the_method_has_them():
    angles = random_angles(12)
    expected = ExactEngine(random_table(3)).probabilities(LinearAnsatz(3, 1), angles)
    found = AerEngine(random_table(3), shots=10).probabilities(LinearAnsatz(3, 1), angles)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_a_job_larger_than_memory_allows_goes_out_in_parts(monkeypatch):
    """Values stay what they are with exact probabilities; samples are still each row's own."""
    table, ansatz = random_table(3), LinearAnsatz(3, 1)
    rows = np.stack([random_angles(12, seed=s) for s in range(5)])
    expected = AerEngine(table).prepare(ansatz).expectations(rows)
    monkeypatch.setattr("walshqhn.engines.qiskit.aer.JOB_BYTES", 150)
    assert AerEngine(table).prepare(ansatz).expectations(rows) == pytest.approx(expected, abs=1e-14)
    even = np.full((4, 12), np.pi / 2)
    samples = AerEngine(table).prepare(ansatz).measure(even, 50, 0)
    assert len({row.tobytes() for row in samples}) == 4


# --- matrix product states -------------------------------------------------------------------------


def weights_of(bits):
    """A cost that tells which bit is which, for any number of them."""
    return bits @ np.arange(1.0, bits.shape[1] + 1)


def weighted(num_bits):
    return BlackBoxCost(weights_of, num_bits)


@pytest.mark.parametrize("num_qubits", [40, 100])
def test_many_qubits_as_a_matrix_product_state(num_qubits):
    """A basis state with a pattern that no reversal preserves, and then a superposition."""
    bits = (np.arange(num_qubits) % 3 == 0) | (np.arange(num_qubits) < 5)
    engine = AerEngine(weighted(num_qubits), shots=200, method="matrix_product_state")
    ansatz = ProductAnsatz(num_qubits)
    assert engine.expectation(ansatz, make_bits(bits)) == weights_of(bits[None, :])[0]
    angles = np.concatenate([np.linspace(0.2, 2.5, num_qubits), np.zeros(num_qubits)])
    ones = np.sin(angles[:num_qubits] / 2) ** 2
    weights = np.arange(1, num_qubits + 1)
    sigma = np.sqrt(weights**2 @ (ones * (1 - ones)) / 200)
    assert engine.expectation(ansatz, angles) == pytest.approx(weights @ ones, abs=5 * sigma)


def test_a_chain_of_40_qubits_is_entangled_from_end_to_end():
    """All CX of the linear ansatz after a flip of qubit 0, and a rotation of it: two strings, 0...0 and another."""
    n = 40
    angles = np.zeros((2, 2, n))
    angles[0, 0, 0] = np.pi / 2
    engine = AerEngine(weighted(n), shots=400, method="matrix_product_state", max_bond_dimension=2)
    samples = engine.sample(LinearAnsatz(n, 1), angles.ravel(), 400, np.random.default_rng(0))
    flipped = np.zeros(n, np.uint8)
    flipped[[0, 1]] = 1  # sub-layer 2: CX 0-1
    assert {row.tobytes() for row in samples} == {np.zeros(n, np.uint8).tobytes(), flipped.tobytes()}
    assert samples[:, 0].mean() == pytest.approx(0.5, abs=5 * 0.5 / 20)


def test_a_bond_dimension_of_one_holds_no_entanglement():
    """The Bell pair of qubits 0 and 1 becomes a product: the bits agree no longer, or vary no longer."""
    angles = np.zeros((2, 2, 3))
    angles[0, 0, 0] = np.pi / 2
    exact, cut = (
        AerEngine(random_table(3), shots=400, method="matrix_product_state", max_bond_dimension=d).sample(
            LinearAnsatz(3, 1), angles.ravel(), 400, np.random.default_rng(0)
        )
        for d in (None, 1)
    )
    assert np.array_equal(exact[:, 0], exact[:, 1])
    assert 0.3 < exact[:, 0].mean() < 0.7
    correlation = np.mean(cut[:, 0] * cut[:, 1]) - cut[:, 0].mean() * cut[:, 1].mean()
    assert abs(correlation) < 0.1


def test_a_large_truncation_threshold_does_the_same():
    angles = np.zeros((2, 2, 3))
    angles[0, 0, 0] = np.pi / 3  # Schmidt weights 3/4 and 1/4
    samples = AerEngine(random_table(3), shots=400, method="matrix_product_state", truncation_threshold=0.3).sample(
        LinearAnsatz(3, 1), angles.ravel(), 400, np.random.default_rng(0)
    )
    assert not samples.any()


def test_qaoa_of_40_qubits_by_light_cones():
    """Layer 1 of a ring: <Z_0 Z_1> depends on qubits 39, 0, 1, 2 only, so a path of 4 must give the same."""
    n, angles, shots = 40, [0.4, 0.3], 2000
    ring = IsingHamiltonian(n, masks_from_supports([(j, (j + 1) % n) for j in range(n)], n), np.full(n, 0.8))
    path = IsingHamiltonian(4, masks_from_supports([(0, 1), (1, 2), (2, 3)], 4), np.full(3, 0.8))
    table = IsingHamiltonian(4, masks_from_supports([(1, 2)], 4), np.ones(1)).energies()
    expected = ExactEngine(table).expectation(QAOAAnsatz(path, 1), angles)
    cost = IsingHamiltonian(n, masks_from_supports([(0, 1)], n), np.ones(1))
    engine = AerEngine(cost, shots=shots, method="matrix_product_state")
    assert abs(expected) > 0.2
    assert engine.expectation(QAOAAnsatz(ring, 1), angles) == pytest.approx(expected, abs=5 / shots**0.5)


# --- what it refuses -------------------------------------------------------------------------------


def test_forty_qubits_as_a_state_vector():
    with pytest.raises(TooLargeError, match=r"state vector of 40 qubits in Aer needs 35.2 TB.*MPSEngine"):
        AerEngine(weighted(40), shots=10)
    with pytest.raises(TooLargeError, match=r"density matrix of 30 qubits.*statevector"):
        AerEngine(weighted(30), shots=10, method="density_matrix")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "mps"}, "Unknown method 'mps'.*Known: statevector, matrix_product_state, density_matrix"),
        ({"method": "matrix_product_state"}, "give no exact probabilities: set shots, or use MPSEngine"),
        ({"noise_model": noise_model(0.1, 0.1)}, 'set shots, or use method="density_matrix"'),
        ({"method": "density_matrix", "noise_model": noise_model(0, 0, readout=0.1)}, "need measurements: set shots"),
        ({"shots": 0}, "shots must be a whole number of at least 1, got 0"),
        ({"max_bond_dimension": 3}, "belongs to method=\"matrix_product_state\", got method='statevector'"),
        ({"method": "matrix_product_state", "max_bond_dimension": 0, "shots": 5}, "max_bond_dimension must be.*got 0"),
        (
            {"method": "matrix_product_state", "truncation_threshold": -1.0, "shots": 5},
            r"must be in \[0, 1\), got -1.0",
        ),
    ],
)
def test_settings_that_do_not_go_together(arguments, message):
    with pytest.raises(UsageError, match=message):
        AerEngine(random_table(2), **arguments)


def test_probabilities_where_only_shots_can_tell():
    engine = AerEngine(random_table(2), method="matrix_product_state", shots=5)
    with pytest.raises(UsageError, match="no exact probabilities"):
        engine.probabilities(ProductAnsatz(2), np.zeros(4))


def test_settings_name_what_decides_the_results():
    assert AerEngine(random_table(2)).settings == {"method": "statevector"}
    engine = AerEngine(random_table(2), shots=5, method="matrix_product_state", max_bond_dimension=3)
    assert engine.settings == {
        "method": "matrix_product_state", "max_bond_dimension": 3, "truncation_threshold": 1e-16
    }  # fmt: skip
    one, same, other = (
        AerEngine(random_table(2), shots=5, noise_model=noise_model(p, 0.1)).settings["noise"] for p in (0.1, 0.1, 0.2)
    )
    assert one == same != other
