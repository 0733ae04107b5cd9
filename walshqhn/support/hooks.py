"""The one door upwards: values that save and load themselves reach the file format, which is built on top of them."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def native_format() -> Any:
    """The module of the native file format, `walshqhn.formats.hdf5`, imported when it is first needed."""
    return import_module("walshqhn.formats.hdf5")
