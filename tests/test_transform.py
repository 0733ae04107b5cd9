"""The Walsh-Hadamard transform against sums, matrices and other people's transforms."""

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st
from oracles import butterfly_wht, naive_wht
from sympy.discrete.transforms import fwht

from walshqhn import iwht, wht
from walshqhn.support.errors import InputError, UsageError

DTYPES = (np.float32, np.float64, np.complex64, np.complex128)
NORMS = ("backward", "forward", "ortho")
TOLERANCE = {np.float32: 2e-5, np.complex64: 2e-5, np.float64: 1e-13, np.complex128: 1e-13}


def random_array(num_bits, dtype, seed=0):
    """Random numbers on a slope, so that no order of the bits looks like another."""
    rng = np.random.default_rng([seed, num_bits])
    values = rng.normal(size=1 << num_bits) + np.arange(1 << num_bits) / (1 << num_bits)
    if np.issubdtype(dtype, np.complexfloating):
        values = values + 1j * rng.normal(size=1 << num_bits)
    return values.astype(dtype)


def random_integers(num_bits, dtype, seed=0):
    """Small whole numbers: every partial sum is exact, so results must be equal to the last bit."""
    rng = np.random.default_rng([seed, num_bits])
    values = rng.integers(-3, 5, size=1 << num_bits)
    if np.issubdtype(dtype, np.complexfloating):
        values = values + 1j * rng.integers(-3, 5, size=1 << num_bits)
    return values.astype(dtype)


@given(st.integers(0, 6).flatmap(lambda n: st.lists(st.integers(-(10**6), 10**6), min_size=2**n, max_size=2**n)))
def test_equals_the_sum_in_the_docstring(values):
    assert wht(values).tolist() == naive_wht(values)


@pytest.mark.parametrize("num_bits", range(11))
def test_equals_sympy(num_bits):
    values = random_integers(num_bits, np.int64)
    assert wht(values).tolist() == [int(v) for v in fwht(values.tolist())]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("num_bits", range(11))
def test_equals_hadamard_matrix(num_bits, dtype):
    values = random_array(num_bits, dtype)
    expected = scipy.linalg.hadamard(1 << num_bits, dtype=np.float64) @ values
    result = wht(values)
    assert result.dtype == dtype
    np.testing.assert_allclose(result, expected, rtol=0, atol=TOLERANCE[dtype] * np.linalg.norm(values))


def test_one_bit_by_hand():
    """C(x) = 5 + 2 z_0 - z_1, index 1 is bit 0: f = (5, 2, -1, 0)."""
    table = [5 + 2 - 1, 5 - 2 - 1, 5 + 2 + 1, 5 - 2 + 1]
    assert wht(table, norm="forward").tolist() == [5, 2, -1, 0]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("num_bits", [11, 12, 13, 14, 15, 16, 17, 18])
def test_every_arrangement_of_the_loops(num_bits, dtype):
    values = random_integers(num_bits, dtype)
    assert np.array_equal(wht(values), butterfly_wht(values))


@pytest.mark.parametrize("num_bits", [19, 20, 22])
def test_higher_panels(num_bits):
    values = random_integers(num_bits, np.float64)
    assert np.array_equal(wht(values), butterfly_wht(values))


