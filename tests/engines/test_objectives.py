"""Objectives against scalar loops, finite differences and repeated sampling."""

import math

import numpy as np
import pytest
from quantum_oracles import finite_differences, linear_state, random_angles, random_table

from walshqhn import AerEngine, ExactEngine, LinearAnsatz, QAOAAnsatz, WalshSpectrum
from walshqhn.engines.objectives import CVaR, Gibbs, Mean, make_objective
from walshqhn.support.errors import InputError, UsageError
from walshqhn.training.optimizers.base import Problem

OBJECTIVES = [Mean(), CVaR(1.0), CVaR(0.37), CVaR(0.05), Gibbs(0.2), Gibbs(3.0)]
TABLE = random_table(4)


def a_distribution(size=16, seed=0):
    return np.random.default_rng([seed, size]).dirichlet(np.full(size, 0.5))


def name_of(objective):
    return "-".join(str(v) for v in objective.description.values())


def by_hand(objective, probabilities, table):
    """From the definitions: the cheapest outcomes one after the other until alpha is full; a sum of exponentials."""
    if isinstance(objective, Mean):
        return math.fsum(p * c for p, c in zip(probabilities, table, strict=True))
    if isinstance(objective, Gibbs):
        return -math.log(math.fsum(p * math.exp(-objective.eta * c) for p, c in zip(probabilities, table, strict=True)))
    left, total = objective.alpha, 0.0
    for cost, p in sorted(zip(table, probabilities, strict=True)):
        total += min(p, left) * cost
        left -= min(p, left)
    return total / objective.alpha


@pytest.mark.parametrize("objective", OBJECTIVES, ids=name_of)
@pytest.mark.parametrize("seed", range(5))
def test_exact_by_hand(objective, seed):
    p = a_distribution(seed=seed)
    expected = by_hand(objective, p, TABLE)
    assert objective.exact(p, TABLE) == pytest.approx(expected, rel=1e-12)
    assert objective.exact(p, TABLE, TABLE.argsort()) == pytest.approx(expected, rel=1e-12)


def test_cvar_of_four_outcomes():
    """0.1 at cost -2, 0.2 at 1, 0.3 at 5, 0.4 at 7: the cheapest quarter is 0.1 of -2 and 0.15 of 1."""
    p, costs = np.array([0.3, 0.1, 0.4, 0.2]), np.array([5.0, -2.0, 7.0, 1.0])
    assert CVaR(0.25).exact(p, costs) == pytest.approx((0.1 * -2 + 0.15 * 1) / 0.25, abs=1e-14)
    assert CVaR(0.1).exact(p, costs) == pytest.approx(-2, abs=1e-14)
    assert CVaR(1).exact(p, costs) == pytest.approx(p @ costs, abs=1e-14)


def test_impossible_outcomes_do_not_count():
    p, costs = np.array([0.0, 0.5, 0.0, 0.5]), np.array([-1e6, 1.0, 0.0, 3.0])
    assert CVaR(0.01).exact(p, costs) == pytest.approx(1.0, rel=1e-12)
    assert Gibbs(5.0).exact(p, costs) == pytest.approx(-math.log(0.5 * (math.exp(-5) + math.exp(-15))), rel=1e-12)
    diagonal = Gibbs(5.0).effective_diagonal(p, costs)
    assert np.isfinite(diagonal).all()
    assert p @ diagonal == pytest.approx(-1.0, rel=1e-12)


@pytest.mark.parametrize("shift", [0.0, 1e5, -1e5])
def test_gibbs_neither_over_nor_underflows(shift):
    p = a_distribution()
    expected = by_hand(Gibbs(2.0), p, TABLE) + 2.0 * shift
    assert Gibbs(2.0).exact(p, TABLE + shift) == pytest.approx(expected, rel=1e-12)
    assert Gibbs(2.0).estimate(TABLE + shift)[0] == pytest.approx(
        by_hand(Gibbs(2.0), np.full(16, 1 / 16), TABLE) + 2.0 * shift, rel=1e-12
    )


