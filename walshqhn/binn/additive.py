"""Networks whose output is a sum over independent groups of bits, and their cost tables.

For logistic regression and for one hidden layer with one output, once the architecture bits are fixed, the logit of
sample i is u_i = sum_g s_{g,i}(bits of group g): a group is one weight, one bias, or one hidden
neuron with all that belongs to it. For a cost table the groups are split into two halves, each half is tabulated, and
the halves meet in the middle; expectations factorize over the groups instead (`walshqhn.binn.expansion`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from walshqhn.binn.network import ACTIVATIONS, OUTPUT_ACTIVATIONS, Architecture, BinaryNetwork
from walshqhn.bits import deposit, index_to_bits
from walshqhn.support.arrays import FloatArray
from walshqhn.support.resources import require_memory

_EXPONENT_ROOM = 1000.0  # of the 1023 powers of two that a float64 holds
_LARGEST_SUM = 170.0  # |u| up to which four factors 1 + e^u fit that room
_LARGEST_PAIR = 340.0  # |u| up to which two factors 1 + e^u are below the largest float64
_NONE = 1e150  # e^u of a sample that adds nothing
_WORKSPACE = 1 << 25  # bytes for one half's table of sums
_CHUNK_WORK = 1 << 33  # (configuration, sample) pairs a call: about a second between Ctrl-C checks


@dataclass(frozen=True)
class Group:
    """Bits that act on the output together, and what they add to it."""

    bits: tuple[int, ...]
    """Positions of the group's bits; bit k of a table row index is bits[k]."""
    contribution: Callable[[FloatArray], FloatArray]
    """Samples (S, inputs) -> contributions (2^len(bits), S)."""


def additive_groups(network: BinaryNetwork, arch: Architecture) -> list[Group] | None:
    """The groups of ``network`` under ``arch``; None if it is not additive."""
    if network.num_outputs != 1 or arch.hidden_layers > 1:
        return None
    values = np.array(arch.weight_values, dtype=np.float64)
    outer = OUTPUT_ACTIVATIONS[arch.output_activation] * values  # of weights that lead to the output

    def weight(position: int, column: int | None) -> Group:
        """A direct weight on input ``column``, or a bias."""
        return Group((position,), lambda x: np.outer(outer, np.ones(len(x)) if column is None else x[:, column]))

    def neuron(j: int) -> Group:
        """Hidden neuron ``j``: its input weights, its bias, its output weight."""
        last = network.positions(f"W{len(network.hidden) + 1}")[j, 0]
        bits = tuple(int(p) for p in (*network.positions("W1")[:, j], network.positions("b1")[j], last))

        def contribution(x: FloatArray) -> FloatArray:
            b = index_to_bits(np.arange(1 << len(bits)), len(bits))
            w = values[b[:, :-1]]
            hidden = ACTIVATIONS[arch.activation](w[:, :-1] @ x.T + w[:, -1:])
            return outer[b[:, -1:]] * hidden

        return Group(bits, contribution)

    groups = [neuron(j) for j in range(arch.hidden_width)]
    for name in ([] if network.hidden else ["W1"]) + (["Wskip"] if arch.skip else []):
        groups += [weight(int(p), i) for i, p in enumerate(network.positions(name)[:, 0])]
    groups.append(weight(int(network.positions(network.output_bias)[0]), None))
    return groups


@dataclass(frozen=True, eq=False)
class AdditivePart:
    """An additive task under one setting of its architecture bits.

    Sample i lies on the wrong side by v_i = sum_g contributions[g][bits of group g, i] (v = -u for target 1, u for 0),
    and its loss is g(v_i) of `walshqhn.binn.expansion.wrong_side_loss`. Bits in no group and not in ``architecture``
    are idle here, such as weights of inputs that are 0 in every sample.
    """

    architecture: dict[int, int]
    """Position of each architecture bit -> its value here."""
    bits: tuple[tuple[int, ...], ...]
    """Positions of the bits of each group; no bit is in two groups."""
    contributions: tuple[FloatArray, ...]
    """Of each group: (2^len(bits), S); bit k of the row index is the group's k-th bit."""

    @property
    def reach(self) -> FloatArray:
        """Largest |v_i| over all configurations: (S,)."""
        highest = sum(s.max(axis=0) for s in self.contributions)
        lowest = sum(s.min(axis=0) for s in self.contributions)
        return np.asarray(np.maximum(highest, np.negative(lowest)))


