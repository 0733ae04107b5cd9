"""Independent pieces of work in other processes: on this machine, one thread each, or behind an executor."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import parent_process, resource_tracker
from multiprocessing.connection import wait
from multiprocessing.context import SpawnContext
from queue import SimpleQueue
from typing import Any, TypeVar

from walshqhn.support.checks import check_whole
from walshqhn.support.errors import UsageError, WalshqhnError
from walshqhn.support.files import first_line
from walshqhn.support.resources import THREADS_VARIABLE, require_memory
from walshqhn.support.signals import ignore_all, put_off

Piece = TypeVar("Piece")
_PROCESS = 1 << 27  # bytes that a worker takes at least, before any table
_ONE_THREAD = (THREADS_VARIABLE, "NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_MOST_DEATHS = 3  # of workers with the same piece, after which it is what kills them
_POLL = 0.2  # seconds, for futures that call nobody back


def resolve_workers(workers: int | None) -> int:
    """``workers``, by default the number of available cores. UsageError unless at least 1."""
    if workers is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return check_whole("workers", workers, 1)


def check_sendable(what: str, value: Any) -> None:
    """UsageError for a ``value`` that cannot be sent to other processes."""
    try:
        pickle.dumps(value)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UsageError(
            f"the {what} cannot be sent to other processes ({first_line(error)}): use workers=1, or functions and "
            "classes defined at the top level of a module."
        ) from None


def run_pieces(
    prepare: Callable[..., Callable[[Any], Any]], arguments: Sequence[Any], pieces: Sequence[Piece], workers: int = 1,
    executor: Any = None,
) -> Iterator[tuple[Piece, Any]]:  # fmt: skip
    """Yield (piece, result) as each is done, in any order.

    ``prepare(*arguments)`` is called once in every process (with an executor, in every thread of it) and returns the
    function that does a piece; both are pickled, and sent once to a process of ours or a Dask cluster. Pieces of
    workers that die are redone by others. Closing the iterator, or an exception in its consumer, stops all workers
    of ours at once; with an ``executor``, see `run_study`, what has not begun is cancelled. WalshqhnError if a piece
    fails (with its message), or if three workers die of it; TooLargeError for more workers than memory holds.
    """
    bundle = _Bundle(uuid.uuid4().hex, pickle.dumps((prepare, tuple(arguments)), protocol=5))
    crew = _Processes(bundle, min(workers, len(pieces))) if executor is None else _Executor(bundle, executor)
    todo, deaths = list(reversed(pieces)), Counter[int]()
    running: dict[int, tuple[Any, Piece]] = {}
    done: SimpleQueue[int] = SimpleQueue()
    number = 0
    try:
        while todo or running:
            lost: Exception | None = None
            while todo and len(running) < crew.most and lost is None:
                try:
                    future = crew.submit(todo[-1])
                except BrokenExecutor as error:
                    lost = error
                    break
                running[number := number + 1] = future, todo.pop()
                if hasattr(future, "add_done_callback"):
                    future.add_done_callback(lambda _, n=number, done=done: done.put(n))
            if lost is None:
                key = _next(running, done)
                future, piece = running.pop(key)
                try:
                    failure, result = future.result()
                except Exception as error:  # not of the piece: its worker, or the way to it, has gone
                    lost = error
                    deaths[pieces.index(piece)] += 1
                    todo.append(piece)
                else:
                    if failure is not None:
                        raise WalshqhnError(failure)
                    yield piece, result
            if lost is not None:
                crew.recover(lost, max(deaths.values(), default=0) >= _MOST_DEATHS)
                if crew.starts_over:
                    todo += [piece for _, piece in running.values()]
                    running.clear()
                    done = SimpleQueue()
    finally:
        for future, _ in running.values():
            with suppress(Exception):
                future.cancel()
        crew.close()


def _next(running: Mapping[int, tuple[Any, Any]], done: SimpleQueue[int]) -> int:
    """The number of a future that is done; waits for it."""
    if all(hasattr(future, "add_done_callback") for future, _ in running.values()):
        while (number := done.get()) not in running:  # of a crew that is no more
            pass
        return number
    while True:
        for number, (future, _) in running.items():
            if future.done():
                return number
        time.sleep(_POLL)


class _Bundle:
    """What all workers need, pickled once: a function that prepares them, and its arguments."""

    def __init__(self, token: str, data: bytes) -> None:
        self.token, self.data = token, data


class _Context(SpawnContext):
    """Of processes that start with one thread each, and are remembered."""

    def __init__(self) -> None:
        self.crew: list[Any] = []

    def Process(self, *arguments: Any, **more: Any) -> Any:  # type: ignore[override]
        process = super().Process(*arguments, **more)
        self.crew.append(process)
        return process


class _Processes:
    """Processes on this machine.

    They are those of `concurrent.futures` with three additions: they end with their parent, however it ends; they can
    be stopped at once, even while suspended; and one that dies is replaced.
    """

    starts_over = True
    """Whether a death ends everything that is running."""

    def __init__(self, bundle: _Bundle, count: int) -> None:
        require_memory(_PROCESS * count, f"a crew of {count:,} workers", "Use fewer.")
        self._bundle, self._count = bundle, count
        self.most = count + 1  # one waits, so that nobody does
        self._begin()

    def _begin(self) -> None:
        with put_off():  # by itself, and before any queue: its start ends with signals let through
            resource_tracker.ensure_running()
        self._context = _Context()
        self._bundles = self._context.Queue()  # its thread writes: a process that dies at its start blocks nobody
        self._pool = ProcessPoolExecutor(
            self._count, mp_context=self._context, initializer=_start_worker, initargs=(self._bundles,)
        )
        for _ in range(self._count):
            self._bundles.put(self._bundle)

    def submit(self, piece: Any) -> Any:
        with _environment(dict.fromkeys(_ONE_THREAD, "1")), put_off():  # processes start here
            return self._pool.submit(_run_piece, self._bundle.token, piece)

    def recover(self, error: Exception, is_hopeless: bool) -> None:
        """Replace the processes after a death. WalshqhnError if that would not help."""
        deadline, codes = time.monotonic() + 5, list[int]()
        while not codes and time.monotonic() < deadline:  # the pool's own thread may be asking, too
            codes = [process.exitcode for process in self._context.crew if process.exitcode is not None]
            time.sleep(0.01)
        self.close()
        if not isinstance(error, BrokenExecutor):
            raise WalshqhnError(f"a worker's answer was lost: {first_line(error)}. What was finished is kept.")
        ended = next((code for code in codes if code >= 0), None)
        if ended is not None:
            raise WalshqhnError(
                f"a worker ended unexpectedly (exit code {ended}). In a script, start studies only under "
                'if __name__ == "__main__":. What was finished is kept.'
            )
        if is_hopeless:
            killed = " killed, perhaps for lack of memory" if -signal.SIGKILL in codes else f" ended by signal {codes}"
            raise WalshqhnError(
                f"{_MOST_DEATHS} workers with the same task were{killed}: use fewer --workers. What was finished is "
                "kept."
            )
        self._begin()

    def close(self) -> None:
        """Stop all processes at once."""
        for process in self._context.crew:
            if process.pid is not None:
                process.kill()  # not terminate: they ignore SIGTERM
        self._pool.shutdown(cancel_futures=True)
        self._bundles.cancel_join_thread()
        self._bundles.close()


class _Executor:
    """Workers behind a user's executor: Dask's client or executor, or anything with ``submit``."""

    starts_over = False
    most = 1 << 62

    def __init__(self, bundle: _Bundle, executor: Any) -> None:
        client = executor if hasattr(executor, "scatter") else getattr(executor, "_client", None)
        self._executor, self._client = executor, client if hasattr(client, "scatter") else None
        self._bundle: Any = bundle
        self._own = bundle
        self._scatter()

    def _scatter(self) -> None:
        if self._client is not None:
            self._bundle = self._client.scatter(self._own, broadcast=True, hash=False)

    def submit(self, piece: Any) -> Any:
        if self._client is not None:
            return self._client.submit(_run_bundled, self._bundle, piece, pure=False)
        return self._executor.submit(_run_bundled, self._bundle, piece)

    def recover(self, error: Exception, is_hopeless: bool) -> None:
        """WalshqhnError if the executor takes no more work, or loses the same piece again and again."""
        if is_hopeless or isinstance(error, BrokenExecutor):
            why = f"{type(error).__name__}: {first_line(error)}"
            raise WalshqhnError(f"the executor lost a worker and does not go on ({why}). What was finished is kept.")
        self._scatter()  # it may have been lost with the workers that held it

    def close(self) -> None:
        """The executor is not ours to end."""


# --- in a worker -----------------------------------------------------------------------------------

_prepared = threading.local()  # what was prepared is used by one thread only


def _start_worker(bundles: Any) -> None:
    ignore_all()  # Ctrl-C, and often SIGTERM, reach all processes; the parent handles them
    threading.Thread(target=_die_with_parent, daemon=True).start()
    bundle = bundles.get()
    _prepared.token, _prepared.bundle, _prepared.function = bundle.token, bundle, None


def _run_piece(token: str, piece: Any) -> tuple[str | None, Any]:
    """(what failed, result) of a piece, in a process of ours."""
    return _run_bundled(_prepared.bundle, piece)


def _run_bundled(bundle: _Bundle, piece: Any) -> tuple[str | None, Any]:
    """(what failed, result) of a piece."""
    try:
        if getattr(_prepared, "token", None) != bundle.token or _prepared.function is None:
            prepare, arguments = pickle.loads(bundle.data)
            _prepared.token, _prepared.function = bundle.token, prepare(*arguments)
        return None, _prepared.function(piece)
    except WalshqhnError as error:
        return str(error), None
    except Exception as error:
        return f"a worker failed on {piece}: {type(error).__name__}: {error}", None


def _die_with_parent() -> None:
    """A thread: however the parent ends, this process ends at once, whatever it is doing."""
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Environment variables for processes that start within the block."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables.keys() - before.keys():
            del os.environ[name]
        os.environ.update({name: before[name] for name in variables.keys() & before.keys()})
