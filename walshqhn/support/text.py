"""Words and numbers for people."""

import math


def plural(count: int, noun: str) -> str:
    """'1 run', '2 runs', '4,055 terms'."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def number(value: float | None, digits: int = 6) -> str:
    """``value`` to ``digits`` significant digits; a dash where there is none, or none that is finite."""
    return "-" if value is None or not math.isfinite(value) else f"{value:.{digits}g}"
