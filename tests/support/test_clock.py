"""Stopwatches, which stand still while kernels are compiled."""

import time

import numba
import numpy as np

from walshqhn import ExactEngine, LinearAnsatz, train
from walshqhn.engines.exact import ExactPrepared
from walshqhn.support.clock import Stopwatch


def a_kernel():
    """Not compiled yet."""

    @numba.njit
    def kernel(x):
        total = 0.0
        for k in range(x.size):
            total += x[k] ** 2
        return total

    return kernel


def test_it_runs():
    clock = Stopwatch()
    time.sleep(0.05)
    assert 0.05 <= clock.seconds < 5


def test_compilation_does_not_count():
    watch, start, kernel = Stopwatch(), time.perf_counter(), a_kernel()
    kernel(np.zeros(3))
    assert len(kernel.signatures) == 1
    whole = time.perf_counter() - start
    assert whole > 0.02
    assert watch.seconds < whole / 3


def test_the_seconds_of_a_run_are_without_compilation(monkeypatch):
    """Here it compiles something for each value."""
    inner = ExactPrepared.value_and_gradient

    def value_and_gradient(*arguments):
        a_kernel()(np.zeros(3))
        return inner(*arguments)

    train(LinearAnsatz(3, 1), ExactEngine(np.arange(8.0)))  # compiles the package's own
    monkeypatch.setattr(ExactPrepared, "value_and_gradient", value_and_gradient)
    start = time.perf_counter()
    run = train(LinearAnsatz(3, 1), ExactEngine(np.arange(8.0)), max_iterations=5).runs[0]
    whole = time.perf_counter() - start
    assert run.history_seconds[-1] <= run.seconds < whole / 2
