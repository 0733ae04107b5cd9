"""Numba loops. They import numpy and numba only, take arrays, return arrays and validate nothing."""

import os
import tempfile
from pathlib import Path

from numba import config


def _find_cache() -> None:
    """Give numba a folder for compiled code where it would find none: it keeps it beside the source or at home."""
    beside = Path(__file__).parent
    home = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
    while not home.exists() and home != home.parent:
        home = home.parent
    if not config.CACHE_DIR and not any(os.access(folder, os.W_OK) for folder in (beside, home)):  # type: ignore[attr-defined]
        config.CACHE_DIR = str(Path(tempfile.gettempdir()) / f"walshqhn-numba-{os.getuid()}")  # type: ignore[attr-defined]


_find_cache()
