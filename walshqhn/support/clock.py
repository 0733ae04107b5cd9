"""How long things take, not counting the compilation of kernels, which happens once on a machine."""

from __future__ import annotations

import time
from functools import cache
from typing import Any


class Stopwatch:
    """Starts when it is made."""

    def __init__(self) -> None:
        self._start = time.perf_counter() - _compiled()

    @property
    def seconds(self) -> float:
        """Time since the start, less what numba took meanwhile to compile functions or to load them."""
        return time.perf_counter() - _compiled() - self._start


def _compiled() -> float:
    """Seconds that numba has spent in its compiler since `_listener` was first asked for."""
    listener = _listener()
    return float(listener.duration) if listener.done else 0.0


@cache
def _listener() -> Any:
    from numba.core import event

    listener = event.TimingListener()  # type: ignore[no-untyped-call]
    event.register("numba:compiler_lock", listener)  # type: ignore[no-untyped-call]
    return listener
