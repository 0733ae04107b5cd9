"""Data sets and attributes of HDF5 files, written and read as `walshqhn.formats.layout` says.

What is read is input: nothing is followed out of the file, and nothing is allocated that the file merely claims.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from walshqhn.formats.layout import LARGEST, Attribute, Column
from walshqhn.support.errors import FormatError, TooLargeError
from walshqhn.support.files import first_line
from walshqhn.support.resources import require_memory

_CHUNK = 1 << 16  # values a chunk
_GROWING_CHUNK = 1 << 10  # of a data set that grows: the last chunk is written again each time
_SMALL = 1 << 24  # bytes that need not be asked for
_HDF5 = ("v110", "v110")  # from this version on, HDF5 checksums its own bookkeeping and attributes, too
_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
_REUSE = {"fs_strategy": "fsm", "fs_persist": True, "fs_threshold": 1}  # what a growing file no longer needs
_KINDS = {"word": "SO", "text": "SO", "json": "SO", "int": "iu", "float": "f", "flag": "b"}


@contextmanager
def at(place: str) -> Iterator[None]:
    """Whatever goes wrong inside is a FormatError that names the ``place`` in the file."""
    try:
        yield
    except (FormatError, TooLargeError):
        raise
    except (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError) as error:
        raise FormatError(f"{place}: {first_line(error)}") from error


def fill_image(image: io.BytesIO, fill: Callable[[h5py.File], None]) -> None:
    """Let ``fill`` write into the HDF5 file that ``image`` holds, or will hold if it is empty.

    In memory, since HDF5 does not report reliably that a disk is full.
    """
    if image.getbuffer().nbytes:
        with h5py.File(image, "r+", libver=_HDF5) as h5:
            fill(h5)
    else:
        with h5py.File(image, "w", libver=_HDF5, **_REUSE) as h5:
            fill(h5)


def write_image(image: io.BytesIO, path: Path) -> None:
    """Write what ``image`` holds to ``path``. After an OSError it can be filled further."""
    with path.open("wb") as file, image.getbuffer() as view:  # released at once: while it is held, no image grows
        file.write(view)


# --- writing ---------------------------------------------------------------------------------------


def write_attributes(group: h5py.Group, table: Sequence[Attribute], values: Mapping[str, Any]) -> None:
    """Write those attributes of a table that there are values for."""
    for attribute in table:
        if attribute.name not in values:
            continue
        value = values[attribute.name]
        if attribute.kind in ("text", "json"):
            text = json.dumps(value, allow_nan=False) if attribute.kind == "json" else value
            value = np.bytes_(text.encode())
        group.attrs[attribute.name] = value


def write_column(group: h5py.Group, column: Column, values: npt.ArrayLike, *, grows: bool = False) -> None:
    """Write a chunked, shuffled, compressed and checksummed data set; one that ``grows`` gets rows added at its end."""
    array = np.asarray(values, dtype=column.dtype)
    if column.name in group:
        data = group[column.name]
        start = len(data)
        data.resize(start + len(array), axis=0)
        data[start:] = array
        return
    row = math.prod(array.shape[1:])
    length = (_GROWING_CHUNK if grows else min(_CHUNK, array.size)) // max(1, row)
    group.create_dataset(
        column.name,
        data=array,
        chunks=(max(1, length), *(max(1, n) for n in array.shape[1:])),
        maxshape=(None, *array.shape[1:]) if grows or not array.size else array.shape,
        shuffle=True,
        compression="gzip",
        compression_opts=1,  # higher levels gain little on mantissas and cost much
        fletcher32=True,
    )


# --- reading ---------------------------------------------------------------------------------------


def open_group(parent: h5py.Group, name: str) -> h5py.Group | None:
    """The group ``name`` in ``parent``; None if there is none. FormatError if it is a link, or no group."""
    return None if parent.get(name, getlink=True) is None else _open(parent, name, h5py.Group, "group")


def read_attributes(group: h5py.Group, table: Sequence[Attribute]) -> dict[str, Any]:
    """All attributes of a table. FormatError if one is missing or of another kind."""
    return {attribute.name: read_attribute(group, attribute) for attribute in table}


def read_attribute(group: h5py.Group, attribute: Attribute) -> Any:
    """The value of one attribute."""
    place = f"{group.name}@{attribute.name}"
    with at(place):
        if attribute.name not in group.attrs:
            raise FormatError(f"{place} is missing")
        handle = group.attrs.get_id(attribute.name)
        kind, is_text = handle.dtype.kind, h5py.check_string_dtype(handle.dtype) is not None
        if handle.shape != () or kind not in _KINDS[attribute.kind] or (kind in "SO") != is_text:
            raise FormatError(f"{place} must be one {attribute.kind}, got {handle.dtype} of shape {handle.shape}")
        value = group.attrs[attribute.name]
        if attribute.kind == "int":
            return int(value)
        if attribute.kind == "float":
            return float(value)
        if attribute.kind == "flag":
            return bool(value)
        text = value if isinstance(value, str) else bytes(value).decode()
        return read_json(text, place) if attribute.kind == "json" else text


def read_json(text: str | bytes, place: str) -> Any:
    """What a JSON text says. FormatError if it is none, or holds NaN or infinity, which JSON knows nothing of."""

    def refuse(word: str) -> None:
        raise FormatError(f"{place} holds {word}")

    with at(place):
        return json.loads(text, parse_constant=refuse)


def read_column(group: h5py.Group, column: Column, sizes: dict[str, int]) -> npt.NDArray[Any]:
    """A data set, checked against its line of the table.

    ``sizes``: lengths of the axes; those that are not known yet are entered.
    FormatError if it is missing, of another type or shape, holds values out of range, or was never stored in full.
    TooLargeError if it does not fit in memory.
    """
    place = _place(group, column.name)
    with at(place):
        data = _open(group, column.name, h5py.Dataset, "data set")
        if data.is_virtual or data.external:
            raise FormatError(f"{place} must be a data set inside the file")
        if data.dtype != np.dtype(column.dtype):
            raise FormatError(f"{place} has dtype {data.dtype}, expected {np.dtype(column.dtype)}")
        _check_shape(place, column, data.shape, sizes)
        _check_storage(place, data)
        array = np.empty(data.shape, data.dtype)
        if array.size:
            data.read_direct(array)
        _check_range(place, column, array)
        return array


def _open(parent: h5py.Group, name: str, kind: type, what: str) -> Any:
    link, place = parent.get(name, getlink=True), _place(parent, name)
    if link is None:
        raise FormatError(f"{place} is missing")
    if not isinstance(link, h5py.HardLink):
        raise FormatError(f"{place} is a link, which is not followed")
    if not isinstance(parent[name], kind):
        raise FormatError(f"{place} is no {what}")
    return parent[name]


def _place(parent: h5py.Group, name: str) -> str:
    return f"{parent.name.rstrip('/')}/{name}"


def _check_shape(place: str, column: Column, found: Any, sizes: dict[str, int]) -> None:
    if found is not None and len(found) == len(column.shape):
        for axis, length in zip(column.shape, found, strict=True):
            if isinstance(axis, str):
                sizes.setdefault(axis, length)
    expected = tuple(axis if isinstance(axis, int) else sizes.get(axis, axis) for axis in column.shape)
    if found != expected:
        raise FormatError(f"{place} has shape {found}, expected {expected}")


def _check_storage(place: str, data: h5py.Dataset) -> None:
    """That all values are in the file, in chunks that only filters of HDF5's own have to touch; and that they fit."""
    if not data.size:
        return
    filters = data.id.get_create_plist()
    if {filters.get_filter(k)[0] for k in range(filters.get_nfilters())} - _FILTERS:
        raise FormatError(f"{place} is stored with a filter that is not allowed")
    if data.chunks is None:
        backed = data.id.get_storage_size() == data.nbytes
    else:
        chunks = math.prod(-(-n // c) for n, c in zip(data.shape, data.chunks, strict=True))
        backed = data.id.get_num_chunks() == chunks
    if not backed:
        raise FormatError(f"{place} claims {data.size:,} values, but they are not all stored")
    needed = data.nbytes + math.prod(data.chunks or (0,)) * data.dtype.itemsize
    if needed > _SMALL:
        require_memory(needed, place, "Use a machine with more memory, if the file is not damaged.")


def _check_range(place: str, column: Column, array: npt.NDArray[Any]) -> None:
    known = array[~np.isnan(array)] if column.nan else array
    if not known.size or (known.min() >= column.least and known.max() <= column.most):
        return
    if not np.isfinite(known).all():
        raise FormatError(f"{place} must hold finite numbers")
    allowed = f"{column.least:g} to {column.most:g}" if column.most < LARGEST else f"at least {column.least:g}"
    raise FormatError(f"{place} holds {known.min():g} ... {known.max():g}, allowed is {allowed}")
