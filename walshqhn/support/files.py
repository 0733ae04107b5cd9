"""Writing files so that nothing is lost: whole or not at all, and never over something by accident."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from walshqhn.support.claims import claimed, remove_stale, try_lock
from walshqhn.support.errors import InputError, UsageError


def check_source(path: str | Path) -> Path:
    """``path``, if it is a readable regular file (a pipe may never end). InputError otherwise."""
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


def fingerprint(path: str | Path) -> tuple[int, str]:
    """Size in bytes and SHA-256 of a file. Errors as in `check_source`."""
    with check_source(path).open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return stream.tell(), digest


def check_fingerprint(path: str | Path, size: int, digest: str) -> None:
    """InputError unless a file has this `fingerprint`; its size is compared first, and nothing is made of its bytes."""
    file = check_source(path)
    if file.stat().st_size != size or fingerprint(file) != (size, digest):
        raise InputError(f"{file} is not, or is no longer, the file that was recorded (its checksum is another).")


def check_target(path: str | Path, *, overwrite: bool, source: str | Path | Iterable[str | Path] = ()) -> Path:
    """``path``, links followed, if it can be written.

    UsageError if not, if it exists without ``overwrite``, or if it is a file that is being read: one of ``source``,
    which may be any texts.
    """
    try:
        target = Path(path).resolve()
        kind = target.stat().st_mode if target.exists() else None
    except (OSError, RuntimeError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENAMETOOLONG, errno.EACCES):
            raise UsageError(f"{path} cannot be written: {error.strerror}.") from None
        raise UsageError(f"{path} is a link that leads nowhere.") from None
    if kind is not None and stat.S_ISDIR(kind):
        raise UsageError(f"{path} is a folder; name a file.")
    if kind is not None and not stat.S_ISREG(kind):
        raise UsageError(f"{path} is not a regular file.")
    if kind is not None and any(_is_same(target, s) for s in ([source] if isinstance(source, str | Path) else source)):
        raise UsageError(f"{path} is the source itself; name another file.")
    if kind is not None and not overwrite:
        raise UsageError(f"{path} exists; use --force (overwrite=True) to replace it, or another name.")
    if not target.parent.is_dir():
        raise UsageError(f"the folder {Path(path).parent} does not exist.")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise UsageError(f"the folder {Path(path).parent} cannot be written to.")
    return target


@contextmanager
def targets(
    *paths: str | Path | None, overwrite: bool, source: str | Path | Iterable[str | Path] = ()
) -> Iterator[None]:
    """Keep other processes from writing ``paths`` during the block, before which all are checked; None is no file.

    So a result that could not be stored at the end fails at the start. UsageError as `check_target`, and if another
    process is writing one of them.
    """
    known = [check_target(path, overwrite=overwrite, source=source) for path in paths if path is not None]
    with ExitStack() as stack:
        for path in known:
            stack.enter_context(claimed(path))
        yield


def _is_same(target: Path, source: str | Path) -> bool:
    try:
        return target.samefile(Path(source).expanduser())
    except (OSError, RuntimeError, ValueError):  # no file at all
        return False


def write_atomically(path: str | Path, write: Callable[[Path], Any], *, overwrite: bool = False) -> None:
    """Call ``write`` with a temporary path beside ``path``, then rename it into place.

    Readers see the old file or the new one, never half of one. If ``write`` fails or is interrupted, the temporary file
    is removed and ``path`` is as it was; what a killed process has left is removed the next time. UsageError as
    `check_target`, and if another process is writing ``path``.
    """
    target = check_target(path, overwrite=overwrite)
    with claimed(target):
        remove_stale(target.parent, ".walshqhn-*.part")
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".walshqhn-", suffix=".part")
        temporary = Path(name)
        try:
            try_lock(handle)
            write(temporary)
            os.fsync(handle)
            with suppress(OSError):  # mkstemp makes it private; some file systems know no permission bits
                temporary.chmod(_mode(target))
            with suppress(OSError):
                os.utime(temporary)  # new again, and so nobody's to remove, when its lock goes
            os.close(handle)
            handle = -1
            check_target(path, overwrite=overwrite)
            temporary.replace(target)
        finally:
            if handle >= 0:
                os.close(handle)
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
