"""Reading NPY and NPZ files: headers first, so that nothing is allocated that they merely claim; no pickles."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from walshqhn.support.errors import InputError, WalshqhnError
from walshqhn.support.files import check_source, first_line
from walshqhn.support.resources import require_memory

_SMALL = 1 << 24  # bytes that are read without checking the free memory
_STRONGEST = 1040  # bytes that a byte of a ZIP file can stand for: deflate's most is 1032


def read_npy(path: str | Path) -> npt.NDArray[Any]:
    """The array of an NPY file. InputError if it is missing, damaged or another kind of file; TooLargeError."""
    file = check_source(path)
    try:
        with file.open("rb") as stream:
            _check_array(stream, file.stat().st_size, str(file))
            stream.seek(0)
            return np.load(stream, allow_pickle=False)
    except Exception as error:  # NumPy's and zipfile's parsers raise all kinds
        raise _unreadable(file, error) from error


def read_npz(path: str | Path) -> dict[str, npt.NDArray[Any]]:
    """All arrays of an NPZ file. Errors as for `read_npy`."""
    file = check_source(path)
    try:
        with file.open("rb") as stream:  # opened here: NumPy leaves a damaged archive open
            with zipfile.ZipFile(stream) as archive:
                total = 0
                for info in archive.infolist():
                    if info.file_size > _SMALL + _STRONGEST * min(info.compress_size, file.stat().st_size):
                        raise InputError(f"{file}: {info.filename} claims {info.file_size:,} bytes that are not there.")
                    with archive.open(info) as member:
                        total += _check_array(member, info.file_size, f"{file}, {info.filename}")
            if total > _SMALL:
                require_memory(total, str(file), "Use a machine with more memory.")
            stream.seek(0)
            with np.load(stream, allow_pickle=False) as found:
                return {name: found[name] for name in found.files}
    except Exception as error:  # NumPy's and zipfile's parsers raise all kinds
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: Exception) -> WalshqhnError:
    return error if isinstance(error, WalshqhnError) else InputError(f"{file}: cannot be read ({first_line(error)}).")


def _check_array(stream: IO[bytes], size: int, place: str) -> int:
    """Check the header of an array in ``size`` bytes; return how many bytes it needs in memory."""
    version = np.lib.format.read_magic(stream)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise InputError(f"{place}: NPY version {version} is not one of arrays of numbers.")
    shape, _, dtype = readers[version](stream)
    if dtype.hasobject:
        raise InputError(f"{place} holds Python objects, which are not read: save numbers.")
    needed = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or needed > size - stream.tell():
        raise InputError(f"{place} claims shape {shape}, of which not all is there.")
    if needed > _SMALL:
        require_memory(needed, place, "Use a machine with more memory.")
    return int(needed)
