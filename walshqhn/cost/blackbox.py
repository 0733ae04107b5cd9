"""Any function of bit strings as a cost."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.bits import bits_to_label, check_rows, distinct_rows, pack_bits
from walshqhn.cost.base import Cost, Scale, check_names
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.checks import check_real, check_whole
from walshqhn.support.errors import CostError, UsageError
from walshqhn.support.files import first_line

REMEMBERED = 1 << 17
"""Costs that a function's cost remembers, about 20 MB up to 64 bits; the oldest are dropped."""
_SCALE_SAMPLES = 16


class BlackBoxCost(Cost):
    """A cost given by a ``function`` from bit strings, uint8 (M, N), to their costs, M finite numbers; N >= 1.

    Evaluations are assumed to be expensive: bit strings among the last `REMEMBERED` are not evaluated again, and one
    call gets at most ``batch`` of them (default: all that are needed). Where the function raises or returns a number
    that is not finite, the cost is the ``penalty``, and the bit string is noted in `failures`; without a penalty that
    is a CostError, and a training keeps all that it has done so far.

    ``name`` identifies the function, since its content cannot be compared; default: where it is defined. UsageError
    unless ``function`` is callable, ``bit_names`` (default b[0], b[1], ...) are N distinct names, ``batch`` is at least
    1 and ``penalty`` finite.

    >>> cost = BlackBoxCost(lambda bits: bits.sum(axis=1), num_bits=3, name="number of ones")
    >>> cost.costs([[1, 0, 1]])
    array([2.])
    """

    def __init__(
        self, function: Callable[[BitArray], npt.ArrayLike], num_bits: int, *, bit_names: Sequence[str] | None = None,
        name: str | None = None, batch: int | None = None, penalty: float | None = None,
    ) -> None:  # fmt: skip
        if not callable(function):
            raise UsageError(f"a black-box cost is a function of bit strings, got {type(function).__name__}.")
        self._num_bits, self.function = check_whole("num_bits", num_bits, 1), function
        self.names = check_names(bit_names, self._num_bits)
        where = (getattr(function, "__module__", ""), getattr(function, "__qualname__", type(function).__qualname__))
        self.name = name or ".".join(where)
        self.batch = None if batch is None else check_whole("batch", batch, 1)
        self.penalty = None if penalty is None else check_real("penalty", penalty)
        self.failures: dict[str, str] = {}
        """Label of each bit string at which the penalty was given -> what the function did."""
        self._known: dict[bytes, float] = {}

    def facts(self) -> dict[str, Any]:
        return {"name": self.name} | super().facts() | {"penalty": self.penalty, "failures": len(self.failures)}

    @property
    def num_bits(self) -> int:
        return self._num_bits

    @cached_property
    def scale(self) -> Scale:
        """Estimated from 16 bit strings, first of all in a training; without those at which the function fails."""
        found: list[float] = []
        for row in np.random.default_rng(0).integers(0, 2, (_SCALE_SAMPLES, self.num_bits), dtype=np.uint8):
            with suppress(CostError):
                costs = self.costs(row[None]).tolist()
                found += [] if bits_to_label(row) in self.failures else costs
        return Scale.of(np.array(found)) if found else Scale()

    @property
    def digest(self) -> str:
        # without the penalty: one may be given to resume what failed
        return hashlib.sha256(f"function {self.name} {self.num_bits}".encode()).hexdigest()

    def costs(self, bits: npt.ArrayLike) -> FloatArray:
        """Costs of bit strings (M, N): shape (M,).

        CostError, which names the bit string, if the function raises or returns anything but M finite numbers; see
        ``penalty``. What was evaluated before is remembered.
        """
        distinct, which = distinct_rows(check_rows(bits, self.num_bits))
        if len(distinct) > REMEMBERED:
            size = self.batch or len(distinct)
            parts = [self._evaluate(distinct[k : k + size]) for k in range(0, len(distinct), size)]
            return np.concatenate(parts)[which]
        keys = [row.tobytes() for row in pack_bits(distinct)]
        new = [k for k, key in enumerate(keys) if key not in self._known]
        held = {keys[k]: self._known[keys[k]] for k in set(range(len(keys))) - set(new)}
        for start in range(0, len(new), self.batch or max(1, len(new))):
            part = new[start : start + (self.batch or len(new))]
            held |= self._remember([keys[k] for k in part], distinct[part])
        return np.array([held[key] for key in keys], dtype=np.float64)[which]

    def _remember(self, keys: list[bytes], rows: BitArray) -> dict[bytes, float]:
        found = dict(zip(keys, self._evaluate(rows).tolist(), strict=True))
        self._known |= found
        for key in list(islice(self._known, max(0, len(self._known) - REMEMBERED))):
            del self._known[key]
        return found

    def _evaluate(self, rows: BitArray) -> FloatArray:
        try:
            found = np.asarray(self.function(rows))
        except Exception as error:
            if len(rows) > 1:  # which of them is it?
                return np.concatenate([self._evaluate(row[None]) for row in rows])
            return np.array([self._failed(rows[0], f"raised {type(error).__name__}: {first_line(error)}", error)])
        if found.shape != (len(rows),) or found.dtype.kind not in "biuf":
            raise CostError(
                f"{self.name} must return {len(rows)} numbers for {len(rows)} bit strings, "
                f"got shape {found.shape}, dtype {found.dtype}, for {bits_to_label(rows[0])} and the like."
            )
        values = found.astype(np.float64)
        for k in np.flatnonzero(~np.isfinite(values)):
            values[k] = self._failed(rows[k], f"must return finite numbers, got {values[k]}")
        return values

    def _failed(self, row: BitArray, why: str, error: Exception | None = None) -> float:
        """The penalty."""
        label = bits_to_label(row)
        if self.penalty is None:
            raise CostError(f"{self.name} {why} for {label}.") from error
        if not self.failures:
            warnings.warn(f"{self.name} {why} for {label}; its cost is set to {self.penalty:g}.", stacklevel=2)
        self.failures[label] = why
        return self.penalty
