"""The cost of an additive network in a matrix product state: all of it, not only its low degrees."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

import numpy as np

from walshqhn.binn.additive import AdditivePart
from walshqhn.binn.expansion import expand_loss
from walshqhn.binn.task import NetworkTask
from walshqhn.bits import masks_from_supports
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.engines.mps_state import State
from walshqhn.engines.mps_terms import Cotangent
from walshqhn.kernels import mps_phases as kernels
from walshqhn.kernels.pool import share
from walshqhn.support.arrays import FloatArray
from walshqhn.support.resources import require_memory, resolve_threads

_PIECES = 64
_REACHES = np.array([0.15, 0.25, 0.35, 0.5, 0.7, 1.0])  # of the largest; samples up to each share an expansion
_LEAST_REACH = 1e-6


class NetworkEnergy:
    """<C> of a network whose output is a sum over single bits, as in logistic regression; with architecture bits.

    The loss of a sample is a short sum of exponentials of the output (see `walshqhn.binn.expansion`), and each is a
    product of phases, one for every bit: a transfer per sample and frequency. Architecture bits are projected on each
    of their settings. What is linear in the output is a Hamiltonian, `linear`.

    UsageError for a network that is not additive.
    """

    def __init__(self, task: NetworkTask) -> None:
        parts = task.additive_parts()
        self.error = 0.0
        """Bound on the difference from <C>, beyond rounding."""
        terms: dict[tuple[int, ...], float] = defaultdict(float)
        self._waves = [
            self._expanded(task, part, portion, terms) for whole in parts for part, portion in _by_reach(whole)
        ]  # fmt: skip
        constant = terms.pop((), 0.0)
        masks = masks_from_supports(terms, task.num_bits)
        self.linear = IsingHamiltonian(task.num_bits, masks, np.array([*terms.values()]), constant)

    def _expanded(
        self, task: NetworkTask, part: AdditivePart, portion: float, terms: dict[tuple[int, ...], float]
    ) -> _Waves:
        """The waves of a ``part`` with a ``portion`` of the samples; what is linear is added to ``terms``."""
        expansion = expand_loss(task.loss, max(float(part.reach.max()), _LEAST_REACH))
        self.error = max(self.error, expansion.error)
        samples, n = part.contributions[0].shape[1], task.num_bits
        advice = "Use fewer samples, a Hamiltonian of low degree, or shots."
        require_memory(8 * samples * n, f"the phases of {samples:,} samples on {n} bits", advice)
        waves = expansion.coefficients[1:] * (portion / samples)
        kinds, angles, offsets = np.full(n, kernels.PLAIN), np.zeros((samples, n)), np.zeros(samples)
        fields: dict[tuple[int, ...], float] = {(): portion * float(expansion.coefficients[0].real)}
        for (bit,), (zero, one) in zip(part.bits, part.contributions, strict=True):
            kinds[bit] = kernels.PHASE
            angles[:, bit] = expansion.step * (zero - one) / 2
            offsets += expansion.step * (zero + one) / 2
            fields[()] += portion * expansion.slope * float((zero + one).mean()) / 2
            fields[(bit,)] = portion * expansion.slope * float((zero - one).mean()) / 2
        chosen = part.architecture
        for bit, value in chosen.items():
            kinds[bit] = kernels.ONE if value else kernels.ZERO
        for size in range(len(chosen) + 1):  # times the projector on the architecture
            for some in combinations(chosen, size):
                factor = 0.5 ** len(chosen) * (-1) ** sum(chosen[a] for a in some)
                for bits, strength in fields.items():
                    terms[tuple(sorted((*some, *bits)))] += factor * strength
        return _Waves(kinds, angles, offsets, waves.real.copy(), waves.imag.copy())

    def add(self, state: State, cotangent: Cotangent) -> float:
        """What is not linear; its derivatives are added to ``cotangent``, unless it is empty."""
        room = resolve_threads(None) * 16 * kernels.BATCH * int((state.bonds**2).sum() + 8 * state.bonds.max() ** 2)
        what = f"environments of a matrix product state of bond {state.bonds.max():,} for {kernels.BATCH} frequencies"
        require_memory(room + 16 * _PIECES * cotangent.re.size, what, "Use a smaller bond, or shots.")
        return sum(waves.add(state, cotangent) for waves in self._waves)


def _by_reach(part: AdditivePart) -> Iterator[tuple[AdditivePart, float]]:
    """Samples of similar reach, and their fraction: the smaller the output can be, the fewer frequencies it needs."""
    reach = part.reach
    order, count = np.argsort(reach, kind="stable"), len(reach)
    ends = np.unique(np.searchsorted(reach[order], reach.max() * _REACHES, side="right"))
    for first, last in pairwise([0, *ends.tolist()]):
        if last > first:
            chosen = np.sort(order[first:last])
            yield replace(part, contributions=tuple(s[:, chosen] for s in part.contributions)), len(chosen) / count


@dataclass(frozen=True, eq=False)
class _Waves:
    """What `kernels.add_phases` adds up for some samples of one architecture."""

    kinds: np.ndarray
    angles: FloatArray
    offsets: FloatArray
    re: FloatArray
    im: FloatArray

    def add(self, state: State, cotangent: Cotangent) -> float:
        count, slopes, values = len(self.angles), np.zeros((_PIECES, 2, cotangent.re.size)), np.zeros(_PIECES)

        def work(begin: int, end: int) -> None:
            for k in range(begin, end):
                values[k] = kernels.add_phases(
                    state.re, state.im, state.tensors, state.bonds, self.kinds, self.angles, self.offsets, self.re,
                    self.im, 1, *slopes[k], k * count // _PIECES, (k + 1) * count // _PIECES,
                )  # fmt: skip

        share(work, _PIECES)
        cotangent.re[:] += slopes[:, 0].sum(axis=0)
        cotangent.im[:] += slopes[:, 1].sum(axis=0)
        return float(values.sum())
