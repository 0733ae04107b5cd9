"""Benchmarks: walshqhn and whichever peers are installed, side by side in one run.

``walshqhn bench`` runs them. The rows are in `transform`, `costs`, `engine`, `formats` and `startup`; what a row is
stands in `row`, how it is measured in `harness`, the figure of growth with N in `growth`.
"""

from walshqhn.bench.catalog import GROUPS, all_rows, find_rows
from walshqhn.bench.harness import Disagreement, measure
from walshqhn.bench.row import Measured, Row, Settings

__all__ = ["GROUPS", "Disagreement", "Measured", "Row", "Settings", "all_rows", "find_rows", "measure"]
