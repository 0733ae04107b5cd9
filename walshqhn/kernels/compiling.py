"""Compilation as seen from outside: its time, its progress, and how to do it early."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

from walshqhn.kernels.cpus import cpu_count

PARTS = {
    "transform": ("team", "walsh", "walsh_large"),
    "costs": ("team", "costs"),
    "engine": ("team", "circuit", "statevector"),
    "sampling": ("sampling",),
    "annealing": ("annealing", "flips"),
    "minimum": ("slabs", "branching"),
    "product": ("terms", "waves"),
    "mps": ("mps", "mps_sites"),
    "mps of networks": ("mps_phases",),
    "mps of hidden layers": ("mps_sums",),
}
"""What `warm` takes, and the modules whose kernels belong to it."""

Listener = Callable[[str, bool], None]
_listeners: list[Listener] = []
_processes: list[subprocess.Popen[bytes]] = []
_seconds = 0.0
_lock = threading.RLock()


def compile_seconds() -> float:
    """Wall seconds that compiling kernels, or reading them from the cache, has taken in this process so far."""
    return _seconds


@contextmanager
def on_compile(listener: Listener) -> Iterator[None]:
    """Call ``listener(part, True)`` where a kernel of `PARTS` is not in the cache and begins to be compiled.

    ``listener(part, False)`` follows when it is done. Both come from the thread that compiles.
    """
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def warm(*parts: str) -> None:
    """Compile, or read from the cache, what double precision needs of ``parts`` (default: all); from any thread.

    From the last to the first, to meet half-way a process that needs them in order.
    """
    for kernel in reversed(_kernels(parts)):
        kernel.warm()


def compile_apart(*parts: str) -> None:
    """Begin to `warm` them in a process of its own.

    A kernel that this process needs before the other has come to it is compiled here, meanwhile; one that the other
    is compiling is waited for. Nothing happens where there is one CPU, or where the cache has them all.
    """
    if cpu_count() > 1 and not all(kernel.is_kept for kernel in _kernels(parts)):
        code = f"import sys; sys.path[:] = {sys.path!r}; from walshqhn.kernels import warm; warm(*{parts!r})"
        quiet: Any = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        with suppress(OSError):
            _processes.append(subprocess.Popen([sys.executable, "-c", code], **quiet))


def _kernels(parts: Sequence[str]) -> list[Any]:
    """The kernels of ``parts``, each once; default: all."""
    modules = [import_module(f"walshqhn.kernels.{name}") for part in parts or PARTS for name in PARTS[part]]
    values = [value for module in modules for value in vars(module).values() if not isinstance(value, type)]
    return list({id(value): value for value in values if hasattr(value, "warm")}.values())


def announce(part: str, begins: bool) -> None:
    """Tell the listeners."""
    for listener in tuple(_listeners):
        listener(part, begins)


@contextmanager
def counted() -> Iterator[None]:
    """Count the block as compiling, which one thread does at a time."""
    global _seconds
    with _lock:
        start = time.perf_counter()
        try:
            yield
        finally:
            _seconds += time.perf_counter() - start


def _forget() -> None:
    """In a forked child: the thread that held the lock stayed behind."""
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
