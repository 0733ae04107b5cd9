"""Limits of a computation: memory, checked before it is allocated, and threads."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from walshqhn.kernels import pool
from walshqhn.support.errors import TooLargeError, UsageError

THREADS_VARIABLE = "WALSHQHN_THREADS"


def format_size(num_bytes: float) -> str:
    """``num_bytes`` in readable form: '1.5 MB', '8.8 TB'."""
    if num_bytes >= 1e21:
        return f"2^{math.log2(num_bytes):.0f} bytes"
    for unit in ("bytes", "kB", "MB", "GB", "TB", "PB", "EB"):
        if num_bytes < 999.5 or unit == "EB":
            return f"{num_bytes:.0f} bytes" if unit == "bytes" else f"{num_bytes:.3g} {unit}"
        num_bytes /= 1000
    raise AssertionError("unreachable")


def available_memory() -> int:
    """Bytes that can be allocated now without swapping, within the limits of the control group and of ``ulimit -v``."""
    import psutil

    found = [int(psutil.virtual_memory().available), *_left_in_control_groups()]
    with suppress(ImportError, OSError, psutil.Error):
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            found.append(limit - psutil.Process().memory_info().vms)
    return max(0, min(found))


def _left_in_control_groups() -> list[int]:
    """Bytes that the control groups of this process leave it, as in a container or a batch job; versions 1 and 2."""
    root, found = Path("/"), []
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, name = line.split(":", 2)
            if controllers not in ("", "memory"):
                continue
            base = root / "sys/fs/cgroup" / controllers
            files = ("limit_in_bytes", "usage_in_bytes") if controllers else ("max", "current")
            group = base / name.strip("/")
            for folder in (base, *(g for g in (group, *group.parents) if base in g.parents)):  # containers see the base
                with suppress(OSError, ValueError):  # ValueError: "max"
                    limit, used = (int((folder / f"memory.{file}").read_text()) for file in files)
                    idle = dict(map(str.split, (folder / "memory.stat").read_text().splitlines()))
                    cached = int(idle.get("total_inactive_file", idle.get("inactive_file", 0)))
                    found.append(limit - used + cached)
    return found


def require_memory(num_bytes: int, what: str, advice: str) -> None:
    """Raise TooLargeError unless ``num_bytes`` fit; ``what`` needs them, ``advice`` says what to do instead."""
    free = available_memory()
    if num_bytes > free:
        raise TooLargeError(
            f"{what} needs {format_size(num_bytes)} of memory; {format_size(free)} are available. {advice}"
        )


def resolve_threads(threads: int | None) -> int:
    """The number of threads: ``threads``, else $WALSHQHN_THREADS, else that of `thread_limit`, else all CPUs."""
    source: str = "threads"
    value: int | str | None = threads
    if value is None:
        source, value = THREADS_VARIABLE, os.environ.get(THREADS_VARIABLE) or None
    if value is None:
        return pool.limit()
    try:
        count = int(value) if isinstance(value, str) or value == int(value) else 0
    except (TypeError, ValueError):
        count = 0
    if count < 1:
        raise UsageError(f"{source} must be a whole number of at least 1, got {value!r}.")
    return min(count, pool.cpu_count())


def thread_limit(threads: int | None) -> pool.limited:
    """Run kernels inside the block on ``threads`` threads (None: see `resolve_threads`)."""
    return pool.limited(resolve_threads(threads))


@contextmanager
def numpy_threads(threads: int | None) -> Iterator[None]:
    """The same for the linear algebra of NumPy and SciPy, whose BLAS has separate thread pools."""
    with _pools("scipy.linalg" in sys.modules).limit(limits=resolve_threads(threads), user_api="blas"):
        yield


@cache
def _pools(scipy_too: bool) -> Any:
    """Searched for once, and again when SciPy is loaded: looking through the libraries takes milliseconds."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
