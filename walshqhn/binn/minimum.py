"""The minimum of a task past memory: halves of the bits meet in the middle, a strip of pairs at a time."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from walshqhn.binn.additive import AdditivePart, add_losses
from walshqhn.binn.expansion import wrong_side_loss
from walshqhn.bits import deposit, index_to_bits
from walshqhn.cost.base import Minimum, Progress
from walshqhn.cost.lowest import Lowest
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.checks import check_real, check_whole
from walshqhn.support.errors import TooLargeError, unknown_name
from walshqhn.support.resources import thread_limit
from walshqhn.support.text import duration

if TYPE_CHECKING:
    from walshqhn.binn.task import NetworkTask

METHODS = ("auto", "enumerate", "descend")
_PATIENCE, _SECONDS = 3600.0, 20.0  # by default, for enumeration and for descents
_CHANGED = 0.1  # of the bits, half of them flipped
_MEMORY = 1 << 26  # bytes for the tables of both halves and a strip's costs, by default
_LARGEST = 62  # bits; a configuration fits a signed word
_RIGHT_BITS = 11
_WORK = 1 << 31  # (configuration, sample) pairs in a strip: some tenths of a second
_TIE = 1e-12  # of the mean size of a sample's largest loss


def find_task_minimum(
    task: NetworkTask, *, method: str = "auto", keep: int = 10, seconds: float | None = None,
    memory: int | None = None, seed: int = 0, threads: int | None = None, progress: Progress | None = None,
    checkpoint: str | Path | None = None,
) -> Minimum:  # fmt: skip
    """The minimum cost of an additive task without a table of all costs: exactly, or the best found.

    ``keep``, ``threads``, ``progress`` and ``checkpoint`` as in `IsingHamiltonian.find_minimum`.

    Parameters
    ----------
    method
        "enumerate": all configurations, of at most 62 bits; those that change nothing, such as weights of pixels that
        are always blank, are left out of the search, and counted. "descend": the best of descents by flips of
        single bits, never exact. "auto": the first if it can be done in time, else the second.
    seconds
        Time limit: enumeration is refused ("auto" moves on) if it is estimated, from some rows, to take longer
        (default: an hour); descents stop after it (default: 20 s).
    memory
        Bytes for the tables of both halves of the bits; default: 64 MiB.
    seed
        Of the descents.

    UsageError for a task that is not additive, and for an unknown method; TooLargeError, before anything
    else, if the search would take too long or need more memory; InputError for the checkpoint of another search.
    """
    if method not in METHODS:
        raise unknown_name("method", method, METHODS, " of a task")
    keep = check_whole("keep", keep, 1, 1 << 16)
    limit = _PATIENCE if seconds is None else check_real("seconds", seconds, above=0)
    room = _MEMORY if memory is None else check_whole("memory", memory, 1)
    generator, parts = np.random.default_rng(check_whole("seed", seed, 0)), task.additive_parts()
    with thread_limit(threads):
        if method != "descend":
            try:
                strips = [_Strips(part, task, room) for part in parts]
                return _enumerated(task, strips, keep, limit, progress, checkpoint)
            except _TooLong:
                if method == "enumerate":
                    raise
        return _descended(task, parts, keep, _SECONDS if seconds is None else limit, generator, progress)


class _TooLong(TooLargeError):
    """All configurations are too many."""


def _enumerated(
    task: NetworkTask, strips: list[_Strips], keep: int, limit: float, progress: Progress | None,
    checkpoint: str | Path | None,
) -> Minimum:  # fmt: skip
    estimate = sum(s.seconds() for s in strips)
    if estimate > limit:
        acting = max(s.num_bits for s in strips)
        raise _TooLong(
            f"all configurations of the {acting} bits of {task.name!r} that act would take about "
            f"{duration(estimate)}, more than the {duration(limit)} allowed: allow more seconds; method='auto' gives "
            "the best found."
        )
    scale = max(s.scale for s in strips)
    identity = f"{task.digest} {strips[0].memory} {keep}"
    lowest = Lowest(keep, _TIE * scale, hashlib.sha256(identity.encode()).hexdigest(), checkpoint)
    pieces = [(s, k) for s in strips for k in range(s.count)]
    try:
        for done in range(lowest.done, len(pieces)):
            s, k = pieces[done]
            s.search(k, lowest)
            lowest.reached(done + 1)
            if progress is not None:
                progress((done + 1) / len(pieces))
    except KeyboardInterrupt:
        lowest.save()
        raise
    return _result(task, strips, lowest)


def _descended(
    task: NetworkTask, parts: list[AdditivePart], keep: int, seconds: float, rng: np.random.Generator,
    progress: Progress | None,
) -> Minimum:  # fmt: skip
    """The best of descents until time is up, the first from random bits, the others from the best one, perturbed."""
    start, runs, found = time.monotonic(), 0, np.zeros((0, task.num_bits), np.uint8)
    while not runs or time.monotonic() < start + seconds:
        bits = rng.integers(2, size=task.num_bits, dtype=np.uint8)
        if runs % 4:
            bits = np.where(rng.random(task.num_bits) < _CHANGED, bits, found[0])
        found = np.unique(np.concatenate([found, _descend(parts, task, bits, rng)[None]]), axis=0)
        found = found[np.argsort(task.costs(found), kind="stable")][:keep]
        runs += 1
        if progress is not None:
            progress(min(1.0, (time.monotonic() - start) / seconds))
    costs = task.costs(found)
    how = f"the best of {runs:,} descents by flips of single bits in {duration(time.monotonic() - start)}"
    return Minimum(float(costs[0]), found, how, False, costs)


def _descend(parts: list[AdditivePart], task: NetworkTask, bits: BitArray, rng: np.random.Generator) -> BitArray:
    """Flip single bits other than the architecture's, as long as one lowers the cost: (N,)."""
    bits = bits.copy()
    part = next(p for p in parts if all(bits[j] == value for j, value in p.architecture.items()))
    states = [sum(int(bits[j]) << k for k, j in enumerate(group)) for group in part.bits]
    v = sum((s[state] for s, state in zip(part.contributions, states, strict=True)), np.zeros(len(part.reach)))
    places = [(g, k) for g, group in enumerate(part.bits) for k in range(len(group))]
    cost, moved = float(wrong_side_loss(task.loss, v).mean()), True
    while moved:
        moved = False
        for place in rng.permutation(len(places)).tolist():
            g, k = places[place]
            other = v + part.contributions[g][states[g] ^ (1 << k)] - part.contributions[g][states[g]]
            better = float(wrong_side_loss(task.loss, other).mean())
            if better < cost * (1.0 - _TIE):
                v, cost, moved = other, better, True
                states[g] ^= 1 << k
                bits[part.bits[g][k]] ^= 1
    return bits


