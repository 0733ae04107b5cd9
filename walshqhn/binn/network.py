"""Binary neural networks whose architecture is chosen by bits as well.

Bits come in this order: W1, W2, ... each row-major [input, output]; the skip weights, if a skip connection is among the
options; the output bias; the hidden biases b1, b2, ...; then the bits of each `Choice`. A part that an architecture
does not use (a third neuron at width 2, the skip weights without a skip connection) keeps its bits: they are idle.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.bits import check_bits, check_rows
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.errors import InputError, UsageError, unknown_name
from walshqhn.support.shown import Shown

WeightValues = tuple[float, float]


def sigmoid(u: npt.ArrayLike) -> FloatArray:
    """1 / (1 + e^-u), without overflow."""
    x = np.asarray(u, dtype=np.float64)
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)


ACTIVATIONS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "sigmoid": sigmoid,
    "relu": lambda u: np.maximum(u, 0.0),
    "tanh": np.tanh,
    "sign": lambda u: np.where(u >= 0, 1.0, -1.0),
}

OUTPUT_ACTIVATIONS = {"sigmoid": 1.0, "tanh": 2.0}
"""What makes a probability of the one output u, 1 / (1 + e^-u) or (1 + tanh u) / 2, by its logit divided by u."""


def _is_pair(values: Any) -> bool:
    numbers = isinstance(values, tuple) and len(values) == 2 and all(isinstance(v, int | float) for v in values)
    return numbers and values[0] != values[1] and bool(np.isfinite(values).all())


@dataclass(frozen=True)
class Choice(Shown):
    """One of several ``options``, picked by ceil(log2(len(options))) bits. UsageError for no options.

    The bits read as a number, first bit most significant. Where there are fewer options than codes, the codes wrap
    around, so that every configuration is a network.
    """

    options: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.options:
            raise UsageError("a Choice needs at least one option.")

    @property
    def num_bits(self) -> int:
        """ceil(log2(number of options)); 0 if there is nothing to choose."""
        return math.ceil(math.log2(len(self.options)))

    def pick(self, bits: Sequence[int]) -> Any:
        """The option for these bits (``num_bits`` of them)."""
        code = sum(int(b) << k for k, b in enumerate(reversed(bits)))
        return self.options[code % len(self.options)]


@dataclass(frozen=True)
class Architecture:
    """One outcome of all choices."""

    activation: str
    hidden_width: int
    weight_values: WeightValues
    skip: bool
    hidden_layers: int
    output_activation: str


CHOICE_NAMES = {
    "activation": "activation", "hidden_width": "hidden_width", "weight_values": "encoding", "skip": "skip",
    "hidden_layers": "hidden_layers", "output_activation": "output_activation",
}  # fmt: skip
"""Field of `Architecture` -> name of its bits."""


@dataclass(frozen=True)
class BinaryNetwork(Shown):
    """Layout and forward pass of a network with binary weights. UsageError for invalid settings.

    Each of ``activation``, ``hidden_width``, ``weight_values``, ``skip``, ``hidden_layers`` and ``output_activation``
    is a value or a `Choice` of values; a fixed value is a choice of one and costs no bit. A choice that could have no
    effect is refused.

    >>> BinaryNetwork(num_inputs=2, hidden=(3,), activation=Choice(("sigmoid", "relu"))).num_bits
    14
    """

    num_inputs: int
    hidden: tuple[int, ...] = ()
    """Widths of 0, 1 or 2 hidden layers (the largest, if ``hidden_width`` is a choice)."""
    num_outputs: int = 1
    activation: str | Choice = "sigmoid"
    """Of the hidden neurons: "sigmoid", "relu", "tanh" or "sign"."""
    hidden_width: int | Choice | None = None
    """Neurons in use in each hidden layer; None: all."""
    weight_values: WeightValues | Choice = (-1.0, 1.0)
    """(value of bit 0, value of bit 1), for weights and biases."""
    skip: bool | Choice = False
    """Inputs also reach the outputs directly, through separate weights ``Wskip``."""
    hidden_layers: int | Choice | None = None
    """Hidden layers in use; None: all. With 1 of 2, the second is bypassed."""
    output_activation: str | Choice = "sigmoid"
    """Probability of class 1 from the one output u: "sigmoid", 1 / (1 + e^-u), or "tanh", (1 + tanh u) / 2."""
    choices: dict[str, Choice] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        widest = max(self.hidden, default=0)
        given = {
            "activation": self.activation,
            "hidden_width": widest if self.hidden_width is None else self.hidden_width,
            "weight_values": self.weight_values,
            "skip": self.skip,
            "hidden_layers": len(self.hidden) if self.hidden_layers is None else self.hidden_layers,
            "output_activation": self.output_activation,
        }
        choices = {name: v if isinstance(v, Choice) else Choice((v,)) for name, v in given.items()}
        object.__setattr__(self, "choices", choices)
        self._check(widest)

    def _check(self, widest: int) -> None:
        if self.num_inputs < 1 or self.num_outputs < 1:
            raise UsageError(f"a network has inputs and outputs, got {self.num_inputs} and {self.num_outputs}.")
        if len(self.hidden) > 2 or any(w < 1 for w in self.hidden):
            raise UsageError(f"hidden must be up to two widths of at least 1, got {self.hidden}.")
        depth = len(self.hidden)
        for field_name, known in (("activation", ACTIVATIONS), ("output_activation", OUTPUT_ACTIVATIONS)):
            for name in self.choices[field_name].options:
                if name not in known:
                    raise unknown_name(field_name, str(name), known)
        absent = "left out without a hidden layer"
        allowed: dict[str, tuple[Callable[[Any], bool], str]] = {
            "hidden_width": (
                lambda v: type(v) is int and min(1, widest) <= v <= widest,
                f"between 1 and {widest}" if widest else absent,
            ),
            "weight_values": (_is_pair, "two different finite numbers"),
            "skip": (lambda v: isinstance(v, bool), "true or false"),
            "hidden_layers": (
                lambda v: type(v) is int and min(1, depth) <= v <= depth,
                f"between 1 and {depth}" if depth else absent,
            ),
        }
        for name, (is_allowed, what) in allowed.items():
            for value in self.choices[name].options:
                if not is_allowed(value):
                    raise UsageError(f"{name} must be {what}, got {value!r}.")
        if min(self.choices["hidden_layers"].options) < depth and self.hidden[0] != self.hidden[1]:
            raise UsageError(f"bypassing a hidden layer needs equal widths, got {self.hidden}.")
        self._check_acting()

    def _check_acting(self) -> None:
        """UsageError for a choice between equal options, or about something this network does not have."""
        for name, choice in self.choices.items():
            if len(set(choice.options)) < len(choice.options):
                raise UsageError(f"{name} must choose between different options, got {choice.options}.")
        hidden, output = (self.choices[name].options for name in ("activation", "output_activation"))
        if not self.hidden and hidden != ("sigmoid",):
            raise UsageError(
                "activation acts on hidden neurons, which this network does not have, "
                f"got {' or '.join(hidden)}; output_activation acts on its output."
            )
        if self.num_outputs > 1 and output != ("sigmoid",):
            raise UsageError(
                f"output_activation acts on one output, this network has {self.num_outputs}, got {' or '.join(output)}."
            )

    @cached_property
    def layout(self) -> dict[str, tuple[int, tuple[int, ...]]]:
        """Name of each block of bits -> (first bit, shape)."""
        sizes = (self.num_inputs, *self.hidden, self.num_outputs)
        shapes: dict[str, tuple[int, ...]] = {f"W{k}": shape for k, shape in enumerate(pairwise(sizes), start=1)}
        if any(self.choices["skip"].options):
            shapes["Wskip"] = (self.num_inputs, self.num_outputs)
        shapes[self.output_bias] = (self.num_outputs,)
        shapes |= {f"b{k}": (width,) for k, width in enumerate(self.hidden, start=1)}
        for name, choice in self.choices.items():
            if choice.num_bits:
                shapes[CHOICE_NAMES[name]] = () if choice.num_bits == 1 else (choice.num_bits,)
        layout, position = {}, 0
        for name, shape in shapes.items():
            layout[name] = (position, shape)
            position += math.prod(shape)
        return layout

    @cached_property
    def bit_names(self) -> tuple[str, ...]:
        """Name of every bit, e.g. ``W1[0,2]``, ``b1[1]``, ``activation``."""
        return tuple(
            name + (f"[{','.join(map(str, i))}]" if shape else "")
            for name, (_, shape) in self.layout.items()
            for i in np.ndindex(shape)
        )

    @property
    def num_bits(self) -> int:
        """N, the number of bits of a configuration."""
        return sum(math.prod(shape) for _, shape in self.layout.values())

    @property
    def output_bias(self) -> str:
        """Name of the block of output biases."""
        return f"b{len(self.hidden) + 1}"

    def positions(self, name: str) -> npt.NDArray[np.int64]:
        """Bit positions of a block, in its shape."""
        first, shape = self.layout[name]
        return first + np.arange(math.prod(shape)).reshape(shape)

    @cached_property
    def choice_positions(self) -> tuple[int, ...]:
        """Positions of all architecture bits, ascending."""
        names = [CHOICE_NAMES[n] for n, c in self.choices.items() if c.num_bits]
        return tuple(int(p) for name in names for p in self.positions(name).ravel())

    def architecture(self, bits: npt.ArrayLike) -> Architecture:
        """The architecture that one configuration (N,) selects."""
        row = np.asarray(bits)
        picked = {
            name: choice.pick(row[self.positions(CHOICE_NAMES[name]).ravel()].tolist() if choice.num_bits else ())
            for name, choice in self.choices.items()
        }
        return Architecture(**picked)

    def weights(self, bits: npt.ArrayLike) -> dict[str, FloatArray]:
        """Values of all weights and biases of one configuration (N,), by block name."""
        row = check_bits(bits, self.num_bits)
        low, high = self.architecture(row).weight_values
        blocks = [name for name in self.layout if name not in CHOICE_NAMES.values()]
        return {name: np.where(row[self.positions(name)], float(high), float(low)) for name in blocks}

    def forward(self, bits: npt.ArrayLike, x: npt.ArrayLike) -> FloatArray:
        """Logits of configurations (M, N) on samples (S, inputs): shape (M, S, outputs).

        They are the outputs u, doubled under the output activation "tanh", since (1 + tanh u) / 2 = 1 / (1 + e^-2u).
        """
        rows = check_rows(bits, self.num_bits)
        samples = np.asarray(x, dtype=np.float64)
        if samples.ndim != 2 or samples.shape[1] != self.num_inputs:
            raise InputError(f"samples must have shape (S, {self.num_inputs}), got {samples.shape}.")
        out = np.empty((len(rows), len(samples), self.num_outputs))
        codes, which = np.unique(rows[:, list(self.choice_positions)], axis=0, return_inverse=True)
        for c in range(len(codes)):
            members = np.flatnonzero(which.ravel() == c)
            out[members] = self._forward(self.architecture(rows[members[0]]), rows[members], samples)
        return out

    def reach(self, x: npt.ArrayLike) -> FloatArray:
        """A bound on the sum of |terms| of u on samples (S, inputs), for any bits: (S,); rounding is relative to it."""
        largest = float(np.abs(self.choices["weight_values"].options).max())
        direct = largest * np.abs(np.asarray(x, dtype=np.float64)).sum(axis=1)
        u = direct + largest
        for width in self.hidden:
            u = largest * (width * np.maximum(u, 1.0) + 1)
        return max(OUTPUT_ACTIVATIONS.values()) * (u + (direct if "Wskip" in self.layout else 0.0))

    def _forward(self, arch: Architecture, rows: BitArray, x: FloatArray) -> FloatArray:
        low, high = arch.weight_values

        def block(name: str) -> FloatArray:
            return low + (high - low) * rows[:, self.positions(name)].astype(np.float64)

        def first(name: str) -> FloatArray:  # x @ W for all configurations in one matrix product
            w = block(name)
            flat = w.transpose(1, 0, 2).reshape(x.shape[1], -1)
            return (x @ flat).reshape(len(x), len(rows), w.shape[2]).transpose(1, 0, 2)

        u = first("W1")
        for k in range(1, len(self.hidden) + 1):
            if k <= max(1, arch.hidden_layers):  # else it is bypassed: its input goes where its output went
                h = ACTIVATIONS[arch.activation](u + block(f"b{k}")[:, None, :])
                h[:, :, arch.hidden_width :] = 0.0
            u = h @ block(f"W{k + 1}")
        if arch.skip:
            u = u + first("Wskip")
        return OUTPUT_ACTIVATIONS[arch.output_activation] * (u + block(self.output_bias)[:, None, :])
