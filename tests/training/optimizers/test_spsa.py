"""SPSA and QN-SPSA against references written here, and the overlaps that the latter is made from."""

import itertools
import math

import numpy as np
import pytest
from quantum_oracles import (
    finite_differences,
    fourier_coefficients,
    linear_state,
    qaoa_gates,
    qaoa_state,
    random_angles,
    random_table,
    support_of,
)
from scipy.linalg import sqrtm
from training_cases import TABLE, Recorder, a_problem, quick

from walshqhn import AerEngine, ExactEngine, LinearAnsatz, ProductAnsatz, QAOAAnsatz
from walshqhn.circuits.overlap import ComputeUncompute
from walshqhn.training.optimizers import QNSPSA, SPSA
from walshqhn.training.optimizers.base import Limits
from walshqhn.training.optimizers.qnspsa import metric_sample, solve_regularized
from walshqhn.training.optimizers.spsa import slope

EASY = np.array([3.0, 1.0, 2.0, 0.5, 2.5, 0.3, 1.2, -1.0])


class FixedSigns:
    """A generator whose signs are known."""

    def __init__(self, *rows):
        self.rows = list(rows)

    def integers(self, low, high, count):
        row = self.rows.pop(0)
        assert (low, high, count) == (0, 2, len(row))
        return (np.array(row) + 1) // 2


# --- SPSA -----------------------------------------------------------------------------------------


def test_the_mean_slope_over_all_signs_is_the_gradient():
    """For a function that is linear in each cosine and sine the error is O(c^2)."""
    x = random_angles(6, seed=3)
    table = random_table(3)
    _, gradient = ExactEngine(table).value_and_gradient(ProductAnsatz(3), x)
    for width, tolerance in ((1e-3, 1e-4), (0.05, 0.1)):
        problem, total = a_problem(table), np.zeros(6)
        for signs in itertools.product((-1, 1), repeat=6):
            steepness, direction = slope(problem, x, width, FixedSigns(signs))
            assert direction.tolist() == list(signs)
            total += steepness * direction / 64
        np.testing.assert_allclose(total, gradient, rtol=0, atol=tolerance)


@pytest.mark.parametrize("learning_rate", [0.3, None])
@pytest.mark.parametrize("blocking", [False, True])
def test_spsa_against_a_loop(learning_rate, blocking):
    problem, x = a_problem(), random_angles(10, seed=1)
    settings = {"learning_rate": learning_rate, "perturbation": 0.15, "calibration": 7, "blocking": blocking}
    SPSA(**settings, stability=3.0).minimize(problem, x, Limits(20, 1e-6), np.random.default_rng(42))

    engine, ansatz, rng = ExactEngine(TABLE), ProductAnsatz(5), np.random.default_rng(42)

    def energy(angles):
        return engine.expectation(ansatz, angles)

    def two_sided(angles, c):
        delta = [1 if b else -1 for b in rng.integers(0, 2, 10)]
        up = energy([t + c * d for t, d in zip(angles, delta, strict=True)])
        down = energy([t - c * d for t, d in zip(angles, delta, strict=True)])
        return (up - down) / (2 * c), delta

    angles, values = x.tolist(), [energy(x)]
    a = learning_rate
    if a is None:
        a = 0.2 * 4**0.602 / (sum(abs(two_sided(angles, 0.15)[0]) for _ in range(7)) / 7)
    for k in range(20):
        steepness, delta = two_sided(angles, 0.15 / (k + 1) ** 0.101)
        tried = [t - a / (3 + k + 1) ** 0.602 * steepness * d for t, d in zip(angles, delta, strict=True)]
        if not blocking or energy(tried) < values[-1]:
            angles = tried
        values.append(energy(angles))
    np.testing.assert_allclose([row[0] for row in problem.history], values, rtol=0, atol=1e-9)
    assert problem.evaluations == 1 + 3 * 20 + (14 if learning_rate is None else 0)


@pytest.mark.parametrize("method", [SPSA, QNSPSA])
def test_blocking_takes_lower_values_only(method):
    free = quick(optimizer=method(blocking=False, learning_rate=1.0), seed=4).history
    blocked = quick(optimizer=method(blocking=True, learning_rate=1.0), seed=4).history
    loose = quick(optimizer=method(blocking=True, learning_rate=1.0, allowed_increase=0.05), seed=4).history
    assert (np.diff(blocked) <= 0).all()
    assert (np.diff(blocked) == 0).any()
    assert (np.diff(free) > 0.05).any()
    assert 0 < np.diff(loose).max() < 0.05