class _Strips:
    """One architecture: all its configurations as strips of left halves times all right halves."""

    def __init__(self, part: AdditivePart, task: NetworkTask, memory: int) -> None:
        self.part, self.loss, self.samples, self.memory = part, task.loss, len(task.data.train.x), memory
        self.num_bits = sum(map(len, part.bits))
        self.base = sum(value << position for position, value in part.architecture.items() if value)
        acting = {p for bits in part.bits for p in bits} | part.architecture.keys()
        self.idle = [p for p in range(task.num_bits) if p not in acting]
        self.scale = float(np.maximum(1.0, part.reach).mean())
        right, bits, most = 0, 0, min(_RIGHT_BITS, max(0, (memory // (32 * self.samples)).bit_length() - 1))
        while right < len(part.bits) and bits + len(part.bits[right]) <= most:
            bits, right = bits + len(part.bits[right]), right + 1
        if task.num_bits > _LARGEST:
            raise _TooLong(
                f"{task.name!r} has {task.num_bits} bits, too many to look at all configurations: method='auto' gives "
                "the best found."
            )
        self.right, self.left = range(right), range(right, len(part.bits))
        self.right_bits, self.left_bits = bits, self.num_bits - bits
        rows = max(1, min(_WORK // (self.samples << bits), memory // (4 * 8 * self.samples)))
        self.rows = min(1 << self.left_bits, 1 << (rows.bit_length() - 1))
        self.count = (1 << self.left_bits) // self.rows
        self.sums = self._sums(self.right, np.arange(1 << bits))

    def _sums(self, groups: range, index: npt.NDArray[np.int64]) -> FloatArray:
        """v of these groups (M, S), for packed indices (M,) of their bits."""
        total, shift = np.zeros((len(index), self.samples)), 0
        for g in groups:
            size = len(self.part.bits[g])
            total += self.part.contributions[g][(index >> shift) & ((1 << size) - 1)]
            shift += size
        return total

    def costs(self, rows: npt.NDArray[np.int64]) -> FloatArray:
        """Of the left halves ``rows`` with all right ones."""
        left, right = self._sums(self.left, rows), self.sums
        out = np.zeros((len(rows), len(right)))
        add_losses(left, np.ascontiguousarray(right.T), self.loss, out)
        return out / self.samples

    def seconds(self) -> float:
        """How long all strips will take, by the time of some rows."""
        rows = np.arange(min(self.rows, 16))
        self.costs(rows[:1])  # compiles
        start = time.perf_counter()
        self.costs(rows)
        return (time.perf_counter() - start) * (2.0**self.left_bits / len(rows))

    def search(self, strip: int, lowest: Lowest) -> None:
        """Take strip number ``strip`` into account."""
        rows = np.arange(strip * self.rows, (strip + 1) * self.rows)
        costs = self.costs(rows).ravel()
        best, keep = float(costs.min()), lowest.costs.size
        if best > max(lowest.costs[-1], lowest.best + lowest.tie):
            return
        order = costs.argpartition(keep - 1)[:keep] if keep < costs.size else np.arange(costs.size)
        order = order[np.argsort(costs[order], kind="stable")]
        packed = (rows[order >> self.right_bits] << self.right_bits) | (order & ((1 << self.right_bits) - 1))
        positions = [p for g in (*self.right, *self.left) for p in self.part.bits[g]]
        idle = deposit(np.arange(min(keep, 1 << len(self.idle))), self.idle)  # each setting of them costs the same
        index = self.base | deposit(packed, positions)[:, None] | idle
        ties = int((costs <= best + lowest.tie).sum()) << len(self.idle)
        lowest.merge(costs[order].repeat(idle.size)[:keep], index.ravel()[:keep], best, ties)


def _result(task: NetworkTask, strips: list[_Strips], lowest: Lowest) -> Minimum:
    bits = index_to_bits(lowest.index[np.isfinite(lowest.costs)], task.num_bits)
    costs = task.costs(bits)
    order = np.argsort(costs, kind="stable")
    acting = max(s.num_bits for s in strips)
    how = f"all 2^{task.num_bits} configurations"
    if acting + len(strips[0].part.architecture) < task.num_bits:
        how += f", of which {acting} bits act"
    lowest.close()
    return Minimum(float(costs[order[0]]), bits[order], how, True, costs[order], lowest.ties)
