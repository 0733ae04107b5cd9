"""Benchmarks: walshqhn and whichever peers are installed, side by side in one run.

``walshqhn bench`` or, in a clone, ``python -m walshqhn.bench``. The modules that hold the
rows are `transform`, `costs`, `engine`, `formats` and `startup`; how a row is measured is in
`harness`, the figure of growth with N in `growth`.
"""

from walshqhn.bench.catalog import GROUPS, all_rows, find_rows
from walshqhn.bench.harness import Disagreement, Measured, Row, Settings, measure

__all__ = ["GROUPS", "Disagreement", "Measured", "Row", "Settings", "all_rows", "find_rows", "measure"]
