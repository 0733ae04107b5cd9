"""Objectives against scalar loops, finite differences and repeated sampling."""

import math

import numpy as np
import pytest
from quantum_oracles import random_table

from walshqhn import TableCost
from walshqhn.engines.distribution import Distribution
from walshqhn.engines.objectives import CVaR, Gibbs, Mean, make_objective
from walshqhn.support.errors import UsageError

OBJECTIVES = [Mean(), CVaR(1.0), CVaR(0.37), CVaR(0.05), Gibbs(0.2), Gibbs(3.0)]
TABLE = random_table(4)
SOURCE = TableCost([-0.8, 0.8])  # of a deviation of 0.8, wherever the costs are from


def a_distribution(size=16, seed=0):
    return np.random.default_rng([seed, size]).dirichlet(np.full(size, 0.5))


def exact(objective, probabilities, costs=TABLE):
    found = objective.evaluate(Distribution(np.asarray(costs), np.asarray(probabilities), source=SOURCE))
    assert found.error == 0
    return found.value


def estimate(objective, costs):
    costs = np.asarray(costs, dtype=float)
    bits = np.zeros((len(costs), 1), np.uint8)
    return objective.evaluate(Distribution(costs, bits=bits, measured_costs=costs, source=SOURCE))


def diagonal_at(objective, probabilities, costs=TABLE):
    return objective.linearized(Distribution(costs, probabilities, source=SOURCE))(costs)


def by_hand(objective, probabilities, table):
    """From the definitions: the cheapest outcomes one after the other until alpha is full; a sum of exponentials."""
    if isinstance(objective, Mean):
        return math.fsum(p * c for p, c in zip(probabilities, table, strict=True))
    if isinstance(objective, Gibbs):
        rate = objective.eta / 0.8
        return -math.log(math.fsum(p * math.exp(-rate * c) for p, c in zip(probabilities, table, strict=True))) / rate
    left, total = objective.alpha, 0.0
    for cost, p in sorted(zip(table, probabilities, strict=True)):
        total += min(p, left) * cost
        left -= min(p, left)
    return total / objective.alpha


@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
@pytest.mark.parametrize("seed", range(5))
def test_exact_by_hand(objective, seed):
    p = a_distribution(seed=seed)
    assert exact(objective, p) == pytest.approx(by_hand(objective, p, TABLE), rel=1e-12)


def test_cvar_of_four_outcomes():
    """0.1 at cost -2, 0.2 at 1, 0.3 at 5, 0.4 at 7: the cheapest quarter is 0.1 of -2 and 0.15 of 1."""
    p, costs = np.array([0.3, 0.1, 0.4, 0.2]), np.array([5.0, -2.0, 7.0, 1.0])
    assert exact(CVaR(0.25), p, costs) == pytest.approx((0.1 * -2 + 0.15 * 1) / 0.25, abs=1e-14)
    assert exact(CVaR(0.1), p, costs) == pytest.approx(-2, abs=1e-14)
    assert exact(CVaR(1), p, costs) == pytest.approx(p @ costs, abs=1e-14)


def test_impossible_outcomes_do_not_count():
    p, costs = np.array([0.0, 0.5, 0.0, 0.5]), np.array([-1e6, 1.0, 0.0, 3.0])
    assert exact(CVaR(0.01), p, costs) == pytest.approx(1.0, rel=1e-12)
    expected = -math.log(0.5 * (math.exp(-5) + math.exp(-15))) / 5
    assert exact(Gibbs(4.0), p, costs) == pytest.approx(expected, rel=1e-12)
    diagonal = diagonal_at(Gibbs(4.0), p, costs)
    assert np.isfinite(diagonal).all()
    assert p @ diagonal == pytest.approx(-1 / 5, rel=1e-12)


