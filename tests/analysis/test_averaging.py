"""Averages, calibration and the variational posterior against computations of their own."""

import numpy as np
import pytest
from scipy.special import logsumexp

from analysis import averaging
from analysis.averaging import Discrepancy, FreeEnergy
from walshqhn import ExactEngine, LinearAnsatz, ProductAnsatz, load_task
from walshqhn.bits import index_to_bits
from walshqhn.engines.distribution import Distribution
from walshqhn.support.errors import UsageError


@pytest.fixture(scope="module")
def task():
    return load_task("gaussian", hidden=1, loss="bce", num_samples=8, num_test=20)


def test_the_posterior_is_the_product_of_the_likelihoods(task):
    bits = index_to_bits(np.arange(1 << task.num_bits), task.num_bits)
    p = task.predict(bits, task.data.train.x)[:, np.arange(8), task.data.train.y]  # of the true classes
    likelihood = p.prod(axis=1)
    np.testing.assert_allclose(averaging.posterior(task.cost_table(), 8), likelihood / likelihood.sum(), rtol=1e-9)


def test_mean_prediction_is_the_mean_over_networks(task):
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(1 << task.num_bits), 2)
    x = task.data.test.x
    expected = [
        sum(s * task.predict(index_to_bits(np.array([k]), task.num_bits), x)[0, :, 1] for k, s in enumerate(row))
        for row in shares
    ]
    np.testing.assert_allclose(averaging.mean_predictions(task, shares), expected, atol=1e-12)


def test_metrics_by_hand():
    p, y = np.array([0.9, 0.8, 0.3, 0.4]), np.array([1, 0, 0, 1])
    found = averaging.metrics(p, y)
    assert found["accuracy"] == 0.5
    assert found["nll"] == pytest.approx(-np.log([0.9, 0.2, 0.7, 0.4]).mean())
    assert found["brier"] == pytest.approx(np.mean([0.01, 0.64, 0.09, 0.36]))
    # confidences 0.9, 0.8, 0.7, 0.6 lie in bins of their own; right, wrong, right, wrong
    assert found["calibration_error"] == pytest.approx(np.mean([0.1, 0.8, 0.3, 0.6]))


def test_samples_of_one_bin_cancel():
    assert averaging.calibration_error(np.full(4, 0.75), np.array([1, 1, 1, 0])) == pytest.approx(0)


def test_effective_number_counts_equally_likely_networks():
    rows = np.array([[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25] * 4])
    np.testing.assert_allclose(averaging.effective_number(rows), [1, 2, 4])


def test_free_energy_and_its_gradient():
    cost = np.random.default_rng(1).normal(size=16)
    engine, ansatz, goal = ExactEngine(cost), LinearAnsatz(4, 1), FreeEnergy(0.3)
    angles = np.random.default_rng(2).uniform(0, 6, ansatz.num_parameters)

    def value(a):
        p = engine.probabilities(ansatz, a)
        return p @ cost + 0.3 * (p * np.log(p)).sum()

    found, gradient = engine.value_and_gradient(ansatz, angles, goal)
    assert found == pytest.approx(value(angles), abs=1e-12)
    steps = 1e-5 * np.eye(len(angles))
    numeric = [(value(angles + s) - value(angles - s)) / 2e-5 for s in steps]
    np.testing.assert_allclose(gradient, numeric, atol=1e-7)
    with pytest.raises(UsageError, match="exact engine"):
        goal.evaluate(Distribution(cost[:3], bits=index_to_bits(np.arange(3), 4), measured_costs=cost[:3]))


def test_a_product_posterior_is_found_exactly():
    fields = np.array([0.4, -0.9, 0.2])
    spins = 1 - 2 * index_to_bits(np.arange(8), 3).astype(float)
    cost = spins @ fields  # separable: its posterior is a product state
    found = averaging.trained(ExactEngine(cost), ProductAnsatz(3), FreeEnergy(0.5), 0, 200)
    np.testing.assert_allclose(found, np.exp(-cost / 0.5 - logsumexp(-cost / 0.5)), atol=1e-5)
    assert averaging.divergence(found, cost, 2) == pytest.approx(0, abs=1e-6)


def test_discrepancy_by_all_pairs_and_its_gradient():
    cost = np.random.default_rng(4).normal(size=16)
    engine, ansatz, goal = ExactEngine(cost), LinearAnsatz(4, 1), Discrepancy(0.7)
    angles = np.random.default_rng(5).uniform(0, 6, ansatz.num_parameters)
    bits = index_to_bits(np.arange(16), 4).astype(int)
    kernel = np.exp(-np.abs(bits[:, None] - bits[None]).sum(axis=2) / 2.0)

    def value(a):
        p = engine.probabilities(ansatz, a)
        return p @ cost + 0.7 * (p - 1 / 16) @ kernel @ (p - 1 / 16)

    found, gradient = engine.value_and_gradient(ansatz, angles, goal)
    assert found == pytest.approx(value(angles), abs=1e-12)
    steps = 1e-5 * np.eye(len(angles))
    numeric = [(value(angles + s) - value(angles - s)) / 2e-5 for s in steps]
    np.testing.assert_allclose(gradient, numeric, atol=1e-7)


def test_divergence_by_definition():
    rng = np.random.default_rng(6)
    cost, p = rng.normal(size=8), rng.dirichlet(np.ones(8))
    exact = averaging.posterior(cost, 3)
    assert averaging.divergence(p, cost, 3) == pytest.approx((p * np.log(p / exact)).sum())


def test_bootstrap_interval_is_about_two_standard_errors():
    values = np.random.default_rng(5).normal(3, 2, 400)
    mean, low, high = averaging.bootstrap_mean(values)
    assert mean == pytest.approx(values.mean())
    assert (high - low) / 2 == pytest.approx(1.96 * values.std() / 20, rel=0.1)
