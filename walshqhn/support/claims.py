"""Claims on files: only one process at a time writes a file.

A claim is a lock file beside the target, locked while its process lives; it names the process for the others. On file
systems without locks, the name alone decides.
"""

from __future__ import annotations

import hashlib
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from walshqhn.support.errors import UsageError

_held: set[Path] = set()
_SETTLED = 5.0  # seconds after which a temporary file is locked, or nobody's


@contextmanager
def claimed(path: str | Path) -> Iterator[None]:
    """Keep other processes from writing ``path`` during the block; blocks may be nested.

    UsageError if another one is writing it, or if nothing can be written there.
    """
    target = Path(path).resolve()
    if target in _held:
        yield
        return
    lock = target.parent / f".walshqhn-{hashlib.sha256(target.name.encode()).hexdigest()[:16]}.lock"
    handle = _claim(lock, path)
    _held.add(target)
    try:
        yield
    finally:
        _held.discard(target)
        with suppress(OSError):
            lock.unlink()
        os.close(handle)


def _claim(lock: Path, path: str | Path) -> int:
    """A handle of the locked file."""
    while True:
        try:
            handle = os.open(lock, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror}.") from error
        try:
            is_free, owner = try_lock(handle), os.pread(handle, 1000, 0).decode(errors="replace")
            if is_free is None:
                is_free = not _is_alive(owner)
            if not is_free:
                who = f" ({printable})" if (printable := "".join(filter(str.isprintable, owner))) else ""
                raise UsageError(f"{path} is being written by another process{who}; wait for it, or name another file.")
            if lock.exists() and os.path.samestat(os.fstat(handle), lock.stat()):  # else its owner has removed it
                text = f"process {os.getpid()} on {platform.node()}"
                os.ftruncate(handle, 0)
                os.pwrite(handle, text.encode(), 0)
                return handle
        except OSError as error:
            os.close(handle)
            raise UsageError(f"{path} cannot be written: {error.strerror}.") from error
        except UsageError:
            os.close(handle)
            raise
        os.close(handle)


def try_lock(handle: int) -> bool | None:
    """Lock an open file until it is closed. False if another process has it; None where files cannot be locked."""
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        return None
    return True


def _is_alive(owner: str) -> bool:
    """Whether the process that a lock file names may still run; on another machine that is unknown."""
    import psutil

    words = owner.split()
    if len(words) < 4 or not words[1].isdecimal():
        return False
    return words[3] != platform.node() or psutil.pid_exists(int(words[1]))


def remove_stale(folder: Path, pattern: str) -> None:
    """Remove temporary files that nobody has locked: their processes were killed."""
    for path in folder.glob(pattern):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime < _SETTLED:
                continue
            handle = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
            try:
                if try_lock(handle):
                    path.unlink()
            finally:
                os.close(handle)
