"""Independent pieces of work in several processes, one thread each.

The parent hands out one piece at a time over a separate pipe to each worker. It therefore knows which worker died,
Ctrl-C stops at once. A worker watches its parent, and ends with it.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

from walshqhn.support.checks import check_whole
from walshqhn.support.errors import UsageError, WalshqhnError
from walshqhn.support.files import first_line
from walshqhn.support.resources import THREADS_VARIABLE, require_memory
from walshqhn.support.signals import ignore_all

Piece = TypeVar("Piece")
_PROCESS = 1 << 27  # bytes that a worker takes at least, before any table
_ONE_THREAD = (THREADS_VARIABLE, "NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


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
    prepare: Callable[..., Callable[[Any], Any]], arguments: Sequence[Any], pieces: Sequence[Piece], workers: int
) -> Iterator[tuple[Piece, Any]]:
    """Yield (piece, result) as each is done, in any order.

    ``prepare(*arguments)`` is called once in every process and returns the function that does a piece; both are
    pickled. Closing the iterator, or an exception in its consumer, stops all workers at once. WalshqhnError if a piece
    fails (with its message) or a worker dies; TooLargeError for more workers than memory holds.
    """
    count = min(workers, len(pieces))
    require_memory(_PROCESS * count, f"a crew of {count:,} workers", "Use fewer.")
    context = multiprocessing.get_context("spawn")
    todo = list(reversed(pieces))
    crew: dict[Connection, tuple[Any, Piece]] = {}
    processes: list[Any] = []
    try:
        with _environment(dict.fromkeys(_ONE_THREAD, "1")):
            for _ in range(count):
                here, there = context.Pipe()
                process = context.Process(target=_work, args=(there,), daemon=True)
                processes.append(process)
                process.start()
                there.close()  # so that what is sent to a worker that died at its start fails, and does not wait
                _send(process, here, (prepare, arguments))
                crew[here] = (process, _send(process, here, todo.pop()))
        while crew:
            for ready in wait(list(crew)):
                assert isinstance(ready, Connection)
                process, piece = crew.pop(ready)
                try:
                    failure, result = ready.recv()
                except (EOFError, ConnectionResetError):
                    raise WalshqhnError(_obituary(process)) from None
                if failure is not None:
                    raise WalshqhnError(failure)
                if todo:
                    crew[ready] = (process, _send(process, ready, todo.pop()))
                else:
                    ready.close()
                yield piece, result
    finally:
        started = [process for process in processes if process.pid is not None]
        for process in started:
            process.kill()  # not terminate: they ignore SIGTERM if the parent does
        for process in started:
            process.join()


def _send(process: Any, connection: Connection, message: Piece) -> Piece:
    try:
        connection.send(message)
    except (BrokenPipeError, ConnectionResetError):  # not to be taken for a closed stdout
        raise WalshqhnError(_obituary(process)) from None
    return message


def _obituary(process: Any) -> str:
    process.join(5)
    code = process.exitcode
    if code == -signal.SIGKILL:
        return "a worker was killed, perhaps for lack of memory: use fewer --workers. What was finished is kept."
    return (
        f"a worker ended unexpectedly (exit code {code}). In a script, start studies only under "
        'if __name__ == "__main__":. What was finished is kept.'
    )


def _work(connection: Connection) -> None:
    """A worker: receives what prepares it, then one piece after another until the pipe ends."""
    ignore_all()  # Ctrl-C, and often SIGTERM, reach all processes; the parent handles them
    threading.Thread(target=_die_with_parent, daemon=True).start()
    function: Callable[[Any], Any] | None = None
    prepare: Callable[..., Callable[[Any], Any]] | None = None
    while True:
        try:
            if prepare is None:
                prepare, arguments = connection.recv()
            piece = connection.recv()
        except (EOFError, ConnectionResetError):
            return
        failure, result = None, None
        try:
            function = function or prepare(*arguments)
            result = function(piece)
        except WalshqhnError as error:
            failure = str(error)
        except Exception as error:
            failure = f"a worker failed on {piece}: {type(error).__name__}: {error}"
        try:
            connection.send((failure, result))
        except (BrokenPipeError, ConnectionResetError):
            return


def _die_with_parent() -> None:
    """A thread: however the parent ends, this process ends at once, whatever it is doing."""
    parent = multiprocessing.parent_process()
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
