"""Readable words and numbers."""

import math


def plural(count: int, noun: str) -> str:
    """'1 run', '2 runs', '4,055 terms'."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def number(value: float | None, digits: int = 6) -> str:
    """``value`` to ``digits`` significant digits; a dash if it is None or not finite."""
    return "-" if value is None or not math.isfinite(value) else f"{value:.{digits}g}"


def duration(seconds: float) -> str:
    """'0.2 s', '12 min', '3.5 h', '40 days', '2e+213 years'."""
    for unit, length in (("years", 31_557_600.0), ("days", 86_400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.2g} {unit}" if seconds < 1e3 * length else f"{seconds / length:.0e} {unit}"
    return f"{seconds:.2g} s"


def printable(text: str) -> str:
    r"""``text`` with control characters escaped, which would recolour, erase or reverse text on a terminal.

    >>> printable("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)
