"""The Walsh spectrum of a cost in blocks of a Dask array, no two of which need share a machine.

With x = (t, l), t the top bits, which number the blocks, the transform over l is done within each block, that over t
across them: two passes, and between them one exchange, in which every block gives each other one a part.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from walshqhn.bits import log2_exact
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.support.arrays import FloatArray, MaskArray
from walshqhn.support.checks import check_whole
from walshqhn.support.errors import InputError, missing_package
from walshqhn.support.shown import Shown
from walshqhn.transform import wht

if TYPE_CHECKING:
    import dask.array as da

_MOST_BITS = 62


@dataclass(frozen=True, eq=False, repr=False)
class BlockSpectrum(Shown):
    """Fourier coefficients f(S) = 2^-N sum_x C(x) (-1)^popcount(x & S) as a lazy Dask array.

    Nothing is computed before `summarize`, or before the array itself is: stored (``coefficients.to_zarr``), persisted
    in the memory of a cluster, or gathered.
    """

    coefficients: da.Array
    """(2^t, 2^(N - t)) for 2^t blocks of costs, with f(S) in row S // 2^(N - t); blocks are whole columns."""

    @classmethod
    def from_costs(cls, costs: da.Array, *, scratch: str | Path | None = None) -> BlockSpectrum:
        """Of costs (2^N,), index x, in equal blocks of 2^m, with 2 m >= N.

        ``scratch``: a folder that all workers reach, for one file as large as the costs, through which blocks are
        exchanged. A worker then holds a few blocks at a time and no more. The file is yours to delete. Default: Dask's
        own rechunking, through the memories of the workers.

        InputError for an array of another shape or type, in other blocks, or without such a folder.
        """
        try:
            import dask.array as da
        except ImportError as error:
            raise missing_package("dask[array]", "a spectrum in blocks") from error
        if not isinstance(costs, da.Array) or costs.ndim != 1 or costs.dtype.kind not in "biuf":
            raise InputError(f"costs must be a Dask array of real numbers of shape (2^N,), got {costs!r}.")
        n, sizes = log2_exact(costs.size, "a cost table"), set(costs.chunks[0])
        low = max(sizes).bit_length() - 1
        if sizes != {1 << low} or 2 * low < n or n > _MOST_BITS:
            raise InputError(
                f"2^{n} costs must be in equal blocks of a power of two, at least 2^{-(-n // 2)}; got "
                f"{len(costs.chunks[0]):,} of up to {max(sizes):,}. Use costs.rechunk(2**m)."
            )
        rows, kind = 1 << (n - low), wht(np.zeros(1, costs.dtype)).dtype
        width = (1 << low) // rows
        if scratch is None:
            within = costs.map_blocks(_rows, dtype=kind, new_axis=1, chunks=((1,) * rows, (1 << low,)))
            columns = within.rechunk({0: rows, 1: width})
        else:
            columns = _through_file(costs, _file_in(scratch), (rows, 1 << low), width, kind)
        return cls(columns.map_blocks(wht, axis=0, norm="forward", threads=1, dtype=kind))

    def facts(self) -> dict[str, Any]:
        return {"bits": self.num_bits, "blocks": self.coefficients.numblocks[1]}

    @property
    def num_bits(self) -> int:
        """N."""
        return log2_exact(self.coefficients.size, "a spectrum")

    def summarize(self, max_terms: int = 1000) -> tuple[FloatArray, IsingHamiltonian]:
        """W(k), k = 0 ... N, and a Hamiltonian of the ``max_terms`` largest terms, in one computation.

        Its ``discarded_weight`` is the weight of all others. Each block gives its own sums and largest terms, so that
        no more than these are gathered.
        """
        import dask

        count, n = check_whole("max_terms", max_terms, 0), self.num_bits
        blocks = self.coefficients.to_delayed().ravel()
        width = self.coefficients.chunks[1][0]
        parts = [dask.delayed(_summary)(b, k * width, self.coefficients.shape[1], count) for k, b in enumerate(blocks)]
        found: list[_Summary] = list(dask.compute(*parts))
        weights = np.sum([part.weights for part in found], axis=0)
        masks, values = (np.concatenate(some) for some in zip(*((p.masks, p.values) for p in found), strict=True))
        kept = np.lexsort((masks, -np.abs(values)))[:count]
        order = kept[np.argsort(masks[kept])]
        left = max(0.0, float(weights[1:].sum()) - float(np.square(values[order]).sum()))
        seen = left if left > np.finfo(np.float64).eps * n * float(weights.sum()) else 0.0  # else it is rounding
        return weights, IsingHamiltonian(n, masks[order][:, None], values[order], found[0].constant, seen)


