"""The cost: a number for every configuration of N bits. Everything before it makes one, everything after takes one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from walshqhn.bits import bits_to_label, index_to_bits
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.errors import UsageError
from walshqhn.support.resources import require_memory
from walshqhn.support.shown import ByValue, Shown, Tabular

Progress = Callable[[float], None]
"""Called with the fraction done, 0 ... 1."""
MOST_MINIMA = 64
_BATCH_BITS = 1 << 22  # of configurations that are evaluated at a time
_SCALE_SAMPLES = 256
_BLOCK = 1 << 20  # values that are summed at a time


@dataclass(frozen=True, eq=False, repr=False)
class Minimum(ByValue, Tabular):
    """The minimum of a cost: exact, or the best known."""

    value: float
    bits: BitArray
    """(K, N), the best configurations that are known, by ascending cost."""
    how: str
    """How it is known, such as "all 2^17 configurations"."""
    is_exact: bool = True
    """False: the best that was found, and there may be better ones."""
    costs: FloatArray = field(default_factory=lambda: np.empty(0))
    """(K,), the costs of ``bits``; default: all are ``value``."""
    count: int | None = None
    """How many configurations reach it, those not listed included; None: not counted."""

    def __post_init__(self) -> None:
        if not self.costs.size:
            object.__setattr__(self, "costs", np.full(len(self.bits), self.value))

    def columns(self, count: int | None = None) -> dict[str, Any]:
        """The configurations, b_{N-1} ... b_0, and their costs."""
        return {"configuration": [bits_to_label(row) for row in self.bits], "cost": self.costs.tolist()}


class Scale(NamedTuple):
    """Origin and natural unit of a cost. With (C - center) / spread in place of C, its units no longer matter."""

    center: float = 0.0
    """Subtracted before costs are averaged, so that a large constant takes no digits; 0 where there is none."""
    spread: float = 1.0
    """Standard deviation of C over all configurations; 1 for a constant cost."""

    @classmethod
    def of(cls, values: FloatArray) -> Scale:
        """The scale of costs (M,), M >= 1."""
        low, high = float(values.min()), float(values.max())
        middle, half = low / 2 + high / 2, high / 2 - low / 2
        if half == 0:
            return cls(middle)
        first = second = 0.0
        for start in range(0, values.size, _BLOCK):  # in units of half the range, whose squares are in range
            block = (values[start : start + _BLOCK] - middle) / half
            first, second = first + float(block.sum()), second + float(np.square(block).sum())
        spread = half * max(second / values.size - (first / values.size) ** 2, 0.0) ** 0.5
        return cls.about(middle, half, spread)

    @classmethod
    def of_terms(cls, constant: float, coefficients: FloatArray) -> Scale:
        """The scale of a Hamiltonian, from its Fourier coefficients."""
        sizes = np.abs(coefficients)
        unit = float(sizes.max(initial=0.0)) or 1.0  # squares of small numbers vanish
        return cls.about(constant, float(sizes.sum()), unit * float(np.sqrt(np.square(sizes / unit).sum())))

    @classmethod
    def about(cls, middle: float, half: float, spread: float) -> Scale:
        """Of costs within ``half`` of ``middle``, which becomes the center where it would take more than 3 bits."""
        return cls(middle if abs(middle) > 8 * half else 0.0, spread or 1.0)


class Cost(Shown, ABC):
    """A cost C on configurations of N bits.

    A subclass defines how many bits there are, what identifies it and how to evaluate it; the rest follows.
    """

    names: tuple[str, ...] = ()
    """Names of the bits; empty: b[0], b[1], ..."""

    @property
    @abstractmethod
    def num_bits(self) -> int:
        """N >= 0."""

    @property
    @abstractmethod
    def digest(self) -> str:
        """A checksum of the content, by which a resumed run knows its cost; the same for equal costs of one kind."""

    @abstractmethod
    def costs(self, bits: npt.ArrayLike) -> FloatArray:
        """Costs of configurations, bits (M, N) in {0, 1}: shape (M,). InputError for another shape."""

    @property
    def bit_names(self) -> tuple[str, ...]:
        """Name of every bit, entry j for bit j."""
        return self.names or tuple(f"b[{j}]" for j in range(self.num_bits))

    def facts(self) -> dict[str, Any]:
        return {"bits": self.num_bits}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Cost) or type(self) is not type(other):
            return NotImplemented
        return self.digest == other.digest and self.bit_names == other.bit_names

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def minimum(self) -> Minimum | None:
        """The minimum; None if it is not known."""
        return None

    @cached_property
    def scale(self) -> Scale:
        """Center and standard deviation of C; here estimated from 256 configurations."""
        few = 1 << self.num_bits <= _SCALE_SAMPLES
        bits = (
            index_to_bits(np.arange(1 << self.num_bits), self.num_bits)
            if few
            else np.random.default_rng(0).integers(0, 2, (_SCALE_SAMPLES, self.num_bits), dtype=np.uint8)
        )
        return Scale.of(self.costs(bits))

    def cost_table(self, *, threads: int | None = None, progress: Progress | None = None) -> FloatArray:
        """Costs of all configurations: shape (2^N,), entry x for bits x = sum_j b_j 2^j. Do not change it.

        TooLargeError, before anything is allocated, if it does not fit in memory.
        """
        require_table_memory(self.num_bits)
        table = np.empty(1 << self.num_bits)
        batch = max(1, _BATCH_BITS // max(1, self.num_bits))
        for start in range(0, table.size, batch):
            index = np.arange(start, min(start + batch, table.size))
            table[index] = self.costs(index_to_bits(index, self.num_bits))
            if progress is not None:
                progress((index[-1] + 1) / table.size)
        return table


def require_table_memory(num_bits: int, what: str = "a cost table", copies: int = 2) -> None:
    """TooLargeError unless ``copies`` tables of 2^N float64 fit in memory."""
    require_memory(
        copies * 8 << num_bits,
        f"{what} of N = {num_bits} bits (2^{num_bits} values, {copies} arrays)",
        "Use fewer bits; a Hamiltonian, engines with shots and sampled statistics do without a table.",
    )


def check_names(names: Sequence[str] | None, num_bits: int) -> tuple[str, ...]:
    """``names`` as a tuple, empty for None; UsageError unless there are ``num_bits`` distinct names."""
    found = () if names is None else tuple(str(name) for name in names)
    if names is not None and (len(found) != num_bits or len(set(found)) != num_bits):
        raise UsageError(f"bit_names must be {num_bits} different names, got {len(set(found))} in {len(found)}.")
    return found
