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
from walshqhn.support.tables import Table, is_number, read_table

_LONGEST_LINE = 1000  # characters of a text file
_CONFIGURATIONS = {"bits", "bitstring", "configuration", "index", ""}  # over the column that says which one
_NAMES = ("costs", "table", "values")  # looked for in an archive that holds several arrays


def read_cost_table(path: str | Path) -> npt.NDArray[np.float64]:
    """The cost of every configuration, from a file: shape (2^N,), entry x for bits x = sum_j b_j 2^j.

    Formats: ``.npy``; ``.npz`` and ``.h5`` with one array, or one called ``costs``, ``table`` or ``values`` (in a
    walshqhn file: /cost/values); ``.txt`` or ``.csv`` with one number a line, or with a bit string b_{N-1} ... b_0, or
    an index x, and its cost, in any order; either with or without a header. InputError for a file that is missing,
    unreadable or of another kind, for a length that is not a power of two, NaN or inf, and for bit strings that are
    missing or there twice, one of which is named; FormatError for damaged HDF5; TooLargeError for more than fits in
    memory.
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
        lines = text.strip().splitlines()
        cells = _cells(lines[0])
        has_header = len(lines) > 1 and not all(map(is_number, cells))
        if len(_cells(lines[-1])) == 2:
            return _pairs(read_table(file, header=has_header))
        lines = lines[has_header:]
        if max(map(len, lines)) > _LONGEST_LINE:
            raise InputError(f"{file}: a line is longer than {_LONGEST_LINE:,} characters; give one number a line.")
        return np.loadtxt(lines, dtype=np.float64, ndmin=1)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{file}: cannot be read ({first_line(error)}).") from error


def holds_costs(path: Path) -> bool:
    """Whether a text file looks like a cost table: numbers in one column, or bit strings or indices before them."""
    with check_source(path).open("rb") as file:
        start = file.read(1 << 16).decode("utf-8-sig", "replace")
    rows = [_cells(line) for line in start.strip().splitlines()[:3]]
    if any(len(row) != 2 for row in rows):
        return all(len(row) == 1 for row in rows)
    bits = [row[0] for row in rows[1:]]
    is_bits = len({len(b) for b in bits}) == 1 and all(len(b) > 1 and not b.strip("01") for b in bits)
    return is_bits or (bool(rows) and rows[0][0].lower() in _CONFIGURATIONS)


def _cells(line: str) -> list[str]:
    """Cells of a line of one or two."""
    separator = next((s for s in "\t;, " if s in line.strip()), "\n")
    return [cell.strip(' "') for cell in line.strip(" ").split(separator)]


def _pairs(table: Table) -> npt.NDArray[np.float64]:
    """The costs of a table whose first column says which configuration each is of."""
    if table.width != 2:
        raise InputError(f"{table.file}: a cost table has a number a line, or a bit string and its cost.")
    names, costs = table.texts(0), table.numbers([1])[:, 0]
    lengths = np.unique(np.strings.str_len(names))
    binary = not np.strings.strip(names, "01").astype(bool).any()
    if binary and len(lengths) > 1:
        raise InputError(
            f"{table.file}: bit strings have {lengths[0]} to {lengths[-1]} bits; a spreadsheet may have dropped their "
            "leading zeros."
        )
    if lengths[-1] > (62 if binary else 18) or not (binary or np.strings.isdigit(names).all()):
        raise InputError(
            f"{table.file}: costs stand beside bit strings of up to 62 bits, or indices, got {names[0]!r}."
        )
    index = np.array([int(name, 2 if binary else 10) for name in names.tolist()])
    num_bits = int(lengths[0]) if binary else max(int(index.max()).bit_length(), 0)
    order = np.argsort(index)
    found, wanted = index[order], np.arange(len(index))
    if (found != wanted).any() or len(index) != 1 << num_bits:
        k = int((found != wanted).argmax()) if (found != wanted).any() else len(index)
        twice = k > 0 and k < len(index) and found[k] == found[k - 1]
        label = f"{k - 1 if twice else k:0{max(num_bits, 1)}b}"
        raise InputError(f"{table.file}: the cost of {label} is {'there twice' if twice else 'missing'}.")
    return costs[order]


def _hdf5(file: Path) -> npt.NDArray[Any]:
    from walshqhn.support.hdf5 import members, open_hdf5, read_numbers

    with open_hdf5(file) as h5:
        group = "cost" if "cost" in members(h5, groups=True) else "/"
        names = members(h5[group])
    name = _pick(file, names)
    with open_hdf5(file) as h5:
        return read_numbers(h5[group], name)
