"""Processes: what they are told, and how it is explained when one fails."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from walshqhn.support import workers
from walshqhn.support.errors import UsageError, WalshqhnError

TESTS = Path(__file__).parent.parent


@pytest.mark.parametrize("count", [0, -1, 1.5, True])
def test_bad_worker_counts(count):
    with pytest.raises(UsageError, match="workers must be a whole number"):
        workers.resolve_workers(count)


def _prepare_trouble(kind):
    def work(piece):
        if piece == 2:
            if kind == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            if kind == "exit":
                os._exit(3)
            raise UsageError("no good") if kind == "usage" else ZeroDivisionError("oh")
        return piece * 10

    return work


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("killed", "3 workers with the same task were killed, perhaps for lack of memory"),
        ("exit", "exit code 3"),
        ("usage", "^no good$"),
        ("bug", "failed on 2: ZeroDivisionError: oh"),
    ],
)
def test_workers_that_fail_are_explained(kind, says):
    done = workers.run_pieces(_prepare_trouble, (kind,), [0, 1, 2, 3], 1)
    found = []
    with pytest.raises(WalshqhnError, match=says):
        found += list(done)
    assert not multiprocessing.active_children()


def _prepare_victim(place):
    def work(piece):
        if piece == 2 and not Path(place).exists():
            Path(place).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return piece * 10

    return work


@pytest.mark.parametrize("count", [1, 2])
def test_what_a_killed_worker_did_is_done_by_another(tmp_path, count):
    found = list(workers.run_pieces(_prepare_victim, (str(tmp_path / "died"),), list(range(6)), count))
    assert sorted(found) == [(k, 10 * k) for k in range(6)]
    assert (tmp_path / "died").exists()


@pytest.mark.skipif(os.name != "posix", reason="needs SIGSTOP")
def test_a_suspended_worker_keeps_nobody_waiting():
    done = workers.run_pieces(_prepare_sleep, (), [0, 0, 600, 600], 2)
    next(done)
    crew = multiprocessing.active_children()
    for process in crew:
        os.kill(process.pid, signal.SIGSTOP)
    done.close()
    assert len(crew) == 2
    assert not multiprocessing.active_children()


def _prepare_sleep():
    return time.sleep


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_an_executor_of_anyone_s(pool):
    with pool(2) as executor:
        found = dict(workers.run_pieces(_prepare_tenfold, (10,), list(range(7)), executor=executor))
        assert found == {k: 10 * k for k in range(7)}
        with pytest.raises(WalshqhnError, match=r"^no good$"):
            list(workers.run_pieces(_prepare_trouble, ("usage",), [1, 2, 3], executor=executor))
        assert executor.submit(pow, 2, 3).result() == 8  # it is not ours to end


def _prepare_tenfold(factor):
    return lambda piece: piece * factor


class Job:
    """As submitit's: it knows whether it is done, and calls nobody back."""

    def __init__(self, call, *arguments):
        self.call, self.arguments, self.asked = call, arguments, 0

    def done(self):
        self.asked += 1
        return self.asked > 1

    def result(self):
        return self.call(*self.arguments)


def test_jobs_that_call_nobody_back():
    executor = SimpleNamespace(submit=Job)
    assert dict(workers.run_pieces(_prepare_tenfold, (3,), [4, 5], executor=executor)) == {4: 12, 5: 15}


class Losing:
    """An executor that loses the first ``losses`` of its tasks."""

    def __init__(self, losses):
        self.losses = losses

    def submit(self, call, *arguments):
        future = Future()
        self.losses -= 1
        if self.losses >= 0:
            future.set_exception(ConnectionError("worker gone"))
        else:
            future.set_result(call(*arguments))
        return future


def test_tasks_that_an_executor_loses_are_submitted_again():
    assert dict(workers.run_pieces(_prepare_tenfold, (3,), [4, 5], executor=Losing(3))) == {4: 12, 5: 15}
    with pytest.raises(WalshqhnError, match=r"does not go on \(ConnectionError: worker gone\)"):
        list(workers.run_pieces(_prepare_tenfold, (3,), [4, 5], executor=Losing(30)))


def test_workers_have_one_thread_each(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    found = dict(workers.run_pieces(_prepare_threads, (), [0, 1], 2))
    assert found == {0: (1, "1"), 1: (1, "1")}
    assert os.environ["OMP_NUM_THREADS"] == "7"


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="needs signal masks")
def test_workers_get_no_signals_of_their_group_from_the_start():
    """Else Ctrl-C kills those that are just starting, with a traceback."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    for _, blocked in workers.run_pieces(_prepare_mask, (), [0, 1], 2):
        assert {signal.SIGINT, signal.SIGTERM, signal.SIGHUP} <= blocked
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before


def _prepare_mask():
    return lambda piece: signal.pthread_sigmask(signal.SIG_BLOCK, [])


def _prepare_threads():
    from walshqhn.support.resources import resolve_threads

    return lambda piece: (resolve_threads(None), os.environ["OMP_NUM_THREADS"])


_IGNORANT = """
import os, signal, sys, time
from walshqhn.support import workers

def prepare():
    def work(piece):
        os.write(1, f"{os.getpid()}\\n".encode())  # in one piece, so that two do not run into each other
        time.sleep(piece)
        return piece
    return work

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    done = workers.run_pieces(prepare, (), [600, 0], 2)
    next(done)
    done.close()
    print("closed", flush=True)
"""


def test_workers_of_a_parent_that_ignores_sigterm_end_as_well(tmp_path):
    """They inherit that, so that SIGTERM cannot be what ends them."""
    script = tmp_path / "script.py"
    script.write_text(_IGNORANT)
    environment = os.environ | {"PYTHONPATH": str(TESTS.parent)}
    found = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    *pids, last = found.stdout.split()
    assert last == "closed"
    for pid in map(int, pids):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.parametrize("size", [4, 1 << 17])
def test_a_script_without_a_guard_is_told_so_whatever_a_worker_is_sent(tmp_path, size):
    """A worker of such a script dies at its start; more than a pipe holds must not be waited for."""
    script = tmp_path / "script.py"
    script.write_text(
        f"from walshqhn.support.workers import run_pieces\nlist(run_pieces(len, (bytes({size}),), [1, 2], 1))\n"
    )
    found = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 1
    assert found.stderr.splitlines()[-1].endswith('only under if __name__ == "__main__":. What was finished is kept.')


_PARENT = """
import os, signal, time
from walshqhn.support import workers

def prepare():
    def work(piece):
        os.write(1, f"{os.getpid()}\\n".encode())
        while True:
            sum(range(100_000))  # with the interpreter's lock held
    return work

if __name__ == "__main__":
    list(workers.run_pieces(prepare, (), [0, 1], 2))
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_workers_of_a_killed_parent_end_at_once(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(_PARENT)
    environment = os.environ | {"PYTHONPATH": str(TESTS.parent)}
    with subprocess.Popen([sys.executable, script], env=environment, stdout=subprocess.PIPE, text=True) as parent:
        pids = [int(parent.stdout.readline()) for _ in range(2)]
        parent.kill()
    deadline = time.monotonic() + 20  # they need milliseconds, but not on a machine that is busy
    while any(map(psutil.pid_exists, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(map(psutil.pid_exists, pids))
