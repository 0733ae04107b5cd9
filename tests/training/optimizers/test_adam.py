"""Adam against a loop over angles."""

import math

import pytest
from quantum_oracles import random_angles
from training_cases import TABLE, Sampled, quick, searched

from walshqhn import ExactEngine, ProductAnsatz
from walshqhn.training.optimizers import Adam


def test_adam_against_a_loop_over_angles():
    x = random_angles(10)
    outcome, evaluator = searched(Adam(learning_rate=0.07, beta1=0.8, beta2=0.99), x, max_iterations=12)
    assert outcome.status == "iteration limit"
    engine, angles = ExactEngine(TABLE), x.tolist()
    m, v = [0.0] * 10, [0.0] * 10
    for t in range(1, 14):
        value, gradient = engine.value_and_gradient(ProductAnsatz(5), angles)
        assert evaluator.history[t - 1, 0] == pytest.approx(value, abs=1e-12)
        assert evaluator.history[t - 1, 2] == pytest.approx(max(abs(g) for g in gradient), abs=1e-12)
        for j in range(10):
            m[j] = 0.8 * m[j] + 0.2 * gradient[j]
            v[j] = 0.99 * v[j] + 0.01 * gradient[j] ** 2
            angles[j] -= 0.07 * (m[j] / (1 - 0.8**t)) / (math.sqrt(v[j] / (1 - 0.99**t)) + 1e-8 * TABLE.std())
    assert len(evaluator.history) == 13


def test_noisy_gradients_never_say_that_it_has_converged():
    """On a flat cost all of them vanish, but that is no proof."""
    settings = {"ansatz": ProductAnsatz(2), "optimizer": "Adam", "max_iterations": 3}
    flat = [2.0] * 4
    assert quick(**settings, engine=ExactEngine(flat)).status == "converged"
    assert quick(**settings, engine=Sampled(flat)).status == "iteration limit"
