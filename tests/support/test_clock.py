"""Stopwatches, which stand still while kernels are compiled."""

import time

import numpy as np

from walshqhn import ExactEngine, LinearAnsatz, train
from walshqhn.engines.exact import ExactPrepared
from walshqhn.kernels.compiling import counted
from walshqhn.support.clock import Stopwatch


def test_it_runs():
    clock = Stopwatch()
    time.sleep(0.05)
    assert 0.05 <= clock.seconds < 5


def test_compilation_does_not_count():
    watch = Stopwatch()
    with counted():
        time.sleep(0.1)
    assert watch.seconds < 0.08


def test_the_seconds_of_a_run_are_without_compilation(monkeypatch):
    """Here something seems to be compiled for each value."""
    inner = ExactPrepared.value_and_gradient

    def value_and_gradient(*arguments):
        with counted():
            time.sleep(0.05)
        return inner(*arguments)

    train(LinearAnsatz(3, 1), ExactEngine(np.arange(8.0)))  # compiles the package's own
    monkeypatch.setattr(ExactPrepared, "value_and_gradient", value_and_gradient)
    start = time.perf_counter()
    run = train(LinearAnsatz(3, 1), ExactEngine(np.arange(8.0)), max_iterations=5).runs[0]
    whole = time.perf_counter() - start
    assert run.history_seconds[-1] <= run.seconds < whole - 0.05 * run.evaluations + 0.01
