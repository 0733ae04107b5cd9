"""The exact engine: the conformance kit, Qiskit's state vectors, samples, overlaps, memory, and what it refuses."""

import numpy as np
import pytest
from qiskit.quantum_info import SparsePauliOp, Statevector
from quantum_oracles import finite_differences, linear_state, random_angles, random_table
from scipy.stats import chisquare

from walshqhn import BlackBoxCost, ExactEngine, IsingHamiltonian, LinearAnsatz, ProductAnsatz, QAOAAnsatz, WalshSpectrum
from walshqhn.engines.base import Prepared
from walshqhn.engines.objectives import MEAN, CVaR, Gibbs
from walshqhn.support.errors import InputError, TooLargeError, UsageError
from walshqhn.testing import check_engine


@pytest.mark.parametrize("num_bits", [2, 3, 5])
def test_it_does_what_engines_promise(num_bits):
    check_engine(ExactEngine(random_table(num_bits)))


# --- values and gradients -------------------------------------------------------------------------


def test_value_and_gradient_of_one_qubit_by_hand():
    """E = (C0 + C1) / 2 + (C0 - C1) / 2 cos(theta), whatever phi is."""
    value, gradient = ExactEngine([3.0, -1.0]).value_and_gradient(ProductAnsatz(1), [0.7, 1.9])
    assert value == pytest.approx(1 + 2 * np.cos(0.7), abs=1e-14)
    assert gradient == pytest.approx([-2 * np.sin(0.7), 0], abs=1e-14)


@pytest.mark.parametrize(("num_qubits", "layers"), [(1, 1), (2, 2), (6, 3)])
def test_values_against_dense_matrices(num_qubits, layers):
    table, ansatz = random_table(num_qubits), LinearAnsatz(num_qubits, layers)
    angles = random_angles(ansatz.num_parameters, seed=1)
    p = np.abs(linear_state(num_qubits, layers, angles.reshape(-1, 2, num_qubits))) ** 2
    assert ExactEngine(table).expectation(ansatz, angles) == pytest.approx(p @ table, abs=1e-12)
    np.testing.assert_allclose(ExactEngine(table).probabilities(ansatz, angles), p, rtol=0, atol=1e-14)


@pytest.mark.parametrize("num_qubits", [3, 12])
def test_half_turns(num_qubits):
    """The kernels divide by the cosine of half an angle: it may vanish, on all qubits at once."""
    ansatz, engine = LinearAnsatz(num_qubits, 1), ExactEngine(random_table(num_qubits))
    half_turns = [np.pi, -np.pi, 3 * np.pi, np.pi * (1 + 1e-9), 1e6 * np.pi + np.pi, 0.0, 0.4]
    generator = np.random.default_rng(2)
    prepared = engine.prepare(ansatz)
    for angles in [np.full(ansatz.num_parameters, np.pi), *generator.choice(half_turns, (5, ansatz.num_parameters))]:
        expected = Statevector(ansatz.circuit(angles)).probabilities()
        np.testing.assert_allclose(prepared.probabilities(angles), expected, rtol=0, atol=1e-14)
        shifted = Prepared.value_and_gradient(prepared, angles).gradient  # by parameter shifts
        found = prepared.value_and_gradient(angles).gradient
        np.testing.assert_allclose(found, shifted, rtol=0, atol=1e-12 * np.ptp(engine.cost.values))


@pytest.mark.parametrize("threads", [1, 2])
def test_a_state_large_enough_for_threads(threads):
    """2^17 amplitudes: the oracle is a sum over qubits, of a cost of one spin and two neighbours."""
    n = 17
    angles = random_angles(4 * n, seed=3)
    fields = np.linspace(-1, 1, n)
    cost = IsingHamiltonian(n, np.array([[1 << j] for j in range(n)], np.uint64), fields)
    engine = ExactEngine(cost, threads=threads)
    product = angles[: 2 * n]
    expected = fields @ np.cos(product[:n])
    value, gradient = engine.value_and_gradient(ProductAnsatz(n), product)
    assert value == pytest.approx(expected, abs=1e-12)
    np.testing.assert_allclose(gradient, [*(-fields * np.sin(product[:n])), *np.zeros(n)], rtol=0, atol=1e-12)
    one = ExactEngine(cost, threads=1).value_and_gradient(LinearAnsatz(n, 1), angles)
    other = engine.value_and_gradient(LinearAnsatz(n, 1), angles)
    assert one[0] == other[0]
    assert np.array_equal(one[1], other[1])


@pytest.mark.parametrize("objective", [MEAN, CVaR(0.05), CVaR(1.0), Gibbs(3.0)], ids=str)
@pytest.mark.parametrize("circuit", ["linear", "qaoa", "qaoa-truncated"])
def test_gradients_against_finite_differences(objective, circuit):
    table = random_table(4)
    engine = ExactEngine(table)
    truncated = WalshSpectrum.from_cost(table).hamiltonian(max_degree=1)
    ansatz = LinearAnsatz(4, 1) if circuit == "linear" else QAOAAnsatz(table if circuit == "qaoa" else truncated, 2)
    angles = random_angles(ansatz.num_parameters, seed=4)
    value, gradient = engine.value_and_gradient(ansatz, angles, objective)
    assert value == engine.expectation(ansatz, angles, objective)
    expected = finite_differences(lambda x: engine.expectation(ansatz, x, objective), angles, 1e-6)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-6)
    assert np.abs(expected).max() > 1e-3


