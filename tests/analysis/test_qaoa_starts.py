"""Starts of QAOA against what they are to do."""

import numpy as np
import pytest

from analysis import qaoa_starts
from analysis.averaging import best_of
from walshqhn import ExactEngine, ProductAnsatz, QAOAAnsatz


def test_interpolation_keeps_a_line():
    """A linear ramp of p layers becomes the same ramp with p + 1, as far as its ends are: eq. (B1) by hand."""
    found = qaoa_starts.interpolate(np.array([1.0, 2.0, 3.0, -3.0, -2.0, -1.0]))
    third = 1 / 3
    expected = [1.0, third + 2 * 2 * third, 2 * 2 * third + 3 * third, 3.0]
    assert found[:4] == pytest.approx(expected)
    assert found[4:] == pytest.approx([-value for value in reversed(expected)])
    assert qaoa_starts.interpolate(np.array([0.7, -0.4])) == pytest.approx([0.7, 0.7, -0.4, -0.4])


def test_a_slow_ramp_ends_in_the_lowest_cost():
    """And with the other sign in the highest: the adiabatic theorem."""
    cost = np.array([3.0, 1.0, 0.0, 2.5])
    layers = 200
    x = (np.arange(layers) + 0.5) / layers
    prepared = ExactEngine(cost).prepare(QAOAAnsatz(cost, layers))
    down, up = (prepared.expectation(np.concatenate([0.2 * x, sign * 0.2 * (1 - x)])) for sign in (-1, 1))
    assert down < 0.05
    assert up > 2.95
    start = qaoa_starts.ramp(5, 2.0, np.random.default_rng(0))
    assert (np.diff(start[:5]) > 0).all()
    assert (np.diff(start[5:]) > 0).all()
    assert start[5:].max() < 0 < start[0]


def test_a_warm_start_leans_to_the_product_state():
    """Bits that are certain keep a quarter of a chance; others keep theirs, whatever Rz does."""
    product = np.array([0.0, np.pi, 2 * np.pi / 3 - 1e-3, 2 * np.pi - np.pi / 2, *np.random.default_rng(1).random(4)])
    start = qaoa_starts.warm_angles(product)
    ones = np.sin(start / 2) ** 2
    assert ones == pytest.approx([0.25, 0.75, np.sin(np.pi / 3 - 5e-4) ** 2, 0.5])
    cost = np.random.default_rng(2).normal(size=16)
    engine = ExactEngine(cost)
    warm = engine.prepare(QAOAAnsatz(cost, 1, start=start)).probabilities([0.0, 0.0])
    again = engine.prepare(ProductAnsatz(4)).probabilities(np.concatenate([start, np.zeros(4)]))
    assert warm == pytest.approx(again)


def test_best_of_several_runs_by_counting_all_of_them():
    excess, chances = np.array([0.3, 0.1, 0.2]), np.array([0.0, 0.5, 1.0])
    pairs = [(a, b) for a in range(3) for b in range(3)]
    expected = np.mean([chances[a] if excess[a] <= excess[b] else chances[b] for a, b in pairs])
    assert best_of(excess, chances, 2)[0] == pytest.approx(expected)
    assert best_of(excess, chances, 1)[0] == pytest.approx(0.5)
    assert best_of(excess, chances, 400)[0] == pytest.approx(0.5)
