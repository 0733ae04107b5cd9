"""Reading untrusted HDF5 files safely.

Links out of them are not followed, nothing outside the file is read, and nothing is allocated that they merely claim.
"""

from __future__ import annotations

import errno
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from walshqhn.support.errors import FormatError, InputError, TooLargeError
from walshqhn.support.files import check_source, first_line
from walshqhn.support.resources import require_memory

LARGEST_TEXT = 1 << 26  # bytes of an attribute
_SMALL = 1 << 24  # bytes that are read without checking the free memory
_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}  # no plug-ins
_STRONGEST = 1040  # bytes that a byte can stand for: deflate's most is 1032


@contextmanager
def at(place: str) -> Iterator[None]:
    """Turn errors into a FormatError that names the ``place`` in the file."""
    try:
        yield
    except (FormatError, TooLargeError):
        raise
    except (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError) as error:
        raise FormatError(f"{place}: {first_line(error)}") from error


@contextmanager
def open_hdf5(path: str | Path) -> Iterator[h5py.File]:
    """Open a file for reading, on file systems without locks, too.

    InputError if there is none, it cannot be read, or another process is writing it; FormatError, also for errors in
    the block, if it is not HDF5, truncated or damaged.
    """
    file = check_source(path)
    try:
        with at("it cannot be read"), _opened(file) as h5:
            yield h5
    except TooLargeError as error:
        if str(file) in str(error):
            raise
        raise TooLargeError(f"{file}: {error}") from error
    except FormatError as error:
        if isinstance(error.__cause__, BlockingIOError):
            raise InputError(f"{file} is in use by another process.") from error
        if isinstance(error.__cause__, PermissionError):
            raise InputError(f"{file} cannot be read: permission denied.") from error
        if "file signature not found" in str(error):
            raise FormatError(f"{file} is not a walshqhn file: it is not HDF5, or its start is missing.") from error
        raise FormatError(f"{file} is truncated or damaged: {first_line(error)}") from error


def _opened(file: Path) -> h5py.File:
    try:
        return h5py.File(file, "r", locking="best-effort")
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP):
            raise
        return h5py.File(file, "r", locking=False)  # HDF5's best effort ends where a file system says that it cannot


def holds(parent: h5py.Group, name: str) -> bool:
    """Whether ``parent`` has a member ``name``, be it a link; ``in`` would follow it, even to a pipe, and hang."""
    return parent.get(name, getlink=True) is not None


def members(group: h5py.Group, *, groups: bool = False) -> list[str]:
    """Names of the data sets, or of the groups, in ``group``; links are left out."""
    kind = h5py.Group if groups else h5py.Dataset
    own = [name for name in group if isinstance(group.get(name, getlink=True), h5py.HardLink)]
    return [name for name in own if group.get(name, getclass=True) is kind]


def member(parent: h5py.Group, name: str, kind: type) -> Any:
    """The group or data set ``name`` (by ``kind``) in ``parent``. FormatError if it is missing, or a link."""
    link, place = parent.get(name, getlink=True), place_of(parent, name)
    if link is None:
        raise FormatError(f"{place} is missing")
    if not isinstance(link, h5py.HardLink):
        raise FormatError(f"{place} is a link, which is not followed")
    found = parent[name]
    if not isinstance(found, kind):
        raise FormatError(f"{place} is not a {'group' if kind is h5py.Group else 'data set'}")
    return found


def place_of(parent: h5py.Group, name: str) -> str:
    """'/group/name'."""
    return f"{parent.name.rstrip('/')}/{name}"


def read_numbers(parent: h5py.Group, name: str) -> npt.NDArray[Any]:
    """The real numbers of a data set. FormatError and TooLargeError as `checked_dataset`, and for anything else."""
    data, place = checked_dataset(parent, name), place_of(parent, name)
    if data.dtype.kind not in "biuf" or data.shape is None:
        raise FormatError(f"{place} must hold real numbers, has dtype {data.dtype}")
    return read_whole(data)


def texts(file: h5py.File) -> list[str]:
    """Paths of the data sets that hold one text each, in the groups of a file; links are left out."""
    found, seen, groups = [], set(), [("", file["/"])]
    while groups:
        path, group = groups.pop()
        place = h5py.h5o.get_info(group.id).addr
        if place not in seen:  # a group may hold itself
            seen.add(place)
            found += [f"{path}{name}" for name in members(group) if is_text(group[name])]
            groups += [(f"{path}{name}/", group[name]) for name in members(group, groups=True)]
    return sorted(found)


def is_text(data: h5py.Dataset) -> bool:
    """Whether a data set holds one text."""
    return data.shape == () and h5py.check_string_dtype(data.dtype) is not None


def read_text(parent: h5py.Group, path: str) -> str:
    """The text of one of `texts`. FormatError unless it is inside the file, and UTF-8."""
    *groups, name = path.split("/")
    for group in groups:
        parent = member(parent, group, h5py.Group)
    data = checked_dataset(parent, name)
    if not is_text(data) or data.dtype.itemsize > data.file.id.get_filesize():
        raise FormatError(f"{data.name} must hold one text, all of it in the file")
    value = data[()]
    return value if isinstance(value, str) else bytes(value).decode()


def read_whole(data: h5py.Dataset) -> npt.NDArray[Any]:
    """All of a `checked_dataset` whose dtype is one of numbers."""
    check_storage(data)
    array = np.empty(data.shape, data.dtype)
    if array.size:
        data.read_direct(array)
    return array


def checked_dataset(parent: h5py.Group, name: str) -> h5py.Dataset:
    """A data set of which nothing is read yet. FormatError unless it is inside the file."""
    data, place = member(parent, name, h5py.Dataset), place_of(parent, name)
    if data.is_virtual or data.external:
        raise FormatError(f"{place} must be a data set inside the file")
    return data


def check_storage(data: h5py.Dataset) -> None:
    """Check that all values are in the file, need only HDF5's own filters, and fit in memory."""
    if not data.size:
        return
    place, stored, chunk = data.name, data.id.get_storage_size(), math.prod(data.chunks or (0,)) * data.dtype.itemsize
    filters = data.id.get_create_plist()
    if {filters.get_filter(k)[0] for k in range(filters.get_nfilters())} - _FILTERS:
        raise FormatError(f"{place} is stored with a filter that is not allowed")
    if data.chunks is None:
        backed = stored == data.nbytes
    else:
        chunks = math.prod(-(-n // c) for n, c in zip(data.shape, data.chunks, strict=True))
        backed = data.id.get_num_chunks() == chunks
    needed = data.nbytes + chunk
    if not backed or stored > data.file.id.get_filesize() or needed > _SMALL + _STRONGEST * stored:
        raise FormatError(f"{place} claims {data.size:,} values, but they are not all stored")
    if needed > _SMALL:
        require_memory(needed, place, "Use a machine with more memory, if the file is not damaged.")
