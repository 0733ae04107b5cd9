"""Means of networks over independent bits, without a table, against sums over all configurations."""

import itertools

import numpy as np
import pytest
from oracles import bits_of

from walshqhn import BlackBoxCost, Dataset, NetworkTask, ProductAnsatz, ProductEngine, load_task
from walshqhn.binn.datasets import Split
from walshqhn.binn.multilinear import multilinear
from walshqhn.binn.network import BinaryNetwork, Choice
from walshqhn.support.errors import UsageError

RNG = np.random.default_rng(11)
X = RNG.normal(size=(9, 2)) * [1.0, 3.0]
X[4] = 0.0  # a blank sample
Y = np.array([0, 1, 1, 0, 1, 0, 0, 1, 1])


def task(loss="bce", **network):
    return NetworkTask("", {}, BinaryNetwork(2, **network), Dataset(Split(X, Y), None, None, "", 2), loss)


def by_enumeration(cost, spins):
    """The mean, and its derivatives from the means with each bit fixed."""
    n = cost.num_bits
    rows = np.array([bits_of(x, n) for x in range(1 << n)], dtype=np.uint8)
    factors = np.where(rows, (1 - spins) / 2, (1 + spins) / 2)
    costs = cost.costs(rows)
    slopes = [
        (costs * np.delete(factors, j, axis=1).prod(axis=1) * np.where(rows[:, j], -0.5, 0.5)).sum() for j in range(n)
    ]
    return (costs * factors.prod(axis=1)).sum(), np.array(slopes)


@pytest.mark.parametrize("loss", ["bce", "mse"])
@pytest.mark.parametrize(
    "network",
    [
        {"weight_values": (-3.0, 1.0)},
        {"hidden": (2,), "weight_values": (0.0, 1.0)},
        {
            "hidden": (2,), "skip": True, "activation": Choice(("tanh", "relu", "sign")),
            "hidden_width": Choice((1, 2)),
        },
    ],
)  # fmt: skip
def test_values_and_slopes(network, loss):
    cost = task(loss, **network)
    spins = RNG.uniform(-1, 1, cost.num_bits)
    spins[1], spins[0] = 0.0, -1.0  # an even bit and a certain one: factors vanish
    mean = multilinear(cost, threads=1)
    value, slopes = mean.value_and_slopes(spins)
    expected = by_enumeration(cost, spins)
    assert mean.error < 1e-10
    assert value == pytest.approx(expected[0], abs=1e-11)
    np.testing.assert_allclose(slopes, expected[1], atol=1e-11)


def test_the_engine_at_66_bits_agrees_with_its_samples():
    x = np.round(np.random.default_rng(3).random((40, 65)) * (np.arange(65) % 4 > 0), 2)
    cost = NetworkTask("", {}, BinaryNetwork(65), Dataset(Split(x, np.arange(40) % 2), None, None, "", 2), "bce")
    ansatz = ProductAnsatz(66)
    params = ansatz.initial_parameters(np.random.default_rng(5))
    exact = ProductEngine(cost).prepare(ansatz).value_and_gradient(params)
    sampled = ProductEngine(cost, shots=20_000).prepare(ansatz).evaluate(params[None], rng=2)[0]
    assert abs(sampled.value - exact.value) < 5 * sampled.error
    step = np.zeros(132)
    step[7] = np.pi / 2  # the parameter-shift rule is exact
    up, down = (ProductEngine(cost).expectation(ansatz, params + s * step) for s in (1, -1))
    assert exact.gradient[7] == pytest.approx((up - down) / 2, abs=1e-12)


def test_costs_without_an_exact_mean_say_what_serves():
    with pytest.raises(UsageError, match="set shots"):
        multilinear(BlackBoxCost(lambda bits: bits.sum(axis=1), 40))
    with pytest.raises(UsageError, match="shots"):
        multilinear(load_task("gaussian", num_samples=50, hidden=(2, 2)))


def test_results_do_not_depend_on_threads():
    cost = task(hidden=(2,))
    spins = np.linspace(-0.9, 0.8, cost.num_bits)
    (a, b), (c, d) = (multilinear(cost, threads=k).value_and_slopes(spins) for k in (1, 2))
    assert a == c
    np.testing.assert_array_equal(b, d)


def test_bits_that_do_nothing_have_no_slope():
    cost = task(hidden=(2,), hidden_width=Choice((1, 2)))
    spins = np.full(cost.num_bits, 0.3)
    spins[-1] = 1.0  # width 1: the second neuron is idle
    idle = [cost.bit_names.index(name) for name in ("W1[0,1]", "W1[1,1]", "b1[1]", "W2[1,0]")]
    slopes = multilinear(cost).value_and_slopes(spins)[1]
    assert not slopes[idle].any()
    assert all(slopes[j] for j in itertools.filterfalse(idle.__contains__, range(cost.num_bits)))
