"""Checks of single values. Each error says what was received and what is allowed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import InputError, UsageError

_WHOLE = 1 << 53  # up to here, float64 holds every whole number


def check_whole(name: str, value: Any, least: int | None = None, most: int | None = None) -> int:
    """``value`` as an int; UsageError unless it is a whole number in ``least`` ... ``most``."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or (least is not None and value < least) or (most is not None and value > most):
        bounds = "" if least is None else f" of at least {least:,}"
        if most is not None:
            bounds = f" of at most {most:,}" if least is None else f" in {least:,} ... {most:,}"
        raise UsageError(f"{name} must be a whole number{bounds}, got {value!r}.")
    return int(value)


def check_real(
    name: str, value: Any, *, above: float = -math.inf, below: float = math.inf, least: float = -math.inf,
    most: float = math.inf,
) -> float:  # fmt: skip
    """``value`` as a float; UsageError unless it is finite with above < value < below and least <= value <= most."""
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not number or not (above < value < below and least <= value <= most and math.isfinite(value)):
        low = f"({above:g}" if above >= least else f"[{least:g}"
        high = f"{below:g})" if below <= most else f"{most:g}]"
        allowed = f"in {low}, {high}"
        if math.isinf(min(below, most)):
            bound = {(-math.inf, -math.inf): "finite", (0.0, -math.inf): "positive and finite"}
            rest = f"at least {least:g} and finite" if least > above else f"above {above:g} and finite"
            allowed = bound.get((above, least), rest)
        raise UsageError(f"{name} must be {allowed}, got {value!r}.")
    return float(value)


def check_flag(name: str, value: Any) -> bool:
    """``value`` as a bool; UsageError unless it is true or false."""
    if not isinstance(value, bool | np.bool_):
        raise UsageError(f"{name} must be true or false, got {value!r}.")
    return bool(value)


def check_text(name: str, value: Any) -> str:
    """``value`` if it is text; UsageError otherwise."""
    if not isinstance(value, str):
        raise UsageError(f"{name} must be text, got {value!r}.")
    return value


def check_array(name: str, values: Any) -> np.ndarray[Any, Any]:
    """``values`` as an array, of whatever type. InputError where something is masked, or rows differ in length."""
    parts = values if isinstance(values, list | tuple) else ()
    if any(isinstance(part, np.ma.MaskedArray) for part in (values, *parts)):
        raise InputError(f"{name} must have a value everywhere, got a masked array.")
    try:
        return np.asarray(values)
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(f"{name} must be an array of numbers ({str(error).splitlines()[0]}).") from error


def check_numbers(name: str, values: Any, ndim: int | None = 1) -> FloatArray:
    """``values`` as a contiguous float64 array with ``ndim`` axes (None: any), equal to what was given.

    InputError for anything that is not an array of numbers or that float64 would change (masked, complex and ragged
    arrays, text, dates, whole numbers beyond 2^53); numbers need not be finite.
    """
    if type(values) is np.ndarray and values.dtype == np.float64 and ndim in (None, values.ndim):
        return np.asarray(values, order="C")
    array, parts = check_array(name, values), values if isinstance(values, list | tuple) else ()
    if ndim is not None and array.ndim != ndim:
        raise InputError(f"{name} must have {('no axis', 'one axis', 'two axes')[ndim]}, got shape {array.shape}.")
    whole = array
    if array.dtype.kind == "f" and parts and bool((np.abs(array) >= _WHOLE).any()):  # integers among other numbers?
        whole = np.array([v for v in np.array(values, dtype=object).flat if isinstance(v, int)], dtype=object)
    if whole.dtype.kind in "iuO" and any(abs(int(v)) > _WHOLE for v in _extremes(whole) if isinstance(v, int)):
        raise InputError(
            f"{name} must hold no whole numbers beyond 2^53, which float64 cannot represent: rescale them."
        )
    if array.dtype.kind not in "biuf":
        raise InputError(f"{name} must hold real numbers, got dtype {array.dtype}.")
    return np.asarray(array, dtype=np.float64, order="C")


def _extremes(values: Any) -> list[Any]:
    if values.dtype.kind == "O":
        return values.ravel().tolist()
    return [int(values.min()), int(values.max())] if values.size else []
