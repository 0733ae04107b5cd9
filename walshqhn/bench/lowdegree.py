"""Exact coefficients of low degree: past every table, and beside table and transform where there is one."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from typing import Any

import numpy as np

from walshqhn import IsingHamiltonian, WalshSpectrum, load_task, low_degree_hamiltonian
from walshqhn.bench.row import Contender, Goal, Row, Settings
from walshqhn.bits import mask_degrees

_PEAK = """
import resource, sys
import walshqhn as wq
wq.low_degree_hamiltonian(wq.load_task("mnist-28x28"), threads=int(sys.argv[1]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)  # kB to GiB
"""


def contenders(name: str, options: dict[str, Any], max_degree: int, settings: Settings) -> list[Contender]:
    """Ours; where all networks fit in a table, that and its transform, too."""
    task = load_task(name, **options)
    ours = partial(low_degree_hamiltonian, task, max_degree, threads=settings.threads)
    if task.num_bits > 20:
        return [Contender("walshqhn", ours, "ours")]
    masks = np.arange(1 << task.num_bits, dtype=np.uint64)[:, None]
    low = np.flatnonzero(mask_degrees(masks) <= max_degree)

    def dense(hamiltonian: IsingHamiltonian) -> np.ndarray:
        values = np.zeros(1 << task.num_bits)
        values[hamiltonian.masks[:, 0]] = hamiltonian.coefficients
        values[0] = hamiltonian.constant
        return values[low]

    def of_all() -> np.ndarray:
        return WalshSpectrum.from_cost(task, threads=settings.threads).coefficients[low]

    every = Contender("table of all networks and its transform", of_all, "reference", result=np.asarray)
    return [Contender("walshqhn", ours, "ours", result=dense), every]


def peak_memory(settings: Settings) -> list[Contender]:
    """GiB that a process needs for degrees up to 2 of full-size images, data included."""
    command = [sys.executable, "-c", _PEAK, str(settings.threads)]

    def measured() -> float:
        return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    return [Contender("walshqhn", measured, "ours", seconds_of=float)]


def rows() -> list[Row]:
    """The rows of this module."""
    found = []
    for name, num_bits, degree, goals in (
        ("mnist-28x28", 785, 2, (Goal(120.0),)), ("mnist-8x8", 66, 3, (Goal(60.0),)), ("mnist-4x4", 17, 3, ())
    ):  # fmt: skip
        title = f"exact coefficients of degree 0 to {degree}, {name}, N = {num_bits}"
        found.append(Row(f"low-degree-{num_bits}", title, partial(contenders, name, {}, degree), goals))
    title = "degrees 0 to 2, mnist-28x28: peak memory of the process, GiB"
    return [*found, Row("low-degree-memory", title, peak_memory, (Goal(4.0),), quantity="ratio")]
