"""Variances of gradients against what is known of product states, and against differences of dense matrices."""

import numpy as np
import pytest
from quantum_oracles import (
    finite_differences,
    fourier_coefficients,
    linear_state,
    mean_cost,
    random_table,
    support_of,
)
from training_cases import CoinEngine, a_chain

from walshqhn import BlackBoxCost, ExactEngine, LinearAnsatz, ProductAnsatz, QAOAAnsatz
from walshqhn.support.errors import InputError, UsageError
from walshqhn.training.landscape import gradient_landscape, gradient_variance


def test_product_states_by_hand():
    """Var dE/dtheta_j = sum over S with j of f(S)^2 2^-|S|; the Rz change nothing."""
    table = random_table(4)
    found = gradient_variance(ProductAnsatz(4), table, samples=6000, rng=1)
    f = fourier_coefficients(table)
    exact = [sum(f[s] ** 2 / 2 ** len(support_of(s)) for s in range(16) if s >> j & 1) for j in range(4)]
    np.testing.assert_allclose(found.variances[:4], exact, rtol=0.1)
    np.testing.assert_allclose(found.variances[4:], 0, atol=1e-24)
    assert found.mean == pytest.approx(sum(exact) / 8, abs=4 * found.standard_error)
    assert found.product_state == pytest.approx(sum(exact) / 8, rel=1e-12)
    assert found.mean == pytest.approx(found.variances.mean(), rel=1e-12)
    assert found.relative == pytest.approx(found.mean / table.var(), rel=1e-12)
    assert found.degree_weights[1:].sum() == pytest.approx(table.var(), rel=1e-12)


def test_against_differences_of_dense_matrices():
    table, ansatz = random_table(3), LinearAnsatz(3, 1)
    rng = np.random.default_rng(4)
    points = [ansatz.initial_parameters(rng) for _ in range(7)]
    gradients = [
        finite_differences(lambda x: mean_cost(linear_state(3, 1, x.reshape(-1, 2, 3)), table), p) for p in points
    ]
    found = gradient_variance(ansatz, table, samples=7, rng=4)
    np.testing.assert_allclose(found.variances, np.var(gradients, axis=0, ddof=1), rtol=1e-5, atol=1e-9)
    assert found.ansatz == ansatz.description
    assert (found.num_samples, found.num_qubits) == (7, 3)


def test_the_standard_error_is_the_spread_of_repetitions():
    table, ansatz = random_table(3), LinearAnsatz(3, 1)
    runs = [gradient_variance(ansatz, table, samples=60, rng=s) for s in range(150)]
    spread = np.std([r.mean for r in runs], ddof=1)
    assert np.mean([r.standard_error for r in runs]) == pytest.approx(spread, rel=0.2)


def test_a_landscape():
    tables = [random_table(n) for n in (2, 3)]
    found = gradient_landscape(tables, [0, 2], samples=20, rng=5)
    assert [(v.num_qubits, v.ansatz["layers"]) for v in found] == [(2, 0), (2, 2), (3, 0), (3, 2)]
    alone = gradient_variance(LinearAnsatz(3, 2), tables[1], samples=20, rng=5)
    assert found[3].variances.tobytes() == alone.variances.tobytes()
    qaoa = gradient_landscape(tables[1:], [1], 20, make_ansatz=lambda n, d: QAOAAnsatz(tables[1], d))
    assert qaoa[0].variances.shape == (2,)


def test_gradients_vanish_with_depth_and_size_for_a_random_cost():
    """A cost whose weight sits at high degrees: the barren plateau."""
    tables = [np.random.default_rng(n).normal(size=1 << n) for n in (2, 8)]
    small, large = gradient_landscape(tables, [4], samples=60)
    assert large.relative < small.relative / 5


def test_a_constant_cost():
    found = gradient_variance(LinearAnsatz(2, 1), np.full(4, 3.0), samples=5)
    assert found.mean == pytest.approx(0, abs=1e-24)
    assert np.isnan(found.relative)


def test_the_spectrum_of_a_hamiltonian_is_its_own():
    chain = a_chain(5)
    from_terms = gradient_variance(LinearAnsatz(5, 1), chain, samples=5)
    from_table = gradient_variance(LinearAnsatz(5, 1), chain.energies(), samples=5)
    assert from_terms.variances.tobytes() == from_table.variances.tobytes()
    assert from_terms.degree_weights.tolist() == chain.degree_weights().tolist()
    np.testing.assert_allclose(from_terms.degree_weights, from_table.degree_weights, rtol=0, atol=1e-12)


def test_100_qubits_by_parameter_shifts():
    """Product states, where the variance follows from the terms; shot noise comes on top."""
    chain = a_chain(100)
    expected = np.sum(chain.coefficients**2 * np.where(np.arange(199) < 100, 1, 2) * 0.5**chain.degrees) / 200
    found = gradient_variance(ProductAnsatz(100), chain, samples=10, rng=1, engine=CoinEngine(chain, shots=20))
    assert found.product_state == pytest.approx(expected, rel=1e-12)
    assert expected < found.mean < 100 * expected
    function = BlackBoxCost(chain.costs, 100)
    unknown = gradient_variance(ProductAnsatz(100), function, samples=10, rng=1, engine=CoinEngine(function, shots=20))
    assert unknown.mean == pytest.approx(found.mean, rel=1e-9)
    assert unknown.degree_weights is None
    assert np.isnan([unknown.relative, unknown.product_state]).all()
    assert (unknown.num_qubits, unknown.variances.shape) == (100, (200,))


def test_an_engine_of_another_cost():
    with pytest.raises(UsageError, match="the engine's cost has 3 bits, the cost 2"):
        gradient_variance(ProductAnsatz(2), random_table(2), engine=ExactEngine(random_table(3)))


@pytest.mark.parametrize("samples", [1, 0, 2.5, True])
def test_too_few_samples(samples):
    with pytest.raises(UsageError, match="samples must be a whole number of at least 2"):
        gradient_variance(ProductAnsatz(2), random_table(2), samples=samples)


def test_a_circuit_of_another_size():
    with pytest.raises(InputError, match="the circuit has 3 qubits, the cost has 2 bits"):
        gradient_variance(ProductAnsatz(3), random_table(2))
