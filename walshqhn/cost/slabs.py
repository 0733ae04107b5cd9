"""The lowest energies of a Hamiltonian by enumerating all configurations, slab by slab, without a table."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn.cost.base import Minimum, Progress
from walshqhn.cost.lowest import Lowest
from walshqhn.cost.symmetries import Layout, check_symmetry, make_layout
from walshqhn.support.errors import TooLargeError
from walshqhn.support.resources import format_size, thread_limit

if TYPE_CHECKING:
    from walshqhn.cost.hamiltonian import IsingHamiltonian

SLAB_BITS = 14  # measured: a slab and its coefficients fit L2, and folding takes a small part of the time
LARGEST = 62  # bits; a configuration fits a signed word
TIE = 2.0**-44  # of the sum of all |coefficients|: energies this close are one, more than rounding makes of it
_PIECE = 1 << 8  # slabs a call: milliseconds, and sums that are updated so often stay exact enough
_PIECES = 64  # in a round, after which progress is made known


@dataclass(frozen=True)
class Slabs:
    """A Hamiltonian of at most 62 bits, prepared for `search_slabs`."""

    hamiltonian: IsingHamiltonian
    layout: Layout

    @classmethod
    def of(cls, hamiltonian: IsingHamiltonian, symmetries: Iterable[Any], memory: int | None, threads: int) -> Slabs:
        """With the ``symmetries`` given, and slabs that fit ``memory`` bytes in all.

        UsageError for an invalid symmetry; TooLargeError if not even the smallest slab fits.
        """
        n, masks = hamiltonian.num_qubits, hamiltonian.masks[:, 0]
        bits, each = SLAB_BITS, threads * 2 * 8
        needed = 60 * len(hamiltonian)
        while memory is not None and bits > 2 and needed + (each << bits) > memory:
            bits -= 1
        if memory is not None and needed + (each << bits) > memory:
            raise TooLargeError(
                f"the search needs at least {format_size(needed + (each << bits))}, memory={format_size(memory)} given."
            )
        check = partial(check_symmetry, n, masks, hamiltonian.coefficients)
        return cls(hamiltonian, make_layout(n, masks, [check(s) for s in symmetries], bits))

    @cached_property
    def arguments(self) -> tuple[Any, ...]:
        """Those of `search_slabs` that describe the Hamiltonian."""
        layout, values = self.layout, self.hamiltonian.coefficients
        masks = self.hamiltonian.masks[:, 0].astype(np.int64)
        low, high = (
            sum(((masks >> j & 1) << k for k, j in enumerate(bits)), np.zeros_like(masks))
            for bits in (layout.low, layout.high)
        )
        members = [np.flatnonzero(high >> k & 1) for k in range(len(layout.high))]
        starts = np.cumsum([0, *map(len, members)]).astype(np.int64)
        listed = np.concatenate([*members, np.empty(0, np.int64)]).astype(np.int64)
        # sums of multiples of a power of two are exact in float32 as long as they have at most 24 bits
        step = 2.0 ** (math.frexp(float(np.abs(values).sum()))[1] - 24)
        exact = step > 0 and bool((np.fmod(values, step) == 0).all()) and 2.0**-100 < step < 2.0**100
        kind = np.float32 if exact else np.float64
        return (
            values.astype(kind), low, high, starts, listed, layout.maps, layout.offsets, len(layout.low)
        )  # fmt: skip

    @property
    def num_slabs(self) -> int:
        """How many there are, including those that symmetries leave out."""
        return 1 << len(self.layout.high)

    @property
    def tie(self) -> float:
        """Energies that differ by up to this count as one."""
        return TIE * float(np.abs(self.hamiltonian.coefficients).sum())

    def search(self, begin: int, end: int, keep: int, limit: float = np.inf) -> tuple[Any, ...]:
        """Values without the constant, indices, least value and number of its ties, of some slabs."""
        from walshqhn.kernels.slabs import search_slabs

        found, where = np.full(keep, np.inf), np.full(keep, np.iinfo(np.int64).max)
        best, ties = search_slabs(*self.arguments, begin, end, self.tie, limit, found, where)
        return found, where, best, ties

    def seconds(self, threads: int) -> float:
        """How long a search of all will take, by the time of some."""
        count = min(self.num_slabs, max(1, 1 << 20 >> len(self.layout.low)))
        self.search(0, 1, 1)  # compiles
        start = time.perf_counter()
        self.search(0, count, 1)
        return (time.perf_counter() - start) * self.num_slabs / count / threads

    def minimum(self, keep: int, threads: int, progress: Progress | None, checkpoint: str | Path | None) -> Minimum:
        """The ``keep`` lowest energies. Ctrl-C leaves the checkpoint behind."""
        piece = min(self.num_slabs, _PIECE)
        pieces = self.num_slabs // piece
        identity = f"{self.hamiltonian.digest} {self.layout!r} {piece} {keep}"
        lowest = Lowest(keep, self.tie, hashlib.sha256(identity.encode()).hexdigest(), checkpoint)
        from walshqhn.kernels.pool import share

        self.search(0, 1, 1)  # compiles; several threads must not wait for each other

        def work(begin: int, end: int) -> None:
            for p in range(lowest.done + begin, lowest.done + end):
                known = max(float(lowest.costs[-1]), lowest.best + self.tie)
                lowest.merge(*self.search(p * piece, (p + 1) * piece, keep, known))

        try:
            with thread_limit(threads):
                while lowest.done < pieces:
                    share(work, min(_PIECES, pieces - lowest.done))
                    lowest.reached(min(pieces, lowest.done + _PIECES))
                    if progress is not None:
                        progress(lowest.done / pieces)
        except KeyboardInterrupt:
            lowest.save()
            raise
        return self._result(lowest)

    def _result(self, lowest: Lowest) -> Minimum:
        layout, h = self.layout, self.hamiltonian
        bits = layout.expand(lowest.index[np.isfinite(lowest.costs)], lowest.costs.size)
        energies = h.costs(bits)
        order = np.argsort(energies, kind="stable")
        how = f"all 2^{h.num_qubits} configurations"
        if layout.flips:
            how += f", 2^{len(layout.free)} of which differ by more than flips"
        if len(layout.group) > 1:
            how += f", and a group of {len(layout.group)} symmetries"
        lowest.close()
        least = float(energies[order[0]])
        return Minimum(least, bits[order], how, True, energies[order], lowest.ties << len(layout.flips))
