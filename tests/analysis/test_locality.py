"""Costs, exact averages and fits against computations of their own."""

from itertools import product

import numpy as np
import pytest

from analysis import locality
from analysis.locality import GLOBAL, three_costs
from analysis.pauli_paths import cx_chain, squared_gradient
from analysis.rates import Rate, decay_rate
from walshqhn import ExactEngine, LinearAnsatz, WalshSpectrum, wht
from walshqhn.bits import index_to_bits
from walshqhn.training.landscape import gradient_variance

RNG = np.random.default_rng


def lopsided(num_bits, seed=0):
    """A cost without any symmetry."""
    return np.exp(RNG(seed).normal(size=1 << num_bits)) + np.arange(1 << num_bits) / 7


def test_three_costs_have_the_same_variance_and_the_right_parts():
    cost = lopsided(4)
    spins = 1.0 - 2.0 * index_to_bits(np.arange(16), 4)
    found = three_costs(cost)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-14)
    np.testing.assert_allclose(found.var(axis=0), 1)
    np.testing.assert_allclose(found[:, locality.C] * cost.std() + cost.mean(), cost)
    linear = spins @ np.linalg.lstsq(spins, cost, rcond=None)[0]
    np.testing.assert_allclose(found[:, locality.LOCAL], linear / linear.std(), atol=1e-13)
    np.testing.assert_allclose(found[:, GLOBAL], spins.prod(axis=1), atol=1e-14)


@pytest.mark.parametrize(("num_bits", "layers"), [(1, 1), (2, 0), (2, 1), (3, 0)])
def test_exact_average_is_that_over_a_grid_of_angles(num_bits, layers):
    """The squared gradient has degree 2 in every angle: three equidistant values of each average it exactly."""
    cost, ansatz = lopsided(num_bits), LinearAnsatz(num_bits, layers)
    engine = ExactEngine(cost)
    count = ansatz.num_parameters
    moving = count - num_bits  # the last Rz do nothing
    total = 0.0
    for angles in product((0.3, 0.3 + 2 * np.pi / 3, 0.3 + 4 * np.pi / 3), repeat=moving):
        gradient = engine.value_and_gradient(ansatz, np.concatenate([angles, np.zeros(num_bits)]))[1]
        total += gradient @ gradient
    assert squared_gradient(wht(cost, norm="forward"), layers)[layers] == pytest.approx(total / 3**moving, rel=1e-10)


@pytest.mark.parametrize("num_bits", [3, 4, 5])
def test_exact_average_agrees_with_sampled_landscapes(num_bits):
    cost = lopsided(num_bits, num_bits)
    exact = squared_gradient(wht(cost, norm="forward"), 3)
    for layers in range(4):
        ansatz = LinearAnsatz(num_bits, layers)
        found = gradient_variance(ansatz, cost, 1500, rng=1)
        assert found.mean * ansatz.num_parameters == pytest.approx(
            exact[layers], abs=4 * found.standard_error * ansatz.num_parameters
        )


def test_product_state_follows_from_the_spectrum_and_columns_are_costs_of_their_own():
    costs = np.stack([lopsided(4, seed) for seed in range(3)], axis=1)
    coefficients = np.stack([wht(np.ascontiguousarray(c), norm="forward") for c in costs.T], axis=1)
    found = squared_gradient(coefficients, 2)
    assert found.shape == (3, 3)
    for column in range(3):
        weights = WalshSpectrum(coefficients[:, column]).degree_weights()
        assert found[0, column] == pytest.approx(sum(k * w / 2**k for k, w in enumerate(weights)))
        np.testing.assert_allclose(found[:, column], squared_gradient(coefficients[:, column], 2))


def test_cx_moves_every_class_somewhere():
    chain = cx_chain()
    np.testing.assert_allclose(chain.sum(axis=0), 1)
    assert chain[0, 0] == 1  # identity stays
    # I on the control, Z or X on the target: Z spreads to both, X stays
    np.testing.assert_allclose(chain[:, 1], [0, 0, 0.5, 0, 0.5, 0, 0, 0, 0])


def test_decay_rate_of_a_line_and_its_interval():
    sizes = np.array([5, 7, 9, 11, 13])
    exact = decay_rate(sizes, 3.0 * 2.0 ** (-0.7 * sizes))
    assert exact.rate == pytest.approx(0.7)
    assert exact.half_width == pytest.approx(0, abs=1e-6)
    rng = RNG(0)
    inside = 0
    for _ in range(400):
        found = decay_rate(sizes, 2.0 ** (-0.7 * sizes + rng.normal(0, 0.3, 5)))
        inside += found.low <= 0.7 <= found.high
    assert 0.92 <= inside / 400 <= 0.98
    assert str(Rate(-0.001, 0.25)) == "0.00 (-0.25 to 0.25)"


def test_own_rate_is_that_of_the_ratio():
    exact = {n: np.array([[1.0, 1.0], [2.0 ** (-0.5 * n), 2.0 ** (-0.2 * n)]]) for n in (5, 7, 9)}
    points = [
        {"family": "glyphs", "num_qubits": 13, "layers": d, "value": v, "product_state": np.ones(2)}
        for d, v in ((0, np.full(2, np.nan)), (1, np.array([2.0**-6.5, 2.0**-2.6])))
    ]
    points.append(points[-1] | {"family": "another", "value": np.array([1.0, 1e6])})
    found = locality.own_rates(points, "glyphs", exact, (0, 1))
    assert (found[0].rate, found[1].rate) == (pytest.approx(0), pytest.approx(0.3))


def test_families_grow_and_keep_to_their_bits():
    for family, (make, sizes) in locality.FAMILIES.items():
        for n in (s for s in sizes if s <= 9):
            assert make(n).num_bits == n, family
    pixels = locality.logistic("mnist-4x4", 3).spec["pixels"]
    variances = locality.load_task("mnist-4x4").data.train.x.var(axis=0)
    assert variances[pixels].tolist() == sorted(variances, reverse=True)[:3]
    assert 0.9 < locality.low_degree_share("glyphs", [5, 7]) <= 1


def test_the_verdict_follows_the_numbers():
    def text(own, local_when_deep):
        sampled = {0: [Rate(0.0, 0.05), Rate(0.0, 0.05), Rate(0.8, 0.1)],
                   8: [Rate(local_when_deep, 0.05), Rate(local_when_deep, 0.05), Rate(0.9, 0.1)]}  # fmt: skip
        return locality.verdict(sampled, {"glyphs": {0: Rate(0.0, 0.0), 8: own}}, {"glyphs": 0.99})

    assert "next to no vanishing gradients of its own, at most 0.02" in text(Rate(0.02, 0.03), 0.5)
    assert "none of its own that these sizes could tell" in text(Rate(0.02, 0.2), 0.5)
    assert ": some of its own, at most 0.30 (0.20 to 0.40) bits a qubit (8 layers)" in text(Rate(0.3, 0.1), 0.5)
    assert "perhaps some of its own" in text(Rate(0.3, 0.4), 0.5)
    assert "does not protect deep circuits" in text(Rate(0.0, 0.0), 0.5)
    assert "does not protect deep circuits" not in text(Rate(0.0, 0.0), 0.02)


def test_agreement_counts_standard_errors():
    exact = {5: np.ones((1, 3))}
    point = {"num_qubits": 5, "layers": 0, "value": np.array([1.1, 1.5, 0.9]), "error": np.full(3, 0.1)}
    assert locality.agreement([point, point | {"num_qubits": 7}], exact).startswith("2 of 3 ")