def additive_part(
    groups: list[Group], architecture: dict[int, int], x: FloatArray, targets: npt.NDArray[np.int64]
) -> AdditivePart:
    """What ``groups`` add on samples x (S, inputs) with targets (S,) in {0, 1}. TooLargeError for memory."""
    values = sum(1 << len(g.bits) for g in groups) * len(x)
    advice = "Use fewer samples, or fewer inputs for each hidden neuron."
    require_memory(2 * 8 * values, f"what {len(groups)} groups of bits add to {len(x)} outputs", advice)
    wrong = 1.0 - 2.0 * targets
    found = [(g.bits, g.contribution(x) * wrong) for g in groups]
    acting = [(bits, s) for bits, s in found if s.any()]
    return AdditivePart(architecture, tuple(bits for bits, _ in acting), tuple(s for _, s in acting))


def _sums(groups: list[Group], x: FloatArray) -> FloatArray:
    """Sums over ``groups`` for every setting of their bits: (2^bits, S), first group lowest."""
    total = np.zeros((1, len(x)))
    for group in groups:
        total = (group.contribution(x)[:, None, :] + total[None, :, :]).reshape(-1, len(x))
    return total


def _split(groups: list[Group]) -> tuple[list[Group], list[Group]]:
    """(left, right) with about equally many bits; right gets the first groups."""
    half = sum(len(g.bits) for g in groups) / 2
    right: list[Group] = []
    left = list(groups)
    while left and sum(len(g.bits) for g in right) + len(left[0].bits) / 2 <= half:
        right.append(left.pop(0))
    return left, right


def additive_costs(
    groups: list[Group], x: FloatArray, targets: npt.NDArray[np.int64], loss: str,
    progress: Callable[[float], None] | None = None,
) -> tuple[FloatArray, npt.NDArray[np.int64], npt.NDArray[np.int64]]:  # fmt: skip
    """Mean loss ("bce" or "mse") for every setting of the groups' bits.

    Returns costs (A, B) and the configuration indices (A,) and (B,) of the two halves: entry [a, b] belongs to
    configuration ``left[a] | right[b]``. ``progress`` gets the fraction done.
    """
    left, right = _split(groups)
    positions = [[p for g in half for p in g.bits] for half in (left, right)]
    index_left, index_right = (deposit(np.arange(1 << len(p)), p) for p in positions)
    out = np.zeros((len(index_left), len(index_right)))
    by_memory = _WORKSPACE // (8 * max(out.shape))
    by_time = _CHUNK_WORK // out.size
    chunk = max(4, min(512, by_memory, by_time) // 4 * 4)
    wrong = 1.0 - 2.0 * targets
    for start in range(0, len(x), chunk):
        part = slice(start, start + chunk)
        sums_right = np.ascontiguousarray((_sums(right, x[part]) * wrong[part]).T)
        add_losses(_sums(left, x[part]) * wrong[part], sums_right, loss, out)
        if progress is not None:
            progress(min(1.0, (start + chunk) / len(x)))
    out /= len(x)
    return out, index_left, index_right


def add_losses(left: FloatArray, right: FloatArray, loss: str, out: FloatArray) -> None:
    """Add to ``out`` (A, B) the losses of all pairs of halves: sums over samples of g(v), v = left + right.

    ``left`` (A, S), ``right`` (S, B): by how much the output lies on the wrong side; g is softplus for "bce" and the
    square of the sigmoid for "mse".
    """
    from walshqhn.kernels import costs as kernels

    halves = float(np.abs(left).max(initial=0.0)), float(np.abs(right).max(initial=0.0))
    if loss == "bce" and sum(halves) < _LARGEST_SUM:
        pad = -left.shape[1] % 4
        exp_left = np.pad(np.exp(left), ((0, 0), (0, pad)))
        exp_right = np.pad(np.exp(right), ((0, pad), (0, 0)))
        period = int(_EXPONENT_ROOM / (4 * np.log2(1.0 + np.exp(sum(halves)))))
        kernels.in_rows(kernels.add_softplus, exp_left, exp_right, period, out=out)
    elif loss == "bce":
        kernels.in_rows(kernels.add_softplus_direct, left, right, out=out)
    elif sum(halves) < _LARGEST_PAIR:
        pad = left.shape[1] % 2
        exp_left = np.pad(np.exp(-left), ((0, 0), (0, pad)), constant_values=_NONE)
        exp_right = np.pad(np.exp(-right), ((0, pad), (0, 0)), constant_values=1.0)
        kernels.in_rows(kernels.add_squared_sigmoid, exp_left, exp_right, out=out)
    else:
        kernels.in_rows(kernels.add_squared_sigmoid_direct, -left, -right, out=out)