@pytest.mark.parametrize("shift", [0.0, 1e5, -1e5])
def test_gibbs_neither_over_nor_underflows(shift):
    p = a_distribution()
    expected = by_hand(Gibbs(2.0), p, TABLE) + shift
    assert exact(Gibbs(2.0), p, TABLE + shift) == pytest.approx(expected, rel=1e-12)
    assert estimate(Gibbs(2.0), TABLE + shift)[0] == pytest.approx(
        by_hand(Gibbs(2.0), np.full(16, 1 / 16), TABLE) + shift, rel=1e-12
    )


def test_limits_of_gibbs():
    p = a_distribution()
    assert exact(Gibbs(1e-7), p, TABLE) == pytest.approx(p @ TABLE, rel=1e-5)
    assert exact(Gibbs(1e6), p, TABLE) == pytest.approx(TABLE.min(), abs=1e-4)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
def test_linearized_costs_are_the_derivative_by_the_probabilities(objective):
    """Along every move of probability from one outcome to another."""
    p, step = a_distribution(seed=3), 1e-7
    diagonal = diagonal_at(objective, p, TABLE)
    for i, j in [(0, 1), (3, 9), (15, 2), (7, 8)]:
        move = step * (np.eye(16)[i] - np.eye(16)[j])
        slope = (by_hand(objective, p + move, TABLE) - by_hand(objective, p - move, TABLE)) / (2 * step)
        assert slope == pytest.approx(diagonal[i] - diagonal[j], abs=1e-5 * max(1, abs(slope)))


# --- estimates from samples -------------------------------------------------------------------------


@pytest.mark.parametrize("objective", [*OBJECTIVES[:4], Gibbs(0.2), Gibbs(1.0)], ids=str)
def test_estimates_and_their_standard_errors(objective):
    """3000 samples of 500: they spread as their own errors say, around the exact value."""
    rng = np.random.default_rng(5)  # many outcomes: alpha must not fall on a step that is wide next to the noise
    p, table = rng.dirichlet(np.full(512, 2.0)), rng.normal(size=512)
    draws = np.random.default_rng(9).choice(table, size=(3000, 500), p=p)
    values, errors = np.array([estimate(objective, row)[:2] for row in draws]).T
    spread = values.std(ddof=1)
    assert errors.mean() == pytest.approx(spread, rel=0.08)
    assert values.mean() == pytest.approx(exact(objective, p, table), abs=0.25 * spread)  # a bias of O(1 / M)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
def test_an_estimate_is_the_objective_of_the_empirical_distribution(objective):
    costs = np.random.default_rng(1).normal(size=40)
    expected = by_hand(objective, np.full(40, 1 / 40), costs)
    assert estimate(objective, costs)[0] == pytest.approx(expected, rel=1e-12, abs=1e-12)
    one = estimate(objective, [2.5])
    assert one[0] == pytest.approx(by_hand(objective, [1.0], [2.5]), rel=1e-12)
    assert math.isnan(one[1])


# --- names and limits -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "objective"), [("mean", Mean()), ("cvar:0.1", CVaR(0.1)), ("cvar:1", CVaR(1)), ("gibbs:2.5", Gibbs(2.5))]
)
def test_objectives_by_name(text, objective):
    """And by themselves, and by their own text."""
    assert make_objective(text) == make_objective(objective) == make_objective(str(objective)) == objective


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("median", "Unknown objective 'median'.*Known: mean, cvar:ALPHA, gibbs:ETA"),
        ("mean:1", "takes no setting, got 'mean:1'"),
        ("cvar", "needs a number.*got 'cvar'"),
        ("gibbs:warm", "needs a number.*got 'gibbs:warm'"),
        ("cvar:0", r"alpha of CVaR must be in \(0, 1\], got 0"),
        ("cvar:1.5", r"alpha of CVaR must be in \(0, 1\], got 1.5"),
        ("cvar:nan", r"alpha of CVaR must be in \(0, 1\], got nan"),
        ("gibbs:0", "eta of the Gibbs objective must be positive and finite, got 0"),
        ("gibbs:-1", "eta of the Gibbs objective must be positive and finite, got -1"),
        ("gibbs:inf", "eta of the Gibbs objective must be positive and finite, got inf"),
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
