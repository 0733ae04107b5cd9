"""A task: the cost of a binary network on its data."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.binn.additive import AdditivePart, Group, additive_costs, additive_groups, additive_part
from walshqhn.binn.datasets import Dataset, Split
from walshqhn.binn.losses import LOSSES
from walshqhn.binn.minimum import find_task_minimum
from walshqhn.binn.network import BinaryNetwork, sigmoid
from walshqhn.bits import bits_to_index, check_rows, deposit, index_to_bits
from walshqhn.cost.base import Cost, Progress, require_table_memory
from walshqhn.cost.table import check_cost_table
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.errors import UsageError, unknown_name
from walshqhn.support.resources import numpy_threads, thread_limit

_TIE = 1e-12  # of their largest size: pre-activations that differ by less are equal, so that rounding decides no class
_BATCH_BYTES = 1 << 26  # workspace of one batch of the generic evaluation


class Task(Cost):
    """A cost that comes from learning: its configurations can be tested on samples, too."""

    name: str
    spec: dict[str, Any]
    """All that is needed to make the task again: name, options, data source and checksum."""

    @abstractmethod
    def accuracy(self, bits: npt.ArrayLike, split: str = "test") -> FloatArray:
        """Fraction of samples of ``split`` classified correctly, bits (M, N): shape (M,)."""

    @abstractmethod
    def predict(self, bits: npt.ArrayLike, x: npt.ArrayLike) -> FloatArray:
        """Probabilities of the classes, bits (M, N), samples (S, inputs): shape (M, S, classes)."""

    @property
    @abstractmethod
    def splits(self) -> tuple[str, ...]:
        """The splits there are samples for, of "train", "validation" and "test"."""


@dataclass(frozen=True)
class NetworkTask(Task):
    """A binary network, its data and its loss: "bce", "mse" (one output) or "softmax" (several).

    UsageError if the three do not go together.
    """

    name: str
    spec: dict[str, Any] = field(compare=False)
    network: BinaryNetwork
    data: Dataset = field(compare=False)
    loss: str

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise unknown_name("loss", self.loss, LOSSES)
        network, classes, inputs = self.network, self.data.num_classes, self.data.train.x.shape[1]
        outputs = classes if self.loss == "softmax" else 1
        if self.loss != "softmax" and classes != 2:
            raise UsageError(f"loss {self.loss!r} separates 2 classes, the data has {classes}; use loss 'softmax'.")
        if network.num_outputs != outputs:
            found = f"got {network.num_outputs}"
            raise UsageError(f"loss {self.loss!r} on {classes} classes needs {outputs} outputs, {found}.")
        if network.num_inputs != inputs:
            raise UsageError(f"the network takes {network.num_inputs} inputs, the data has {inputs}.")

    @property
    def bit_names(self) -> tuple[str, ...]:
        return self.network.bit_names

    @property
    def num_bits(self) -> int:
        return self.network.num_bits  # without naming them: there may be far too many

    @cached_property
    def digest(self) -> str:
        """SHA-256 of network, loss and training data."""
        network = repr(sorted((f.name, repr(getattr(self.network, f.name))) for f in fields(self.network) if f.init))
        return hashlib.sha256(f"network {network} {self.loss} {self.data.sha256()}".encode()).hexdigest()

    def costs(self, bits: npt.ArrayLike, split: str = "train") -> FloatArray:
        """Mean loss on ``split`` (default: the training set) of bits (M, N): shape (M,)."""
        samples = self._split(split)
        return self._batched(bits, samples.x, lambda u: LOSSES[self.loss](u, samples.y))

    def accuracy(self, bits: npt.ArrayLike, split: str = "test") -> FloatArray:
        samples = self._split(split)
        tie = _TIE * self.network.reach(samples.x)
        return self._batched(bits, samples.x, lambda u: (self._classes(u, tie) == samples.y).mean(axis=1))

    def predict(self, bits: npt.ArrayLike, x: npt.ArrayLike) -> FloatArray:
        with numpy_threads(None):
            u = self.network.forward(bits, x)
        if self.loss == "softmax":
            e = np.exp(u - u.max(axis=2, keepdims=True))
            return e / e.sum(axis=2, keepdims=True)
        positive = sigmoid(u[:, :, 0])
        return np.stack([1.0 - positive, positive], axis=2)

    @property
    def splits(self) -> tuple[str, ...]:
        return self.data.available

    def cost_table(self, *, threads: int | None = None, progress: Progress | None = None) -> FloatArray:
        """As `Cost.cost_table`. Architectures that are sums of groups take the fast path."""
        require_table_memory(self.num_bits, copies=3)
        table = np.empty(1 << self.num_bits)
        settings = list(self._settings())
        with thread_limit(threads), numpy_threads(threads):
            for k, (row, code) in enumerate(settings):

                def report(fraction: float, done: int = k) -> None:
                    if progress is not None:
                        progress((done + fraction) / len(settings))

                with np.errstate(over="ignore", invalid="ignore"):  # found out below
                    self._fill(table, row, code, report)
        return check_cost_table(table, f"the cost table of task {self.name!r}")

    def additive_parts(self) -> list[AdditivePart]:
        """The cost as sums over groups of bits: one part for each setting of the architecture bits, in ascending order.

        UsageError if the network is not additive, which logistic regression and one hidden layer with one output are;
        TooLargeError if its parts do not fit in memory.
        """
        found = []
        for row, code in self._settings():
            groups = self._groups(row)
            if groups is None:
                raise UsageError(
                    f"task {self.name!r} is no sum over groups of bits, as exact expectations without a table need it: "
                    "that takes one output and at most one hidden layer. Use the table of all configurations (up to "
                    "30 bits), or samples: engines with shots, estimate_spectrum."
                )
            found.append(additive_part(groups, code, self.data.train.x, self.data.train.y))
        return found

    find_minimum = find_task_minimum

    def _settings(self) -> Iterator[tuple[BitArray, dict[int, int]]]:
        """A configuration (N,) for each setting of the architecture bits, and the setting: position -> bit."""
        positions = self.network.choice_positions
        for code in index_to_bits(np.arange(1 << len(positions)), len(positions)):
            row = np.zeros(self.num_bits, np.uint8)
            row[list(positions)] = code
            yield row, dict(zip(positions, code.tolist(), strict=True))

    def _groups(self, row: BitArray) -> list[Group] | None:
        return None if self.loss == "softmax" else additive_groups(self.network, self.network.architecture(row))

    def _fill(self, table: FloatArray, row: BitArray, code: dict[int, int], progress: Progress) -> None:
        """Fill in the costs of all configurations whose architecture bits are ``code``, as in ``row``."""
        base, groups = int(bits_to_index(row)), self._groups(row)
        if groups is None:
            self._fill_generic(table, base, [j for j in range(self.num_bits) if j not in code], progress)
            return
        costs, left, right = additive_costs(groups, self.data.train.x, self.data.train.y, self.loss, progress)
        for a, row_costs in zip(left, costs, strict=True):
            table[base | a | right] = row_costs
        idle = set(range(self.num_bits)) - code.keys() - {p for g in groups for p in g.bits}
        filled = base | (left[:, None] | right).ravel() if idle else left
        for j in sorted(idle):  # an idle bit changes nothing: copy
            table[filled | (1 << j)] = table[filled]
            filled = np.concatenate([filled, filled | (1 << j)])

    def _fill_generic(self, table: FloatArray, base: int, free: list[int], progress: Progress) -> None:
        x, y = self.data.train.x, self.data.train.y
        batch, total = self._batch_size(len(x)), 1 << len(free)
        for start in range(0, total, batch):
            index = base | deposit(np.arange(start, min(start + batch, total)), free)
            table[index] = LOSSES[self.loss](self.network.forward(index_to_bits(index, self.num_bits), x), y)
            progress(min(1.0, (start + batch) / total))

    def _batch_size(self, samples: int) -> int:
        return max(1, _BATCH_BYTES // (8 * samples * max(*self.network.hidden, self.network.num_outputs, 1)))

    def _batched(self, bits: npt.ArrayLike, x: FloatArray, score: Callable[[FloatArray], FloatArray]) -> FloatArray:
        rows, batch = check_rows(bits, self.num_bits), self._batch_size(len(x))
        with numpy_threads(None):
            parts = [score(self.network.forward(rows[s : s + batch], x)) for s in range(0, len(rows), batch)]
        return np.concatenate(parts) if parts else np.empty(0)

    def _classes(self, u: FloatArray, tie: FloatArray) -> npt.NDArray[np.int64]:
        """The first class whose pre-activation, of u (M, S, outputs), is the largest up to ``tie`` (S,)."""
        if self.loss == "softmax":
            return (u >= u.max(axis=2, keepdims=True) - tie[:, None]).argmax(axis=2)
        return (u[:, :, 0] > tie).astype(np.int64)

    def _split(self, split: str) -> Split:
        found = self.data.get(split)
        if found is None:
            raise UsageError(
                f"task {self.name!r} has no {split!r} samples; it has {', '.join(self.data.available)}. "
                "See the options validation_fraction and test_fraction, or num_validation and num_test."
            )
        return found
