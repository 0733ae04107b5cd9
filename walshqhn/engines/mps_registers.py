"""How the bits of a matrix product state are read into registers that add them up."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from walshqhn.binn.expansion import wrong_side_loss
from walshqhn.binn.network import ACTIVATIONS
from walshqhn.engines.mps_state import IntArray, State
from walshqhn.engines.mps_terms import Cotangent
from walshqhn.kernels import mps_sums as kernels
from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import TooLargeError
from walshqhn.support.resources import require_memory

EQUAL = 1e-13
"""Sums that differ by less, relative to the largest, are the same."""
_TOLERANCE = 1e-13  # of interpolation, relative to the largest loss
ADVICE = "Use fewer hidden neurons or inputs, fewer layers of the circuit, shots, or the product engine."
_MANY = 1 << 20
_MOST_SUMS = 2048
_FEW = 12  # sums that are never replaced
_MOST_POINTS = 200
_ESTIMATE = 24.0  # of points, times the logarithm by which each lessens the error: somewhat too few
_CLASSES = 4  # of lengths that share a number of points, for each factor of 2
_SMOOTH = ("sigmoid", "tanh", "")


class Register:
    """Sums of numbers x_i b_i: all that there are, or weights of the Chebyshev points of their interval.

    A polynomial in s + x is one in s, so that a sum which is not a point can be replaced by all points, weighted as
    interpolation in them does, again and again: what depends on the last sum is interpolated once for each length.
    """

    def __init__(self) -> None:
        self.values, self._low, self._high = np.zeros(1), 0.0, 0.0

    def add(self, x: float, points: Callable[[float], float]) -> FloatArray | None:
        """Add ``x`` times the next bit; weights (2, old, new) of that bit's values. None if x is 0.

        Where there are more sums than ``points`` allows for the length of their interval, points replace them.
        TooLargeError for too many of both.
        """
        if x == 0.0:
            return None
        old = self.values
        self._low, self._high = self._low + min(x, 0.0), self._high + max(x, 0.0)
        sums = np.sort(np.concatenate([old, old + x]))
        self.values = sums[np.diff(sums, prepend=-np.inf) > EQUAL * max(abs(self._low), abs(self._high))]
        if len(self.values) > _FEW and len(self.values) > (count := points(self._high - self._low)):
            self.values = _points(int(count), self._low, self._high)
            return np.stack([_interpolation(self.values, at) for at in (old, old + x)])
        if len(self.values) > _MOST_SUMS:
            raise TooLargeError(
                f"an input that adds up to {len(self.values):,} different sums or more, of an activation that is not "
                f"smooth, is too much for a matrix product state, which takes {_MOST_SUMS:,}. Use sigmoid or tanh, "
                "inputs of few different values, shots, or the product engine."
            )
        nearest = [np.abs(np.subtract.outer(at, self.values)).argmin(axis=1) for at in (old, old + x)]
        return np.stack([np.eye(len(self.values))[k] for k in nearest])


def points_needed(loss: str, activation: str, factor: float, others: float, span: float) -> float:
    """Points that interpolate the loss of factor * activation(a) + r in any a of an interval of length ``span`` > 0.

    Within 1e-13 of the largest loss, for |r| <= ``others``; "" is no activation. Infinite where there is no such
    number, as for "relu" and "sign".
    """
    if activation not in _SMOOTH:
        return math.inf
    length = 2.0 ** (math.ceil(_CLASSES * math.log2(span)) / _CLASSES)
    return _points_needed(loss, activation, factor, others, length)


@lru_cache(maxsize=256)
def _points_needed(loss: str, activation: str, factor: float, others: float, span: float) -> float:
    def family(a: FloatArray) -> FloatArray:
        centred = np.add.outer(a, np.linspace(-span / 2, span / 2, 5))  # singularities are at Re a = 0
        inner = factor * (ACTIVATIONS[activation](centred) if activation else centred)
        rest = np.linspace(-others, others, 9)
        return wrong_side_loss(loss, np.add.outer(np.stack([inner, -inner], axis=-1), rest)).reshape(len(a), -1)

    pole = 2 * math.pi / span * (0.5 if activation == "tanh" else 1.0)
    count = max(8, int(_ESTIMATE / math.asinh(pole)))
    while count <= _MOST_POINTS:
        points, grid = _points(count, -span / 2, span / 2), np.linspace(-span / 2, span / 2, 4 * count + 1)
        wanted = family(grid)
        if np.abs(_interpolation(points, grid) @ family(points) - wanted).max() <= _TOLERANCE * wanted.max():
            return float(count)
        count += max(2, count // 12)
    return math.inf


def _points(count: int, low: float, high: float) -> FloatArray:
    return (low + high) / 2 - (high - low) / 2 * np.cos(math.pi * np.arange(count) / (count - 1))


def _interpolation(points: FloatArray, at: FloatArray) -> FloatArray:
    """Weights (at, points) of interpolation in Chebyshev points (Berrut and Trefethen, SIAM Rev. 46, 501 (2004))."""
    weights = np.where(np.arange(len(points)) % 2, -1.0, 1.0)
    weights[[0, -1]] /= 2
    distance = np.subtract.outer(at, points)
    hits = np.abs(distance) <= 1e-15 * (points[-1] - points[0])
    distance[hits] = 1.0
    found = weights / distance
    found /= found.sum(axis=1, keepdims=True)
    met = hits.any(axis=1)
    found[met] = hits[met]
    return found


class Builder:
    """What is done to some registers at each of a row of sites; they hold one value each to begin with."""

    def __init__(self, registers: int) -> None:
        self._widths = [1] * registers
        self._moves: list[tuple[int, int, int, int, int]] = []
        self._tables: list[FloatArray] = []
        self._size = 0

    def read(self, register: int, table: FloatArray | None) -> None:
        """The next site's bit acts on ``register`` with weights (2, old, new); None: it is summed over."""
        pre, post = math.prod(self._widths[:register]), math.prod(self._widths[register + 1 :])
        old = self._widths[register]
        if table is None:
            self._moves.append((pre, old, old, post, kernels.PLAIN))
            return
        if not self._tables or table is not self._tables[-1]:  # as that of another register often is
            self._tables.append(table)
            self._size += table.size
        self._widths[register] = table.shape[2]
        self._moves.append((pre, old, table.shape[2], post, self._size - table.size))

    def read_single(self) -> None:
        """The next site's bit is kept in a register of its own, behind all others."""
        self._widths.append(1)
        self.read(len(self._widths) - 1, _KEEP)

    def reading(self, values: FloatArray) -> Reading:
        """All of it; ``values`` are what the first registers can hold in the end. TooLargeError for memory."""
        states = math.prod(self._widths)
        if states > _MANY:  # else it takes longer to look than to allocate
            require_memory(16 * states, f"a network of {states:,} states of its hidden layer", ADVICE)
        weights = np.concatenate([np.zeros(0), *(table.ravel() for table in self._tables)])
        return Reading(np.array(self._moves, dtype=np.int64), weights, values, states)


