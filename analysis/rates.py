"""How fast something falls with the number of qubits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from walshqhn.support.arrays import FloatArray


@dataclass(frozen=True)
class Rate:
    """How fast something falls with N: by a factor 2^-rate a qubit."""

    rate: float
    half_width: float
    """Of the 95 % interval, from the scatter about the line (Student's t)."""

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self.rate - self.half_width

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self.rate + self.half_width

    def __str__(self) -> str:
        rate, low, high = (round(v, 2) + 0.0 for v in (self.rate, self.low, self.high))  # + 0.0: no "-0.00"
        return f"{rate:.2f} ({low:.2f} to {high:.2f})"


def decay_rate(num_qubits: Sequence[int] | FloatArray, values: Sequence[float] | FloatArray) -> Rate:
    """Least squares line through -log2(values) against N, at least three points."""
    from scipy.stats import linregress, t

    fit = linregress(num_qubits, -np.log2(values))
    return Rate(float(fit.slope), float(t.ppf(0.975, len(values) - 2) * fit.stderr))
