"""The few large terms of a cost, whatever their degree, from transforms of random subcubes.

On the 2^b points M t + d (mod 2) of a subcube, a short transform yields U_j(d), the sum of (-1)^|S & d| f(S) over all
masks S with M^T S = j. Where one mask dominates such a bin, the signs under shifts d and d + e_n give its bit n; it is
subtracted from the bins of all subcubes, which leaves others alone in theirs. The method is that of Li, Bradley, Pawar
and Ramchandran (SPRIGHT, arXiv:1508.06336), here with all N + 1 shifts repeated from random origins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from walshqhn.bits import index_to_bits, pack_bits
from walshqhn.cost.base import Cost, Progress
from walshqhn.cost.convert import as_cost
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.spectrum.estimate import SpectrumEstimate, evaluate
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.checks import check_whole
from walshqhn.support.errors import UsageError
from walshqhn.transform import wht

_SUBCUBES = 3  # in which every mask has a bin of its own or not, independently
_ORIGINS = 3  # of the shifts: three votes for each bit
_PASSES = 50
_DOMINATES = 0.75  # share of a bin's energy that makes one mask the only one worth reading


@dataclass(frozen=True)
class _Subcube:
    directions: BitArray
    """M, (N, b)"""
    shifts: BitArray
    """d, (origins * (N + 1), N): every origin, followed by it with bit n flipped"""
    bins: FloatArray
    """U, (shifts, 2^b); what was found is subtracted"""

    def bin_of(self, masks: BitArray) -> npt.NDArray[np.int64]:
        found: npt.NDArray[np.int64] = (masks.astype(np.int64) @ self.directions % 2) @ (1 << np.arange(self.width))
        return found

    @property
    def width(self) -> int:
        """b."""
        return self.directions.shape[1]

    def signs(self, masks: BitArray) -> FloatArray:
        """(-1)^|S & d|: (shifts, masks)."""
        odd = self.shifts.astype(np.int64) @ masks.T.astype(np.int64) % 2
        return np.where(odd, -1.0, 1.0)

    def read(self, least: float) -> tuple[BitArray, FloatArray]:
        """(masks that dominate a bin of at least this energy, their coefficients)."""
        votes = self.bins.reshape(_ORIGINS, -1, self.bins.shape[1])
        masks = (np.einsum("qj,qnj->jn", votes[:, 0], votes[:, 1:]) < 0).astype(np.uint8)
        values = (self.signs(masks) * self.bins).mean(axis=0)
        energy = np.square(self.bins).mean(axis=0)
        alone = (values**2 >= _DOMINATES * energy) & (energy > least)
        alone &= self.bin_of(masks) == np.arange(self.bins.shape[1])
        return masks[alone], values[alone]

    def subtract(self, masks: BitArray, values: FloatArray) -> None:
        np.add.at(self.bins.T, self.bin_of(masks), -(self.signs(masks) * values).T)


def recover_sparse(
    cost: Cost | npt.ArrayLike, *, evaluations: int = 80_000, rng: np.random.Generator | int | None = 0,
    progress: Progress | None = None,
) -> SpectrumEstimate:  # fmt: skip
    """The large terms of a cost, and the weight of all others together.

    It takes at most ``evaluations`` of the cost; each bin needs 9 (N + 1) of them, and about as many terms are found
    as there are bins. If the rest is large, as for costs that are not sparse, no terms may be found.

    UsageError for fewer than 36 (N + 1) evaluations.

    >>> found = recover_sparse(IsingHamiltonian.from_terms({(1, 2, 3, 69): 1.0, (5,): -0.5}))
    >>> found.hamiltonian.largest(2)
    [((1, 2, 3, 69), 1.0), ((5,), -0.5)]
    """
    source = as_cost(cost)
    n, shifts = source.num_bits, _ORIGINS * (source.num_bits + 1)
    least = _SUBCUBES * shifts * 4
    if check_whole("evaluations", evaluations, 1) < least:
        raise UsageError(f"sparse recovery of {n} bits needs at least {least:,} evaluations, got {evaluations:,}.")
    width = min(n, (evaluations // (_SUBCUBES * shifts)).bit_length() - 1)
    generator = np.random.default_rng(rng)
    cubes = []
    for k in range(_SUBCUBES):
        cubes.append(_subcube(source, width, generator))
        if progress is not None:
            progress((k + 1) / _SUBCUBES)
    masks, values = _peel(cubes)
    # what is left of C^2, on average over each of the subcubes from each of the origins, which are independent
    left = np.array([np.square(cube.bins).sum(axis=1) for cube in cubes]).reshape(_SUBCUBES * _ORIGINS, -1).mean(axis=1)
    rest, rest_error = float(left.mean()), float(left.std(ddof=1) / np.sqrt(len(left)))
    noise = rest / 2**width / len(left)  # what a coefficient's square has too much
    degrees, squares = masks.sum(axis=1, dtype=np.int64), np.square(values)
    mean, top = float(values[degrees == 0].sum()), int(degrees.max(initial=0))
    weights = np.bincount(degrees, squares - noise, top + 1).astype(np.float64)
    errors = np.sqrt(np.bincount(degrees, 4 * squares * noise + 2 * noise**2, top + 1))
    weights[0] = mean**2
    found = (degrees > 0) & (values != 0)
    hamiltonian = IsingHamiltonian(
        n, pack_bits(masks[found]), values[found], mean, discarded_weight=rest, names=source.names
    )
    return SpectrumEstimate(
        n, weights, errors, np.zeros(top + 1), rest, rest_error, float(weights[1:].sum()) + rest,
        float(np.sqrt(rest_error**2 + np.square(errors[1:]).sum())), _SUBCUBES * shifts << width, "sparse", hamiltonian,
    )  # fmt: skip


def _subcube(cost: Cost, width: int, rng: np.random.Generator) -> _Subcube:
    n = cost.num_bits
    directions = rng.integers(2, size=(n, width), dtype=np.uint8)
    if width == n:
        directions = np.eye(n, dtype=np.uint8)  # the whole cube: every mask has its own bin
    origins = rng.integers(2, size=(_ORIGINS, 1, n), dtype=np.uint8)
    flips = np.vstack([np.zeros((1, n), np.uint8), np.eye(n, dtype=np.uint8)])
    shifts = (origins ^ flips).reshape(-1, n)
    points = (index_to_bits(np.arange(1 << width), width).astype(np.int64) @ directions.T % 2).astype(np.uint8)
    bins = np.array([wht(evaluate(cost, points ^ shift), norm="forward") for shift in shifts])
    return _Subcube(directions, shifts, bins)


def _peel(cubes: list[_Subcube]) -> tuple[BitArray, FloatArray]:
    """Read and subtract what dominates, until nothing does: (masks (T, N), coefficients (T,))."""
    found: dict[bytes, float] = {}
    total = float(np.mean([np.square(cube.bins).mean(axis=0).sum() for cube in cubes]))
    least = np.finfo(np.float64).eps ** 2 * total  # a bin of less holds rounding errors
    n = len(cubes[0].directions)
    for _ in range(_PASSES):
        news = 0
        for cube in cubes:
            masks, values = cube.read(least)
            news += len(masks)
            for other in cubes:
                other.subtract(masks, values)
            for mask, value in zip(masks, values.tolist(), strict=True):
                found[mask.tobytes()] = found.get(mask.tobytes(), 0.0) + value
        if not news:
            break
    rows = np.frombuffer(b"".join(found), np.uint8).reshape(len(found), n)
    return rows, np.array([*found.values()], dtype=np.float64)