def test_an_evaluation_holds_its_own_angles():
    prepared, angles = ExactEngine(random_table(2)).prepare(ProductAnsatz(2)), np.full(4, 0.5)
    found = [prepared.evaluate(angles[None])[0], prepared.value_and_gradient(angles)]
    angles[:] = 0
    assert [one.parameters.tolist() for one in found] == [[0.5] * 4] * 2
    assert [(one.error, one.bits, one.costs) for one in found] == [(0.0, None, None)] * 2


def test_overlaps_of_many_points():
    prepared = ExactEngine(random_table(3)).prepare(LinearAnsatz(3, 1))
    a, rows = random_angles(12, seed=1), np.stack([random_angles(12, seed=s) for s in range(1, 5)])
    states = [linear_state(3, 1, row.reshape(-1, 2, 3)) for row in rows]
    expected = [abs(np.vdot(states[0], state)) ** 2 for state in states]
    np.testing.assert_allclose(prepared.overlaps(a, rows), expected, rtol=0, atol=1e-14)
    estimated = prepared.overlaps(a, rows, rng=1, shots=4000)
    np.testing.assert_allclose(estimated, expected, rtol=0, atol=5 * 0.5 / 4000**0.5)
    assert estimated[0] == 1
    assert set(np.modf(4000 * estimated)[0].round(6)) <= {0.0}


# --- costs of every kind --------------------------------------------------------------------------


def test_any_cost_is_tabulated():
    table = random_table(3)
    hamiltonian = WalshSpectrum.from_cost(table).hamiltonian()
    sources = [
        table, table.tolist(), hamiltonian, hamiltonian.to_sparse_pauli_op(),
        BlackBoxCost(lambda bits: table[bits @ np.array([1, 2, 4])], 3),
    ]  # fmt: skip
    assert isinstance(sources[3], SparsePauliOp)
    angles = random_angles(12)
    expected = ExactEngine(table).expectation(LinearAnsatz(3, 1), angles)
    for source in sources:
        engine = ExactEngine(source)
        np.testing.assert_allclose(engine.cost.values, table, rtol=0, atol=1e-12)
        assert engine.expectation(LinearAnsatz(3, 1), angles) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ([1.0, 2.0, 3.0], InputError, "power of two"),
        ([1.0, np.nan], InputError, "must be finite"),
        ([1.0], UsageError, "at least 1 bit"),
        ("linear", InputError, "a cost is an array of 2.* got str"),
        (LinearAnsatz(2, 1), InputError, "a cost is an array of 2.* got LinearAnsatz"),
        (lambda bits: bits[:, 0], InputError, r"a function is a cost as BlackBoxCost\(function, num_bits\)"),
    ],
)
def test_what_is_no_cost(source, error, message):
    with pytest.raises(error, match=message) as caught:
        ExactEngine(source)
    assert "\n" not in str(caught.value)


def test_what_does_not_fit():
    """Said before the cost is evaluated."""

    def unused(bits):
        raise AssertionError("evaluated")

    with pytest.raises(TooLargeError, match=r"a state vector of 40 qubits.*needs 44 TB.*engine mps"):
        ExactEngine(BlackBoxCost(unused, 40))
    with pytest.raises(UsageError, match="threads must be"):
        ExactEngine([0.0, 1.0], threads=0)


# --- samples --------------------------------------------------------------------------------------


def drawn_indices(angles, shots, seed, num_qubits=3):
    engine = ExactEngine(np.arange(1 << num_qubits))
    bits = engine.sample(ProductAnsatz(num_qubits), angles, shots, np.random.default_rng(seed))
    return bits @ (1 << np.arange(num_qubits))


THETA = np.array([0.7, 1.3, 2.2])  # P(b_j = 1) = sin^2(theta_j / 2): 0.12, 0.37, 0.79
ANGLES = np.concatenate([THETA, np.zeros(3)])
ONES = np.sin(THETA / 2) ** 2
PROBABILITIES = [np.prod([p if x >> j & 1 else 1 - p for j, p in enumerate(ONES)]) for x in range(8)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_frequencies(seed):
    counts = np.bincount(drawn_indices(ANGLES, 20_000, seed), minlength=8)
    assert chisquare(counts, np.array(PROBABILITIES) * 20_000).pvalue > 1e-3


def test_frequencies_of_few_shots_at_a_time():
    """The first and the last uniform must not be special: one shot each from many generators."""
    firsts = [drawn_indices(ANGLES, 2, seed) for seed in range(3000)]
    for position in (0, 1):
        counts = np.bincount([pair[position] for pair in firsts], minlength=8)
        assert chisquare(counts, np.array(PROBABILITIES) * 3000).pvalue > 1e-3


def test_successive_samples_are_independent():
    """Pairs of neighbours in the sample follow the product distribution."""
    index = drawn_indices(ANGLES, 40_000, 4).reshape(-1, 2)
    counts = np.bincount(index @ [1, 8], minlength=64)
    assert chisquare(counts, np.outer(PROBABILITIES, PROBABILITIES).ravel() * 20_000).pvalue > 1e-3


def test_zero_probabilities_are_never_drawn():
    """theta = 0 leaves qubits 0 and 2 at 0: only indices 0 and 2 are possible."""
    index = drawn_indices([0, 1.0, 0, 0.2, 0.3, 0.4], 5000, 5)
    assert set(index.tolist()) == {0, 2}
