"""Checks of single values. Each error says what was received and what is allowed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from walshqhn.support.errors import UsageError


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
