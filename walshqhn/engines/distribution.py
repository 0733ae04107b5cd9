"""Distributions of costs: exact, over all configurations, or measured, over shots."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from walshqhn.cost.base import Cost, Scale
from walshqhn.cost.table import TableCost
from walshqhn.support.arrays import BitArray, FloatArray


class Estimate(NamedTuple):
    """A number and its uncertainty."""

    value: float
    error: float
    """Standard error; 0 where the value is exact, NaN for a single shot."""
    rest: float = 0.0
    """What rounding took from ``value``, if that is known: small differences beside a large constant are in here."""

    @classmethod
    def about(cls, center: float, value: float, error: float) -> Estimate:
        """``center`` + ``value``."""
        total = center + value
        part = total - center
        return cls(total, error, (center - (total - part)) + (value - part))


@dataclass(frozen=True, eq=False)
class Distribution:
    """The distribution of the costs measured on a circuit; every `Objective` is a function of it."""

    costs: FloatArray
    """Exact: (2^N,), the cost of every configuration. Measured: (M,), of every shot, M >= 1; with readout mitigation,
    numbers with the right mean."""
    probabilities: FloatArray | None = None
    """(2^N,), |psi_x|^2; None: measured, all shots have equal weight."""
    bits: BitArray | None = None
    """(M, N), the measured bit strings; None: exact."""
    measured_costs: FloatArray | None = None
    """(M,), costs of ``bits`` as read; None: exact."""
    table: TableCost | None = None
    """The table that ``costs`` come from, if any; it sorts them once for all distributions."""
    source: Cost | None = None
    """The cost that is measured; a `Prepared` circuit sets it."""

    @property
    def is_exact(self) -> bool:
        """Whether this is the distribution itself rather than a sample of it."""
        return self.bits is None

    @cached_property
    def weights(self) -> FloatArray:
        """Probability of each entry of ``costs``."""
        return np.full(self.costs.shape, 1 / self.costs.size) if self.probabilities is None else self.probabilities

    @property
    def spread(self) -> float:
        """Standard deviation of the cost over all configurations; 1 if the cost is not known."""
        return 1.0 if self.source is None else self.source.scale.spread

    @cached_property
    def center(self) -> float:
        """Subtracted before costs are averaged; see `Scale`."""
        return Scale.of(self.costs).center if self.table is None else self.table.scale.center

    @cached_property
    def centred(self) -> FloatArray:
        """``costs`` without the center."""
        if self.table is not None:
            return self.table.centred
        return self.costs - self.center if self.center else self.costs

    @cached_property
    def order(self) -> npt.NDArray[np.intp]:
        """Indices that sort ``costs`` in ascending order."""
        return self.costs.argsort(kind="stable") if self.table is None else self.table.order

    @cached_property
    def cheapest(self) -> tuple[BitArray, float] | None:
        """The cheapest measured bit string, (N,), and its cost; None: exact."""
        if self.bits is None or self.measured_costs is None:
            return None
        first = int(self.measured_costs.argmin())
        return self.bits[first], float(self.measured_costs[first])

    def mean(self, values: FloatArray) -> float:
        """Mean of ``values``, one per entry of ``costs``; not by BLAS, whose sums depend on its threads."""
        if self.probabilities is None:
            return float(values.mean())
        return float(np.einsum("i,i->", self.probabilities, values))
