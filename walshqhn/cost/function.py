"""Costs written in Python, by name."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from walshqhn.cost.base import Cost
from walshqhn.cost.blackbox import BlackBoxCost
from walshqhn.support.errors import InputError, UsageError, unknown_name
from walshqhn.support.files import first_line

FUNCTION_OPTIONS = ("num_bits", "batch", "penalty")
"""Options of a function named on a command line; see `BlackBoxCost`."""


def is_function_name(text: str) -> bool:
    """Whether ``text`` has the form "module:function"; modules may be in packages."""
    return re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*", text) is not None


def load_function(name: str, **options: Any) -> Cost:
    """The cost that "module:function" names, whose module is importable or lies in the working folder.

    It is a function as in `BlackBoxCost`, for which ``options`` are `FUNCTION_OPTIONS`, ``num_bits`` among them; or a
    `Cost`, without options. UsageError if it is neither or lacks options; InputError if the module cannot be imported.
    """
    module, _, attribute = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found = getattr(import_module(module), attribute)
    except AttributeError:
        raise InputError(f"the module {module} has no {attribute!r}.") from None
    except Exception as error:  # a module's own code can raise anything
        raise InputError(f"{module} cannot be imported ({type(error).__name__}: {first_line(error)}).") from error
    for option in options:
        if option not in FUNCTION_OPTIONS or isinstance(found, Cost):
            allowed = () if isinstance(found, Cost) else FUNCTION_OPTIONS
            raise unknown_name(
                "option", option.replace("_", "-"), (o.replace("_", "-") for o in allowed), f" of {name}"
            )
    if isinstance(found, Cost):
        return found
    if "num_bits" not in options:
        raise UsageError(f"{name} is a function: tell how many bits it takes, as in --num-bits 10.")
    return BlackBoxCost(found, options.pop("num_bits"), name=name, **options)
