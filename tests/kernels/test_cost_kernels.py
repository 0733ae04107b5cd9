"""Sums of losses over samples against numpy and SciPy."""

import numpy as np
import pytest
from kernel_cases import sums
from scipy.special import expit

from walshqhn.kernels import costs, pool

COMPILED_OR_NOT = pytest.mark.parametrize("version", [lambda f: f, lambda f: f.py_func], ids=["compiled", "python"])


@COMPILED_OR_NOT
@pytest.mark.parametrize(
    ("samples", "size", "period"), [(8, 1, 100), (4000, 1, 100), (4, 0, 1), (40, 169, 1), (64, 50, 3), (20, 30, 2)]
)
def test_add_softplus(version, samples, size, period):
    left, right = sums(samples, size)
    out = np.arange(15.0).reshape(3, 5)
    expected = out + np.logaddexp(0, left[:, :, None] + right).sum(axis=1)
    version(costs.add_softplus)(np.exp(left), np.exp(right), period, out, 0, 3)
    np.testing.assert_allclose(out, expected, rtol=1e-13, atol=1e-12)


@COMPILED_OR_NOT
def test_add_softplus_one_sided_sums(version):
    """All u large: every step of one sample multiplies by 2^245, so nothing survives without splitting."""
    left, right = np.full((1, 400), 84.5), np.full((400, 2), 84.5)
    right[:, 1] = -254.0
    out = np.zeros((1, 2))
    version(costs.add_softplus)(np.exp(left), np.exp(right), 1, out, 0, 1)
    np.testing.assert_allclose(out, [[400 * 169, 400 * np.exp(-169.5)]], rtol=1e-13, atol=1e-12)


@COMPILED_OR_NOT
def test_add_softplus_padding_adds_nothing(version):
    left, right = sums(7, 10)
    expected = np.logaddexp(0, left[:, :, None] + right).sum(axis=1)
    out = np.zeros((3, 5))
    version(costs.add_softplus)(
        np.pad(np.exp(left), ((0, 0), (0, 1))), np.pad(np.exp(right), ((0, 1), (0, 0))), 9, out, 0, 3
    )
    np.testing.assert_allclose(out, expected, rtol=1e-13)


@COMPILED_OR_NOT
@pytest.mark.parametrize(("samples", "size"), [(1, 3), (7, 20), (50, 340)])
def test_add_squared_sigmoid(version, samples, size):
    left, right = sums(samples, size)
    out = np.arange(15.0).reshape(3, 5)
    expected = out + (expit(-(left[:, :, None] + right)) ** 2).sum(axis=1)
    pad = samples % 2
    exp_left = np.pad(np.exp(left), ((0, 0), (0, pad)), constant_values=1e150)
    exp_right = np.pad(np.exp(right), ((0, pad), (0, 0)), constant_values=1.0)
    version(costs.add_squared_sigmoid)(exp_left, exp_right, out, 0, 3)
    np.testing.assert_allclose(out, expected, rtol=1e-12)


@COMPILED_OR_NOT
@pytest.mark.parametrize("size", [2, 2000])
def test_direct_versions(version, size):
    left, right = sums(6, size)
    left[0, 0], left[1, 1], right[2, 3], right[3, 4] = 1000, -1000, 1000, -1000
    u = left[:, :, None] + right
    softplus, squares = np.arange(15.0).reshape(3, 5), np.arange(15.0).reshape(3, 5)
    version(costs.add_softplus_direct)(left, right, softplus, 0, 3)
    version(costs.add_squared_sigmoid_direct)(left, right, squares, 0, 3)
    base = np.arange(15.0).reshape(3, 5)
    np.testing.assert_allclose(softplus, base + np.logaddexp(0, u).sum(axis=1), rtol=1e-14)
    np.testing.assert_allclose(squares, base + (expit(-u) ** 2).sum(axis=1), rtol=1e-14)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("rows", [1, 2, 31, 100])
def test_rows_are_shared_without_gap_or_overlap(rows, threads):
    rng = np.random.default_rng(rows)
    left, right = rng.normal(size=(rows, 6)), rng.normal(size=(6, 5))
    out = np.arange(5.0 * rows).reshape(rows, 5)
    expected = out + np.logaddexp(0, left[:, :, None] + right).sum(axis=1)
    with pool.limited(threads):
        costs.in_rows(costs.add_softplus_direct, left, right, out=out)
    np.testing.assert_allclose(out, expected, rtol=1e-13)
