"""What the transform refuses to round, unmask or guess, and what it takes as it is."""

import numpy as np
import pytest

from walshqhn import wht
from walshqhn.support.errors import InputError

BIG = 2**53


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array([BIG + 1, 0]), f"round integers beyond 2.53, got {BIG + 1}"),
        (np.array([0, -BIG - 1]), f"got {BIG + 1}"),
        (np.array([-(2**63), 0]), f"got {2**63}"),
        (np.array([2**64 - 1, 0], np.uint64), f"got {2**64 - 1}"),
        (np.array([BIG + 1, 0], ">i8"), f"got {BIG + 1}"),
        ([BIG + 1, 0], f"got {BIG + 1}"),
        ([2**63, -1], f"got {2**63}"),
        ([BIG + 1, 0.5], f"got {BIG + 1}"),
        ([BIG + 1, np.nan], f"got {BIG + 1}"),
        ([np.int64(BIG + 1), 1j], f"got {BIG + 1}"),
        ([2**70, 1], "takes numbers, got dtype object"),
        (np.ma.array([1.0, 2.0], mask=[True, False]), "no masked values"),
        ([1.0, np.ma.masked], "no masked values"),
        ([[1, 2], [3]], "takes an array of numbers"),
        (np.array([1, 10]) * np.longdouble("1e400"), "float64, which is too small for values of"),
    ],
)
@pytest.mark.filterwarnings("ignore:Warning. converting a masked element to nan:UserWarning")
def test_refuses_what_it_would_round_or_unmask(values, message):
    with pytest.raises(InputError, match=message) as refusal:
        wht(values)
    assert "\n" not in str(refusal.value)


def test_refuses_masked_rows_in_a_list():
    with pytest.raises(InputError, match="no masked values"):
        wht([np.ma.array([1, 2], mask=[0, 1]), np.ma.array([3, 4])], axis=1)


@pytest.mark.parametrize(
    "values",
    [
        np.array([BIG, -BIG]),
        np.array([BIG, 0], np.uint64),
        [BIG, 0.5],
        [1e300, 3],
        np.ma.array([1.0, 2.0]),
        [1e99, np.inf],
    ],
)
def test_takes_what_is_exact(values):
    first, second = (float(v) for v in np.asarray(values))
    assert wht(values).tolist() == [first + second, first - second]


@pytest.mark.parametrize("num_bits", [1, 10, 17, 21])
@pytest.mark.parametrize(("dtype", "largest"), [("f8", 1.7e308), ("f4", 3.3e38), ("c16", 1.7e308j)])
@pytest.mark.parametrize("threads", [1, 2])
def test_refuses_sums_beyond_the_range(num_bits, dtype, largest, threads):
    """They have been infinite, or NaN; in one place only, if the values conspire."""
    values = np.zeros(1 << num_bits, dtype)
    values[[1, -1]] = largest, 0  # sums are in range: all are +-largest
    np.testing.assert_array_equal(abs(wht(values, threads=threads)), abs(values[1]))
    values[-2:] = largest
    for norm in ("backward", "forward"):
        with pytest.raises(InputError, match=f"beyond the range of {values.dtype}"):
            wht(values, norm=norm, threads=threads)
    np.testing.assert_array_equal(wht([1.0, np.inf])[0], np.inf)  # what is not finite may stay so
    quiet = np.full(1 << num_bits, largest / 2**num_bits * (1.5 if largest.imag else 1.4), dtype)
    with pytest.raises(InputError, match="beyond the range"):
        wht(quiet, threads=threads)
