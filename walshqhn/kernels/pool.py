"""Our own few threads, which share the pieces of a kernel's work.

A loop is cut into the same pieces whatever the number of threads, and each piece writes where no other does: results do
not depend on which thread does what. Helpers are plain Python threads in compiled code that needs no GIL (`team`): for
a moment after each job they look out for the next, which may follow within microseconds, then they sleep. Nobody waits
for a helper that has not begun a piece. On a machine whose other cores are busy, a job therefore costs at most the
pieces in which helpers were interrupted; after that, they are left alone for a while.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

Team = npt.NDArray[np.int64]
Entry = Callable[..., float]

TEAM_WORDS = 1024  # see `team`
_LONGEST_REST = 256  # jobs, after helpers have repeatedly been late
_PATIENCE = 3000  # of a helper that waits for the next job: some 100 us
_state = threading.local()


def cpu_count() -> int:
    """CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def limit() -> int:
    """Number of threads used by kernels that are called from this thread."""
    return getattr(_state, "limit", None) or cpu_count()


@contextmanager
def limited(threads: int) -> Iterator[None]:
    """Kernels called inside the block use ``threads`` threads."""
    before = getattr(_state, "limit", None)
    _state.limit = threads
    try:
        yield
    finally:
        _state.limit = before


class _Helper:
    """A thread that sleeps until it is called, then helps until nothing has come for a while."""

    def __init__(self, pool: _Pool, number: int) -> None:
        self._pool, self._number, self._awake, self._bell = pool, number, False, threading.Lock()
        self._bell.acquire()
        self.thread = threading.Thread(target=self._serve, name="walshqhn", daemon=True)
        self.thread.start()

    def call(self) -> None:
        """Wake it, unless it is awake."""
        if not self._awake:
            self._awake = True
            self._bell.release()

    def _serve(self) -> None:
        from walshqhn.kernels.team import serve

        seen = 0
        while not self._pool.closed:
            self._bell.acquire()
            seen = serve(self._pool.team, self._number, seen, _PATIENCE)
            self._awake = False


class _Pool:
    def __init__(self) -> None:
        self.team, self._jobs = np.zeros(TEAM_WORDS, np.int64), 0
        self.closed, self.busy = False, threading.Lock()
        self.helpers: list[_Helper] = []
        self.rest, self._next_rest = 0, 1  # shared loops still to be done without helpers

    def call(self, helpers: int) -> None:
        """Wake as many helpers."""
        while len(self.helpers) < helpers:
            self.helpers.append(_Helper(self, len(self.helpers)))
        for helper in self.helpers[:helpers]:
            helper.call()

    def lead(self, entry: Entry, arguments: Any, pieces: int, chunk: int, stages: int, threads: int) -> None:
        self.call(threads - 1)
        self._jobs += 1
        self._judge(_run(entry, self.team, self._jobs, threads - 1, arguments, pieces, chunk, stages))

    def _judge(self, waited: float) -> None:
        """Helpers that keep us waiting for half of the time have no free core: do without them for a while."""
        if waited > 0.5:
            self.rest, self._next_rest = self._next_rest, min(2 * self._next_rest, _LONGEST_REST)
        else:
            self._next_rest = max(1, self._next_rest // 2)

    def close(self) -> None:
        """End the helpers' threads."""
        with self.busy:
            self.closed = True
            for helper in self.helpers:
                helper.call()
            for helper in self.helpers:
                helper.thread.join()
            self.helpers.clear()


_pool = _Pool()


def lead(entry: Entry, arguments: Any, pieces: int, chunk: int, stages: int) -> None:
    """Have a job done on at most `limit` threads: see `team.SharedKernel.share`.

    With one thread, or while the pool serves another caller, this thread does all, a stage in one call.
    """
    pool = _pool
    threads = min(limit(), -(-pieces // chunk))
    if threads > 1 and pool.busy.acquire(blocking=False):
        try:
            if not pool.rest:
                pool.lead(entry, arguments, pieces, chunk, stages, threads)
                return
            pool.rest -= 1
        finally:
            pool.busy.release()
    if pieces > 0:
        _run(entry, _own_team(), 1, 0, arguments, pieces, pieces, stages)


def _own_team() -> Team:
    """One that no other thread knows."""
    if not hasattr(_state, "team"):
        _state.team = np.zeros(TEAM_WORDS, np.int64)
    return _state.team


def _run(
    entry: Entry, team: Team, job: int, helpers: int, arguments: Any, pieces: int, chunk: int, stages: int
) -> float:
    """The part of the time that helpers were waited for."""
    waited = entry(team, np.zeros(16 * stages, np.int64), job, helpers, pieces, chunk, stages, arguments)
    if waited < 0:
        raise MemoryError("a kernel could not allocate its buffers")
    return waited


def _forget() -> None:
    """In a forked child, which has none of the helpers."""
    global _pool
    _pool = _Pool()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
atexit.register(lambda: _pool.close())
