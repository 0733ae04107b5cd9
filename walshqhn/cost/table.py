"""A cost given as a table of its 2^N values."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.bits import bits_to_index, check_rows, index_to_bits, log2_exact
from walshqhn.cost.base import MOST_MINIMA, Cost, Minimum, Progress, Scale, check_names, require_table_memory
from walshqhn.cost.blackbox import BlackBoxCost
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.checks import check_numbers, check_whole
from walshqhn.support.errors import InputError, UsageError
from walshqhn.support.shown import Drawn
from walshqhn.support.workers import check_sendable, run_pieces

_PIECES = 64  # of a table for each worker: progress is seen, and all end together
_PIECE_BITS = 1 << 22
LARGEST_COST = 1e140  # so that squares, and sums of them, stay finite


class TableCost(Drawn, Cost):
    """A cost given by its ``values`` at all configurations: shape (2^N,), entry x for bits x = sum_j b_j 2^j.

    InputError for another length, or a value that is not finite; UsageError unless ``bit_names`` (default b[0], b[1],
    ...) are N distinct names.

    >>> cost = TableCost([3.0, 1.0, 0.5, 2.0])
    >>> cost.costs([[0, 1]])
    array([0.5])
    >>> cost.minimum.value
    0.5
    """

    def __init__(self, values: npt.ArrayLike, bit_names: Sequence[str] | None = None) -> None:
        self.values = check_cost_table(values)
        self._num_bits = log2_exact(self.values.size, "a cost table")
        self.names = check_names(bit_names, self._num_bits)

    def facts(self) -> dict[str, Any]:
        return super().facts() | {
            "minimum": self.values.min(),
            "mean": self.values.mean(),
            "maximum": self.values.max(),
        }

    @property
    def num_bits(self) -> int:
        return self._num_bits

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the values."""
        return sha256(self.values)

    @cached_property
    def minimum(self) -> Minimum:
        value = float(self.values.min())
        index = np.flatnonzero(self.values == value)[:MOST_MINIMA]
        return Minimum(value, index_to_bits(index, self.num_bits), f"all 2^{self.num_bits} configurations")

    @cached_property
    def scale(self) -> Scale:
        """Center and standard deviation of C."""
        return Scale.of(self.values)

    @cached_property
    def centred(self) -> FloatArray:
        """The values without the center of their scale, (2^N,)."""
        return self.values - self.scale.center if self.scale.center else self.values

    @cached_property
    def order(self) -> npt.NDArray[np.intp]:
        """The configurations by ascending cost, (2^N,)."""
        return self.values.argsort(kind="stable")

    def find_minimum(self, keep: int = 10) -> Minimum:
        """The ``keep`` lowest costs, their configurations, and how many attain the minimum."""
        index = self.order[: check_whole("keep", keep, 1)]
        costs, how = self.values[index], f"all 2^{self.num_bits} configurations"
        ties = int((self.values == costs[0]).sum())
        return Minimum(float(costs[0]), index_to_bits(index, self.num_bits), how, True, costs, ties)

    def costs(self, bits: npt.ArrayLike) -> FloatArray:
        return self.values[bits_to_index(check_rows(bits, self.num_bits))]

    def cost_table(self, *, threads: int | None = None, progress: Progress | None = None) -> FloatArray:
        """The values themselves, not a copy."""
        return self.values


def tabulate(
    cost: Cost | Callable[[BitArray], npt.ArrayLike], num_bits: int | None = None, *, workers: int = 1,
    threads: int | None = None, progress: Progress | None = None,
) -> TableCost:  # fmt: skip
    """``cost`` as a table of all its 2^N values.

    A function, of bit strings (M, N) as in `BlackBoxCost`, needs ``num_bits``. Expensive functions are best evaluated
    in several processes, ``workers``; the cost is sent to them, so a function must be importable there. ``progress``
    gets the fraction done.

    TooLargeError, before anything is evaluated, if the table does not fit in memory; CostError where a function fails;
    UsageError for a function without ``num_bits`` or one that cannot be sent; WalshqhnError if a worker fails.

    >>> tabulate(lambda bits: bits.sum(axis=1), 2).values
    array([0., 1., 1., 2.])
    """
    count = check_whole("workers", workers, 1)
    if isinstance(cost, TableCost):
        return cost
    if not isinstance(cost, Cost):
        if num_bits is None:
            raise UsageError("a function needs num_bits, as in tabulate(function, 10).")
        cost = BlackBoxCost(cost, num_bits)
    if count == 1:
        return TableCost(cost.cost_table(threads=threads, progress=progress), cost.bit_names)
    require_table_memory(cost.num_bits)
    check_sendable("cost", cost)
    table = np.empty(1 << cost.num_bits)
    piece = max(1, min(table.size // (_PIECES * count), _PIECE_BITS // cost.num_bits))
    pieces = [(start, min(start + piece, table.size)) for start in range(0, table.size, piece)]
    done = 0
    for (start, stop), values in run_pieces(_of_pieces, (cost,), pieces, count):
        table[start:stop], done = values, done + stop - start
        if progress is not None:
            progress(done / table.size)
    return TableCost(table, cost.bit_names)


def _of_pieces(cost: Cost) -> Callable[[tuple[int, int]], FloatArray]:
    """The function from (start, stop) to the costs of these configurations, for a worker."""
    return lambda piece: cost.costs(index_to_bits(np.arange(*piece), cost.num_bits))


def check_cost_table(table: npt.ArrayLike, what: str = "a cost table") -> npt.NDArray[np.float64]:
    """``table`` as float64 (2^N,); InputError if its length, its kind or a value is not allowed."""
    values = check_numbers(what, table)
    log2_exact(values.size, what)
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        first = f"the first is {values[bad[0]]} at index {bad[0]}"
        raise InputError(f"{what} must be finite; {bad.size} of {values.size} values are not, {first}.")
    largest = float(np.abs(values).max())
    if largest > LARGEST_COST:
        raise InputError(f"{what} must stay below {LARGEST_COST:g} in size, got {largest:g}: rescale the cost.")
    return values


def sha256(array: npt.NDArray[np.float64]) -> str:
    """Checksum of an array of float64."""
    return hashlib.sha256(np.ascontiguousarray(array, dtype="<f8").tobytes()).hexdigest()