_KEEP = np.eye(2).reshape(2, 1, 2)


@dataclass(frozen=True, eq=False)
class Reading:
    """A row of sites as `kernels.read_sums` takes it."""

    moves: IntArray
    weights: FloatArray
    values: FloatArray
    states: int
    """Of all registers, in the end."""

    @property
    def nbytes(self) -> int:
        return self.moves.nbytes + self.weights.nbytes + self.values.nbytes

    def size(self, bonds: IntArray) -> int:
        """Numbers in the environments of all bonds."""
        widths = np.append(self.moves[:, 0] * self.moves[:, 1] * self.moves[:, 3], self.states)
        return int((np.square(bonds) * widths).sum())

    def environments(self, state: State) -> Environments:
        """Those of ``state``, which has as many sites."""
        re, im = np.empty(self.size(state.bonds)), np.empty(self.size(state.bonds))
        kernels.read_sums(state.re, state.im, state.tensors, state.bonds, self.moves, self.weights, re, im)
        return Environments(re, im, (int(state.bonds[-1]) ** 2, self.states))

    def slopes(
        self, state: State, found: Environments, ends: tuple[FloatArray, FloatArray], cotangent: Cotangent
    ) -> None:
        """Add to ``cotangent`` what follows from a cotangent of the last environment, in the shape of `ends`."""
        kernels.slopes_of_sums(
            state.re, state.im, state.tensors, state.bonds, self.moves, self.weights, found.re, found.im,
            *(np.ascontiguousarray(part).ravel() for part in ends), cotangent.re, cotangent.im,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Environments:
    """Of all bonds, one after the other."""

    re: FloatArray
    im: FloatArray
    shape: tuple[int, int]
    """Of the last of them: pairs of an index of the bra and one of the ket, states."""

    @property
    def ends(self) -> tuple[FloatArray, FloatArray]:
        """Real and imaginary part of the last."""
        size = math.prod(self.shape)
        return self.re[-size:].reshape(self.shape), self.im[-size:].reshape(self.shape)
