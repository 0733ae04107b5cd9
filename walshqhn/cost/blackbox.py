"""Any function of bit strings as a cost."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from walshqhn.bits import bits_to_label, check_rows
from walshqhn.cost.base import Cost, check_names
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.checks import check_whole
from walshqhn.support.errors import InputError, UsageError


class BlackBoxCost(Cost):
    """A cost given by a ``function`` from bit strings, uint8 (M, N), to their costs, M finite numbers; N >= 1.

    ``name`` identifies the function, since its content cannot be compared; default: where it is defined. UsageError
    unless ``function`` is callable and ``bit_names`` (default b[0], b[1], ...) are N different ones.

    >>> cost = BlackBoxCost(lambda bits: bits.sum(axis=1), num_bits=3, name="number of ones")
    >>> cost.costs([[1, 0, 1]])
    array([2.])
    """

    def __init__(self, function: Callable[[BitArray], npt.ArrayLike], num_bits: int, *,
                 bit_names: Sequence[str] | None = None, name: str | None = None) -> None:  # fmt: skip
        if not callable(function):
            raise UsageError(f"a black-box cost is a function of bit strings, got {type(function).__name__}.")
        self._num_bits, self.function = check_whole("num_bits", num_bits, 1), function
        self.names = check_names(bit_names, self._num_bits)
        where = (getattr(function, "__module__", ""), getattr(function, "__qualname__", type(function).__qualname__))
        self.name = name or ".".join(where)

    def __repr__(self) -> str:
        return f"BlackBoxCost({self.name}, {self.num_bits} bits)"

    @property
    def num_bits(self) -> int:
        return self._num_bits

    @property
    def digest(self) -> str:
        return hashlib.sha256(f"function {self.name} {self.num_bits}".encode()).hexdigest()

    def costs(self, bits: npt.ArrayLike) -> FloatArray:
        """Costs of bit strings (M, N): shape (M,).

        InputError if the function returns anything but M finite numbers; what it raises itself is passed on.
        """
        rows = check_rows(bits, self.num_bits)
        found = np.asarray(self.function(rows))
        if found.shape != (len(rows),) or found.dtype.kind not in "biuf":
            raise InputError(
                f"{self.name} must return {len(rows)} numbers for {len(rows)} bit strings, "
                f"got shape {found.shape}, dtype {found.dtype}."
            )
        values = found.astype(np.float64)
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            more = f" and {bad.size - 1} more" if bad.size > 1 else ""
            label = bits_to_label(rows[bad[0]])
            raise InputError(f"{self.name} must return finite numbers, got {values[bad[0]]} for {label}{more}.")
        return values
