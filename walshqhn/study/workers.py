"""Independent pieces of work in several processes, one thread each.

The parent hands out one piece at a time over a separate pipe to each worker. It therefore knows which worker died,
Ctrl-C stops at once, and a worker whose parent was killed sees the end of its pipe and exits.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

from walshqhn.support.checks import check_whole
from walshqhn.support.errors import WalshqhnError
from walshqhn.support.resources import THREADS_VARIABLE

Piece = TypeVar("Piece")
_ONE_THREAD = (THREADS_VARIABLE, "NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def resolve_workers(workers: int | None) -> int:
    """``workers``, by default the number of available cores. UsageError unless at least 1."""
    if workers is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return check_whole("workers", workers, 1)


def run_pieces(
    prepare: Callable[..., Callable[[Any], Any]], arguments: Sequence[Any], pieces: Sequence[Piece], workers: int
) -> Iterator[tuple[Piece, Any]]:
    """Yield (piece, result) as each is done, in any order.

    ``prepare(*arguments)`` is called once in every process and returns the function that does a piece; both are
    pickled. Closing the iterator, or an exception in its consumer, stops all workers at once. WalshqhnError if a piece
    fails (with its message) or a worker dies.
    """
    context = multiprocessing.get_context("spawn")
    todo = list(reversed(pieces))
    crew: dict[Connection, tuple[Any, Piece]] = {}
    processes: list[Any] = []
    try:
        with _environment(dict.fromkeys(_ONE_THREAD, "1")):
            for _ in range(min(workers, len(todo))):
                here, there = context.Pipe()
                process = context.Process(target=_work, args=(there, prepare, arguments), daemon=True)
                processes.append(process)
                process.start()
                there.close()
                crew[here] = (process, _hand_out(process, here, todo))
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
                    crew[ready] = (process, _hand_out(process, ready, todo))
                else:
                    ready.close()
                yield piece, result
    finally:
        started = [process for process in processes if process.pid is not None]
        for process in started:
            process.kill()  # not terminate: they ignore SIGTERM if the parent does
        for process in started:
            process.join()


def _hand_out(process: Any, connection: Connection, todo: list[Piece]) -> Piece:
    piece = todo.pop()
    try:
        connection.send(piece)
    except (BrokenPipeError, ConnectionResetError):  # not to be taken for a closed stdout
        raise WalshqhnError(_obituary(process)) from None
    return piece


def _obituary(process: Any) -> str:
    process.join(5)
    code = process.exitcode
    if code == -signal.SIGKILL:
        return "a worker was killed, perhaps for lack of memory: use fewer --workers. What was finished is kept."
    return (
        f"a worker ended unexpectedly (exit code {code}). In a script, start studies only under "
        'if __name__ == "__main__":. What was finished is kept.'
    )


def _work(connection: Connection, prepare: Callable[..., Callable[[Any], Any]], arguments: Sequence[Any]) -> None:
    """A worker: prepare, then one piece after another until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the parent handles it
    function: Callable[[Any], Any] | None = None
    while True:
        try:
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
