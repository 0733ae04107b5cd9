"""Where compiled kernels are kept.

Numba unpickles what it finds in its cache, and runs it. So it lies in a folder that is ours and that nobody
else can write to, and every file carries a checksum; what is damaged, unreadable or out of date is compiled
again and replaced. The folder's name holds all that a compiled kernel depends on but the CPU, which is part of
the key of each file: our version, the text of the kernels, the versions of numba and Python.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import pickle
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, Any

from numba import __version__ as numba_version
from numba import config
from numba.core.caching import CompileResultCacheImpl, FunctionCache
from numba.core.serialize import dumps

_SUFFIX = ".nbi"
_PATIENCE = 60.0  # seconds that another process is waited for, which may be stopped or hang


def folder() -> Path:
    """The folder of this version's compiled kernels."""
    return root() / _key()


def size() -> int:
    """Bytes of all compiled kernels, those of other versions too."""
    return sum(path.stat().st_size for path in _files())


def count() -> int:
    """How many compiled kernels there are, those of other versions too."""
    return sum(path.suffix == _SUFFIX for path in _files())


def clear() -> int:
    """Delete all compiled kernels, those of other versions too; return how many bytes that freed."""
    freed = size()
    for path in _files():
        path.unlink(missing_ok=True)
    for child in root().iterdir():
        if child.is_dir() and not any(child.iterdir()):
            child.rmdir()
    return freed


@cache
def root() -> Path:
    """The folder of all versions' kernels: $NUMBA_CACHE_DIR, the user's cache, the package's folder, a temporary one.

    The first that can be made and written to, belongs to us and is closed to others' writing.
    """
    wish = config.CACHE_DIR  # type: ignore[attr-defined]
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    wanted = [Path(wish) / "walshqhn"] if wish else []
    wanted += [Path(home).expanduser() / "walshqhn" / "kernels", Path(__file__).parent / "__pycache__" / "kernels"]
    for path in wanted:
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            continue
        if _is_ours(path, 0o022):
            return path
    return _temporary()


def _temporary() -> Path:
    """One for all processes of this user if it is safe; else one that this process makes and takes away."""
    path = Path(tempfile.gettempdir()) / f"walshqhn-kernels-{os.getuid() if hasattr(os, 'getuid') else 'user'}"
    with suppress(OSError):
        path.mkdir(mode=0o700, exist_ok=True)
    if hasattr(os, "getuid") and _is_ours(path, 0o077):
        return path
    path = Path(tempfile.mkdtemp(prefix="walshqhn-kernels-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def _is_ours(path: Path, forbidden: int) -> bool:
    """Whether ``path`` is a folder (no link) of ours, writable, without the ``forbidden`` permissions."""
    try:
        status = path.lstat()
    except OSError:
        return False
    if not stat.S_ISDIR(status.st_mode) or not os.access(path, os.W_OK | os.X_OK):
        return False
    return not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & forbidden)


@cache
def _key() -> str:
    try:
        ours = version("walshqhn")
    except PackageNotFoundError:
        ours = "0"
    text = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        text.update(path.name.encode() + b"\0" + path.read_bytes())
    python = f"{sys.implementation.cache_tag}{getattr(sys, 'abiflags', '')}"
    return f"{ours}-{text.hexdigest()[:16]}-numba{numba_version}-{python}"


def _files() -> list[Path]:
    return [path for path in root().glob(f"*/*{_SUFFIX}*") if path.is_file()]


def file_name(function: Callable[..., Any]) -> str:
    """What the files of a function are called, but for the key and the ending."""
    return f"{function.__module__.rpartition('.')[2]}.{function.__name__}"


def is_kept(function: Callable[..., Any]) -> bool:
    """Whether this version has compiled ``function``, for some type and CPU."""
    return any(folder().glob(f"{file_name(function)}-*{_SUFFIX}"))


class _Results(CompileResultCacheImpl):
    """Turns results of compiling into what can be pickled, and back."""

    def __init__(self) -> None:
        """Numba's would look for a folder."""


class _Files:
    """One file for each function and key: a checksum, then the pickle."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _path(self, key: object) -> Path:
        return folder() / f"{self._name}-{hashlib.sha256(repr(key).encode()).hexdigest()[:16]}{_SUFFIX}"

    def load(self, key: object) -> Any:
        content = self._path(key).read_bytes()
        if hashlib.sha256(content[32:]).digest() != content[:32]:
            return None
        return pickle.loads(content[32:])

    def save(self, key: object, data: Any) -> None:
        path, content = self._path(key), dumps(data)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(content).digest() + content)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise


def _claim(path: Path) -> IO[bytes] | None:
    """A lock on ``path``, so that one process compiles while the others wait; None where there is no such thing."""
    try:
        import fcntl

        path.parent.mkdir(mode=0o700, exist_ok=True)
        file = path.open("wb")
    except (ImportError, OSError):
        return None
    given_up = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except (BlockingIOError, PermissionError):  # another process has it
            if time.monotonic() > given_up:
                return file
            time.sleep(0.02)
        except OSError:  # no locks on this file system
            return file


class KernelCache(FunctionCache):
    """Numba's cache of one function, in our files; ``on_miss`` is called where nothing fit.

    What nothing fit for is claimed, until `release`: another process that needs it waits, and reads it then.
    """

    def __init__(self, function: Callable[..., Any], on_miss: Callable[[], None]) -> None:
        self._name, self._py_func = repr(function), function
        self._impl: Any = _Results()
        self._file_name = file_name(function)
        self._cache_file: Any = _Files(self._file_name)
        self._on_miss = on_miss
        self._claimed: IO[bytes] | None = None
        self.missed = False
        self.enable()

    @property
    def cache_path(self) -> str:
        return str(folder())

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What was kept, or None; whatever is wrong with a file, it is as if it were not there."""
        target_context.refresh()
        found = self._found(sig, target_context)
        if found is None:
            self.missed = True
            self._on_miss()
            self._claimed = _claim(folder() / f"{self._file_name}{_SUFFIX}.lock")
            found = self._found(sig, target_context)
        return found

    def _found(self, sig: Any, target_context: Any) -> Any:
        try:
            return self._load_overload(sig, target_context)
        except Exception:
            return None

    def release(self) -> None:
        """Let other processes have it."""
        if self._claimed is not None:
            with suppress(OSError):
                Path(self._claimed.name).unlink()
            self._claimed.close()
            self._claimed = None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep it; a full or read-only disk is no reason to fail."""
        with suppress(OSError):
            self._cache_file.save(self._index_key(sig, data.library.codegen), self._impl.reduce(data))
