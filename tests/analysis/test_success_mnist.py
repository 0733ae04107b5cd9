"""Energies after equal numbers of evaluations."""

import numpy as np

from analysis.success_mnist import after
from walshqhn import ExactEngine, LinearAnsatz, train


def test_no_energy_is_taken_from_a_later_evaluation():
    """Beside a record of every evaluation, in order: what it says was there by then, and no later than at the end."""
    cost = np.random.default_rng(3).normal(size=16)
    engine, ansatz = ExactEngine(cost), LinearAnsatz(4, 1)
    result = train(ansatz, engine, seed=2, max_iterations=30)
    run = result.best_run
    found = after(run, np.arange(1, run.evaluations + 5))
    assert (np.diff(found) <= 0).all()
    assert found[-1] == run.best_so_far[-1]
    shorter = train(ansatz, engine, seed=2, max_iterations=10).best_run
    assert after(run, shorter.evaluations) >= shorter.best_so_far[-1]
