"""Local Walsh coefficients of exp(i w s) for the groups of an additive task, from which those of its cost are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from walshqhn.binn.additive import AdditivePart
from walshqhn.binn.expansion import SLOPES, LossExpansion, expand_loss
from walshqhn.support.arrays import FloatArray

ComplexArray = npt.NDArray[np.complex128]
IndexArray = npt.NDArray[np.int64]

_TAIL = 1e-17  # probability of outputs beyond the expansion
_REACHES = 1.1  # ratio of the lengths of two expansions
_BATCH = 1 << 16  # factors (sample, frequency, local coefficient) computed at a time
_RADIX = 16  # k = 16 q + r: sines of two short lists give those of all multiples


@dataclass(frozen=True)
class Feature:
    """A local Walsh function: a nonempty subset of the bits of one group."""

    group: int
    support: tuple[int, ...]
    """Positions of its bits, in the order of the group's."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Factors of some samples; a row is a sample and a frequency."""

    weights: ComplexArray
    """c_k times the phases of the groups of one bit: (R,)."""
    means: FloatArray | ComplexArray
    """Mean of exp(i w s) of each group that acts on these samples: (R, G)."""
    real: FloatArray | None
    """Real parts of the coefficients of each feature of these groups: (R, F); None: all 0, as for groups of one bit."""
    imag: FloatArray
    """Their imaginary parts: (R, F)."""
    groups: IndexArray
    """Which groups they are, ascending: (G,)."""
    features: IndexArray
    """Which features, ascending: (F,)."""

    def coefficient(self, feature: int) -> ComplexArray:
        """Column ``feature`` of the coefficients: (R,)."""
        real = 0.0 if self.real is None else self.real[:, feature]
        return np.asarray(real + 1j * self.imag[:, feature])


