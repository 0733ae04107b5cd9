"""The transform's loops, one at a time, against plain butterflies: compiled, and as Python."""

import numpy as np
import pytest
from oracles import butterfly_wht

from walshqhn.kernels import pool, vectors, walsh, walsh_large

COMPILED_OR_NOT = pytest.mark.parametrize("version", [lambda f: f, lambda f: f.py_func], ids=["compiled", "python"])


@COMPILED_OR_NOT
@pytest.mark.parametrize("scale", [1.0, 0.25])
@pytest.mark.parametrize("skip", [0, 1])
@pytest.mark.parametrize("num_bits", [1, 2, 3, 6, 13])
def test_transform_block(version, num_bits, skip, scale):
    values = np.arange(1.0, 1 + (1 << num_bits)) ** 2 % 23
    expected = scale * np.stack([butterfly_wht(v) for v in values.reshape(-1, 1 << skip).T], axis=1).ravel()
    version(walsh.transform_blocks)(values, values.size, skip, scale)
    assert np.array_equal(values, expected)


@pytest.mark.parametrize("skip", [0, 1])
@pytest.mark.parametrize("num_bits", [17, 18, 19, 20])
@pytest.mark.parametrize("in_place", [True, False])
def test_transform_large(num_bits, skip, in_place):
    values = np.arange(1.0, 1 + (1 << num_bits)) ** 2 % 23
    expected = 0.5 * np.stack([butterfly_wht(v) for v in values.reshape(-1, 1 << skip).T], axis=1).ravel()
    result, before = values if in_place else np.full_like(values, np.nan), values.copy()
    walsh_large.transform_large(values, result, skip, 0.5)
    assert np.array_equal(result, expected)
    assert in_place or np.array_equal(values, before)


PASSES = {
    "one bit": (18, 16, 1, lambda f, a, *part: f(walsh_large.stream2)(a, 16, 1.0, *part), 2),
    "two bits": (19, 16, 2, lambda f, a, *part: f(walsh_large.stream4)(a, 16, 1.0, *part), 4),
    "three bits": (20, 16, 3, lambda f, a, *part: f(walsh_large.STREAMS[16])(a, 1.0, *part), 8),
    "panels": (20, 16, 3, lambda f, a, *part: f(walsh_large.transform_panels)(a, 16, 3, 7, 1.0, *part), 0),
}


@pytest.mark.parametrize("offset", [0, 1, 5])
@pytest.mark.parametrize("name", PASSES)
def test_passes(name, offset):
    """Compiled, un-jitted and the plain butterflies agree, wherever in a cache line the array begins."""
    num_bits, low, levels, run, radix = PASSES[name]
    pieces = (1 << num_bits) // (radix * walsh_large._COLUMNS) if radix else 1 << (num_bits - 3 - 7)
    values = np.arange(1.0, 1 + (1 << num_bits)) ** 2 % 29
    expected = butterfly_wht(values, low, low + levels)
    for version in (lambda f: f, lambda f: f.py_func):
        array = np.empty(values.size + offset)[offset:]
        array[:] = values
        for part in ((0, pieces // 3), (pieces // 3, pieces)):
            run(version, array, *part)
        assert np.array_equal(array, expected)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("row_bits", [1, 2, 3])
def test_panels_in_several_passes(monkeypatch, row_bits, threads):
    """As beyond 2^30 values, where one pass of panels would need too long a buffer."""
    monkeypatch.setattr(walsh_large, "_ROW_BITS", row_bits)
    monkeypatch.setattr(walsh_large, "_STREAM_BITS", 0)
    values = np.arange(1.0, 1 + (1 << 20)) ** 2 % 23
    expected = 0.25 * butterfly_wht(values)
    with pool.limited(threads):
        walsh_large.transform_large(values, values, 0, 0.25)
    assert np.array_equal(values, expected)


@COMPILED_OR_NOT
@pytest.mark.parametrize(("name", "levels", "bit"), [("8", 3, 7), ("8", 3, 10), ("8", 3, 13), ("16", 4, 3)])
def test_several_levels_at_once(version, name, levels, bit):
    values = np.arange(1 << max(16, bit + levels), dtype=float) ** 2 % 29
    expected = butterfly_wht(values, bit, bit + levels)
    version(getattr(walsh, f"_radix{name}"))(values, bit)
    assert np.array_equal(values, expected)


@COMPILED_OR_NOT
@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (1, 6), (2, 5), (5, 7), (4, 7), (7, 7), *((7, k) for k in range(8, 17))],
)
def test_some_levels_only(version, low, high):
    values = np.arange(float(1 << max(7, high))) ** 2 % 31
    cube = values.reshape(-1, 1 << (high - low), 1 << low)
    expected = np.apply_along_axis(butterfly_wht, 1, cube).ravel()
    version(walsh.levels)(values, low, high)
    assert np.array_equal(values, expected)


@COMPILED_OR_NOT
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("offset", [0, 1, 3])
def test_butterflies_among_neighbours(version, offset, first, dtype):
    """In a register or one by one, wherever in a cache line they begin; nobody else is touched."""
    values = (np.arange(40 + offset) ** 2 % 23).astype(dtype)[offset:]
    expected = values.copy()
    expected[8:32] = np.concatenate([butterfly_wht(v, first, 3) for v in values[8:32].reshape(3, 8)])
    version(walsh._lowest)(values[8:32], first)
    assert np.array_equal(values, expected)
    plain = expected[8:16].copy()
    vectors.butterflies(plain, 0, first)
    assert np.array_equal(plain, butterfly_wht(expected[8:16], first, 3))
