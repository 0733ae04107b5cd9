"""Scaling of features, fitted to the training samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import InputError, unknown_name

SCALES = ("none", "standard", "minmax")


@dataclass(frozen=True)
class Scaling:
    """x -> (x - shift) / size, feature by feature."""

    kind: str = "none"
    """"none", "standard" (mean 0, standard deviation 1) or "minmax" (0 ... 1), each over the training samples."""
    shift: tuple[float, ...] = ()
    """(D,), or empty: nothing is scaled."""
    size: tuple[float, ...] = ()

    @classmethod
    def fit(cls, kind: str, x: FloatArray) -> Scaling:
        """The scaling of samples x (S, D). A constant feature becomes 0. UsageError for an unknown ``kind``."""
        if kind not in SCALES:
            raise unknown_name("scale", kind, SCALES)
        if kind == "none":
            return cls()
        peak = np.abs(x).max(axis=0)
        unit = np.where(peak > 0, peak, 1.0)
        parts = x / unit  # neither overflows nor vanishes, whatever the units
        low, high = parts.min(axis=0), parts.max(axis=0)
        shift, size = (low, high - low) if kind == "minmax" else (parts.mean(axis=0), parts.std(axis=0))
        constant = high - low <= 8 * np.finfo(float).eps
        shift, size = np.where(constant, low, shift) * unit, np.where(constant, 1.0, size) * unit
        if not (np.isfinite(shift).all() and np.isfinite(size).all() and size.all()):
            raise InputError("the features cannot be scaled: they are too large, or too small.")
        return cls(kind, tuple(shift.tolist()), tuple(size.tolist()))

    def __call__(self, x: FloatArray) -> FloatArray:
        """Samples x (S, D), scaled."""
        return x if self.kind == "none" else (x - np.array(self.shift)) / np.array(self.size)

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {"kind": self.kind, "shift": list(self.shift), "size": list(self.size)}