@dataclass(frozen=True, eq=False)
class _Summary:
    """Of a block."""

    weights: FloatArray
    masks: MaskArray
    values: FloatArray
    constant: float


def _file_in(folder: str | Path) -> str:
    if not Path(folder).is_dir():
        raise InputError(f"scratch must be a folder, got {str(folder)!r}.")
    return NamedTemporaryFile(dir=folder, prefix="walshqhn-", suffix=".bin", delete=False).name


def _through_file(
    costs: da.Array, path: str, shape: tuple[int, int], width: int, kind: np.dtype[Any]
) -> da.Array:  # the rows are written, and when all are there, columns read
    import dask
    import dask.array as da

    blocks = costs.to_delayed().ravel()
    written = dask.delayed(list)([dask.delayed(_write)(block, path, k, kind) for k, block in enumerate(blocks)])
    parts = [
        da.from_delayed(dask.delayed(_read)(written, path, shape, first, width, kind), (shape[0], width), kind)
        for first in range(0, shape[1], width)
    ]
    return da.concatenate(parts, axis=1)


def _write(block: npt.NDArray[Any], path: str, row: int, kind: np.dtype[Any]) -> None:
    """By seeking, not by mapping, whose pages would count as memory."""
    with Path(path).open("r+b") as file:
        file.seek(row * block.size * kind.itemsize)
        file.write(_rows(block).astype(kind, copy=False).data)


def _read(
    written: object, path: str, shape: tuple[int, int], first: int, width: int, kind: np.dtype[Any]
) -> npt.NDArray[Any]:
    found = np.empty((shape[0], width), kind)
    with Path(path).open("rb") as file:
        for row, part in enumerate(found):
            file.seek((row * shape[1] + first) * kind.itemsize)
            if file.readinto(part.data) != part.nbytes:
                raise InputError(f"{path} has been cut short.")
    return found


def _rows(costs: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A block, transformed, as a row."""
    return wht(costs, norm="forward", threads=1)[None]


def _summary(block: npt.NDArray[Any], first: int, columns: int, count: int) -> _Summary:
    """Of columns ``first`` and so on of all ``columns``; row by row, which takes little memory."""
    low = np.arange(first, first + block.shape[1], dtype=np.uint64)
    degrees, shift = np.bitwise_count(low).astype(np.int64), columns.bit_length() - 1
    weights = np.zeros(shift + len(block).bit_length())
    masks, values, constant = np.zeros(0, np.uint64), np.zeros(0), 0.0
    for top, row in enumerate(block):
        part = row.astype(np.float64)
        found = np.bincount(degrees, np.square(part))
        weights[top.bit_count() : top.bit_count() + len(found)] += found
        if top == first == 0:
            constant, part[0] = float(part[0]), 0.0
        most = _largest(part, count)
        masks = np.append(masks, low[most] | np.uint64(top << shift))
        values = np.append(values, part[most])
        most = _largest(values, count)
        masks, values = masks[most], values[most]
    return _Summary(weights, masks, values, constant)


def _largest(values: FloatArray, count: int) -> npt.NDArray[np.int64]:
    """Where the ``count`` largest in size are, zeros apart."""
    order = np.argpartition(-np.abs(values), count)[:count] if count < len(values) else np.arange(len(values))
    return order[values[order] != 0.0]
