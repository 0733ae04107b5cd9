"""How a row is measured: results compared first, then all contenders in turn, round after round.

A contender is a function without arguments. Before anything is timed, each is called once (which also warms caches and
compiles), and its result is compared with that of the first, which is ours. Then every round calls each of them, so
that a machine that changes its speed changes it for all. Each contender waits for a short pause, since the threads of
the one before it go on spinning for a while; a quick one is then called untimed for a quarter of a second, until its
threads are awake and spread over the cores, and its data are in the caches. Calls that take microseconds are repeated
within a round. The median over rounds is quoted.

Contenders may do different amounts of the same work (``work``, in the row's unit): a slow one does a sample of it.
Ratios are between times per unit of work.
"""

from __future__ import annotations

import gc
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from walshqhn.bench.row import Contender, Goal, Kind, Measured, Row, Settings, Timing, Verdict, is_installed

_SHORTEST = 2e-3  # seconds one timing should take; shorter calls are repeated
_PATIENCE = 6.0  # seconds after which a contender has been timed often enough
_PAUSE, _WAKING = 0.03, 0.25  # seconds


class Disagreement(Exception):
    """Two contenders computed different things: their times mean nothing."""


def measure(row: Row, settings: Settings) -> Measured:
    """Measure a row. Disagreement if a contender's result is not ours."""
    missing = {name: package for name, package in row.peers.items() if not is_installed(package)}
    with tempfile.TemporaryDirectory(prefix="walshqhn-bench-") as folder, threadpool_limits(limits=settings.threads):
        contenders = [c for c in row.prepare(replace(settings, folder=Path(folder))) if c.name not in missing]
        differences = _compare(row, contenders)
        samples = _rounds(contenders, settings.repeats)
    ours = contenders[0]
    unit = median(samples[ours.name]) / ours.work
    timings = []
    for c in contenders:
        times = samples[c.name]
        threads, middle = settings.threads if c.threads is None else c.threads, median(times)
        per_unit = middle / c.work
        timings.append(
            Timing(c.name, c.kind, threads, middle, min(times), max(times), len(times), per_unit, per_unit / unit,
                   differences.get(c.name), gops=_gops(row, c.kind, middle))
        )  # fmt: skip
    for q in row.quoted:
        per_unit = q.seconds / ours.work
        seconds = (q.seconds,) * 3
        gops = _gops(row, "quoted", q.seconds)
        timings.append(
            Timing(q.name, "quoted", q.threads, *seconds, 0, per_unit, per_unit / unit, source=q.source, gops=gops)
        )
    verdicts = [v for goal in row.goals if (v := _judge(goal, timings, row)) is not None]
    skipped = sorted(f"{name}: package {package} is not installed" for name, package in missing.items())
    return Measured(row.name, row.title, row.unit, row.quantity, timings, verdicts, skipped)


def _gops(row: Row, kind: Kind, seconds: float) -> float | None:
    """A floor does other work."""
    return row.operations / seconds / 1e9 if row.operations and kind != "floor" else None


def _compare(row: Row, contenders: list[Contender]) -> dict[str, float]:
    """Call each once; differences from our result."""
    differences: dict[str, float] = {}
    ours: Any = None
    for k, c in enumerate(contenders):
        if c.result is None:
            c.call()
            continue
        found = np.asarray(c.result(c.call()))
        if k == 0:
            ours = found
            continue
        expected = np.asarray(ours if c.expected is None else c.expected(ours))
        if found.shape != expected.shape:
            raise Disagreement(f"{row.title}: {c.name} returns shape {found.shape}, ours {expected.shape}.")
        scale = float(np.abs(expected).max(initial=0.0)) or 1.0
        differences[c.name] = difference = float(np.abs(found - expected).max(initial=0.0)) / scale
        if not difference <= row.tolerance:
            raise Disagreement(
                f"{row.title}: {c.name} differs from ours by {difference:.2g}, more than {row.tolerance:g}."
            )
    return differences


def _once(c: Contender, calls: int) -> float:
    if c.seconds_of is not None:
        return c.seconds_of(c.call())
    start = time.perf_counter()
    for _ in range(calls):
        c.call()
    return (time.perf_counter() - start) / calls


def _rounds(contenders: list[Contender], repeats: int) -> dict[str, list[float]]:
    """Seconds per call, a list for each contender; slow ones drop out early, with at least one."""
    warm = {c.name: _once(c, 1) for c in contenders}
    samples: dict[str, list[float]] = {c.name: [] for c in contenders}
    spent = dict.fromkeys(samples, 0.0)
    gc.collect()
    gc.disable()
    try:
        for round_number in range(repeats):
            for c in contenders:
                if round_number and spent[c.name] + warm[c.name] > _PATIENCE:
                    continue
                time.sleep(_PAUSE)
                awake = time.perf_counter() + _WAKING
                while warm[c.name] < _WAKING and c.seconds_of is None and time.perf_counter() < awake:
                    c.call()
                start = time.perf_counter()
                samples[c.name].append(_once(c, max(1, round(_SHORTEST / max(warm[c.name], 1e-7)))))
                spent[c.name] += time.perf_counter() - start
    finally:
        gc.enable()
    return samples


def _judge(goal: Goal, timings: list[Timing], row: Row) -> Verdict | None:
    """None: the goal is against a peer that is not here."""
    ours = timings[0]
    if not goal.against:
        what = f" per {row.unit}" if row.unit else ""
        limit = f"{goal.factor:g}" if row.quantity == "ratio" else format_seconds(goal.factor)
        return Verdict(f"at most {limit}{what}", ours.per_unit, ours.per_unit <= goal.factor)
    other = next((t for t in timings if t.name == goal.against), None)
    if other is None:
        return None
    if goal.at_most:
        value = 1 / other.times_ours
        return Verdict(f"at most {goal.factor:g} x {other.name}", value, value <= goal.factor)
    return Verdict(f"at least {goal.factor:g} x {other.name}", other.times_ours, other.times_ours >= goal.factor)


def format_seconds(seconds: float) -> str:
    """For people, three digits: '0.15 ns', '12.3 ms'."""
    for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if seconds >= 0.9995 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"
