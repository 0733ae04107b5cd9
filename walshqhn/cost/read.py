"""Cost tables from files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.cost.table import check_cost_table
from walshqhn.support.errors import InputError
from walshqhn.support.files import first_line, read_npz

_NAMES = ("costs", "table", "values")  # looked for in an archive that holds several arrays


def read_cost_table(path: str | Path) -> npt.NDArray[np.float64]:
    """The cost of every configuration, from a file: shape (2^N,), entry x for bits x = sum_j b_j 2^j.

    ``.npy``; ``.npz`` and ``.h5`` with one array, or one called ``costs``, ``table`` or ``values`` (in a walshqhn file:
    /cost/values); ``.txt`` or ``.csv`` with one number a line. InputError for a file that is missing, unreadable or of
    another kind, and for a length that is not a power of two, NaN or inf.
    """
    file = Path(path)
    readers: dict[str, Callable[[Path], Any]] = {
        ".npy": lambda f: np.load(f, allow_pickle=False), ".npz": lambda f: _pick(f, read_npz(f)),
        ".txt": _text, ".csv": _text, ".h5": _hdf5, ".hdf5": _hdf5,
    }  # fmt: skip
    if file.suffix.lower() not in readers:
        raise InputError(f"{file}: a cost table is a file of kind {', '.join(readers)}.")
    if not file.is_file():
        raise InputError(f"no such file: {file}")
    try:
        array = readers[file.suffix.lower()](file)
    except (OSError, ValueError, EOFError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{file}: cannot be read ({first_line(error)}).") from error
    return check_cost_table(array, str(file))


def _pick(file: Path, arrays: Mapping[str, Any]) -> Any:
    """The only array, or the one whose name says that it is the table."""
    for name in arrays if len(arrays) == 1 else _NAMES:
        if name in arrays:
            return arrays[name]
    raise InputError(f"{file}: which array is the cost table? Name it 'costs'; found {', '.join(arrays) or 'none'}.")


def _text(file: Path) -> npt.NDArray[Any]:
    if not file.read_text(encoding="utf-8-sig").strip():
        raise InputError(f"{file} is empty.")
    return np.loadtxt(file, dtype=np.float64, ndmin=1, encoding="utf-8-sig")


def _hdf5(file: Path) -> npt.NDArray[Any]:
    import h5py

    with h5py.File(file, "r") as h5:
        if "cost/values" in h5:
            return np.asarray(h5["cost/values"])
        return np.asarray(_pick(file, {name: item for name, item in h5.items() if isinstance(item, h5py.Dataset)}))
