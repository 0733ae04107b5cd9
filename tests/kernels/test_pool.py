"""The threads that share a kernel's work: every piece once, asleep when idle, never waited for in vain, fork-safe."""

import gc
import os
import subprocess
import sys
import threading
import time
import weakref

import numpy as np
import pytest

from walshqhn.kernels import pool


@pytest.fixture(autouse=True)
def fresh_pool(monkeypatch):
    """A pool of the test's own, closed at its end."""
    monkeypatch.setattr(pool, "_pool", pool._Pool())
    monkeypatch.setattr(pool._Pool, "_judge", lambda *_: None)  # helpers are not sent to rest: the machine may be busy
    yield
    pool._pool.close()


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize(("pieces", "chunk"), [(0, 1), (1, 1), (2, 1), (32, 4), (33, 4), (7, 100)])
def test_every_piece_is_done_once(pieces, chunk, threads):
    done = np.zeros(pieces, int)

    def work(begin, end):
        assert 0 < end - begin <= (chunk if threads > 1 and pieces > chunk else pieces)
        done[begin:end] += 1

    with pool.limited(threads):
        for _ in range(20):
            pool.share(work, pieces, chunk)
    assert np.all(done == 20)


def test_one_thread_starts_none():
    before = threading.enumerate()
    with pool.limited(1):
        pool.share(lambda begin, end: time.sleep(0.001), 10)
    assert threading.enumerate() == before
    assert pool._pool.helpers == []


def both_at_work():
    """A piece that lasts until two threads are in one, and the threads that were."""
    met, seen = threading.Barrier(2, timeout=30), set()

    def work(begin, end):
        seen.add(threading.get_ident())
        if begin < 2:
            met.wait()

    return work, seen


def test_helpers_help():
    work, seen = both_at_work()
    with pool.limited(2):
        pool.share(work, 8)
    assert len(seen) == 2


def test_limit_belongs_to_the_thread_and_ends_with_the_block():
    everywhere, seen = pool.limit(), []
    with pool.limited(7):
        assert pool.limit() == 7
        with pool.limited(3):
            assert pool.limit() == 3
        thread = threading.Thread(target=lambda: seen.append(pool.limit()))
        thread.start()
        thread.join()
    assert pool.limit() == everywhere == pool.cpu_count() == seen[0]


@pytest.mark.parametrize("where", ["here", "helper"])
def test_an_error_ends_all_and_is_raised(where):
    main, started = threading.get_ident(), threading.Event()

    def work(begin, end):
        if (threading.get_ident() == main) == (where == "here"):
            started.set()
            raise ZeroDivisionError(where)
        assert started.wait(30)

    with pool.limited(2), pytest.raises(ZeroDivisionError, match=where):
        pool.share(work, 100)
    work, seen = both_at_work()
    with pool.limited(2):
        pool.share(work, 8)
    assert len(seen) == 2


def test_an_interrupt_waits_for_pieces_that_write(monkeypatch):
    """Ctrl-C while a helper is in a piece: it is raised when that has ended, not before."""
    main, inside, finished = threading.get_ident(), threading.Event(), []

    def work(begin, end):
        if threading.get_ident() == main:
            assert inside.wait(30)
            raise KeyboardInterrupt
        inside.set()
        time.sleep(0.05)
        finished.append(begin)

    with pool.limited(2), pytest.raises(KeyboardInterrupt):
        pool.share(work, 2)
    assert len(finished) == 1


def test_a_second_thread_and_a_nested_call_do_their_work_alone():
    done = []

    def inner(begin, end):
        done.append((begin, end))

    with pool.limited(2):
        pool.share(lambda begin, end: pool.share(inner, 3), 4)
    assert done == [(0, 3)] * 4


def test_a_helper_that_comes_late_is_not_waited_for(monkeypatch):
    """As on a machine whose other cores are busy: the helper's turn comes when all is done."""
    gate = threading.Event()
    help_ = pool._Job.help
    monkeypatch.setattr(pool._Job, "help", lambda job: (gate.wait(30), help_(job)))
    done = []
    with pool.limited(2):
        for _ in range(50):
            pool.share(lambda begin, end: done.append(begin), 4)
    assert done == [0, 1, 2, 3] * 50
    gate.set()


def test_helpers_that_are_late_are_left_alone_for_longer_and_longer(monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(pool, "_pool", pool._Pool())
    judge = pool._pool._judge
    for expected in (1, 2, 4, 8):
        judge(worked=1.0, waited=2.0)
        assert pool._pool.rest == expected
    seen = set()
    with pool.limited(2):
        for _ in range(8):
            pool.share(lambda begin, end: seen.add(threading.get_ident()), 4)
        assert seen == {threading.get_ident()}
        assert pool._pool.rest == 0
    judge(worked=1.0, waited=0.1)
    judge(worked=1.0, waited=2.0)
    assert pool._pool.rest == 8
    pool._pool.close()


def test_waiting_threads_use_no_time():
    """Nobody spins: the process uses hardly any CPU while a helper waits for work and the caller for the helper."""
    work, _ = both_at_work()
    main = threading.get_ident()
    with pool.limited(2):
        pool.share(work, 8)
        before = time.process_time()
        time.sleep(0.3)  # the helper has nothing to do
        inside = threading.Event()

        def slow(begin, end):
            if threading.get_ident() == main:
                assert inside.wait(30)
            else:
                inside.set()
                time.sleep(0.3)  # the caller waits for it

        pool.share(slow, 2)
    assert time.process_time() - before < 0.1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs a choice of the CPU")
def test_threads_on_one_busy_core_give_way():
    """Two threads on a core: CPU time as with one, and the helper gives up the core by itself, not at a tick's end."""
    code = """
import os, resource, sys, time
import numpy as np
from walshqhn import ExactEngine, LinearAnsatz
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from walshqhn.kernels import pool
pool.cpu_count = lambda: 2
table = np.random.default_rng(0).normal(size=1 << 17)
ansatz = LinearAnsatz(17, 2)
angles = ansatz.initial_parameters(np.random.default_rng(1))
used = []
for threads in (1, 2):
    engine = ExactEngine(table, threads=threads)
    engine.value_and_gradient(ansatz, angles)
    best = []
    for _ in range(15):
        start = time.process_time()
        engine.value_and_gradient(ansatz, angles)
        best.append(time.process_time() - start)
    used.append(min(best))
print(used[1] / used[0])
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300)
    assert float(found.stdout) < 1.5


def test_no_array_is_kept():
    array = np.zeros(10)
    gone = weakref.ref(array)

    def share(array):
        work, _ = both_at_work()
        pool.share(lambda begin, end: (work(begin, end), array[begin:end].sum()), 4)

    with pool.limited(2):
        share(array)
    del array
    for _ in range(100):
        gc.collect()
        if gone() is None:
            break
        time.sleep(0.01)
    assert gone() is None


def test_closing_ends_the_threads():
    with pool.limited(3):
        pool.share(lambda begin, end: None, 9)
    threads = [helper.thread for helper in pool._pool.helpers]
    assert len(threads) == 2
    pool._pool.close()
    assert not any(thread.is_alive() for thread in threads)


def test_no_threading_layer_is_ever_launched():
    code = """
import numpy as np, numba, threading, walshqhn as w
w.wht(np.zeros(1 << 21), threads=2)
try:
    print(numba.threading_layer())
except ValueError:
    print(sorted(t.name for t in threading.enumerate()))
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() in ("['MainThread', 'walshqhn']", "['MainThread']")  # one CPU: no helper
