"""A task: the cost of a binary network on its data."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.binn.additive import AdditivePart, Group, additive_costs, additive_groups, additive_part
from walshqhn.binn.base import Task as Task
from walshqhn.binn.datasets import Dataset, Label, Split
from walshqhn.binn.losses import LOSSES
from walshqhn.binn.minimum import find_task_minimum
from walshqhn.binn.network import BinaryNetwork, sigmoid
from walshqhn.binn.options import NETWORK_OPTIONS, as_tuples, make_network, named_bits, options_of, plain
from walshqhn.binn.samples import IN_MEMORY, as_features, from_memory
from walshqhn.bits import bits_to_index, check_rows, deposit, index_to_bits
from walshqhn.cost.base import Progress, require_table_memory
from walshqhn.cost.table import check_cost_table
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.errors import InputError, UsageError, unknown_name
from walshqhn.support.resources import numpy_threads, thread_limit

_TIE = 1e-12  # of their largest size: pre-activations that differ by less are equal, so that rounding decides no class
_BATCH_BYTES = 1 << 26  # workspace of one batch of the generic evaluation


@dataclass(frozen=True, eq=False, repr=False)
class NetworkTask(Task):
    """A binary network, its data and its loss: "bce", "mse" (one output) or "softmax" (several).

    Made by `load_task` or `from_arrays`; UsageError if the three do not go together. Of two classes, the second is the
    positive one. Bits of input weights are named after their features: ``mean radius``, or with several targets
    ``mean radius -> 3`` (hidden neuron 3) and ``mean radius -> setosa`` (a class).
    """

    name: str
    spec: dict[str, Any]
    network: BinaryNetwork
    data: Dataset
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
        names = self.bit_names if self.data.feature_names else ()
        if (twice := next((name for name, count in Counter(names).items() if count > 1), None)) is not None:
            raise UsageError(f"two bits would be called {twice!r}; give the feature another name.")

    @classmethod
    def of(
        cls, name: str, data: Dataset, options: Mapping[str, Any], network: BinaryNetwork | None = None
    ) -> NetworkTask:
        """A task of ``data``; ``options``, all of `NETWORK_OPTIONS` among them, go into its ``spec``."""
        loss = options["loss"] or ("bce" if data.num_classes == 2 else "softmax")
        if network is None:
            network = make_network(data.train.x.shape[1], data.num_classes if loss == "softmax" else 1, options)
        spec = {"name": name, "options": {k: plain(v) for k, v in options.items()}, "data": data.as_dict()}
        return cls(name, spec, network, data, loss)

    @classmethod
    def from_arrays(  # noqa: PLR0913  all there is to say of data
        cls, X: Any, y: Any, *, network: BinaryNetwork | None = None, loss: str | None = None, X_test: Any = None,
        y_test: Any = None, X_validation: Any = None, y_validation: Any = None, scale: str = "none",
        test_fraction: float = 0.0, validation_fraction: float = 0.0, seed: int = 0,
        feature_names: Sequence[str] | None = None, name: str = IN_MEMORY, **options: Any,
    ) -> NetworkTask:  # fmt: skip
        """A task from samples in memory.

        Parameters
        ----------
        X, y
            Samples (S, D), or images (S, rows, columns), and labels (S,): arrays, lists, frames of pandas or polars.
            Labels are numbers, booleans or text; `classes` are the different ones in ascending order, False before
            True, text by its characters.
        network
            Default: logistic regression, or what ``options``, those of `load_task` (``hidden``, ``activation``,
            ``weight_values``, ...), say.
        loss
            "bce", "mse" or "softmax"; default: "bce" for two classes, "softmax" for more.
        X_test, y_test, X_validation, y_validation
            Samples that are not trained on; else ``test_fraction``, and ``validation_fraction`` of the rest, are drawn
            from ``X`` with ``seed``, stratified by class. Every class stays in the training set; a `DataWarning`
            says if another set misses one.
        scale
            "standard" (mean 0, standard deviation 1), "minmax" (0 ... 1) or "none", fitted to the training samples; a
            `DataWarning` says where unscaled features make outputs huge.
        feature_names
            Default: the columns of a frame. They become names of bits.

        Raises
        ------
        InputError
            Features that are not finite numbers, missing labels, lengths or features that differ, a single class.
        UsageError
            An unknown option or value; a network that does not fit the data.

        Examples
        --------
        >>> task = NetworkTask.from_arrays([[0.1, 2], [1, 1], [0.3, 2], [2, 0]], ["no", "yes", "no", "yes"],
        ...                                feature_names=["width", "height"])
        >>> task.bit_names, task.classes
        (('width', 'height', 'b1[0]'), ('no', 'yes'))
        >>> task.predict_labels([[1, 0, 1]], [[3, 1], [0, 3]])
        array([['yes', 'no']], dtype='<U3')
        """
        if unknown := options.keys() - NETWORK_OPTIONS:
            raise unknown_name("option", min(unknown), NETWORK_OPTIONS)
        if network is not None and options:
            raise UsageError(f"give a network or its options, got both: {', '.join(options)}.")
        given = {k: as_tuples(v) for k, v in options.items()} if network is None else options_of(network)
        data = from_memory(
            (X, y), {"test": (X_test, y_test), "validation": (X_validation, y_validation)}, feature_names, scale=scale,
            test_fraction=test_fraction, validation_fraction=validation_fraction, seed=seed,
        )  # fmt: skip
        return cls.of(name, data, NETWORK_OPTIONS | given | {"loss": loss}, network)

    @cached_property
    def bit_names(self) -> tuple[str, ...]:
        return named_bits(self.network, self.data.feature_names, self.classes if self.loss == "softmax" else ())

    def facts(self) -> dict[str, Any]:
        hidden = "-".join(map(str, self.network.hidden))
        found = {"name": self.name, "bits": self.num_bits, "hidden": hidden or "none", "loss": self.loss}
        return found | self.data.facts()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NetworkTask):
            return NotImplemented
        return (self.network, self.loss, self.data) == (other.network, other.loss, other.data)

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def classes(self) -> tuple[Label, ...]:
        """The label of every class, in the order of their numbers."""
        return self.data.classes

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
            u = self.network.forward(bits, self._inputs(x))
        if self.loss == "softmax":
            e = np.exp(u - u.max(axis=2, keepdims=True))
            return e / e.sum(axis=2, keepdims=True)
        positive = sigmoid(u[:, :, 0])
        return np.stack([1.0 - positive, positive], axis=2)

    def predict_labels(self, bits: npt.ArrayLike, x: npt.ArrayLike) -> npt.NDArray[Any]:
        """The most likely of the `classes`, as labels, bits (M, N), samples as for `predict`: shape (M, S)."""
        inputs = self._inputs(x)
        u = self.network.forward(bits, inputs)
        return np.array(self.classes)[self._classes(u, _TIE * self.network.reach(inputs))]

    def _inputs(self, x: npt.ArrayLike) -> FloatArray:
        """Samples as the network takes them."""
        features, names, _ = as_features(x)
        if names and self.data.feature_names and names != self.data.feature_names:
            raise InputError(f"X must have the features {', '.join(self.data.feature_names)}, got {', '.join(names)}.")
        return self.data.scaling(features)

    @property
    def splits(self) -> tuple[str, ...]:
        return self.data.available

    def cost_table(self, *, threads: int | None = None, progress: Progress | None = None) -> FloatArray:
        """As `Cost.cost_table`. Additive architectures take the fast path."""
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
                    f"task {self.name!r} is not a sum over groups of bits, as exact expectations without a table "
                    "require: that takes one output and at most one hidden layer. Use the table of all configurations "
                    "(up to 30 bits), or samples: engines with shots, estimate_spectrum."
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
