"""First use, in separate processes: what a newcomer waits for. And training on a machine whose other cores are busy."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count

import numpy as np

from walshqhn import ExactEngine, LinearAnsatz, TableCost
from walshqhn import train as train_circuit
from walshqhn.bench.row import Contender, Goal, Row, Settings
from walshqhn.kernels.pool import cpu_count

_MAIN = "import sys; from walshqhn.cli import main; sys.exit(main(sys.argv[1:]))"
_COMPILE = """
from time import process_time
import walshqhn.kernels.compiler
from walshqhn.kernels import warm
start = process_time()
warm("costs", "transform", "engine", "sampling")
print(process_time() - start)
"""


def command(arguments: tuple[str, ...], cold: bool, settings: Settings, bits: int = 0) -> list[Contender]:
    """A walshqhn command; ``cold``: with no compiled kernels, in every call. ``bits``: of the cost table c.npy."""
    fresh = count()
    np.save(settings.folder / "c.npy", np.random.default_rng(0).normal(size=1 << bits))

    def run() -> None:
        _python(_MAIN, arguments, settings, f"kernels-{next(fresh)}" if cold else "kernels")

    return [Contender("walshqhn", run, "ours")]


def compiling(settings: Settings) -> list[Contender]:
    """CPU seconds of compiling all kernels that the demo needs."""
    fresh = count()

    def run() -> float:
        return float(_python(_COMPILE, (), settings, f"kernels-{next(fresh)}"))

    return [Contender("walshqhn", run, "ours", 1, seconds_of=float)]


def training_among_others(num_bits: int, iterations: int, settings: Settings) -> list[Contender]:
    """A training while all cores but one are kept busy, by all threads and by one."""
    cost = TableCost(np.random.default_rng(0).normal(size=1 << num_bits))

    def run(threads: int) -> float:
        with _busy_cores(cpu_count() - 1):
            start = time.perf_counter()
            engine = ExactEngine(cost, threads=threads)
            train_circuit(LinearAnsatz(num_bits, 2), engine, max_iterations=iterations, samples=1)
            return time.perf_counter() - start

    return [
        Contender("walshqhn", partial(run, settings.threads), "ours", seconds_of=float),
        Contender("single-threaded", partial(run, 1), "reference", 1, seconds_of=float),
    ]


def _python(code: str, arguments: tuple[str, ...], settings: Settings, kernels: str) -> str:
    """What ``code`` prints in a process whose compiled kernels are in that folder."""
    environment = os.environ | {
        "NUMBA_CACHE_DIR": str(settings.folder / kernels), "WALSHQHN_THREADS": str(settings.threads)
    }  # fmt: skip
    line = [sys.executable, "-c", code, *arguments]
    return subprocess.run(
        line, cwd=settings.folder, env=environment, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True,
    ).stdout  # fmt: skip


@contextmanager
def _busy_cores(cores: int) -> Iterator[None]:
    """Processes that do nothing, without a pause."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(cores)]
    try:
        time.sleep(0.2)  # until they run
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def rows() -> list[Row]:
    """The rows of this module."""
    demo, spectrum, train = ("demo", "--force"), ("spectrum", "c.npy"), ("train", "c.npy")
    return [
        Row("help", "walshqhn --help", partial(command, ("--help",), False), (Goal(0.3),)),
        Row("demo-cold", "walshqhn demo, nothing compiled yet", partial(command, demo, True), (Goal(25.0),)),
        Row("demo-compiling", "compiling for the demo, CPU time", compiling, (Goal(20.0),)),
        Row("demo-warm", "walshqhn demo, again", partial(command, demo, False), (Goal(4.0),)),
        Row("spectrum-cold", "walshqhn spectrum, N = 17, nothing compiled yet",
            partial(command, spectrum, True, bits=17), (Goal(6.0),)),
        Row("train-cold", "walshqhn train, N = 10, nothing compiled yet",
            partial(command, train, True, bits=10), (Goal(8.0),)),
        Row("busy", "training, N = 17, all other cores busy", partial(training_among_others, 17, 15),
            (Goal(1.3, "single-threaded", at_most=True),)),
    ]  # fmt: skip
