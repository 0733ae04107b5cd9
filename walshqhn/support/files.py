"""Writing files so that nothing is lost: whole or not at all, and never over something by accident."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from walshqhn.support.errors import InputError, UsageError


def check_source(path: str | Path) -> Path:
    """``path``, if it is a file that can be read; a pipe, which may never end, is none. InputError otherwise."""
    file = Path(path)
    try:
        kind = file.stat().st_mode
    except (OSError, ValueError):
        raise InputError(f"no such file: {file}") from None
    if not stat.S_ISREG(kind):
        raise InputError(
            f"no such file: {file} (that is {'a folder' if stat.S_ISDIR(kind) else 'a pipe or a device'})."
        )
    if not os.access(file, os.R_OK):
        raise InputError(f"{file} cannot be read: permission denied.")
    return file


def check_target(path: str | Path, *, overwrite: bool, source: str | Path | None = None) -> Path:
    """``path``, links followed, if it can be written.

    UsageError if not, if it exists without ``overwrite``, or if it is the file ``source`` that is being read.
    """
    try:
        target = Path(path).resolve()
    except (OSError, RuntimeError):
        raise UsageError(f"{path} is a link that leads nowhere.") from None
    if target.is_dir():
        raise UsageError(f"{path} is a folder; name a file.")
    if target.exists() and not target.is_file():
        raise UsageError(f"{path} is not a regular file.")
    if source is not None and target.exists() and Path(source).exists() and target.samefile(source):
        raise UsageError(f"{path} is the source itself; name another file.")
    if target.exists() and not overwrite:
        raise UsageError(f"{path} exists; use --force (overwrite=True) to replace it, or another name.")
    if not target.parent.is_dir():
        raise UsageError(f"the folder {Path(path).parent} does not exist.")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise UsageError(f"the folder {Path(path).parent} cannot be written to.")
    return target


def write_atomically(path: str | Path, write: Callable[[Path], Any], *, overwrite: bool = False) -> None:
    """Call ``write`` with a temporary path beside ``path``, then rename it into place.

    Readers see the old file or the new one, never half of one. If ``write`` fails or is interrupted, the temporary file
    is removed and ``path`` is as it was.
    """
    target = check_target(path, overwrite=overwrite)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".walshqhn-", suffix=".part")
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        with suppress(OSError):  # mkstemp makes it private; some file systems know no permission bits
            temporary.chmod(_mode(target))
        check_target(path, overwrite=overwrite)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _mode(target: Path) -> int:
    """Permission bits of the file that is replaced, else those of a new one."""
    if target.exists():
        return target.stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def first_line(error: Exception) -> str:
    """An error's message, cut to one line."""
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    return (text.splitlines() or [type(error).__name__])[0]
