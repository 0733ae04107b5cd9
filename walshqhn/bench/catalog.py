"""All rows, in the order of the table."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from walshqhn.bench import costs, engine, formats, startup, transform
from walshqhn.bench.row import Row

GROUPS = {
    "transform": transform.rows,
    "costs": costs.rows,
    "engine": engine.rows,
    "formats": formats.rows,
    "startup": startup.rows,
}


def all_rows() -> list[Row]:
    """Every row there is."""
    return [row for group in GROUPS.values() for row in group()]


def find_rows(patterns: Sequence[str]) -> list[Row]:
    """Rows whose name, or whose group's name, matches one of ``patterns`` (all if there are none).

    KeyError with the first pattern that matches nothing.
    """
    if not patterns:
        return all_rows()
    chosen: list[Row] = []
    unused = set(patterns)
    for group, rows in GROUPS.items():
        for row in rows():
            matching = {p for p in patterns if p == group or fnmatchcase(row.name, p)}
            unused -= matching
            if matching:
                chosen.append(row)
    for pattern in patterns:
        if pattern in unused:
            raise KeyError(pattern)
    return chosen
