"""Custom engines: what follows from `distributions` and `measure` alone, and what is refused for all."""

import numpy as np
import pytest
from quantum_oracles import all_bits, random_angles, random_table

from walshqhn import ExactEngine, LinearAnsatz, ProductAnsatz, QAOAAnsatz
from walshqhn.cost.table import TableCost
from walshqhn.engines.base import Engine, Prepared
from walshqhn.engines.distribution import Distribution
from walshqhn.engines.objectives import CVaR
from walshqhn.support.errors import InputError, UsageError
from walshqhn.testing import check_engine


class QiskitEngine(Engine):
    """The least that an engine is made of, on Qiskit's state vectors."""

    def __init__(self, table):
        self.cost, self.jobs = TableCost(table), []

    def prepare(self, ansatz):
        return QiskitPrepared(self, ansatz)


class QiskitPrepared(Prepared):
    def distributions(self, points, rng=None):
        from qiskit.quantum_info import Statevector

        self.engine.jobs.append(len(points))
        for row in points:
            yield Distribution(self.engine.cost.values, Statevector(self.ansatz.circuit(row)).probabilities())

    def measure(self, points, shots, rng=None):
        generator = np.random.default_rng(rng)
        configurations = all_bits(self.ansatz.num_qubits)
        for found in self.distributions(points):
            p = found.probabilities / found.probabilities.sum()
            yield configurations[generator.choice(p.size, shots, p=p)]


class ShotsEngine(QiskitEngine):
    """The same, estimating values from shots."""

    shots = 3000

    def prepare(self, ansatz):
        return ShotsPrepared(self, ansatz)


class ShotsPrepared(QiskitPrepared):
    def distributions(self, points, rng=None):
        return map(self.measured, self.measure(points, self.engine.shots, rng))

    def measure(self, points, shots, rng=None):
        plain = QiskitPrepared(self.engine, self.ansatz)
        return plain.measure(points, shots, rng)


@pytest.mark.parametrize("make", [QiskitEngine, ShotsEngine])
def test_a_custom_engine_needs_two_methods(make):
    check_engine(make(random_table(2)))


def test_a_gradient_takes_a_job_for_the_value_and_one_for_all_shifts():
    engine, ansatz = QiskitEngine(random_table(3)), LinearAnsatz(3, 1)
    prepared = engine.prepare(ansatz)
    found = prepared.value_and_gradient(random_angles(12))
    assert engine.jobs == [1, 24]
    assert prepared.gradient_circuits == 25
    expected = ExactEngine(engine.cost).value_and_gradient(ansatz, random_angles(12))
    assert found.value == pytest.approx(expected[0], abs=1e-12)
    np.testing.assert_allclose(found.gradient, expected[1], rtol=0, atol=1e-12)


def test_overlaps_are_one_job_of_circuits_forth_and_back():
    engine, ansatz = QiskitEngine(random_table(2)), QAOAAnsatz(random_table(2), 1)
    a, rows = [0.3, 0.4], [[0.3, 0.4], [0.5, 0.1]]
    expected = ExactEngine(engine.cost).prepare(ansatz).overlaps(a, rows)
    np.testing.assert_allclose(engine.prepare(ansatz).overlaps(a, rows), expected, rtol=0, atol=1e-12)
    assert engine.jobs == [2]
    assert 0.2 < expected[1] < 0.95


def test_an_evaluation_of_shots_says_what_was_measured():
    engine = ShotsEngine(random_table(2))
    found = engine.prepare(ProductAnsatz(2)).value_and_gradient([0.6, 1.1, 0.2, 0.3], rng=4)
    assert found.bits.shape == (3000, 2)
    assert found.costs.tolist() == engine.costs(found.bits).tolist()
    assert found.value == pytest.approx(found.costs.mean(), abs=1e-12)
    assert found.error == pytest.approx(found.costs.std(ddof=1) / 3000**0.5, rel=1e-12)
    assert found.distribution.costs.tolist() == found.costs.tolist()
    assert found.cheapest[1] <= found.costs.min()
    assert engine.costs(found.cheapest[0][None])[0] == found.cheapest[1]


def test_the_engine_prepares_for_a_single_call():
    engine, ansatz, angles = QiskitEngine(random_table(2)), LinearAnsatz(2, 1), random_angles(8)
    prepared = engine.prepare(ansatz)
    assert engine.expectation(ansatz, angles, CVaR(0.4)) == prepared.expectation(angles, CVaR(0.4))
    assert engine.value_and_gradient(ansatz, angles)[0] == prepared.expectation(angles)
    assert np.array_equal(engine.probabilities(ansatz, angles), prepared.probabilities(angles))
    assert np.array_equal(engine.sample(ansatz, angles, 20, 5), prepared.sample(angles, 20, 5))


@pytest.mark.parametrize("ansatz", ["linear", None, np.zeros(8), LinearAnsatz])
def test_what_is_no_circuit(ansatz):
    with pytest.raises(UsageError, match=r"an engine runs an Ansatz, such as LinearAnsatz\(4, 2\), got"):
        QiskitEngine(random_table(2)).prepare(ansatz)


def test_probabilities_where_only_shots_can_tell():
    with pytest.raises(UsageError, match="ShotsEngine with shots gives no probabilities; use ExactEngine"):
        ShotsEngine(random_table(2)).probabilities(ProductAnsatz(2), np.zeros(4))


@pytest.mark.parametrize("rows", [np.zeros(4), np.zeros((2, 3)), np.zeros((0, 4)), np.full((1, 4), np.nan)])
def test_points_that_make_no_sense(rows):
    with pytest.raises(InputError, match="parameters must"):
        QiskitEngine(random_table(2)).prepare(ProductAnsatz(2)).expectations(rows)


@pytest.mark.parametrize("shots", [0, -3, 2.0, True, None, "10"])
def test_shots_that_make_no_sense(shots):
    with pytest.raises(UsageError, match="shots must be a whole number of at least 1"):
        QiskitEngine(random_table(1)).sample(ProductAnsatz(1), np.zeros(2), shots)
