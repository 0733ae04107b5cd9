"""Where compiled kernels are kept.

Numba unpickles what it finds in its cache and runs it, so ours lies in a folder that belongs to us and that nobody else
can write to. Every file carries a checksum; a kernel whose file is damaged, unreadable or out of date is compiled
again. The folder's name covers our version, the text of the kernels, numba and Python; the CPU is part of each file's
key.
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
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

_SUFFIX = ".nbi"
_PATIENCE = 60.0  # seconds to wait for another process, which may be stopped or hang


def size() -> int:
    """Bytes of all compiled kernels, including those of other versions."""
    return sum(path.stat().st_size for path in _files())


def count() -> int:
    """Number of compiled kernels, including those of other versions."""
    return sum(path.suffix == _SUFFIX for path in _files())


def clear() -> int:
    """Delete all compiled kernels, including those of other versions; return the number of bytes freed."""
    freed = size()
    for path in _files():
        path.unlink(missing_ok=True)
    for child in root().iterdir():
        if child.is_dir() and not any(child.iterdir()):
            child.rmdir()
    return freed


def _files() -> list[Path]:
    return [path for path in root().glob(f"*/*{_SUFFIX}*") if path.is_file()]


@cache
def root() -> Path:
    """The folder of all versions' kernels: $NUMBA_CACHE_DIR, the user's cache, the package's folder or a temporary one.

    It is the first of them that can be created and written to, belongs to us and is closed to other writers.
    """
    wish = config.CACHE_DIR  # type: ignore[attr-defined]
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    wanted = [Path(wish) / "walshqhn"] if wish else []
    wanted += [Path(home).expanduser() / "walshqhn" / "kernels", Path(__file__).parent / "__pycache__" / "kernels"]
    for path in wanted:
        with suppress(OSError):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _is_ours(path, 0o022):
                return path
    if hasattr(os, "getuid"):
        path = Path(tempfile.gettempdir()) / f"walshqhn-kernels-{os.getuid()}"
        with suppress(OSError):
            path.mkdir(mode=0o700, exist_ok=True)
            if _is_ours(path, 0o077):
                return path
    path = Path(tempfile.mkdtemp(prefix="walshqhn-kernels-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def _is_ours(path: Path, forbidden: int) -> bool:
    """Whether ``path`` is a writable folder (no link) that we own, without the ``forbidden`` permission bits."""
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or not os.access(path, os.W_OK | os.X_OK):
        return False
    return not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & forbidden)


@cache
def folder() -> Path:
    """The folder of this version's compiled kernels."""
    try:
        ours = version("walshqhn")
    except PackageNotFoundError:
        ours = "0"
    text = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        text.update(path.name.encode() + b"\0" + path.read_bytes())
    python = f"{sys.implementation.cache_tag}{getattr(sys, 'abiflags', '')}"
    return root() / f"{ours}-{text.hexdigest()[:16]}-numba{numba_version}-{python}"


def is_cached(function: Callable[..., Any]) -> bool:
    """Whether this version has compiled ``function``, for some type and CPU."""
    return any(folder().glob(f"{_name(function)}-*{_SUFFIX}"))


def _name(function: Callable[..., Any]) -> str:
    return f"{function.__module__.rpartition('.')[2]}.{function.__name__}"


def _claim(path: Path) -> IO[bytes] | None:
    """A lock on ``path``, so that one process compiles while others wait; None where files cannot be locked."""
    try:
        import fcntl

        path.parent.mkdir(mode=0o700, exist_ok=True)
        file = path.open("wb")
    except (ImportError, OSError):
        return None
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except (BlockingIOError, PermissionError):  # another process has it
            if time.monotonic() > deadline:
                return file
            time.sleep(0.02)
        except OSError:  # no locks on this file system
            return file


class KernelCache:
    """The cache of one function, in place of numba's; ``on_miss`` is called when a kernel must be compiled.

    A file holds a checksum and a pickled compilation result. A missing one is claimed until `release`: other processes
    that need it wait, and read it then.
    """

    def __init__(self, function: Callable[..., Any], on_miss: Callable[[], None]) -> None:
        self._name = _name(function)
        # Functions in a closure are covered by the folder's name; pickled, they would differ from process to process.
        cells = [cell.cell_contents for cell in function.__closure__ or ()]
        self._constants = [value for value in cells if isinstance(value, int)]
        self._on_miss, self.missed = on_miss, False
        self._claimed: IO[bytes] | None = None

    def path(self, signature: Any, codegen: Any) -> Path:
        """The file for these argument types on this CPU."""
        key = repr((signature, codegen.magic_tuple(), self._constants)).encode()
        return folder() / f"{self._name}-{hashlib.sha256(key).hexdigest()[:16]}{_SUFFIX}"

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The stored result, or None; a file that cannot be used counts as missing, whatever is wrong with it."""
        target_context.refresh()
        found = self._load(sig, target_context)
        if found is None:
            self.missed = True
            self._on_miss()
            self._claimed = _claim(folder() / f"{self._name}{_SUFFIX}.lock")
            found = self._load(sig, target_context)
        return found

    def _load(self, sig: Any, target_context: Any) -> Any:
        with suppress(Exception):
            content = self.path(sig, target_context.codegen()).read_bytes()
            if hashlib.sha256(content[32:]).digest() == content[:32]:
                return CompileResult._rebuild(target_context, *pickle.loads(content[32:]))
        return None

    def release(self) -> None:
        """Give other processes the kernel that this one claimed."""
        if self._claimed is not None:
            with suppress(OSError):
                Path(self._claimed.name).unlink()
            self._claimed.close()
            self._claimed = None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Store a result; a full or read-only disk is no reason to fail."""
        path, content = self.path(sig, data.library.codegen), dumps(data._reduce())
        with suppress(OSError):
            path.parent.mkdir(mode=0o700, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(hashlib.sha256(content).digest() + content)
                Path(name).replace(path)
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise
