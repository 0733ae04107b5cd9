"""How long things take, not counting the compilation of kernels, which happens once on a machine."""

from __future__ import annotations

import time

from walshqhn.kernels import compile_seconds


class Stopwatch:
    """Starts when it is made."""

    def __init__(self) -> None:
        self._start = time.perf_counter() - compile_seconds()

    @property
    def seconds(self) -> float:
        """Time since the start, less what compiling kernels, or reading them from the cache, took meanwhile."""
        return time.perf_counter() - compile_seconds() - self._start

    def advance(self, seconds: float) -> None:
        """Count ``seconds`` that passed before the start, in another process."""
        self._start -= seconds
