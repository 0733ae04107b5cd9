"""Writing files so that nothing is lost: whole or not at all, and never over something by accident."""

from __future__ import annotations

import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.support.errors import InputError, UsageError


def check_target(path: str | Path, *, overwrite: bool) -> Path:
    """``path``, links followed, if it can be written; UsageError if not, or if it exists without ``overwrite``."""
    target = Path(path).resolve()
    if target.is_dir():
        raise UsageError(f"{path} is a folder; name a file.")
    if target.exists() and not target.is_file():
        raise UsageError(f"{path} is not a regular file.")
    if target.exists() and not overwrite:
        raise UsageError(f"{path} exists; use --force (overwrite=True) to replace it, or another name.")
    if not target.parent.is_dir():
        raise UsageError(f"the folder {Path(path).parent} does not exist.")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise UsageError(f"the folder {Path(path).parent} cannot be written to.")
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


def read_npz(path: str | Path) -> dict[str, npt.NDArray[Any]]:
    """All arrays of an NPZ file. InputError if it is missing, damaged or another kind of file."""
    file = Path(path)
    try:
        with file.open("rb") as stream:  # opened here: NumPy leaves a damaged archive open
            archive = np.load(stream, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise InputError(f"{file} is not an NPZ file (is it .npy?).")
            with archive:
                return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{file}: cannot be read ({first_line(error)}).") from error


def first_line(error: Exception) -> str:
    """An error's message, cut to one line."""
    return (str(error).strip("'\"").splitlines() or [type(error).__name__])[0]