class Factors:
    """The factors of a part. Groups of one bit come first.

    For those s = centre + delta Z, so that exp(i w s) has the mean exp(i w centre) cos(w delta) and the coefficient
    i exp(i w centre) sin(w delta); the phase is common to both.

    Parameters
    ----------
    part
        Of the task.
    loss
        "bce" or "mse".
    max_degree
        Features of several bits of a group are included up to this degree ...
    wanted
        ... or, if given, only those that these sets of bits (tuples of positions) have in each group.
    """

    def __init__(
        self, part: AdditivePart, loss: str, max_degree: int, wanted: Sequence[tuple[int, ...]] | None = None
    ) -> None:
        groups = list(zip(part.bits, part.contributions, strict=True))
        single = [(bits[0], s) for bits, s in groups if len(bits) == 1]
        tables = [(bits, s) for bits, s in groups if len(bits) > 1]
        self.loss, self.num_samples, self.slope = loss, len(part.reach), SLOPES[loss]
        self._tables = [s for _, s in tables]
        self._delta = np.empty((self.num_samples, len(single)))
        self._centre = np.zeros(self.num_samples)
        for j, (_, s) in enumerate(single):
            self._delta[:, j] = (s[0] - s[1]) / 2
            self._centre += (s[0] + s[1]) / 2
        self.features = [Feature(j, (position,)) for j, (position, _) in enumerate(single)]
        self._walsh: list[FloatArray] = []
        for j, (bits, _) in enumerate(tables, start=len(single)):
            if wanted is None:
                sets = {c for d in range(1, max_degree + 1) for c in combinations(range(len(bits)), d)}
            else:
                sets = {tuple(k for k, p in enumerate(bits) if p in mask) for mask in wanted} - {()}
            chosen = sorted(sets, key=lambda c: (len(c), c))
            masks = np.array([0, *(sum(1 << k for k in c) for c in chosen)])
            index = np.arange(1 << len(bits))
            self._walsh.append((1.0 - 2.0 * (np.bitwise_count(index[:, None] & masks) & 1)) / len(index))
            self.features += [Feature(j, tuple(bits[k] for k in c)) for c in chosen]
        local = [walsh.T @ s.mean(axis=1) for s, walsh in zip(self._tables, self._walsh, strict=True)]
        self.linear = np.concatenate([self._delta.mean(axis=0), *(values[1:] for values in local)])
        """Coefficients of v itself, mean over samples: (features,)."""
        self.linear_constant = float(self._centre.mean() + sum(values[0] for values in local))
        """Its mean."""
        self.groups = np.array([f.group for f in self.features], dtype=np.int64)
        self.degrees = np.array([len(f.support) for f in self.features], dtype=np.int64)
        self._size = len(single) + sum(len(s) for s in self._tables)
        self._reach, self._near = part.reach, self._bulk(part.reach)

    def _bulk(self, reach: FloatArray) -> FloatArray:
        """|v_i| that uniform bits exceed with a probability of at most 1e-17, by Hoeffding's inequality: (S,)."""
        mean, squares = self._centre.copy(), 4 * np.square(self._delta).sum(axis=1)
        for s in self._tables:
            mean += s.mean(axis=0)
            squares += np.square(np.ptp(s, axis=0))
        return np.minimum(reach, np.abs(mean) + np.sqrt(-np.log(_TAIL / 2) / 2 * squares))

    def batches(self) -> list[tuple[LossExpansion, IndexArray]]:
        """Samples (B,) that share an expansion, a batch at a time."""
        found = []
        near = np.maximum(self._near, 1e-3 * self._near.max(initial=1e-300))
        classes = np.floor(np.log(near.max() / near) / np.log(_REACHES)).astype(int)
        for k in np.unique(classes):
            members = np.flatnonzero(classes == k)
            expansion = expand_loss(self.loss, float(near.max()) / _REACHES ** int(k))
            count = max(1, _BATCH // (len(expansion.coefficients) * self._size))
            found += [(expansion, members[s : s + count]) for s in range(0, len(members), count)]
        return found

    @property
    def error(self) -> float:
        """Bound on the error of any coefficient that is due to the expansions, rounding apart."""
        total = 0.0
        for expansion, members in self.batches():
            reach = self._reach[members]
            beyond = reach > expansion.reach
            waves = float(np.abs(expansion.coefficients).sum())
            outside = waves + 2 * reach[beyond] + 1.0  # |g| <= |v| + 1, |slope| <= 1
            total += expansion.error * len(members) + _TAIL * float(outside.sum())
        return total / self.num_samples

    def __call__(self, expansion: LossExpansion, members: IndexArray) -> Rows:
        """Rows for all frequencies of ``expansion`` and samples ``members``."""
        singles = np.flatnonzero(self._delta[members].any(axis=0))
        frequencies = expansion.frequencies
        phases = np.exp(1j * np.multiply.outer(self._centre[members], frequencies))
        weights = (expansion.coefficients * phases).ravel()
        cosines, sines = _waves(expansion.step * self._delta[members][:, singles], len(frequencies))
        if not self._tables:
            return Rows(weights, cosines, None, sines, singles, singles)
        local = [
            np.exp(1j * np.multiply.outer(s[:, members].T, frequencies).transpose(0, 2, 1)).reshape(-1, len(s)) @ walsh
            for s, walsh in zip(self._tables, self._walsh, strict=True)
        ]
        means = np.hstack([cosines, *(values[:, :1] for values in local)])
        real = np.hstack([np.zeros_like(sines), *(values[:, 1:].real for values in local)])
        imag = np.hstack([sines, *(values[:, 1:].imag for values in local)])
        count = self._delta.shape[1]
        groups = np.append(singles, np.arange(count, count + len(local)))
        return Rows(weights, means, real, imag, groups, np.append(singles, np.arange(count, len(self.features))))


def _waves(angles: FloatArray, count: int) -> tuple[FloatArray, FloatArray]:
    """cos(k a) and sin(k a), k = 0 ... count - 1, of angles (B, n): shapes (B * count, n)."""
    few = min(count, _RADIX)
    fine = np.multiply.outer(np.arange(few), angles).transpose(1, 0, 2)[:, None]
    coarse = np.multiply.outer(few * np.arange(-(-count // few)), angles).transpose(1, 0, 2)[:, :, None]
    c, s, cc, ss = np.cos(fine), np.sin(fine), np.cos(coarse), np.sin(coarse)

    def flat(values: FloatArray) -> FloatArray:
        return values.reshape(len(angles), -1, angles.shape[1])[:, :count].reshape(-1, angles.shape[1])

    return flat(cc * c - ss * s), flat(ss * c + cc * s)
