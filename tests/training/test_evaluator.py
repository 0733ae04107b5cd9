"""What an optimizer asks: counted, remembered, and stopped when a budget is spent."""

import math

import numpy as np
import pytest
from quantum_oracles import random_angles, random_table
from training_cases import TABLE, Recorder, Sampled, an_evaluator

from walshqhn import AerEngine, ExactEngine, LinearAnsatz, ProductAnsatz, QAOAAnsatz
from walshqhn.engines.objectives import CVaR
from walshqhn.training.evaluator import Stop

X = random_angles(10)


def test_values_are_those_of_the_engine():
    evaluator, engine = an_evaluator(objective=CVaR(0.3)), ExactEngine(TABLE)
    points = [random_angles(10, seed=k) for k in range(3)]
    expected = [engine.expectation(ProductAnsatz(5), x, CVaR(0.3)) for x in points]
    assert [found.evaluation.value for found in evaluator.values(points)] == expected
    found, _ = evaluator.value_and_gradient(points[1])
    assert found.evaluation.value == expected[1]
    assert (
        found.evaluation.gradient.tobytes()
        == engine.value_and_gradient(ProductAnsatz(5), points[1], CVaR(0.3))[1].tobytes()
    )
    assert evaluator.evaluations == 4
    assert evaluator.best.value == min(expected)
    assert evaluator.best.parameters.tolist() == points[int(np.argmin(expected))].tolist()
    assert evaluator.energy().value == engine.expectation(ProductAnsatz(5), evaluator.best.parameters)


def test_the_best_angles_stay_when_the_optimizer_changes_its_own():
    evaluator, x = an_evaluator(), X.copy()
    for ask in (evaluator.value, evaluator.value_and_gradient):
        ask(x)
        x[:] = 7.0
        assert evaluator.best.parameters.tolist() == X.tolist()
        x[:] = X


def test_what_shifted_circuits_measure_is_not_lost():
    engine = Recorder(Sampled(TABLE, 5))
    evaluator = an_evaluator(engine, objective=CVaR(0.4))
    evaluator.value_and_gradient(X)
    costs = [engine.costs(bits) for bits in engine.measured]
    assert len(costs) == 21
    assert evaluator.shots == 105
    assert evaluator.best_cost == min(c.min() for c in costs) < costs[0].min()
    assert engine.costs(evaluator.best_bits[None])[0] == evaluator.best_cost


def test_what_is_left_of_a_budget_does_for_a_value():
    """A gradient takes 21 circuits of 10 shots."""
    evaluator = an_evaluator(Sampled(TABLE, 10), max_shots=230)
    evaluator.value_and_gradient(X)
    with pytest.raises(Stop, match="220 of 230 shots are spent, the next job takes 210"):
        evaluator.value_and_gradient(X)
    assert (evaluator.evaluations, evaluator.shots) == (2, 220)
    with pytest.raises(Stop, match=r"the next job takes 20$"):
        evaluator.values([X, X])
    evaluator.value(X)
    with pytest.raises(Stop, match="230 of 230"):
        evaluator.overlaps(X, [X])


def test_the_first_value_is_always_computed():
    evaluator = an_evaluator(Sampled(TABLE, 10), max_shots=15, max_seconds=1e-12)
    with pytest.raises(Stop):
        evaluator.value_and_gradient(X)
    assert evaluator.shots == 10
    late = an_evaluator(max_seconds=1e-12)
    late.value(X)
    with pytest.raises(Stop, match="the 1e-12 seconds of the run are over"):
        late.value(X)


def test_a_report_for_every_iteration():
    seen = []
    evaluator = an_evaluator(callback=seen.append)
    first, second = points = evaluator.values([X, X + 1])
    first_value, second_value = (point.evaluation.value for point in points)
    evaluator.report(second)
    evaluator.report(first, np.array([0.2, -0.5, *np.zeros(8)]))
    assert seen == [second.evaluation, first.evaluation]
    assert evaluator.iterations == 1
    lowest = min(first_value, second_value)
    assert evaluator.history[:, [0, 1, 3, 4]].tolist() == [[second_value, 0, lowest, 0], [first_value, 0, lowest, 0]]
    assert evaluator.history[1, 2] == 0.5
    assert np.isnan(evaluator.history[0, 2])


# --- overlaps -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ansatz", [ProductAnsatz(3), LinearAnsatz(3, 2), QAOAAnsatz(random_table(3), 2)],
    ids=lambda a: a.description["name"],
)  # fmt: skip
def test_overlaps_by_every_route(ansatz):
    """Both states at once, compute-uncompute on Aer, and its frequency of zeros."""
    table = random_table(3)
    exact = ExactEngine(table)
    a, b = random_angles(ansatz.num_parameters, seed=1) / 3, random_angles(ansatz.num_parameters, seed=2) / 3
    expected = abs(np.vdot(exact.statevector(ansatz, a), exact.statevector(ansatz, b))) ** 2
    assert 0.001 < expected < 0.999
    for engine in (exact, AerEngine(table)):
        evaluator = an_evaluator(engine, ansatz)
        found = evaluator.overlaps(a / evaluator.angles, [b / evaluator.angles, a / evaluator.angles])
        assert found.tolist() == [pytest.approx(expected, abs=1e-10), pytest.approx(1, abs=1e-10)]
    sampled = an_evaluator(AerEngine(table, shots=4000), ansatz)
    spread = math.sqrt(expected * (1 - expected) / 4000)
    found = sampled.overlaps(a / sampled.angles, [b / sampled.angles, a / sampled.angles])
    assert found.tolist() == [pytest.approx(expected, abs=5 * spread), 1.0]
    assert sampled.shots == 8000


def test_overlaps_go_into_no_best_sample():
    """What a compute-uncompute circuit measures is no network."""
    evaluator = an_evaluator(Sampled(TABLE))
    evaluator.overlaps(np.zeros(10), [np.zeros(10)])
    assert evaluator.best_bits is None
    assert evaluator.shots == 50
