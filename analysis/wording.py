"""Numbers of the summaries in words."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10
from typing import Any

Numbers = dict[str, Any]


def rate(p: dict[str, float]) -> str:
    """A rate and its interval."""
    return f"{p['rate']:.2f} ({p['low']:.2f} to {p['high']:.2f})"


def power(value: float) -> str:
    """A number of one digit: 3e-4 as 3 times 10 to the -4."""
    exponent = floor(log10(value) + 1e-9)
    factor = round(value / 10**exponent)
    return f"{'' if factor == 1 else f'{factor}·'}10<sup>{exponent}</sup>"


def interval(row: Numbers) -> dict[str, float]:
    """A row of a study as `rate` takes it."""
    low, high = row["interval"]
    return {"rate": row["success_probability"], "low": low, "high": high}


def estimate(row: Numbers) -> dict[str, float]:
    """A proportion as `rate` takes it."""
    low, high = row["interval"]
    return {"rate": row["estimate"], "low": low, "high": high}


def bits(rate: dict[str, float]) -> str:
    """A rate of decay and half its interval."""
    return f"{rate['rate']:.2f} ± {rate['half_width']:.2f}"


def triple(value: Sequence[float]) -> str:
    """A mean and its interval."""
    return f"{value[0]:.2f} ({value[1]:.2f} to {value[2]:.2f})"


def signed(value: Sequence[float]) -> str:
    """A difference and its interval."""
    return f"{value[0]:+.3f} ({value[1]:+.3f} to {value[2]:+.3f})"


def half(pair: Sequence[float]) -> str:
    """A mean and half its interval."""
    return f"{pair[0]:.3f} ± {pair[1]:.3f}"


def least(excess: float) -> str:
    """How far above the minimum."""
    return "C_min" if excess < 1e-9 else f"{excess:.2g} deviations above C_min"


def listed(names: Sequence[str]) -> str:
    """Names."""
    return ", ".join(names)


def depth(variant: str) -> str:
    """A variant of a study as depths are named."""
    return "product state" if variant == "product" else variant.removeprefix("linear, ")


def first_of_each(rows: Sequence[Numbers], key: str) -> list[Numbers]:
    """The first row of every kind."""
    return list({row[key]: row for row in reversed(rows)}.values())[::-1]
