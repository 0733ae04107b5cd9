"""The only imports against the order: objects that save, load and draw themselves use modules built on top of them."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def native_format() -> Any:
    """The module of the native file format, `walshqhn.formats.hdf5`, imported when it is first needed."""
    return import_module("walshqhn.formats.hdf5")


def drawings() -> Any:
    """The module that draws objects, `walshqhn.plotting.objects`, imported when it is first needed."""
    return import_module("walshqhn.plotting.objects")