def test_finite_differences_agree_with_the_slope_of_one_angle():
    """The oracle of the oracle: with one angle a slope is the derivative."""
    x = np.array([0.4, 1.0])
    problem = a_problem(np.array([5.0, 1.0]))
    steepness, _ = slope(problem, x, 1e-4, FixedSigns([1, 1]))
    expected = finite_differences(lambda y: ExactEngine([5.0, 1.0]).expectation(ProductAnsatz(1), y), x)
    assert steepness == pytest.approx(expected.sum(), abs=1e-6)


@pytest.mark.parametrize("method", [SPSA, QNSPSA])
def test_blocking_allows_for_noise(method):
    """Two standard errors of the difference, where values are sampled."""

    class Sampled(ExactEngine):
        shots = 100

    run = quick(engine=Sampled(TABLE), optimizer=method(blocking=True, learning_rate=0.2), seed=4).runs[0]
    increases = np.diff(run.history)
    noise = np.hypot(run.standard_errors[1:], run.standard_errors[:-1])
    assert (increases < 2 * noise).all()
    assert (increases > 0).any()


# --- QN-SPSA --------------------------------------------------------------------------------------


def fubini_study(state, x, step=1e-4):
    """Re <d_i psi|d_j psi> - <d_i psi|psi><psi|d_j psi>, from differences of dense states."""
    units = np.eye(len(x)) * step
    d = np.array([(state(x + e) - state(x - e)) / (2 * step) for e in units])
    psi = state(x)
    along = d.conj() @ psi
    return np.real(d.conj() @ d.T - np.outer(along, along.conj()))


def qaoa_of(table, layers):
    terms = [(support_of(s), f) for s, f in enumerate(fourier_coefficients(table)) if s]
    n = len(table).bit_length() - 1
    return lambda x: qaoa_state(qaoa_gates(terms, n, layers), x, n)


STATES = {
    "product": (ProductAnsatz(2), lambda x: linear_state(2, 0, x.reshape(-1, 2, 2))),
    "entangled": (LinearAnsatz(1, 1), lambda x: linear_state(1, 1, x.reshape(-1, 2, 1))),
    "qaoa": (QAOAAnsatz(random_table(2) / 3, 2), qaoa_of(random_table(2) / 3, 2)),
}


@pytest.mark.parametrize("case", STATES)
@pytest.mark.parametrize("width", [1e-2, 0.1])
def test_the_mean_metric_over_all_signs_is_fubini_study(case, width):
    ansatz, state = STATES[case]
    x = random_angles(4, seed=6)
    problem = a_problem(random_table(ansatz.num_qubits), ansatz)
    total = np.zeros((4, 4))
    for u in itertools.product((-1, 1), repeat=4):
        for v in itertools.product((-1, 1), repeat=4):
            sample = metric_sample(problem, x, width, FixedSigns(u, v))
            np.testing.assert_array_equal(sample, sample.T)
            total += sample / 256
    expected = fubini_study(state, x)
    np.testing.assert_allclose(total, expected, rtol=0, atol=20 * width**2 * max(1, np.abs(expected).max()) ** 2)
    assert np.abs(expected).max() > 0.1


def test_metric_of_product_states_by_hand():
    """Ry: 1/4 whatever the angle; the Rz after it: sin^2(theta) / 4."""
    theta = np.array([0.7, 2.0])
    problem = a_problem(random_table(2))
    rng = np.random.default_rng(0)
    x = np.concatenate([theta, [0.3, 0.4]])
    samples = np.array([metric_sample(problem, x, 0.01, rng) for _ in range(4000)])
    error = samples.std(axis=0) / np.sqrt(4000)
    expected = np.diag([0.25, 0.25, *(np.sin(theta) ** 2 / 4)])
    assert (np.abs(samples.mean(axis=0) - expected) <= 4.5 * error + 1e-4).all()


def test_solving_with_the_regularized_absolute_value():
    rng = np.random.default_rng(3)
    a, gradient = rng.normal(size=(5, 5)), rng.normal(size=5)
    metric = a + a.T  # indefinite
    assert np.linalg.eigvalsh(metric)[0] < 0 < np.linalg.eigvalsh(metric)[-1]
    expected = np.linalg.solve(np.real(sqrtm(metric @ metric)) + 0.03 * np.eye(5), gradient)
    np.testing.assert_allclose(solve_regularized(metric, gradient, 0.03), expected, rtol=1e-9)


