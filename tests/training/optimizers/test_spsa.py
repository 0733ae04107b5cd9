"""SPSA against references written here."""

import itertools

import numpy as np
import pytest
from quantum_oracles import finite_differences, random_angles, random_table
from training_cases import TABLE, FixedSigns, Sampled, an_evaluator, quick, searched

from walshqhn import ExactEngine, ProductAnsatz
from walshqhn.training.optimizers import QNSPSA, SPSA
from walshqhn.training.optimizers.spsa import slope


def test_the_mean_slope_over_all_signs_is_the_gradient():
    """For a function that is linear in each cosine and sine the error is O(c^2)."""
    x = random_angles(6, seed=3)
    table = random_table(3)
    _, gradient = ExactEngine(table).value_and_gradient(ProductAnsatz(3), x)
    for width, tolerance in ((1e-3, 1e-4), (0.05, 0.1)):
        total = np.zeros(6)
        for signs in itertools.product((-1, 1), repeat=6):
            steepness, direction = slope(an_evaluator(table, rng=FixedSigns(signs)), x, width)
            assert direction.tolist() == list(signs)
            total += steepness * direction / 64
        np.testing.assert_allclose(total, gradient, rtol=0, atol=tolerance)


@pytest.mark.parametrize("learning_rate", [0.3, None])
@pytest.mark.parametrize("blocking", [False, True])
def test_spsa_against_a_loop(learning_rate, blocking):
    x = random_angles(10, seed=1)
    settings = {"learning_rate": learning_rate, "perturbation": 0.15, "calibration": 7, "blocking": blocking}
    method = SPSA(**settings, stability=3.0)
    _, evaluator = searched(method, x, rng=np.random.default_rng(42), max_iterations=20)

    engine, ansatz, rng = ExactEngine(TABLE), ProductAnsatz(5), np.random.default_rng(42)

    def energy(angles):
        return engine.expectation(ansatz, angles)

    def two_sided(angles, c):
        delta = [1 if b else -1 for b in rng.integers(0, 2, 10)]
        up = energy([t + c * d for t, d in zip(angles, delta, strict=True)])
        down = energy([t - c * d for t, d in zip(angles, delta, strict=True)])
        return (up - down) / (2 * c), delta

    angles, values = x.tolist(), [energy(x)]
    a = None if learning_rate is None else learning_rate / TABLE.std()
    if a is None:
        a = 0.2 * 4**0.602 / (sum(abs(two_sided(angles, 0.15)[0]) for _ in range(7)) / 7)
    for k in range(20):
        steepness, delta = two_sided(angles, 0.15 / (k + 1) ** 0.101)
        tried = [t - a / (3 + k + 1) ** 0.602 * steepness * d for t, d in zip(angles, delta, strict=True)]
        if not blocking or energy(tried) < values[-1]:
            angles = tried
        values.append(energy(angles))
    np.testing.assert_allclose(evaluator.history[:, 0], values, rtol=0, atol=1e-9)
    assert evaluator.evaluations == 1 + 3 * 20 + (14 if learning_rate is None else 0)


@pytest.mark.parametrize("method", [SPSA, QNSPSA])
def test_blocking_takes_lower_values_only(method):
    free = quick(optimizer=method(blocking=False, learning_rate=1.5), seed=4).history
    blocked = quick(optimizer=method(blocking=True, learning_rate=1.5), seed=4).history
    loose = quick(
        optimizer=method(blocking=True, learning_rate=1.5, allowed_increase=0.05 / TABLE.std()), seed=4
    ).history
    assert (np.diff(blocked) <= 0).all()
    assert (np.diff(blocked) == 0).any()
    assert (np.diff(free) > 0.05).any()
    assert 0 < np.diff(loose).max() < 0.05


def test_finite_differences_agree_with_the_slope_of_one_angle():
    """The oracle of the oracle: with one angle a slope is the derivative."""
    x = np.array([0.4, 1.0])
    steepness, _ = slope(an_evaluator([3.0, 1.0], rng=FixedSigns([1, 1])), x, 1e-4)
    expected = finite_differences(lambda y: ExactEngine([3.0, 1.0]).expectation(ProductAnsatz(1), y), x)
    assert steepness == pytest.approx(expected.sum(), abs=1e-6)


@pytest.mark.parametrize("method", [SPSA, QNSPSA])
def test_blocking_allows_for_noise(method):
    """Two standard errors of the difference, where values are sampled."""
    run = quick(engine=Sampled(TABLE, 100), optimizer=method(blocking=True, learning_rate=0.2), seed=4).runs[0]
    increases = np.diff(run.history)
    noise = np.hypot(run.standard_errors[1:], run.standard_errors[:-1])
    assert (increases < 2 * noise).all()
    assert (increases > 0).any()
