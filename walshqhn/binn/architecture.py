"""Which architectures a trained circuit returns: how often each option of each choice is measured."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import numpy.typing as npt

from walshqhn.binn.network import CHOICE_NAMES, BinaryNetwork, Choice
from walshqhn.bits import check_rows
from walshqhn.support.errors import InputError

Distribution = dict[str, dict[str, float]]
"""Name of a choice's bits (``activation``, ``hidden_width``, ...) -> option, as text -> probability."""


def architecture_distribution(network: BinaryNetwork, bits: npt.ArrayLike) -> Distribution:
    """The share of every option of every choice among sampled networks, bits (M, N) with M >= 1.

    Exact for these samples, even where the bits of one choice are correlated. Empty for a network without choices.
    """
    rows = check_rows(bits, network.num_bits)
    if len(rows) == 0:
        raise InputError("an architecture's distribution needs at least 1 sample, got 0.")
    found: Distribution = {}
    for name, choice, positions in _choices(network):
        codes, counts = np.unique(rows[:, positions], axis=0, return_counts=True)
        shares = found[name] = {str(option): 0.0 for option in choice.options}
        for code, count in zip(codes.tolist(), counts.tolist(), strict=True):
            shares[str(choice.pick(code))] += count / len(rows)
    return found


def option_probabilities(network: BinaryNetwork, bit_means: npt.ArrayLike) -> Distribution:
    """The probability of every option of every choice from how often each bit is 1, (N,).

    Exact for choices of one bit. The bits of a longer choice are taken to be independent, as they are in product
    states; elsewhere use `architecture_distribution`. InputError unless the means are N numbers in [0, 1].
    """
    means = np.asarray(bit_means, dtype=np.float64)
    if means.shape != (network.num_bits,):
        raise InputError(f"bit_means must have shape ({network.num_bits},), got {means.shape}.")
    if not ((means >= 0) & (means <= 1)).all():
        raise InputError("bit_means must lie in [0, 1].")
    found: Distribution = {}
    for name, choice, positions in _choices(network):
        shares = found[name] = {str(option): 0.0 for option in choice.options}
        for code in product((0, 1), repeat=choice.num_bits):
            chances = [p if b else 1 - p for b, p in zip(code, means[positions], strict=True)]
            shares[str(choice.pick(code))] += float(np.prod(chances))
    return found


def _choices(network: BinaryNetwork) -> list[tuple[str, Choice, list[int]]]:
    """(name, choice, positions of its bits) of every choice that takes bits."""
    named = [(CHOICE_NAMES[name], choice) for name, choice in network.choices.items() if choice.num_bits]
    return [(name, choice, network.positions(name).ravel().tolist()) for name, choice in named]


def named_weights(network: BinaryNetwork, bits: npt.ArrayLike, names: Sequence[str] | None = None) -> dict[str, float]:
    """The value of each weight and bias of one configuration (N,), by the name of its bit, among N ``names``.

    >>> named_weights(BinaryNetwork(num_inputs=2, weight_values=(-3, 1)), [0, 1, 0])
    {'W1[0,0]': -3.0, 'W1[1,0]': 1.0, 'b1[0]': -3.0}
    """
    names = names or network.bit_names
    found: dict[int, float] = {}
    for block, values in network.weights(bits).items():
        found |= dict(zip(network.positions(block).ravel().tolist(), values.ravel().tolist(), strict=True))
    return {names[j]: found[j] for j in sorted(found)}


def chosen_options(network: BinaryNetwork, bits: npt.ArrayLike) -> dict[str, str]:
    """The option that one configuration (N,) picks of each choice; empty for a network without choices."""
    row = check_rows(np.asarray(bits)[None], network.num_bits)[0]
    return {name: str(choice.pick(row[positions].tolist())) for name, choice, positions in _choices(network)}
