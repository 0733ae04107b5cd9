"""Cost tables from files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.cost.table import check_cost_table
from walshqhn.support.errors import InputError
from walshqhn.support.files import check_source, first_line
from walshqhn.support.npy import read_npy, read_npz
from walshqhn.support.resources import require_memory

_LONGEST_LINE = 1000  # characters of a text file
_NAMES = ("costs", "table", "values")  # looked for in an archive that holds several arrays


def read_cost_table(path: str | Path) -> npt.NDArray[np.float64]:
    """The cost of every configuration, from a file: shape (2^N,), entry x for bits x = sum_j b_j 2^j.

    ``.npy``; ``.npz`` and ``.h5`` with one array, or one called ``costs``, ``table`` or ``values`` (in a walshqhn file:
    /cost/values); ``.txt`` or ``.csv`` with one number a line. InputError for a file that is missing, unreadable or of
    another kind, and for a length that is not a power of two, NaN or inf; FormatError for damaged HDF5; TooLargeError
    for more than memory holds.
    """
    file = Path(path)
    readers: dict[str, Callable[[Path], Any]] = {
        ".npy": read_npy, ".npz": lambda f: (arrays := read_npz(f))[_pick(f, list(arrays))],
        ".txt": _text, ".csv": _text, ".h5": _hdf5, ".hdf5": _hdf5,
    }  # fmt: skip
    if file.suffix.lower() not in readers:
        raise InputError(f"{file}: a cost table is a file of kind {', '.join(readers)}.")
    return check_cost_table(readers[file.suffix.lower()](check_source(file)), str(file))


def _pick(file: Path, names: Sequence[str]) -> str:
    """The only array, or the one whose name says that it is the table."""
    for name in names if len(names) == 1 else _NAMES:
        if name in names:
            return name
    raise InputError(f"{file}: which array is the cost table? Name it 'costs'; found {', '.join(names) or 'none'}.")


def _text(file: Path) -> npt.NDArray[Any]:
    require_memory(8 * file.stat().st_size, str(file), "Save the table as .npy.")
    try:
        text = file.read_text(encoding="utf-8-sig")
        if not text.strip():
            raise InputError(f"{file} is empty.")
        lines = text.splitlines()
        if max(map(len, lines)) > _LONGEST_LINE:
            raise InputError(f"{file}: a line is longer than {_LONGEST_LINE:,} characters; give one number a line.")
        return np.loadtxt(lines, dtype=np.float64, ndmin=1)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{file}: cannot be read ({first_line(error)}).") from error


def _hdf5(file: Path) -> npt.NDArray[Any]:
    from walshqhn.support.hdf5 import members, open_hdf5, read_numbers

    with open_hdf5(file) as h5:
        group = "cost" if "cost" in members(h5, groups=True) else "/"
        names = members(h5[group])
    name = _pick(file, names)
    with open_hdf5(file) as h5:
        return read_numbers(h5[group], name)
