"""Writing and reading the data sets and attributes of HDF5 files, as listed in `walshqhn.formats.layout`."""

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
from walshqhn.support.errors import FormatError
from walshqhn.support.hdf5 import LARGEST_TEXT, at, checked_dataset, holds, member, place_of, read_whole
from walshqhn.support.signals import held_back

_CHUNK = 1 << 16  # values a chunk
_GROWING_CHUNK = 1 << 10  # for data sets that grow: the last chunk is rewritten each time
_HDF5 = ("v110", "v110")  # from this version on, HDF5 also checksums attributes and its own metadata
_FILTERED = {"shuffle": True, "compression": "gzip", "compression_opts": 1, "fletcher32": True}
_REUSE = {"fs_strategy": "fsm", "fs_persist": True, "fs_threshold": 1}  # reuse space that a growing file has freed
_KINDS = {"word": "SO", "text": "SO", "json": "SO", "int": "iu", "float": "f", "flag": "b"}


class _File(io.FileIO):
    """A file that HDF5 writes through us: it loses errors, and crashes after some; here the first is kept."""

    failure: OSError | None = None

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        done = 0
        while done < len(view) and self.failure is None:
            done += self._tried(super().write, view[done:])
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        return self._tried(super().truncate, size)

    def _tried(self, act: Any, value: Any) -> int:
        try:
            return int(act(value))
        except OSError as error:
            self.failure = self.failure or error
            return 0


def write_file(path: Path, fill: Callable[[h5py.File], Any]) -> None:
    """Create an HDF5 file, let ``fill`` write into it, then read every checksum. OSError if any of it fails."""
    with _File(path, "w+") as raw:
        try:
            with held_back(), h5py.File(raw, "w", libver=_HDF5) as file:
                fill(file)
        except (OSError, RuntimeError, ValueError):
            if raw.failure is None:
                raise
        if raw.failure is not None:
            raise raw.failure
    with h5py.File(path, "r", locking=False) as file:  # what was written is there
        file.visititems(_read_through)


def _read_through(name: str, item: Any) -> None:
    if isinstance(item, h5py.Dataset) and item.size and item.chunks:
        for piece in item.iter_chunks():
            item[piece]


@contextmanager
def open_image(image: io.BytesIO) -> Iterator[h5py.File]:
    """Open the HDF5 file in ``image``, or create one if it is empty.

    Files that grow are built in memory: HDF5 does not reliably report a full disk. Signals are held back until the file
    is closed: HDF5 calls back to write, and loses a KeyboardInterrupt raised there.
    """
    mode, settings = ("r+", {}) if image.getbuffer().nbytes else ("w", _REUSE)
    with held_back(), h5py.File(image, mode, libver=_HDF5, **settings) as file:
        yield file


def write_image(image: io.BytesIO, path: Path) -> None:
    """Write ``image`` to ``path``. After an OSError the image can still be extended."""
    with path.open("wb") as file, image.getbuffer() as view:  # an image cannot grow while its buffer is exported
        file.write(view)


# --- writing ---------------------------------------------------------------------------------------


def write_attributes(group: h5py.Group, table: Sequence[Attribute], values: Mapping[str, Any]) -> None:
    """Write the attributes of a table for which there are values."""
    for name, kind in ((a.name, a.kind) for a in table if a.name in values):
        value = json.dumps(values[name], allow_nan=False) if kind == "json" else values[name]
        group.attrs[name] = np.bytes_(value.encode()) if kind in ("text", "json") else value


def write_column(group: h5py.Group, column: Column, values: npt.ArrayLike, *, grows: bool = False) -> None:
    """Write a chunked, compressed and checksummed data set, or append to it if it exists.

    ``grows``: whether rows may be appended later.
    """
    array = np.asarray(values, dtype=column.dtype)
    if column.name in group:
        data = group[column.name]
        start = len(data)
        data.resize(start + len(array), axis=0)
        data[start:] = array
        return
    row = math.prod(array.shape[1:])
    length = (_GROWING_CHUNK if grows else min(_CHUNK, array.size)) // max(1, row)
    chunks = tuple(max(1, n) for n in (length, *array.shape[1:]))
    maxshape = (None, *array.shape[1:]) if grows or not array.size else array.shape
    group.create_dataset(column.name, data=array, chunks=chunks, maxshape=maxshape, **_FILTERED)


# --- reading ---------------------------------------------------------------------------------------


def open_group(parent: h5py.Group, name: str) -> h5py.Group | None:
    """The group ``name`` in ``parent``; None if it is missing. FormatError if it is a link or not a group."""
    return member(parent, name, h5py.Group) if holds(parent, name) else None


def read_attributes(group: h5py.Group, table: Sequence[Attribute]) -> dict[str, Any]:
    """All attributes of a table. FormatError if one is missing or of the wrong kind."""
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
        if handle.dtype.itemsize > LARGEST_TEXT:
            raise FormatError(f"{place} claims {handle.dtype.itemsize:,} bytes of text, more than {LARGEST_TEXT:,}")
        value = group.attrs[attribute.name]
        if (number := {"int": int, "float": float, "flag": bool}.get(attribute.kind)) is not None:
            return number(value)
        text = value if isinstance(value, str) else bytes(value).decode()
        return read_json(text, place) if attribute.kind == "json" else text


def read_json(text: str | bytes, place: str) -> Any:
    """The value of a JSON text. FormatError if it is invalid, or holds NaN or infinity, which JSON does not allow."""

    def refuse(word: str) -> None:
        raise FormatError(f"{place} holds {word}")

    with at(place):
        return json.loads(text, parse_constant=refuse)


def read_column(group: h5py.Group, column: Column, sizes: dict[str, int]) -> npt.NDArray[Any]:
    """A data set, checked against its ``column``.

    ``sizes``: lengths of the axes; unknown ones are added.
    FormatError if it is missing, has the wrong type or shape, holds values out of range, or is not stored in full.
    TooLargeError if it does not fit in memory.
    """
    place = place_of(group, column.name)
    with at(place):
        data = checked_dataset(group, column.name)
        if data.dtype != np.dtype(column.dtype):
            raise FormatError(f"{place} has dtype {data.dtype}, expected {np.dtype(column.dtype)}")
        _check_shape(place, column, data.shape, sizes)
        array = read_whole(data)
        _check_range(place, column, array)
        return array


def _check_shape(place: str, column: Column, found: Any, sizes: dict[str, int]) -> None:
    if found is not None and len(found) == len(column.shape):
        for axis, length in zip(column.shape, found, strict=True):
            if isinstance(axis, str):
                sizes.setdefault(axis, length)
    expected = tuple(axis if isinstance(axis, int) else sizes.get(axis, axis) for axis in column.shape)
    if found != expected:
        raise FormatError(f"{place} has shape {found}, expected {expected}")


def _check_range(place: str, column: Column, array: npt.NDArray[Any]) -> None:
    known = array[~np.isnan(array)] if column.nan else array
    if not known.size or (known.min() >= column.least and known.max() <= column.most):
        return
    if not np.isfinite(known).all():
        raise FormatError(f"{place} must hold finite numbers")
    allowed = f"{column.least:g} to {column.most:g}" if column.most < LARGEST else f"at least {column.least:g}"
    raise FormatError(f"{place} must be {allowed}, found {known.min():g} to {known.max():g}")
