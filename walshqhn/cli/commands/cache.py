"""walshqhn cache."""

from __future__ import annotations

from typing import Annotated

from walshqhn.cli.options import Json, flag
from walshqhn.cli.output import plural, print_json, stdout
from walshqhn.kernels import cache as kernels
from walshqhn.support.resources import format_size


def cache(*, clear: Annotated[bool, flag("Remove them.")] = False, json: Json = False) -> None:
    """Show where compiled kernels are kept, how many there are and their size, for all versions.

    They are compiled when they are first needed, once per machine. To keep them elsewhere, set NUMBA_CACHE_DIR.
    """
    folder, count, size = kernels.root(), kernels.count(), kernels.size()
    if clear:
        kernels.clear()
    if json:
        print_json({"folder": folder, "kernels": count, "bytes": size, "cleared": clear})
        return
    found = f"{plural(count, 'compiled kernel')}, {format_size(size)}"
    stdout().print(f"{folder}: {found}{' removed' if clear else ''}", soft_wrap=True)