@pytest.mark.parametrize("num_bits", [3, 16, 17, 18])
def test_a_character_becomes_a_delta(num_bits):
    mask = (1 << (num_bits - 1)) | 0b011
    x = np.arange(1 << num_bits)
    character = 1.0 - 2.0 * (np.bitwise_count(x & mask) % 2)
    expected = np.zeros(1 << num_bits)
    expected[mask] = 1
    assert np.array_equal(wht(character, norm="forward"), expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("num_bits", [0, 1, 5, 12, 17])
def test_round_trip(num_bits, norm, dtype):
    values = random_array(num_bits, dtype)
    for there, back in ((wht, iwht), (iwht, wht)):
        result = back(there(values, norm=norm), norm=norm)
        assert result.dtype == dtype
        np.testing.assert_allclose(result, values, rtol=0, atol=10 * TOLERANCE[dtype])


@pytest.mark.parametrize("num_bits", [0, 1, 6, 17])
def test_norms(num_bits):
    values, size = random_array(num_bits, np.float64), 1 << num_bits
    plain = wht(values)
    np.testing.assert_allclose(wht(values, norm="forward"), plain / size, rtol=1e-14)
    np.testing.assert_allclose(wht(values, norm="ortho"), plain / np.sqrt(size), rtol=1e-14)
    np.testing.assert_allclose(iwht(values), plain / size, rtol=1e-14)
    np.testing.assert_allclose(iwht(values, norm="forward"), plain, rtol=1e-14)
    np.testing.assert_allclose(iwht(values, norm="ortho"), wht(values, norm="ortho"), rtol=1e-14)


@pytest.mark.parametrize("num_bits", [4, 11, 17])
def test_parseval(num_bits):
    values = random_array(num_bits, np.complex128)
    transformed = wht(values, norm="ortho")
    np.testing.assert_allclose(np.vdot(transformed, transformed), np.vdot(values, values), rtol=1e-12)
    coefficients = wht(values.real, norm="forward")
    np.testing.assert_allclose((coefficients**2).sum(), (values.real**2).mean(), rtol=1e-12)


@given(st.integers(0, 8), st.floats(-10, 10), st.floats(-10, 10))
def test_linear(num_bits, a, b):
    u, v = random_array(num_bits, np.float64, seed=1), random_array(num_bits, np.float64, seed=2)
    np.testing.assert_allclose(wht(a * u + b * v), a * wht(u) + b * wht(v), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("num_bits", [5, 17])
def test_complex_is_real_and_imaginary_part(num_bits):
    values = random_array(num_bits, np.complex128)
    result = wht(values)
    assert np.array_equal(result.real, wht(np.ascontiguousarray(values.real)))
    assert np.array_equal(result.imag, wht(np.ascontiguousarray(values.imag)))


@pytest.mark.parametrize(
    "given_type", [np.int8, np.uint8, np.int64, np.bool_, np.float16, np.longdouble, ">f8", ">i4", list, tuple]
)
def test_other_numbers_become_float64(given_type):
    numbers = [1, 0, 0, 1, 1, 0, 1, 0]
    values = given_type(numbers) if given_type in (list, tuple) else np.array(numbers, dtype=given_type)
    result = wht(values)
    assert result.dtype == np.float64
    assert result.tolist() == naive_wht(numbers)


def test_extended_complex_keeps_its_imaginary_part():
    values = np.array([1 + 2j, 3 - 1j], dtype=np.clongdouble)
    assert wht(values).tolist() == [4 + 1j, -2 + 3j]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("num_bits", [0, 4, 17])
@pytest.mark.parametrize("function", [wht, iwht])
def test_overwrite(function, num_bits, dtype):
    values = random_array(num_bits, dtype)
    original = values.copy()
    expected = function(values)
    assert not np.shares_memory(expected, values)
    assert np.array_equal(values, original)
    assert function(values, overwrite=True) is values
    assert np.array_equal(values, expected)


def test_strided_and_read_only_input_is_copied():
    values = random_array(6, np.float64)
    values.flags.writeable = False
    assert np.array_equal(wht(values[::-2]), wht(values[::-2].copy()))
    assert wht(values).flags.writeable


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("num_bits", [10, 17, 18])
def test_threads_do_not_change_a_bit(num_bits, dtype):
    values = random_array(num_bits, dtype)
    one, two = wht(values, threads=1), wht(values, threads=2)
    assert one.tobytes() == two.tobytes()


@pytest.mark.parametrize("length", [0, 3, 6, 100])
def test_refuses_lengths_that_are_no_power_of_two(length):
    with pytest.raises(InputError, match=f"power of two, got {length}"):
        wht(np.zeros(length))


@pytest.mark.parametrize("shape", [(), (2, 2), (1, 1, 8)])
def test_refuses_more_or_less_than_one_axis(shape):
    with pytest.raises(InputError, match="takes one axis, got shape"):
        wht(np.zeros(shape))


SHAPES = [((5, 8), 1), ((5, 8), -1), ((8, 5), 0), ((3, 16, 2), 1), ((3, 16, 2), -2), ((7, 1), 1), ((0, 4), 1),
          ((4,), 0), ((300, 512), 1), ((3, 1 << 17), 1), ((1 << 17, 2), 0), ((9, 1 << 16), 1)]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("shape", "axis"), SHAPES)
def test_along_an_axis(shape, axis, dtype):
    """Every run of values is transformed as if it were alone, on any number of threads, in place or not."""
    values = np.random.default_rng(1).integers(-3, 5, shape).astype(dtype)
    if values.dtype.kind == "c":
        values += 1j * np.random.default_rng(2).integers(-3, 5, shape)
    results = [wht(values, axis=axis, threads=threads) for threads in (1, 2)]
    assert results[0].dtype == dtype
    assert results[0].tobytes() == results[1].tobytes()
    expected = np.apply_along_axis(butterfly_wht, axis, values) if values.size else values
    assert np.array_equal(results[0], expected)
    assert np.array_equal(iwht(results[0], axis=axis), values)
    kept = values.copy()
    assert wht(kept, axis=axis, overwrite=True) is kept
    assert np.array_equal(kept, expected)


@given(st.integers(0, 4), st.integers(1, 4), st.integers(0, 2**32))
def test_rows_equal_the_naive_sum(num_bits, rows, seed):
    values = np.random.default_rng(seed).integers(-99, 99, (rows, 1 << num_bits))
    assert wht(values, axis=1).tolist() == [naive_wht(row) for row in values.tolist()]
    assert wht(values.T, axis=0).T.tolist() == [naive_wht(row) for row in values.tolist()]


@pytest.mark.parametrize(("shape", "axis"), [((2, 2), 2), ((2, 2), -3), ((), 0), ((4,), 1)])
def test_refuses_an_axis_that_is_not_there(shape, axis):
    with pytest.raises(InputError, match=f"no axis {axis} in an array of shape"):
        wht(np.zeros(shape), axis=axis)


def test_refuses_an_axis_whose_length_is_no_power_of_two():
    with pytest.raises(InputError, match="power of two, got 3"):
        wht(np.zeros((4, 3)), axis=1)


@pytest.mark.parametrize(
    "values", [["a", "b"], np.array([1, None], object), np.array(["2020-01-01"] * 2, "M8[D]"), [b"x", b"y"]]
)
def test_refuses_what_is_no_number(values):
    with pytest.raises(InputError, match="takes numbers, got dtype"):
        wht(values)


@pytest.mark.parametrize("norm", ["Forward", "", "orthogonal"])
@pytest.mark.parametrize("function", [wht, iwht])
def test_refuses_unknown_norms(function, norm):
    with pytest.raises(UsageError, match=f"Unknown norm '{norm}'.*backward, ortho, forward"):
        function([1, 2], norm=norm)


@pytest.mark.parametrize("num_bits", [3, 17])
@pytest.mark.parametrize("threads", [0, -1])
def test_refuses_no_threads(num_bits, threads):
    with pytest.raises(UsageError, match=f"at least 1, got {threads}"):
        wht(np.zeros(1 << num_bits), threads=threads)


def read_only():
    values = np.ones(4)
    values.flags.writeable = False
    return values


@pytest.mark.parametrize(
    "values",
    [
        [1.0, 2.0],
        np.ones(4, int),
        np.ones(4, np.float16),
        np.ones(8)[::2],
        np.ones((4, 2))[:, 0],
        np.ones(4, ">f8"),
        read_only(),
    ],
    ids=["list", "int", "float16", "strided", "column", "byte order", "read-only"],
)
def test_overwrite_refuses_what_it_cannot_overwrite(values):
    before = np.array(values)
    with pytest.raises(InputError, match="overwrite=True needs"):
        wht(values, overwrite=True)
    assert np.array_equal(values, before)


@pytest.mark.parametrize("num_bits", [21, 22, 24, 25, 26])
def test_every_kind_of_pass(num_bits):
    """A delta becomes a character: chunks, streams of all strides, panels."""
    values, where = np.zeros(1 << num_bits, np.float32), 0b10_1101_0011_0000_1010_1100_0110 % (1 << num_bits)
    values[where] = 3.0
    assert wht(values, overwrite=True) is values
    for start in range(0, values.size, 1 << 21):
        masks = np.arange(start, start + (1 << 21), dtype=np.uint32)
        assert np.array_equal(values[start : start + (1 << 21)], 3.0 - 6.0 * (np.bitwise_count(masks & where) & 1))


@pytest.mark.slow
def test_long_enough_for_long_panels():
    """A delta becomes a character; 2^28 values, 1 GiB."""
    values, where = np.zeros(1 << 28, np.float32), 0b1011_0000_0000_0010_1100_0001_0110
    values[where] = 3.0
    wht(values, overwrite=True)
    for start in range(0, values.size, 1 << 24):
        masks = np.arange(start, start + (1 << 24))
        assert np.array_equal(values[start : start + (1 << 24)], 3.0 - 6.0 * (np.bitwise_count(masks & where) & 1))
