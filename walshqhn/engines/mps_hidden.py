"""The cost of a network with one hidden layer in a matrix product state: all of it, not only its low degrees."""

from __future__ import annotations

from functools import cached_property, partial

import numpy as np
import numpy.typing as npt

from walshqhn.binn.expansion import wrong_side_loss
from walshqhn.binn.network import ACTIVATIONS, OUTPUT_ACTIVATIONS, Architecture
from walshqhn.binn.task import NetworkTask
from walshqhn.bits import index_to_bits
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.engines.mps_network import NetworkEnergy
from walshqhn.engines.mps_registers import ADVICE, EQUAL, Builder, Reading, Register, points_needed
from walshqhn.engines.mps_state import State
from walshqhn.engines.mps_terms import Cotangent
from walshqhn.kernels.pool import share
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.resources import numpy_threads, require_memory, resolve_threads

_PIECES = 16


def network_energy(task: NetworkTask) -> NetworkEnergy | HiddenEnergy:
    """<C> of an additive network. UsageError for another."""
    layers = max(task.network.choices["hidden_layers"].options)
    return HiddenEnergy(task) if layers == task.network.num_outputs == 1 else NetworkEnergy(task)


class HiddenEnergy:
    """<C> of a network with one hidden layer and one output: any activations, skip connection and architecture bits.

    A sample's loss depends on the weights of its inputs through one number for each neuron, s = sum_i x_i b_i. These
    weights are read from the left, with a register for every s, and all other bits from the right, one by one; both
    sides meet in the sample's loss. TooLargeError for memory.
    """

    def __init__(self, task: NetworkTask) -> None:
        network, words = task.network, -(-task.num_bits // 64)
        self._task, self._width = task, network.hidden[0]
        self._cut = network.num_inputs * self._width
        self.linear = IsingHamiltonian(task.num_bits, np.zeros((0, words), np.uint64), np.zeros(0))
        """What of the cost is left to a Hamiltonian: nothing."""
        self._skips = network.positions("Wskip").ravel().tolist() if "Wskip" in network.layout else []
        rows, counts = np.unique(np.column_stack([task.data.train.x, task.data.train.y]), axis=0, return_counts=True)
        self._shares = counts / counts.sum()
        self._samples, self._targets = rows[:, :-1], rows[:, -1]
        self._needed: dict[tuple[bool, float], float] = {}
        busiest = self._samples[(self._samples != 0).sum(axis=1).argmax()]
        size = sum(side.nbytes for side in self._sides(busiest))
        require_memory(len(rows) * size, f"sums over the inputs of {len(rows):,} samples", ADVICE)
        self._readings = [self._sides(x) for x in self._samples]

    @cached_property
    def _bits(self) -> BitArray:
        """Configurations (codes, N) of the bits that are read one by one, the last of them lowest; others are 0."""
        single = [j for j in range(self._cut, self._task.num_bits) if j not in self._skips]
        what = f"a list of all settings of the {len(single)} bits behind the weights of the inputs"
        require_memory((1 << len(single)) * self._task.num_bits, what, ADVICE)
        found = np.zeros((1 << len(single), self._task.num_bits), np.uint8)
        found[:, single] = index_to_bits(np.arange(len(found)), len(single))
        return found

    @cached_property
    def _settings(self) -> list[tuple[npt.NDArray[np.int64], Architecture]]:
        """Every architecture, and the rows of `_bits` that choose it."""
        choices = list(self._task.network.choice_positions)
        codes, which = np.unique(self._bits[:, choices], axis=0, return_inverse=True)
        rows = [np.flatnonzero(which.ravel() == c) for c in range(len(codes))]
        return [(row, self._task.network.architecture(self._bits[row[0]])) for row in rows]

    def _sides(self, x: FloatArray) -> tuple[Reading, Reading]:
        """How the weights of a sample x (inputs,) are read from the left, and all other bits from the right."""
        left, right, sums, skipped = Builder(self._width), Builder(1), Register(), Register()
        for value in x:
            table = sums.add(value, partial(self._points, True))
            for neuron in range(self._width):
                left.read(neuron, table)
        inputs = dict(zip(self._skips, x, strict=False))
        for site in reversed(range(self._cut, self._task.num_bits)):
            if site in inputs:
                right.read(0, skipped.add(inputs[site], partial(self._points, False)))
            else:
                right.read_single()
        return left.reading(sums.values), right.reading(skipped.values)

    def _points(self, hidden: bool, span: float) -> float:
        """The number of points needed for the sums of a register, which lie in an interval of length ``span``."""
        if (hidden, span) not in self._needed:
            most, total = 1.0, float(np.abs(self._samples).sum(axis=1).max())
            for _, arch in self._settings:
                (low, high), scale = arch.weight_values, OUTPUT_ACTIVATIONS[arch.output_activation]
                outer = scale * max(abs(low), abs(high))
                others = outer * (self._width + 1.0 + total * arch.skip)
                name, factor, slope = (arch.activation, outer, 1.0) if hidden else ("", 1.0, scale)
                if hidden or arch.skip:
                    width = slope * abs(high - low) * span
                    most = max(most, points_needed(self._task.loss, name, factor, others, width))
            self._needed[hidden, span] = most
        return self._needed[hidden, span]

    def _losses(self, sample: int) -> FloatArray:
        """Of a sample, times its share, for the states of the left (rows) and of the right (columns)."""
        network, h, (left, right) = self._task.network, self._width, self._readings[sample]
        x, wrong, sums, codes = self._samples[sample], 1.0 - 2.0 * self._targets[sample], left.values, len(self._bits)
        last, biases, output = (
            network.positions(b).ravel() for b in (f"W{len(network.hidden) + 1}", "b1", network.output_bias)
        )
        found = np.empty((len(sums),) * h + (len(right.values), codes))
        for rows, arch in self._settings:
            values, bits = np.array(arch.weight_values, dtype=np.float64), self._bits[rows]
            low, rise, scale = values[0], values[1] - values[0], OUTPUT_ACTIVATIONS[arch.output_activation]
            inputs = low * x.sum() + rise * sums[:, None] + values
            size = np.abs(values).max() * (1.0 + np.abs(x).sum())
            inputs[np.abs(inputs) <= EQUAL * size] = 0.0  # what rounding has left of a tie decides no sign
            hidden = ACTIVATIONS[arch.activation](inputs)
            skipped = scale * (low * x.sum() + rise * right.values) if arch.skip else np.zeros(len(right.values))
            u = np.add.outer(skipped, scale * values[bits[:, output[0]]])
            for neuron in range(arch.hidden_width):
                added = scale * hidden[:, bits[:, biases[neuron]]] * values[bits[:, last[neuron]]]
                u = u + added.reshape((1,) * neuron + (len(sums),) + (1,) * (h - neuron) + (len(rows),))
            found[..., rows] = wrong_side_loss(self._task.loss, wrong * u)
        return found.reshape(len(sums) ** h, -1) * self._shares[sample]

    def add(self, state: State, cotangent: Cotangent) -> float:
        """<C>; its derivatives are added to ``cotangent``, unless it is empty. TooLargeError for memory."""
        here, (there, order) = state.part(0, self._cut), state.part(self._cut, self._task.num_bits).mirrored()
        count, room = len(self._readings), cotangent.re.size
        pieces = min(_PIECES, count)
        self._require(here, there, 16 * pieces * room)
        values = np.zeros(pieces)
        found = [(Cotangent.of(here), Cotangent.of(there)) for _ in range(pieces if room else 0)]

        def work(begin: int, end: int) -> None:
            for k in range(begin, end):
                for sample in range(k * count // pieces, (k + 1) * count // pieces):
                    left, right = self._readings[sample]
                    losses, x, y = self._losses(sample), left.environments(here), right.environments(there)
                    of_left = y.ends[0] @ losses.T, y.ends[1] @ losses.T
                    values[k] += (x.ends[0] * of_left[0] - x.ends[1] * of_left[1]).sum()
                    if room:
                        of_right = x.ends[0] @ losses, x.ends[1] @ losses
                        left.slopes(here, x, of_left, found[k][0])
                        right.slopes(there, y, of_right, found[k][1])

        with numpy_threads(1):
            share(work, pieces)
        for own, mirror in found:
            cotangent.re[:] += own.re
            cotangent.im[:] += own.im
            cotangent.re[order] += mirror.re
            cotangent.im[order] += mirror.im
        return float(values.sum())

    def _require(self, here: State, there: State, more: int) -> None:
        def size(sides: tuple[Reading, Reading]) -> int:
            left, right = sides
            return 2 * (left.size(here.bonds) + right.size(there.bonds)) + 4 * left.states * right.states

        largest = max(self._readings, key=size)
        what = (
            f"the mean over a hidden layer ({largest[0].states:,} times {largest[1].states:,} states meet) in a matrix "
            f"product state of bond {max(here.bonds.max(), there.bonds.max()):,}"
        )
        require_memory(resolve_threads(None) * 16 * size(largest) + more, what, ADVICE)
