"""The Walsh-Hadamard transform against fht-cpu, FFHT (quoted) and a single pass over memory."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from typing import Any

import numpy as np
from numba import types

from walshqhn import wht
from walshqhn.bench.row import Contender, Goal, Quoted, Row, Settings, is_installed
from walshqhn.kernels.team import shared
from walshqhn.support.resources import available_memory, thread_limit

PEERS = {"fht-cpu": "fht_cpu", "pyfwht": "pyfwht"}
_FFHT = "this project's design notes; C with AVX, 1 thread, another 2-core machine"
_PIECES = 32
_ONE_PASS = "one pass over the array"


@shared("transform", lambda t: types.void(t[::1], types.int64, types.int64), single=True)
def scale_pieces(a: np.ndarray, begin: int, end: int) -> None:
    """Multiply ``a``, in place, by a number that is 1: pieces ``begin`` to ``end - 1`` of `_PIECES`."""
    factor = a.dtype.type(begin < end)
    for i in range(begin * a.size // _PIECES, end * a.size // _PIECES):
        a[i] *= factor


def _one_pass(a: np.ndarray, threads: int) -> None:
    with thread_limit(threads):
        scale_pieces.share(a, pieces=_PIECES)


def _pyfwht(a: np.ndarray, threads: int) -> np.ndarray:
    """Libfwht by OpenMP, or with SIMD on one thread; the harness sets OpenMP's threads."""
    import pyfwht

    pyfwht.transform(a, backend=pyfwht.Backend.OPENMP if threads > 1 else pyfwht.Backend.CPU)
    return a


def contenders(num_bits: int, dtype: str, threads: int | None, floor: bool, settings: Settings) -> list[Contender]:
    """In-place transforms of zeros: neither side looks at the values, and repeated sums of others would overflow.

    Beforehand they are compared on random numbers.
    """
    used = settings.threads if threads is None else threads
    sample = np.random.default_rng(num_bits).normal(size=(2, 1 << min(num_bits, 20)))
    values = (sample[0] + 1j * sample[1] if dtype.startswith("c") else sample[0]).astype(dtype)
    array = np.zeros(1 << num_bits, dtype)

    def theirs(a: np.ndarray, **options: bool) -> np.ndarray:
        import fht_cpu

        return fht_cpu.fht(a, **options)

    ours = partial(wht, array, overwrite=True, threads=used)
    contenders = [
        Contender("walshqhn", ours, "ours", used, result=lambda _: wht(values, threads=used)),
        Contender("fht-cpu", partial(theirs, array), "peer", 1, result=lambda _: theirs(values, inplace=False)),
    ]
    if dtype == "float64" and is_installed("pyfwht"):
        contenders += [
            Contender(
                "pyfwht", partial(_pyfwht, array, used), "peer", used, result=lambda _: _pyfwht(values.copy(), used)
            )
        ]
    if floor:
        real = array.view(array.real.dtype)
        contenders.append(Contender(_ONE_PASS, partial(_one_pass, real, used), "floor", used))
    return contenders


def growing(num_bits: int, settings: Settings) -> list[Contender]:
    """For the figure of growth: ours, the peer, one pass over memory."""
    return contenders(num_bits, "float64", None, num_bits >= 16, settings)


def _row(num_bits: int, dtype: str, goals: tuple[Goal, ...], *, threads: int | None = None, floor: bool = False,
         quoted: tuple[Quoted, ...] = ()) -> Row:  # fmt: skip
    serial, one = ("-serial", ", 1 thread") if threads == 1 else ("", "")
    name, title = f"wht-{dtype}-{num_bits}{serial}", f"wht, {dtype}, N = {num_bits}{one}"
    tolerance = 1e-5 if dtype in ("float32", "complex64") else 1e-12
    operations = float(num_bits << num_bits) * (2 if dtype.startswith("c") else 1)
    return Row(
        name, title, partial(contenders, num_bits, dtype, threads, floor), goals, quoted, tolerance,
        peers=PEERS if dtype == "float64" else {"fht-cpu": "fht_cpu"}, operations=operations,
    )  # fmt: skip


_PEAK = """
import resource, sys, numpy as np, walshqhn
walshqhn.wht(np.zeros(1 << 26), overwrite=True)  # compiles the same passes, in an array that is freed again
array = np.zeros(1 << int(sys.argv[1]))
array[3] = 1.0
array[::512] += 0.0
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
walshqhn.wht(array, overwrite=True)
assert array[1] == -1.0 and array[2] == -1.0 and array[3] == 1.0
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(1 + max(0, after - before) * 1024 / array.nbytes)
"""


def peak_memory(num_bits: int) -> float:
    """Peak memory while transforming in place, over the size of the array; in a separate process."""
    command = [sys.executable, "-c", _PEAK, str(num_bits)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _only(settings: Settings, **options: Any) -> list[Contender]:
    return [Contender("walshqhn", kind="ours", **options)]


def rows() -> list[Row]:
    """The rows of this module."""
    fast, floor = Goal(4, "fht-cpu"), Goal(2.5, _ONE_PASS, at_most=True)
    quoted = {24: Quoted("FFHT", 43e-3, _FFHT, 1), 27: Quoted("FFHT", 567e-3, _FFHT, 1)}
    found = [_row(n, "float64", (fast, floor), floor=True, quoted=(quoted[n],)) for n in (24, 27)]
    found += [_row(n, "float64", (Goal(1, "fht-cpu"),), threads=1) for n in (10, 12, 14, 17, 20, 22, 24, 27)]
    found.append(_row(17, "float64", (Goal(1.5, "fht-cpu"),)))
    overhead = partial(_only, call=partial(wht, np.zeros(2), overwrite=True), threads=1)
    found.append(Row("wht-overhead", "wht, N = 1: what a call costs", overhead, (Goal(5e-6),)))
    found += [_row(n, dtype, (fast,), floor=True) for dtype, n in (("float32", 24), ("complex128", 23))]
    for n in (27, 30) if available_memory() > 12 << 30 else (27,):
        title = f"wht, float64, N = {n}, in place: peak memory over size of the array"
        memory = partial(_only, call=partial(peak_memory, n), seconds_of=float)
        found.append(Row(f"wht-memory-{n}", title, memory, (Goal(1.05),), quantity="ratio"))
    return found
