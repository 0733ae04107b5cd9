"""Writing files so that nothing is lost: whole or not at all, and never over something by accident."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from walshqhn.errors import UsageError


def check_target(path: str | Path, *, overwrite: bool) -> Path:
    """``path`` if it can be written; UsageError if it exists without ``overwrite``, or its folder does not."""
    target = Path(path)
    if target.is_dir():
        raise UsageError(f"{target} is a folder; name a file.")
    if target.exists() and not overwrite:
        raise UsageError(f"{target} exists; use --force (overwrite=True) to replace it, or another name.")
    if not target.parent.is_dir():
        raise UsageError(f"the folder {target.parent} does not exist.")
    return target


def write_atomically(path: str | Path, write: Callable[[Path], Any], *, overwrite: bool = False) -> None:
    """Call ``write`` with a temporary path beside ``path``, then rename it into place.

    Readers see the old file or the new one, never half of one. If ``write`` fails or is
    interrupted, the temporary file is removed and ``path`` is as it was.
    """
    target = check_target(path, overwrite=overwrite)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp makes it private
        check_target(path, overwrite=overwrite)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