def test_qn_spsa_against_a_loop():
    table, x = random_table(2), random_angles(4, seed=8)
    problem = a_problem(table)
    settings = {"learning_rate": 0.3, "perturbation": 0.05, "regularization": 0.02}
    QNSPSA(**settings).minimize(problem, x, Limits(15, 1e-6), np.random.default_rng(7))
    rng = np.random.default_rng(7)

    def state(angles):
        return linear_state(2, 0, np.asarray(angles).reshape(1, 2, 2))

    def energy(angles):
        return float(np.abs(state(angles)) ** 2 @ table)

    def signs():
        return np.array([1.0 if b else -1.0 for b in rng.integers(0, 2, 4)])

    mean, values, e = np.eye(4), [energy(x)], 0.05
    for k in range(1, 16):
        d = signs()
        gradient = (energy(x + e * d) - energy(x - e * d)) / (2 * e) * d
        d1, d2 = signs(), signs()
        f = [abs(np.vdot(state(x), state(x + s))) ** 2 for s in (e * d1 + e * d2, e * d1, -e * d1 + e * d2, -e * d1)]
        delta = f[0] - f[1] - f[2] + f[3]
        raw = -delta / (2 * e**2) / 2 * (np.outer(d1, d2) + np.outer(d2, d1)) / 2
        mean = k / (k + 1) * mean + raw / (k + 1)
        tried = x - 0.3 * np.linalg.solve(np.real(sqrtm(mean @ mean)) + 0.02 * np.eye(4), gradient)
        if energy(tried) < values[-1]:
            x = tried
        values.append(energy(x))
    np.testing.assert_allclose([row[0] for row in problem.history], values, rtol=0, atol=1e-7)
    assert values[-1] < values[0] - 0.5


# --- overlaps -------------------------------------------------------------------------------------

OVERLAPPING = [ProductAnsatz(3), LinearAnsatz(3, 2), QAOAAnsatz(random_table(3), 2)]


@pytest.mark.parametrize("ansatz", OVERLAPPING, ids=lambda a: a.description["name"])
def test_overlaps_by_every_route(ansatz):
    """Both states at once, compute-uncompute on the exact engine and on Aer, and its frequency of zeros."""
    table = random_table(3)
    engine, echo = ExactEngine(table), ComputeUncompute(ansatz)
    a, b = random_angles(ansatz.num_parameters, seed=1) / 3, random_angles(ansatz.num_parameters, seed=2) / 3
    expected = abs(np.vdot(engine.statevector(ansatz, a), engine.statevector(ansatz, b))) ** 2
    both = np.concatenate([a, b])
    assert 0.001 < expected < 0.999
    assert engine.overlap(ansatz, a, b) == pytest.approx(expected, abs=1e-13)
    assert engine.overlap(ansatz, a, a) == pytest.approx(1, abs=1e-12)
    assert engine.probabilities(echo, both)[0] == pytest.approx(expected, abs=1e-12)
    for problem in (a_problem(table, ansatz), a_problem(table, ansatz, AerEngine)):
        assert problem.overlaps(a, [b, a]) == [pytest.approx(expected, abs=1e-10), pytest.approx(1, abs=1e-10)]
    sampled = a_problem(table, ansatz, lambda t: AerEngine(t, shots=4000))
    spread = math.sqrt(expected * (1 - expected) / 4000)
    assert sampled.overlaps(a, [b, a]) == [pytest.approx(expected, abs=5 * spread), 1.0]
    assert sampled.shots == 8000


def test_an_engine_may_offer_no_more_than_the_protocol():
    """QN-SPSA runs on anything that samples."""
    engine = Recorder(AerEngine(EASY, shots=50))
    result = quick(ansatz=ProductAnsatz(3), engine=engine, optimizer="QN-SPSA", max_iterations=4)
    assert len(engine.measured) == 1 + 4 * (2 + 4 + 1) + 1
    assert result.shots == 50 * (len(engine.measured) - 1)


def test_sampled_overlaps_go_into_no_best_sample():
    """What a compute-uncompute circuit measures is no network."""
    problem = a_problem(engine=lambda t: AerEngine(t, shots=100))
    problem.overlaps(np.zeros(10), [np.zeros(10)])
    assert problem.best_bits is None
