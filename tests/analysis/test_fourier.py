"""Degrees, couplings, truncation and contrasts against computations from their definitions."""

from itertools import combinations

import numpy as np
import pytest

from analysis import fourier, spectra
from analysis.spectra import Analysis, Truncated
from walshqhn import NetworkTask, WalshSpectrum, load_task
from walshqhn.bits import index_to_bits
from walshqhn.support.errors import UsageError

RNG = np.random.default_rng


@pytest.fixture(scope="module")
def small():
    """Five bits: a network of one hidden neuron."""
    return Analysis.of(load_task("gaussian", hidden=(1,), activation="relu", num_samples=40, num_test=30, seed=3))


def monomials(num_bits, degree):
    """Products of up to ``degree`` spins for all configurations, and the sets of bits they belong to."""
    spins = 1.0 - 2.0 * index_to_bits(np.arange(1 << num_bits), num_bits)
    sets = [s for k in range(degree + 1) for s in combinations(range(num_bits), k)]
    return np.stack([spins[:, list(s)].prod(axis=1) for s in sets], axis=1), sets


def test_shares_and_mean_degree_are_those_of_the_definition():
    cost = RNG(1).normal(size=32) + 3.0
    products, sets = monomials(5, 5)
    coefficients = products.T @ cost / 32
    weight = np.zeros(6)
    for value, members in zip(coefficients, sets, strict=True):
        weight[len(members)] += value**2
    share = spectra.shares(WalshSpectrum.from_cost(cost).degree_weights())
    np.testing.assert_allclose(share[1:], weight[1:] / cost.var(), rtol=1e-12)
    assert share[0] == 0
    assert share.sum() == pytest.approx(1)
    # sum_k k W(k) is the mean over x of sum_j (C(x) - C(x with bit j flipped))^2 / 4
    influence = sum(np.square(cost - cost[np.arange(32) ^ (1 << j)]).mean() / 4 for j in range(5))
    assert spectra.mean_degree(share) == pytest.approx(influence / cost.var())


def test_couplings_are_correlations_with_pairs_of_spins(small):
    spins = 1.0 - 2.0 * index_to_bits(np.arange(32), 5)
    matrix = spectra.couplings(small.spectrum)
    for i, j in combinations(range(5), 2):
        assert matrix[i, j] == matrix[j, i] == pytest.approx((small.cost * spins[:, i] * spins[:, j]).mean(), abs=1e-14)
    np.testing.assert_allclose(np.diag(matrix), small.cost @ spins / 32, atol=1e-14)
    first, *_, last = spectra.strongest_pairs(small, 10)
    names = small.task.bit_names
    assert first["coefficient"] == matrix[names.index(first["bits"][0]), names.index(first["bits"][1])]
    assert abs(first["coefficient"]) >= abs(last["coefficient"])
    assert sum(pair["share_of_W2"] for pair in spectra.strongest_pairs(small, 10)) == pytest.approx(1)


@pytest.mark.parametrize("degree", [1, 2, 3, 5])
def test_truncation_is_the_best_fit_of_that_degree(small, degree):
    products, _ = monomials(5, degree)
    fit = products @ np.linalg.lstsq(products, small.cost, rcond=None)[0]
    chosen = np.flatnonzero(fit <= fit.min() + 1e-9)
    found = spectra.truncate(small, degree)
    deviation = small.cost.std()
    assert found.rms_error == pytest.approx(np.sqrt(np.mean((fit - small.cost) ** 2)) / deviation, abs=1e-12)
    assert found.minimizers == len(chosen)
    assert found.excess == pytest.approx((small.cost[chosen].mean() - small.cost.min()) / deviation, abs=1e-12)
    assert found.accuracy == pytest.approx(small.task.accuracy(index_to_bits(chosen, 5)).mean())


def test_idle_bits_are_counted_as_minimizers():
    mnist = Analysis.of(load_task("mnist-4x4", num_samples=40))
    blank = int((mnist.task.data.train.x.max(axis=0) == 0).sum())
    assert blank
    assert spectra.truncate(mnist, 17).minimizers >= 1 << blank
    assert spectra.truncate(mnist, 17).excess < 1e-9


