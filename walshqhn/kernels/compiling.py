"""What may be known about compiling from outside: how long it took, that it goes on, and how to do it early."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module

PARTS = {
    "transform": ("walsh", "walsh_large"),
    "costs": ("costs",),
    "engine": ("circuit", "statevector"),
    "sampling": ("sampling",),
    "annealing": ("annealing",),
}
"""What `warm` takes, and the modules whose kernels belong to it."""

Listener = Callable[[str, bool], None]
_listeners: list[Listener] = []
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
    """Compile, or read from the cache, what double precision needs of ``parts`` (default: all); from any thread."""
    for part in parts or PARTS:
        for name in PARTS[part]:
            for value in vars(import_module(f"walshqhn.kernels.{name}")).values():
                if hasattr(value, "warm"):
                    value.warm()


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
