"""Checks of single values."""

import numpy as np
import pytest

from walshqhn.support.checks import check_flag, check_real, check_text, check_whole
from walshqhn.support.errors import UsageError


def test_values_that_pass_become_pythons_own():
    assert type(check_whole("n", np.int64(3), 1)) is int
    assert type(check_real("x", np.float32(0.5))) is float
    assert type(check_flag("f", np.True_)) is bool
    assert check_text("t", "text") == "text"


@pytest.mark.parametrize("value", [True, 1.0, "1", None, np.float64(2)])
def test_what_is_no_whole_number(value):
    with pytest.raises(UsageError, match=r"^n must be a whole number of at least 1, got "):
        check_whole("n", value, 1)


@pytest.mark.parametrize(
    ("bounds", "value", "allowed"),
    [((1,), 0, " of at least 1"), ((None, 9), 10, " of at most 9"), ((1, 9), 10, " in 1 ... 9"), ((), "x", "")],
)
def test_whole_numbers_out_of_range(bounds, value, allowed):
    with pytest.raises(UsageError) as found:
        check_whole("n", value, *bounds)
    assert str(found.value) == f"n must be a whole number{allowed}, got {value!r}."


@pytest.mark.parametrize(
    ("limits", "value", "allowed"),
    [
        ({"above": 0}, 0.0, "positive and finite"),
        ({"above": 0}, np.inf, "positive and finite"),
        ({"above": 0, "most": 1}, 1.5, "in (0, 1]"),
        ({"above": 0, "below": 1}, 1, "in (0, 1)"),
        ({"least": 0}, -1, "at least 0 and finite"),
        ({"above": -1}, -1, "above -1 and finite"),
        ({"least": 0, "most": 2}, 3, "in [0, 2]"),
        ({}, np.nan, "finite"),
        ({"above": 0}, True, "positive and finite"),
        ({"above": 0}, "1", "positive and finite"),
    ],
)
def test_real_numbers_out_of_range(limits, value, allowed):
    with pytest.raises(UsageError) as found:
        check_real("x", value, **limits)
    assert str(found.value) == f"x must be {allowed}, got {value!r}."


@pytest.mark.parametrize(("check", "value"), [(check_flag, 1), (check_flag, "true"), (check_text, 3)])
def test_other_kinds(check, value):
    with pytest.raises(UsageError, match=r"^it must be .*, got "):
        check("it", value)
