"""Networks from the options of tasks: plain values, or several alternatives for a choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np

from walshqhn.binn.network import BinaryNetwork, Choice
from walshqhn.support.errors import UsageError

NETWORK_OPTIONS: dict[str, Any] = {
    "hidden": (), "activation": "sigmoid", "hidden_width": None, "hidden_layers": None, "weight_values": (-1, 1),
    "skip": False, "output_activation": "sigmoid", "loss": None,
}  # fmt: skip


def make_network(num_inputs: int, num_outputs: int, options: Mapping[str, Any]) -> BinaryNetwork:
    """The network with these `NETWORK_OPTIONS`. UsageError for a value that is not allowed."""
    hidden = options["hidden"] or ()
    if isinstance(hidden, int):
        hidden = (hidden,)
    if not isinstance(hidden, tuple) or not all(type(w) is int for w in hidden):
        raise UsageError(f"hidden must be up to two widths, e.g. 3 or (3, 3), got {hidden!r}.")
    plain = ("activation", "hidden_width", "hidden_layers", "skip", "output_activation")
    choices = {name: Choice(v) if isinstance(v := options[name], tuple) else v for name in plain}
    values = options["weight_values"]
    if isinstance(values, tuple) and values and all(isinstance(pair, tuple) for pair in values):
        values = Choice(values)  # one pair of numbers is a value, several are a choice
    return BinaryNetwork(num_inputs, hidden, num_outputs, weight_values=values, **choices)


def options_of(network: BinaryNetwork) -> dict[str, Any]:
    """The options that make ``network``."""
    values = {name: getattr(network, name) for name in NETWORK_OPTIONS if name != "loss"}
    return {name: v.options if isinstance(v, Choice) else v for name, v in values.items()}


def named_bits(network: BinaryNetwork, features: Sequence[str], outputs: Sequence[Any] = ()) -> tuple[str, ...]:
    """Names of the bits; input weights are named after ``features`` (empty: W1[i,j]) and the neuron they go to.

    ``outputs`` tell the outputs apart; empty: there is one.
    """
    names = list(network.bit_names)
    ends = [f" {output}" for output in outputs] or [""]
    targets = {"W1": [f" ->{end}" if end else "" for end in ends], "Wskip": [f" -> output{end}" for end in ends]}
    if network.hidden:
        targets["W1"] = [f" -> {j}" for j in range(network.hidden[0])]
    for block in targets.keys() & network.layout.keys() if features else ():
        for feature, row in zip(features, network.positions(block), strict=True):
            for position, target in zip(row, targets[block], strict=True):
                names[position] = feature + target
    return tuple(names)


def plain(value: Any) -> Any:
    """``value`` as it comes back from JSON."""
    if isinstance(value, tuple):
        return [plain(v) for v in value]
    return value if isinstance(value, int | float | str | bool | None) else str(value)


def as_tuples(value: Any) -> Any:
    """``value`` with tuples for lists and arrays, Python's numbers for NumPy's, text for paths."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, PurePath):
        return str(value)
    return tuple(as_tuples(v) for v in value) if isinstance(value, list | tuple) else value
