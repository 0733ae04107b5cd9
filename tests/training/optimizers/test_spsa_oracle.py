"""SPSA and QN-SPSA step by step against qiskit-algorithms, which is given the same signs.

That package draws from a global generator and is no longer supported: it is an oracle here, and nothing else.
"""

import numpy as np
import pytest
from quantum_oracles import random_angles, random_table
from training_cases import searched

from walshqhn import ExactEngine, LinearAnsatz
from walshqhn.training.optimizers import QNSPSA, SPSA

oracle = pytest.importorskip("qiskit_algorithms.optimizers.spsa")
from qiskit_algorithms.optimizers import QNSPSA as TheirQNSPSA  # noqa: E402
from qiskit_algorithms.optimizers import SPSA as TheirSPSA  # noqa: E402

ANSATZ, TABLE = LinearAnsatz(3, 1), random_table(3)
TABLE /= TABLE.std()  # the unit of our rates
STEPS = 25


def energy(x):
    return ExactEngine(TABLE).expectation(ANSATZ, x)


def fidelity(x, y):
    return float(ExactEngine(TABLE).prepare(ANSATZ).overlaps(x, [y])[0])


class Signs:
    """Rows of random signs, for our generator and for theirs."""

    def __init__(self, seed, times=lambda k: 1):
        self.rng, self.times, self.kept, self.drawn = np.random.default_rng(seed), times, [], 0

    def _next(self):
        """Each row as often in a row as ``times`` of its number says."""
        if not self.kept:
            row = 2 * self.rng.integers(0, 2, ANSATZ.num_parameters) - 1
            self.kept = [row] * self.times(self.drawn)
            self.drawn += 1
        return self.kept.pop()

    def integers(self, low, high, count):
        assert (low, high, count) == (0, 2, ANSATZ.num_parameters)
        return (self._next() + 1) // 2

    def theirs(self, dim, dims=None):
        assert (dim, dims) == (ANSATZ.num_parameters, None)
        return self._next()


def their_energies(optimizer, x):
    """Energy at the start and, whether or not a step was taken, where it stands after each."""
    values = [energy(x)]

    def follow(count, point, value, size, accepted):
        values.append(value if accepted else values[-1])

    optimizer.callback = follow
    found = optimizer.minimize(energy, x)
    return values, found.x


def our_energies(optimizer, x, rng):
    _, evaluator = searched(optimizer, x, TABLE, ANSATZ, rng=rng, max_iterations=STEPS)
    return evaluator.history[:, 0]


@pytest.mark.parametrize(("blocking", "rate", "least_refused"), [(False, 1.1, 0), (True, 4.0, 1)])
def test_spsa(monkeypatch, blocking, rate, least_refused):
    monkeypatch.setattr(oracle, "bernoulli_perturbation", Signs(4).theirs)
    x = random_angles(ANSATZ.num_parameters, seed=2)
    their = TheirSPSA(
        maxiter=STEPS,
        blocking=blocking,
        allowed_increase=0.0,
        learning_rate=lambda: oracle.powerseries(rate, 0.602, 2.0),
        perturbation=lambda: oracle.powerseries(0.15, 0.101),
    )
    expected, _ = their_energies(their, x)
    our = SPSA(learning_rate=rate, perturbation=0.15, stability=2.0, blocking=blocking)
    found = our_energies(our, x, Signs(4))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
    assert expected[-1] < expected[0] - 0.3
    assert STEPS + 1 - len(set(expected)) >= least_refused


def test_spsa_calibrates_alike(monkeypatch):
    """The first 25 slopes decide the gain."""
    monkeypatch.setattr(oracle, "bernoulli_perturbation", Signs(5).theirs)
    x = random_angles(ANSATZ.num_parameters, seed=3)
    expected, _ = their_energies(TheirSPSA(maxiter=STEPS), x)
    our = SPSA(perturbation=0.2, stability=0.0, first_step=2 * np.pi / 10, calibration=25)
    found = our_energies(our, x, Signs(5))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


def test_spsa_averages_over_directions_alike(monkeypatch):
    monkeypatch.setattr(oracle, "bernoulli_perturbation", Signs(6).theirs)
    x = random_angles(ANSATZ.num_parameters, seed=4)
    expected, _ = their_energies(TheirSPSA(STEPS, learning_rate=0.1, perturbation=0.1, resamplings=3), x)
    constant = {"alpha": 1e-12, "gamma": 1e-12}  # theirs are constants
    found = our_energies(SPSA(learning_rate=0.1, perturbation=0.1, resamplings=3, **constant), x, Signs(6))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("blocking", [False, True])
def test_qn_spsa(monkeypatch, blocking):
    """They use the direction of the slope for the metric as well; ours draws another, here the same one again."""
    monkeypatch.setattr(oracle, "bernoulli_perturbation", Signs(7).theirs)
    x = random_angles(ANSATZ.num_parameters, seed=5)
    settings = {"blocking": blocking, "allowed_increase": 0.0, "learning_rate": 0.2, "perturbation": 0.1}
    their = TheirQNSPSA(fidelity, maxiter=STEPS, regularization=0.05, **settings)
    expected, _ = their_energies(their, x)
    found = our_energies(QNSPSA(regularization=0.05, **settings), x, Signs(7, times=lambda k: 2 - k % 2))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-7)
    assert np.ptp(expected) > 0.3
