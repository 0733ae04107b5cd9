"""A small thread pool that shares the pieces of a kernel's work.

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
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.kernels.cpus import cpu_count as cpu_count

Team = npt.NDArray[np.int64]
Entry = Callable[..., float]
Work = Callable[[int, int], object]

TEAM_WORDS, OVERFLOWED = 1024, 49  # see `team`
_LONGEST_REST = 256  # jobs, after helpers have repeatedly been late
_PATIENCE = 3000  # of a helper that waits for the next job: some 100 us
_state = threading.local()
serve: Callable[[Team, int, int, int], int] = lambda team, number, seen, patience: seen  # noqa: E731
"""`team.serve`, once there are kernels to be shared."""


def limit() -> int:
    """Number of threads used by kernels that are called from this thread."""
    return getattr(_state, "limit", None) or cpu_count()


class limited:  # no generator: small states are run in microseconds
    """Kernels called inside the block use ``threads`` threads."""

    def __init__(self, threads: int) -> None:
        self._threads, self._before = threads, None

    def __enter__(self) -> None:
        self._before = getattr(_state, "limit", None)
        _state.limit = self._threads

    def __exit__(self, *_: object) -> None:
        _state.limit = self._before


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
    """A thread that sleeps until it is called, then helps until nothing has come for a while."""

    def __init__(self, pool: _Pool, number: int) -> None:
        self._pool, self._number = pool, number
        self._called, self._awake, self._bell = False, False, threading.Lock()
        self._bell.acquire()
        self.thread = threading.Thread(target=self._serve, name="walshqhn", daemon=True)
        self.thread.start()

    def call(self) -> None:
        """Wake it, unless it is awake."""
        self._called = True
        if not self._awake:
            self._awake = True
            self._bell.release()

    def _serve(self) -> None:
        seen = 0
        while not self._pool.closed:
            self._bell.acquire()
            while self._called:
                self._called = False
                if job := self._pool.job:
                    job.help()
                del job  # and with it the arrays
                seen = serve(self._pool.team, self._number, seen, _PATIENCE)
            self._awake = False


class _Pool:
    def __init__(self) -> None:
        self.job: _Job | None = None
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

    def share(self, work: Work, pieces: int, chunk: int, threads: int) -> None:
        job, start = _Job(work, pieces, chunk), time.perf_counter()
        self.job = job
        self.call(threads - 1)
        try:
            job.drain()
        finally:
            done = time.perf_counter()
            job.close()
            self.job = None
        now = time.perf_counter()
        self._judge((now - done) / (now - start))

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


@contextmanager
def _helped(pieces: int) -> Iterator[int]:
    """The number of threads for a job of up to ``pieces`` pieces: 1 while the pool serves another job, or rests."""
    pool = _pool
    threads = min(limit(), pieces)
    if threads < 2 or not pool.busy.acquire(blocking=False):
        yield 1
        return
    try:
        if pool.rest:
            pool.rest, threads = pool.rest - 1, 1
        yield threads
    finally:
        pool.busy.release()


def share(work: Work, pieces: int, chunk: int = 1) -> None:
    """Call ``work(begin, end)`` for all of ``pieces``, ``chunk`` at a time, on at most `limit` threads.

    For pieces of milliseconds; a kernel's own, which may be shorter, are shared by `team.SharedKernel.share`. Which
    thread does which piece is open; one thread does all in one call. An error in a piece is raised here, after all
    pieces that were begun have ended.
    """
    with _helped(-(-pieces // chunk)) as threads:
        if threads > 1:
            _pool.share(work, pieces, chunk, threads)
        elif pieces > 0:
            work(0, pieces)


def lead(entry: Entry, arguments: Any, pieces: int, chunk: int, stages: int) -> bool:
    """Have a job done on at most `limit` threads (see `team.SharedKernel.share`); one does a stage in one call."""
    team = _own_team()
    if pieces == 1:
        _run(entry, team, 1, 0, arguments, 1, 1, stages)
        return bool(team[OVERFLOWED])
    with _helped(-(-pieces // chunk)) as threads:
        if threads > 1:
            team = _pool.team
            _pool.lead(entry, arguments, pieces, chunk, stages, threads)
        elif pieces > 0:
            _run(entry, team, 1, 0, arguments, pieces, pieces, stages)
        return bool(team[OVERFLOWED])


def _own_team() -> Team:
    """One that no other thread knows."""
    try:
        return _state.team
    except AttributeError:
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
