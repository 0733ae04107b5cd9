"""Exact means of costs over independent bits; those of networks need no table."""

from __future__ import annotations

import numpy as np

from walshqhn.binn.additive import AdditivePart
from walshqhn.binn.expansion import expand_loss
from walshqhn.binn.task import NetworkTask
from walshqhn.cost.base import Cost
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.cost.multilinear import (
    Multilinear,
    MultilinearTable,
    MultilinearTerms,
    product_probabilities,
    table_value_and_slopes,
)
from walshqhn.cost.table import TableCost
from walshqhn.kernels import waves
from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import UsageError
from walshqhn.support.resources import numpy_threads, thread_limit

_CLASSES, _FEWEST = 4, 500  # of samples


def multilinear(cost: Cost, *, threads: int | None = None) -> Multilinear:
    """The mean of ``cost`` over independent bits, exactly. ``threads`` as in `resolve_threads`.

    UsageError for a cost other than a table, a Hamiltonian, or a network as in `MultilinearNetwork`.
    """
    if isinstance(cost, TableCost):
        return MultilinearTable(cost)
    if isinstance(cost, IsingHamiltonian):
        return MultilinearTerms(cost, threads=threads)
    if isinstance(cost, NetworkTask):
        return MultilinearNetwork(cost, threads=threads)
    raise UsageError(f"the mean of {cost!r} over independent bits is not known exactly: set shots.")


def has_exact_mean(cost: Cost) -> bool:
    """Whether `multilinear` takes ``cost``, apart from its size."""
    if isinstance(cost, NetworkTask):
        return cost.loss != "softmax" and len(cost.network.hidden) < 2
    return isinstance(cost, TableCost | IsingHamiltonian)


class MultilinearNetwork(Multilinear):
    """The mean for a network on data whose output is a sum over groups of bits, at any number of bits.

    With the loss as a sum of waves (`LossExpansion`), the mean of a sample's loss is a sum of products over the groups;
    see `walshqhn.kernels.waves`. Settings of the architecture bits are a mixture. UsageError for another network, or
    outputs too large for the expansion; TooLargeError for memory.
    """

    def __init__(self, task: NetworkTask, *, threads: int | None = None) -> None:
        self._num_bits, self._threads = task.num_bits, threads
        self._choices = list(task.network.choice_positions)
        with numpy_threads(1):  # of BLAS, in small fits
            self._parts = [  # there is always a group: the bias
                [_Part(few, task.loss, task.num_bits) for few in _by_reach(part)] for part in task.additive_parts()
            ]
        self._num_samples = len(task.data.train)
        self.error = max(few.error for part in self._parts for few in part)

    def value_and_slopes(self, spins: FloatArray) -> tuple[float, FloatArray]:
        with thread_limit(self._threads):
            found = [[few.value_and_slopes(spins) for few in part] for part in self._parts]
        slopes = np.zeros(self._num_bits)
        for weight, part in zip(product_probabilities(spins[self._choices]), found, strict=True):
            for _, own in part:
                slopes += weight / self._num_samples * own
        costs = np.array([sum(value for value, _ in part) for part in found]) / self._num_samples
        value, slopes[self._choices] = table_value_and_slopes(costs, spins[self._choices])
        return value, slopes


def _by_reach(part: AdditivePart) -> list[AdditivePart]:
    """Samples whose outputs are about equally large together, since larger ones need more waves."""
    reach = part.reach
    groups = np.array_split(np.argsort(reach, kind="stable"), min(_CLASSES, -(-len(reach) // _FEWEST)))
    return [AdditivePart(part.architecture, part.bits, tuple(s[:, few] for s in part.contributions)) for few in groups]


class _Part:
    """Some samples under one setting of the architecture bits, as arrays for the kernel."""

    def __init__(self, part: AdditivePart, loss: str, num_bits: int) -> None:
        pairs = list(zip(part.bits, part.contributions, strict=True))
        single = [(bits[0], s) for bits, s in pairs if len(bits) == 1]
        several = [(list(bits), s) for bits, s in pairs if len(bits) > 1]
        samples = len(part.reach)
        expansion = expand_loss(loss, max(float(part.reach.max()), 1e-3))
        self.error = expansion.error
        self._step, self._amplitudes = expansion.step, expansion.coefficients
        # a single bit adds its mean, and minus its spin times half the difference
        positions = np.array([j for j, _ in single], dtype=np.int32)
        halves = np.array([(s[1] - s[0]) / 2 for _, s in single]).reshape(len(single), samples)
        offsets = np.zeros(samples) + sum((s[0] + s[1]) / 2 for _, s in single)
        of_sample, which = np.nonzero(halves.T)
        starts = np.concatenate([[0], np.cumsum(np.bincount(of_sample, minlength=samples))])
        self._groups = [bits for bits, _ in several]
        self._ends = np.cumsum([0, *(len(s) for _, s in several)])
        contributions = np.concatenate([s for _, s in several] or [np.zeros((0, samples))]).T
        self._samples = (
            offsets, starts, positions[which], halves.T[of_sample, which], np.ascontiguousarray(contributions),
            self._ends,
        )  # fmt: skip
        self._offset = expansion.slope * float(offsets.sum())
        self._linear = np.zeros(num_bits)
        self._linear[positions] = -expansion.slope * halves.sum(axis=1)
        self._of_settings = expansion.slope * contributions.sum(axis=0)

    def value_and_slopes(self, spins: FloatArray) -> tuple[float, FloatArray]:
        """The sum over the samples of their means, and its derivatives for all N bits."""
        probabilities = np.concatenate([product_probabilities(spins[bits]) for bits in self._groups] or [np.zeros(0)])
        value, slopes, of_settings = waves.value_and_slopes(
            self._samples, np.ascontiguousarray(spins), probabilities, self._step, self._amplitudes
        )
        value += self._offset
        value += float(np.einsum("i,i->", self._linear, spins))
        value += float(np.einsum("i,i->", self._of_settings, probabilities))
        slopes, of_settings = slopes + self._linear, of_settings + self._of_settings
        for bits, low, high in zip(self._groups, self._ends, self._ends[1:], strict=False):
            slopes[bits] += table_value_and_slopes(of_settings[low:high], spins[bits])[1]
        return value, slopes
