"""Results right after fork, spawn and forkserver, in every pool that people use."""

import multiprocessing
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from walshqhn import ExactEngine, LinearAnsatz, wht
from walshqhn.kernels import pool

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")  # which is the point
METHODS = multiprocessing.get_all_start_methods()
joblib = pytest.importorskip("joblib")


def work(seed):
    """A transform and a gradient on two threads, both large enough to be shared."""
    values = np.random.default_rng(seed).normal(size=1 << 18)
    ansatz = LinearAnsatz(17, 1)
    angles = ansatz.initial_parameters(np.random.default_rng(seed))
    with pool.limited(2):
        transformed = wht(values)
    energy, gradient = ExactEngine(values[: 1 << 17], threads=2).value_and_gradient(ansatz, angles)
    return [float(transformed[1]), energy, *gradient]


@pytest.fixture(scope="module")
def expected():
    """What the parent finds; its helpers are at work before anybody forks."""
    return [work(seed) for seed in range(2)]


@pytest.mark.parametrize("method", METHODS)
def test_multiprocessing(method, expected):
    with multiprocessing.get_context(method).Pool(2) as processes:
        assert processes.map_async(work, range(2)).get(timeout=120) == expected


@pytest.mark.parametrize("method", METHODS)
def test_concurrent_futures(method, expected):
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as processes:
        assert list(processes.map(work, range(2), timeout=120)) == expected


@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
def test_joblib(backend, expected):
    found = joblib.Parallel(n_jobs=2, backend=backend, timeout=120)(joblib.delayed(work)(seed) for seed in range(2))
    joblib.externals.loky.get_reusable_executor().shutdown(wait=True)  # else its processes live on through other tests
    assert found == expected


@pytest.mark.skipif("fork" not in METHODS, reason="no fork")
def test_a_fork_while_another_thread_is_at_work():
    code = """
import multiprocessing, threading, numpy as np, walshqhn as w
from walshqhn.kernels import pool
pool.cpu_count = lambda: 2
array, stop = np.zeros(1 << 20), threading.Event()
for size in (1 << 18, 1 << 20):  # else the child might inherit numba's lock, held by a thread that it has not
    w.wht(np.ones(size), threads=2)
def forever():
    while not stop.is_set():
        w.wht(array, threads=2)
thread = threading.Thread(target=forever)
thread.start()
def child(k):
    return float(w.wht(np.ones(1 << 18), threads=2)[0])
with multiprocessing.get_context("fork").Pool(2) as processes:
    print(processes.map_async(child, range(6)).get(timeout=100))
stop.set()
thread.join()
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=200)
    assert found.stdout.strip() == str([float(1 << 18)] * 6)
