"""Distributions of costs: exact ones, over all configurations, and measured ones, over shots."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from walshqhn.cost.table import TableCost
from walshqhn.support.arrays import BitArray, FloatArray

IndexArray = npt.NDArray[np.intp]


class Estimate(NamedTuple):
    """A number, and how sure it is."""

    value: float
    error: float
    """Standard error; 0 where the value is exact, NaN where it comes from a single shot."""


@dataclass(frozen=True, eq=False)
class Distribution:
    """The distribution of the costs that a circuit is measured with; what every `Objective` is a function of."""

    costs: FloatArray
    """Exact: (2^N,), the cost of every configuration. Measured: (M,), of every shot, M >= 1; where an engine corrects
    for errors in reading out, numbers with the right mean."""
    probabilities: FloatArray | None = None
    """(2^N,), |psi_x|^2; None: measured, every shot counts alike."""
    bits: BitArray | None = None
    """(M, N), the measured bit strings; None: exact."""
    measured_costs: FloatArray | None = None
    """(M,), costs of ``bits`` as they were read; None: exact."""
    table: TableCost | None = None
    """Whose values ``costs`` are, where it can tell their `order`; it sorts them once for all distributions."""

    @property
    def is_exact(self) -> bool:
        """Whether it is the distribution itself, not a sample of it."""
        return self.bits is None

    @cached_property
    def weights(self) -> FloatArray:
        """Probabilities, as numbers, of the entries of ``costs``."""
        if self.probabilities is None:
            return np.full(self.costs.shape, 1 / self.costs.size)
        return self.probabilities

    @cached_property
    def order(self) -> IndexArray:
        """The entries of ``costs`` by ascending cost."""
        return self.costs.argsort(kind="stable") if self.table is None else self.table.order

    @cached_property
    def cheapest(self) -> tuple[BitArray, float] | None:
        """The cheapest measured bit string, (N,), and its cost; None: exact."""
        if self.bits is None or self.measured_costs is None:
            return None
        first = int(self.measured_costs.argmin())
        return self.bits[first], float(self.measured_costs[first])

    def mean(self, values: FloatArray) -> float:
        """Mean of ``values``, one for each entry of ``costs``; not by BLAS, whose sums depend on its threads."""
        if self.probabilities is None:
            return float(values.mean())
        return float(np.einsum("i,i->", self.probabilities, values))
