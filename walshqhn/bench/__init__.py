"""Benchmarks: walshqhn and whichever peers are installed, side by side in one run.

``walshqhn bench`` runs them. The rows are in `transform`, `costs`, `lowdegree`, `past_table`, `minima`, `engine`,
`mps`, `formats`, `startup`; `row` defines what a row is, `harness` measures it, `growth` draws the growth with N.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from walshqhn.bench import costs, engine, formats, lowdegree, minima, mps, past_table, startup, transform
from walshqhn.bench.harness import Disagreement, measure
from walshqhn.bench.row import Measured, Row, Settings

__all__ = ["GROUPS", "Disagreement", "Measured", "Row", "Settings", "all_rows", "find_rows", "measure"]

GROUPS = {
    module.__name__.rpartition(".")[2]: module.rows
    for module in (transform, costs, lowdegree, past_table, minima, engine, mps, formats, startup)
}


def all_rows() -> list[Row]:
    """Every row, in the order of the table."""
    return find_rows(["*"])


def find_rows(patterns: Sequence[str]) -> list[Row]:
    """Rows whose name, or whose group's name, matches one of ``patterns`` (all if there are none).

    KeyError with the first pattern that matches nothing.
    """
    chosen: list[Row] = []
    unused = list(patterns)
    for group, rows in GROUPS.items():
        for row in rows():
            matching = [p for p in patterns or ["*"] if p == group or fnmatchcase(row.name, p)]
            unused = [p for p in unused if p not in matching]
            chosen += [row] if matching else []
    if unused:
        raise KeyError(unused[0])
    return chosen
