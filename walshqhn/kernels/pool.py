"""Our own few threads, which share the pieces of a kernel's work.

A loop is cut into the same pieces whatever the number of threads, and each piece writes where no other does: results do
not depend on which thread does what. Kernels release the GIL, so plain Python threads suffice. An idle thread sleeps,
and nobody waits for a helper that has not begun a piece. On a machine whose other cores are busy, a shared loop
therefore costs at most the piece in which a helper was interrupted; after that, helpers are left alone for a while.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Work = Callable[[int, int], object]

_LONGEST_REST = 256  # shared loops, after helpers have repeatedly been late
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


class _Job:
    """Pieces to be claimed. Helpers join before they claim; once the job is closed, they no longer can."""

    def __init__(self, work: Work, pieces: int, chunk: int) -> None:
        self._work, self._pieces, self._chunk = work, pieces, chunk
        self._starts = iter(range(0, pieces, chunk))  # claiming is one bytecode: atomic
        self._lock, self._last_one_out = threading.Lock(), threading.Lock()
        self._closed, self._inside = False, 0
        self._error: BaseException | None = None

    def drain(self) -> None:
        """Do pieces until none is left."""
        try:
            for start in self._starts:
                self._work(start, min(start + self._chunk, self._pieces))
        except BaseException:
            for _ in self._starts:  # the others need not go on
                pass
            raise

    def help(self) -> None:
        """Drain as a helper; an error is kept for the thread that shares the work."""
        with self._lock:
            if self._closed:
                return
            self._inside += 1
        try:
            self.drain()
        except BaseException as error:
            self._error = error
        with self._lock:
            self._inside -= 1
            if self._closed and not self._inside:
                self._last_one_out.release()

    def close(self) -> None:
        """Admit no further helper, and wait for those inside: they write into the caller's arrays."""
        self._last_one_out.acquire()
        with self._lock:
            self._closed = True
            waiting = self._inside > 0
        interrupt = None
        while waiting:
            try:
                waiting = not self._last_one_out.acquire()
            except KeyboardInterrupt as error:
                interrupt = error
        if interrupt or self._error:
            raise interrupt or self._error  # type: ignore[misc]


class _Helper:
    """A thread that sleeps until it is called."""

    def __init__(self, pool: _Pool) -> None:
        self._pool, self._called, self._bell = pool, False, threading.Lock()
        self._bell.acquire()
        self.thread = threading.Thread(target=self._serve, name="walshqhn", daemon=True)
        self.thread.start()

    def call(self) -> None:
        """Wake it, unless an earlier call has not reached it yet."""
        if not self._called:
            self._called = True
            self._bell.release()

    def _serve(self) -> None:
        while not self._pool.closed:
            self._bell.acquire()
            self._called = False
            if job := self._pool.job:
                job.help()
            del job  # and with it the arrays


class _Pool:
    def __init__(self) -> None:
        self.job: _Job | None = None
        self.closed, self.busy = False, threading.Lock()
        self.helpers: list[_Helper] = []
        self.rest, self._next_rest = 0, 1  # shared loops still to be done without helpers

    def share(self, work: Work, pieces: int, chunk: int, threads: int) -> None:
        while len(self.helpers) < threads - 1:
            self.helpers.append(_Helper(self))
        job = self.job = _Job(work, pieces, chunk)
        start = time.perf_counter()
        for helper in self.helpers[: threads - 1]:
            helper.call()
        try:
            job.drain()
        finally:
            done = time.perf_counter()
            job.close()
            self.job = None
        self._judge(done - start, time.perf_counter() - done)

    def _judge(self, worked: float, waited: float) -> None:
        """Helpers that keep us waiting for as long as the work took have no free core: do without them for a while."""
        if waited > worked:
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


def share(work: Work, pieces: int, chunk: int = 1) -> None:
    """Call ``work(begin, end)`` for all of ``pieces``, ``chunk`` at a time, on at most `limit` threads.

    Which thread does which piece is open. With one thread, or while the pool serves another caller, this thread does
    all in one call. An error in a piece is raised here, after all pieces that were begun have ended.
    """
    pool = _pool
    threads = min(limit(), -(-pieces // chunk))
    if threads > 1 and pool.busy.acquire(blocking=False):
        try:
            if not pool.rest:
                pool.share(work, pieces, chunk, threads)
                return
            pool.rest -= 1
        finally:
            pool.busy.release()
    if pieces > 0:
        work(0, pieces)


def _forget() -> None:
    """In a forked child, which has none of the helpers."""
    global _pool
    _pool = _Pool()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
atexit.register(lambda: _pool.close())