def test_limits_of_gibbs():
    p = a_distribution()
    assert Gibbs(1e-7).exact(p, TABLE) / 1e-7 == pytest.approx(p @ TABLE, rel=1e-5)
    assert Gibbs(1e6).exact(p, TABLE) / 1e6 == pytest.approx(TABLE.min(), abs=1e-4)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=name_of)
def test_effective_diagonal_is_the_derivative_by_the_probabilities(objective):
    """Along every move of probability from one outcome to another."""
    p, step = a_distribution(seed=3), 1e-7
    diagonal = objective.effective_diagonal(p, TABLE)
    for i, j in [(0, 1), (3, 9), (15, 2), (7, 8)]:
        move = step * (np.eye(16)[i] - np.eye(16)[j])
        slope = (by_hand(objective, p + move, TABLE) - by_hand(objective, p - move, TABLE)) / (2 * step)
        assert slope == pytest.approx(diagonal[i] - diagonal[j], abs=1e-5 * max(1, abs(slope)))


# --- on engines -----------------------------------------------------------------------------------


@pytest.mark.parametrize("objective", OBJECTIVES, ids=name_of)
@pytest.mark.parametrize("circuit", ["linear", "qaoa", "qaoa-truncated"])
def test_gradients_against_finite_differences(objective, circuit):
    engine = ExactEngine(TABLE)
    truncated = WalshSpectrum.from_cost(TABLE).hamiltonian(max_degree=1)
    ansatz = LinearAnsatz(4, 1) if circuit == "linear" else QAOAAnsatz(TABLE if circuit == "qaoa" else truncated, 2)
    angles = random_angles(ansatz.num_parameters, seed=4)
    value, gradient = engine.value_and_gradient(ansatz, angles, objective)
    assert value == engine.expectation(ansatz, angles, objective)
    assert value == pytest.approx(by_hand(objective, engine.probabilities(ansatz, angles), TABLE), rel=1e-11)
    expected = finite_differences(lambda x: engine.expectation(ansatz, x, objective), angles, 1e-6)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-6)
    assert np.abs(expected).max() > 1e-3


@pytest.mark.parametrize("objective", [CVaR(0.2), Gibbs(1.5)], ids=name_of)
def test_values_against_dense_matrices(objective):
    angles = random_angles(16, seed=5)
    p = np.abs(linear_state(4, 1, angles.reshape(-1, 2, 4))) ** 2
    value = ExactEngine(TABLE).expectation(LinearAnsatz(4, 1), angles, objective)
    assert value == pytest.approx(by_hand(objective, p, TABLE), rel=1e-11)


def test_the_mean_is_the_default():
    engine, ansatz, angles = ExactEngine(TABLE), LinearAnsatz(4, 1), random_angles(16)
    default, explicit = engine.value_and_gradient(ansatz, angles), engine.value_and_gradient(ansatz, angles, Mean())
    assert default[0] == explicit[0] == engine.expectation(ansatz, angles)
    assert default[1].tobytes() == explicit[1].tobytes()


@pytest.mark.parametrize("objective", [Mean(), CVaR(0.3), Gibbs(0.7)], ids=name_of)
def test_aer_without_shots_gives_the_same(objective):
    ansatz, angles = LinearAnsatz(3, 1), random_angles(12, seed=4)
    table = random_table(3)
    exact = ExactEngine(table).value_and_gradient(ansatz, angles, objective)
    problem = Problem(ansatz, AerEngine(table), objective, np.random.default_rng(0))
    estimate, gradient = problem.value_and_gradient(angles)
    assert (estimate.value, estimate.error) == (pytest.approx(exact[0], abs=1e-11), 0.0)
    assert problem.value(angles).value == pytest.approx(exact[0], abs=1e-11)
    np.testing.assert_allclose(gradient, exact[1], rtol=0, atol=1e-10)


# --- estimates from samples -------------------------------------------------------------------------