def test_shuffled_labels_keep_samples_and_classes(small):
    task = fourier.random_labels(small.task, RNG(2))
    np.testing.assert_array_equal(task.data.train.x, small.task.data.train.x)
    assert task.data.train.y.sum() == small.task.data.train.y.sum()
    assert not np.array_equal(task.data.train.y, small.task.data.train.y)
    assert not np.allclose(task.cost_table(), small.cost)


@pytest.mark.parametrize("name", ["gaussian", "mnist"])
def test_a_random_network_is_learnt_by_itself(small, name):
    if name == "gaussian":
        task = small.task
    else:
        whole = load_task("mnist-4x4", size=2, num_samples=50)
        task = NetworkTask("small", {}, whole.network, whole.data, "bce")
    found = fourier.random_network(task, RNG(4))
    assert found.data.train.x.shape == task.data.train.x.shape
    assert 0.1 <= found.data.train.y.mean() <= 0.9
    everything = index_to_bits(np.arange(1 << task.num_bits), task.num_bits)
    assert found.accuracy(everything, "train").max() == 1


def test_networks_that_know_one_class_only_are_refused(small):
    task = load_task("gaussian", hidden=(1,), num_samples=20)  # |sigmoid| < 1 = |bias|: the bias decides alone
    with pytest.raises(UsageError, match="two classes"):
        fourier.random_network(task, RNG(0))


def test_random_tables_have_binomial_weights(small):
    found = fourier.contrasts({"small": small}, 30)
    table = found["random table"]
    expected = np.array([5, 10, 10, 5, 1]) / 31
    np.testing.assert_allclose(table["share"]["mean"][1:], expected, atol=0.06)
    assert table["degrees_1_and_2"]["low"] < 15 / 31 < table["degrees_1_and_2"]["high"]
    assert set(found) == {"small, random labels", "small, random network", "random table"}
    assert all(at["share"]["draws"] == 30 for at in found.values())


def test_spread_holds_most_draws():
    values = RNG(5).normal(size=1001)
    found = fourier.spread(values)
    assert found["mean"] == pytest.approx(values.mean())
    assert ((values >= found["low"]) & (values <= found["high"])).sum() == 951


def test_the_verdict_follows_the_numbers():
    near, far = np.array([0, 0.7, 0.3, 0, 0]), np.array([0, 0.1, 0.4, 0.3, 0.2])

    def drawn(value):
        entry = {"mean": value, "low": value - 0.01, "high": value + 0.01}
        return {"degrees_1_and_2": entry}

    def text(gaussian, contrast, excess):
        share = {"mnist-4x4": near, "gaussian": gaussian}
        keys = [f"{name}, {kind}" for name in share for kind in fourier.CONTRASTS]
        truncations = {name: {d: Truncated(0.1, 1, excess, 0.9) for d in (1, 2, 3)} for name in share}
        pair = {"bits": ["a", "b"], "coefficient": 1.0, "share_of_W2": 0.5}
        growing = {"relu": {w: {"mean_degree": {"mean": w}} for w in fourier.WIDTHS}}
        return fourier.describe(share, {k: drawn(contrast) for k in [*keys, "random table"]}, truncations, growing,
                                {name: [pair] for name in share})  # fmt: skip

    assert "2 of 2 tasks are nearly 2-local" in text(near, 0.99, 0.0)
    assert "claim holds less well" not in text(near, 0.99, 0.0)
    assert "1 of 2 tasks are nearly 2-local" in text(far, 0.99, 0.0)
    assert "(gaussian) degrees 1 and 2 leave 50.0 %" in text(far, 0.99, 0.0)
    assert "leave C as local" in text(near, 0.99, 0.0)
    assert "leave C not always as local" in text(near, 0.5, 0.0)
    assert "is that of C on 2, 2 and 2 of 2 tasks" in text(near, 0.99, 0.0)
    assert "is that of C on 0, 0 and 0 of 2 tasks" in text(near, 0.99, 0.3)
