"""QN-SPSA against references written here, and the metric that it is made from."""

import itertools

import numpy as np
import pytest
from quantum_oracles import (
    fourier_coefficients,
    linear_state,
    qaoa_gates,
    qaoa_state,
    random_angles,
    random_table,
    support_of,
)
from scipy.linalg import sqrtm
from training_cases import EASY, FixedSigns, Recorder, an_evaluator, quick, searched

from walshqhn import AerEngine, LinearAnsatz, ProductAnsatz, QAOAAnsatz
from walshqhn.training.optimizers import QNSPSA
from walshqhn.training.optimizers.spsa import metric_sample, solve_regularized


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


UNIT_TABLE = random_table(2) / random_table(2).std()  # the natural unit of QAOA's angles is 1
STATES = {
    "product": (ProductAnsatz(2), lambda x: linear_state(2, 0, x.reshape(-1, 2, 2))),
    "entangled": (LinearAnsatz(1, 1), lambda x: linear_state(1, 1, x.reshape(-1, 2, 1))),
    "qaoa": (QAOAAnsatz(UNIT_TABLE, 2), qaoa_of(UNIT_TABLE, 2)),
}


@pytest.mark.parametrize("case", STATES)
@pytest.mark.parametrize("width", [1e-2, 0.1])
def test_the_mean_metric_over_all_signs_is_fubini_study(case, width):
    ansatz, state = STATES[case]
    x = random_angles(4, seed=6)
    table = random_table(ansatz.num_qubits)
    total = np.zeros((4, 4))
    for u in itertools.product((-1, 1), repeat=4):
        for v in itertools.product((-1, 1), repeat=4):
            sample = metric_sample(an_evaluator(table, ansatz, rng=FixedSigns(u, v)), x, width)
            np.testing.assert_array_equal(sample, sample.T)
            total += sample / 256
    expected = fubini_study(state, x)
    np.testing.assert_allclose(total, expected, rtol=0, atol=20 * width**2 * max(1, np.abs(expected).max()) ** 2)
    assert np.abs(expected).max() > 0.1


def test_metric_of_product_states_by_hand():
    """Ry: 1/4 whatever the angle; the Rz after it: sin^2(theta) / 4."""
    theta = np.array([0.7, 2.0])
    search = an_evaluator(random_table(2))
    x = np.concatenate([theta, [0.3, 0.4]])
    samples = np.array([metric_sample(search, x, 0.01) for _ in range(4000)])
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
    settings = {"learning_rate": 0.3, "perturbation": 0.05, "regularization": 0.02}
    _, evaluator = searched(QNSPSA(**settings), x, table, rng=np.random.default_rng(7), max_iterations=15)
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
        tried = x - 0.3 / table.std() * np.linalg.solve(np.real(sqrtm(mean @ mean)) + 0.02 * np.eye(4), gradient)
        if energy(tried) < values[-1]:
            x = tried
        values.append(energy(x))
    np.testing.assert_allclose(evaluator.history[:, 0], values, rtol=0, atol=1e-7)
    assert values[-1] < values[0] - 0.5


def test_what_a_step_takes_on_an_engine_with_shots():
    """Two circuits for the slope, four for the metric, one for the value."""
    engine = Recorder(AerEngine(EASY, shots=50))
    result = quick(ansatz=ProductAnsatz(3), engine=engine, optimizer="QN-SPSA", max_iterations=4)
    assert len(engine.measured) == 1 + 4 * (2 + 4 + 1) + 1
    assert result.shots == 50 * (len(engine.measured) - 1)
