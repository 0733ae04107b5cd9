"""Fourier/Walsh analysis of binary neural networks, and variational quantum training of them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from walshqhn.binn.catalog import list_tasks as list_tasks
    from walshqhn.binn.catalog import load_task as load_task
    from walshqhn.binn.tables import read_cost_table as read_cost_table
    from walshqhn.transform import iwht as iwht
    from walshqhn.transform import wht as wht

__version__ = "0.1.0"

# public name -> module, imported when first asked for: a command pays for what it uses
_HOME = {
    "list_tasks": "walshqhn.binn.catalog",
    "load_task": "walshqhn.binn.catalog",
    "read_cost_table": "walshqhn.binn.tables",
    "iwht": "walshqhn.transform",
    "wht": "walshqhn.transform",
}
__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'walshqhn' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