@pytest.mark.parametrize("objective", [*OBJECTIVES[:4], Gibbs(0.2), Gibbs(1.0)], ids=name_of)
def test_estimates_and_their_standard_errors(objective):
    """3000 samples of 500: they spread as their own errors say, around the exact value."""
    rng = np.random.default_rng(5)  # many outcomes: alpha must not fall on a step that is wide next to the noise
    p, table = rng.dirichlet(np.full(512, 2.0)), rng.normal(size=512)
    draws = np.random.default_rng(9).choice(table, size=(3000, 500), p=p)
    values, errors = np.array([objective.estimate(row) for row in draws]).T
    spread = values.std(ddof=1)
    assert errors.mean() == pytest.approx(spread, rel=0.08)
    assert values.mean() == pytest.approx(objective.exact(p, table), abs=0.25 * spread)  # a bias of O(1 / M)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=name_of)
def test_an_estimate_is_the_objective_of_the_empirical_distribution(objective):
    costs = np.random.default_rng(1).normal(size=40)
    expected = by_hand(objective, np.full(40, 1 / 40), costs)
    assert objective.estimate(costs)[0] == pytest.approx(expected, rel=1e-12, abs=1e-12)
    one = objective.estimate([2.5])
    assert one[0] == pytest.approx(by_hand(objective, [1.0], [2.5]), rel=1e-12)
    assert math.isnan(one[1])


class Sampled(ExactEngine):
    """The exact engine, but it says that it measures."""

    shots = 40_000


@pytest.mark.parametrize("objective", [Mean(), CVaR(0.3), Gibbs(0.7)], ids=name_of)
def test_sampled_values_and_gradients(objective):
    """Parameter shifts of the samples' effective costs, all measured under the run's own generator."""
    table = random_table(3)
    ansatz, angles = LinearAnsatz(3, 1), random_angles(12, seed=4)
    value, gradient = ExactEngine(table).value_and_gradient(ansatz, angles, objective)
    problem = Problem(ansatz, Sampled(table), objective, np.random.default_rng(0))
    estimate, sampled = problem.value_and_gradient(angles)
    assert 0 < estimate.error < 0.05
    assert estimate.value == pytest.approx(value, abs=5 * estimate.error)
    spread = np.abs(objective.effective_diagonal(ExactEngine(table).probabilities(ansatz, angles), table)).max()
    np.testing.assert_allclose(sampled, gradient, rtol=0, atol=5 * spread / np.sqrt(40_000))
    assert problem.shots == 40_000 * 25
    assert problem.best_cost == table[int(problem.best_bits @ [1, 2, 4])]


# --- names and limits -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "objective"), [("mean", Mean()), ("cvar:0.1", CVaR(0.1)), ("cvar:1", CVaR(1)), ("gibbs:2.5", Gibbs(2.5))]
)
def test_objectives_by_name(text, objective):
    assert make_objective(text) == objective
    assert objective.description["name"] == text.partition(":")[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("median", "Unknown objective 'median'.*Known: mean, cvar:ALPHA, gibbs:ETA"),
        ("mean:1", "takes no setting, got 'mean:1'"),
        ("cvar", "needs a number.*got 'cvar'"),
        ("gibbs:warm", "needs a number.*got 'gibbs:warm'"),
        ("cvar:0", r"alpha in \(0, 1\], got 0"),
        ("cvar:1.5", r"alpha in \(0, 1\], got 1.5"),
        ("cvar:nan", r"alpha in \(0, 1\], got nan"),
        ("gibbs:0", "positive, finite eta, got 0"),
        ("gibbs:-1", "positive, finite eta, got -1"),
        ("gibbs:inf", "positive, finite eta, got inf"),
    ],
)
def test_bad_objectives(text, message):
    with pytest.raises(UsageError, match=message) as caught:
        make_objective(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", ["0.5", None, True])
def test_settings_that_are_no_numbers(value):
    with pytest.raises(UsageError, match="alpha"):
        CVaR(value)
    with pytest.raises(UsageError, match="eta"):
        Gibbs(value)


@pytest.mark.parametrize("objective", OBJECTIVES[::2], ids=name_of)
def test_no_samples(objective):
    for costs in ([], np.zeros((2, 3))):
        with pytest.raises(InputError, match="at least 1 sample"):
            objective.estimate(costs)
