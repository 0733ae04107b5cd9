"""The cost of an additive network in a matrix product state: all of it, not only its low degrees."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations

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
from walshqhn.support.errors import UsageError
from walshqhn.support.resources import require_memory, resolve_threads

_PIECES = 64


class NetworkEnergy:
    """<C> of a network whose output is a sum over single bits, as in logistic regression; with architecture bits.

    The loss of a sample is a short sum of exponentials of the output (see `walshqhn.binn.expansion`), and each is a
    product of phases, one for every bit: a transfer per sample and frequency. Architecture bits are projected on each
    of their settings. What is linear in the output is a Hamiltonian, `linear`.

    UsageError for a network whose bits act together, as those of a hidden neuron do.
    """

    def __init__(self, task: NetworkTask) -> None:
        parts = task.additive_parts()
        widest = max(len(bits) for part in parts for bits in part.bits)
        if widest > 1:
            raise UsageError(
                f"the mps engine knows the exact mean of networks whose bits add to the output one by one; in task "
                f"{task.name!r} up to {widest} act together (a hidden neuron): use shots, a Hamiltonian of low degree, "
                "or the product engine."
            )
        reach = max(float(part.reach.max()) for part in parts)
        self._expansion = expand_loss(task.loss, reach)
        self._parts = [self._phases(part, task.num_bits) for part in parts]
        self.error = self._expansion.error
        """Bound on the difference from <C>, beyond rounding."""
        terms: dict[tuple[int, ...], float] = defaultdict(float)
        for part in parts:
            self._add_linear(part, terms)
        constant = terms.pop((), 0.0)
        masks = masks_from_supports(terms, task.num_bits)
        self.linear = IsingHamiltonian(task.num_bits, masks, np.array([*terms.values()]), constant)

    def _phases(self, part: AdditivePart, num_bits: int) -> tuple[np.ndarray, FloatArray, FloatArray]:
        """What each site does, phi_ij and a_i, as `kernels.add_phases` takes them."""
        samples, step = part.contributions[0].shape[1], self._expansion.step
        advice = "Use fewer samples, a Hamiltonian of low degree, or shots."
        require_memory(8 * samples * num_bits, f"the phases of {samples:,} samples on {num_bits} bits", advice)
        kinds, angles, offsets = np.full(num_bits, kernels.PLAIN), np.zeros((samples, num_bits)), np.zeros(samples)
        for (bit,), (zero, one) in zip(part.bits, part.contributions, strict=True):
            kinds[bit] = kernels.PHASE
            angles[:, bit] = step * (zero - one) / 2
            offsets += step * (zero + one) / 2
        for bit, value in part.architecture.items():
            kinds[bit] = kernels.ONE if value else kernels.ZERO
        return kinds, angles, offsets

    def _add_linear(self, part: AdditivePart, terms: dict[tuple[int, ...], float]) -> None:
        """Add Re c_0 + slope v, averaged over the samples, times the projector on the architecture."""
        slope = self._expansion.slope
        fields: dict[tuple[int, ...], float] = {(): float(self._expansion.coefficients[0].real)}
        for (bit,), (zero, one) in zip(part.bits, part.contributions, strict=True):
            fields[()] += slope * float((zero + one).mean()) / 2
            fields[(bit,)] = slope * float((zero - one).mean()) / 2
        chosen = part.architecture
        for size in range(len(chosen) + 1):
            for some in combinations(chosen, size):
                factor = 0.5 ** len(chosen) * (-1) ** sum(chosen[a] for a in some)
                for bits, value in fields.items():
                    terms[tuple(sorted((*some, *bits)))] += factor * value

    def add(self, state: State, cotangent: Cotangent) -> float:
        """What is not linear; its derivatives are added to ``cotangent``, unless it is empty."""
        return sum(self._add_part(state, cotangent, *part) for part in self._parts)

    def _add_part(
        self, state: State, cotangent: Cotangent, kinds: np.ndarray, angles: FloatArray, offsets: FloatArray
    ) -> float:
        waves = self._expansion.coefficients[1:] / len(angles)
        re, im = waves.real.copy(), waves.imag.copy()
        room = resolve_threads(None) * 16 * kernels.BATCH * int((state.bonds**2).sum() + 8 * state.bonds.max() ** 2)
        what = f"environments of a matrix product state of bond {state.bonds.max():,} for {kernels.BATCH} frequencies"
        require_memory(room + 16 * _PIECES * cotangent.re.size, what, "Use a smaller bond, or shots.")
        slopes = np.zeros((_PIECES, 2, cotangent.re.size))
        values = np.zeros(_PIECES)

        def work(begin: int, end: int) -> None:
            for k in range(begin, end):
                first, last = k * len(angles) // _PIECES, (k + 1) * len(angles) // _PIECES
                values[k] = kernels.add_phases(
                    state.re, state.im, state.tensors, state.bonds, kinds, angles, offsets, re, im, 1, *slopes[k],
                    first, last,
                )  # fmt: skip

        share(work, _PIECES)
        cotangent.re[:] += slopes[:, 0].sum(axis=0)
        cotangent.im[:] += slopes[:, 1].sum(axis=0)
        return float(values.sum())
