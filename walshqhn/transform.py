"""The Walsh-Hadamard transform, threaded, in place on request."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from walshqhn.bits import log2_exact
from walshqhn.support.errors import InputError, unknown_name
from walshqhn.support.resources import resolve_threads, thread_limit

Norm = Literal["backward", "forward", "ortho"]
_EXPONENTS = {"backward": (0.0, -1.0), "ortho": (-0.5, -0.5), "forward": (-1.0, 0.0)}
_PARTS: dict[np.dtype[Any], str] = {np.dtype(np.float32): "f", np.dtype(np.float64): "d"}
_PARTS |= {np.dtype(np.complex64): "f", np.dtype(np.complex128): "d"}
"""What is transformed in place, and the type of its real and imaginary parts."""
_BLOCK = 1 << 16
_SHARED_FROM = 1 << 17
"""Values; with fewer, waking a thread and moving them to its cache costs more than it saves."""
_LARGEST_INTEGER = 1 << 53
"""Up to here, float64 holds every whole number."""


def wht(
    values: npt.ArrayLike,
    *,
    norm: Norm = "backward",
    overwrite: bool = False,
    threads: int | None = None,
    axis: int | None = None,
) -> npt.NDArray[Any]:
    """Walsh-Hadamard transform of a function on N bits, in natural (Hadamard) order.

    In NumPy: ``[sum(v[x] * (-1) ** (x & S).bit_count() for x in range(len(v))) for S in range(len(v))]``.

    Parameters
    ----------
    values
        Shape (2^N,), N >= 0; with ``axis``, any shape that is 2^N long along it. float32, float64, complex64 and
        complex128 keep their type; other numbers become float64 or complex128. Whole numbers beyond 2^53, which would
        be rounded, are refused, and so are values whose sums are beyond the range of the type.
    norm
        ``"backward"``: the plain sum; ``"forward"``: times 2^-N, which gives Fourier coefficients f(S);
        ``"ortho"``: times 2^(-N/2), which is its own inverse.
    overwrite
        Transform ``values`` itself (and return it). It must be a contiguous array of one of the four types.
    threads
        Number of threads; default $WALSHQHN_THREADS, else all cores. The result does not depend on it.
    axis
        Transform along this axis, for all others at once: ``axis=1`` the rows of a matrix. The last axis of a
        contiguous array needs no copy. Default: ``values`` has only one.

    Raises
    ------
    InputError
        The length is not a power of two, the axis does not exist or must be named, ``overwrite`` is impossible, or the
        values are not numbers, masked, ragged, too large for float64, or too large to be added up in their type (with
        ``overwrite`` they are lost then).

    Examples
    --------
    >>> wht([6, 2, 8, 4], norm="forward").tolist()  # C(x) = 5 + 2 z_0 - z_1
    [5.0, 2.0, -1.0, 0.0]
    """
    return _transform(values, norm, 0, overwrite, threads, axis)


def iwht(
    values: npt.ArrayLike,
    *,
    norm: Norm = "backward",
    overwrite: bool = False,
    threads: int | None = None,
    axis: int | None = None,
) -> npt.NDArray[Any]:
    """Inverse of `wht` under the same ``norm``; parameters and errors as there."""
    return _transform(values, norm, 1, overwrite, threads, axis)


def _transform(
    values: npt.ArrayLike, norm: str, direction: int, overwrite: bool, threads: int | None, axis: int | None
) -> npt.NDArray[Any]:
    if norm not in _EXPONENTS:
        raise unknown_name("norm", norm, _EXPONENTS)
    if threads is not None and (type(threads) is not int or threads < 1):
        resolve_threads(threads)  # raises
    source = values if type(values) is np.ndarray else _as_array(values)
    if axis is not None or source.ndim != 1:
        axis = _check_axis(source, axis)
    length = source.size if axis is None else source.shape[axis]
    num_bits = log2_exact(length, "the array to transform")
    exponent = _EXPONENTS[norm][direction]
    scale = 1.0 if exponent == 0 else 2.0 ** (num_bits * exponent)
    ready = source.dtype in _PARTS and source.flags.c_contiguous
    if overwrite:
        if values is not source or not ready:
            raise InputError(
                "overwrite=True needs a contiguous array of float32, float64, complex64 or complex128 "
                "in native byte order."
            )
        if not source.flags.writeable:
            raise InputError("overwrite=True needs a writeable array.")
    elif not ready:
        source = _copy(source)
        overwrite = True
    array = source if overwrite else np.empty_like(source)
    if axis is not None and axis != source.ndim - 1:
        rows = np.ascontiguousarray(np.moveaxis(source, axis, -1))
        overflowed = _transform_rows(rows, rows, length, scale, threads)
        array[...] = np.moveaxis(rows, -1, axis)
    else:
        overflowed = _transform_rows(source, array, length, scale, threads)
    if overflowed and not np.isfinite(array).all():
        raise InputError(f"sums of the values to transform are beyond the range of {array.dtype}: rescale them.")
    return array


def _check_axis(source: npt.NDArray[Any], axis: int | None) -> int:
    """``axis`` counted from the front."""
    if axis is None:
        raise InputError(f"the transform takes one axis, got shape {source.shape}; axis= takes more.")
    if not -source.ndim <= axis < source.ndim:
        raise InputError(f"there is no axis {axis} in an array of shape {source.shape}.")
    return axis % source.ndim


def _as_array(values: npt.ArrayLike) -> npt.NDArray[Any]:
    """``values`` as NumPy understands them, but InputError where it would drop a mask or round integers silently."""
    try:
        source = np.asarray(values)
    except (ValueError, OverflowError) as error:
        raise InputError(f"the transform takes an array of numbers: {error}") from None
    rows = values if isinstance(values, list | tuple) else ()
    if any(isinstance(part, np.ma.MaskedArray) and np.ma.is_masked(part) for part in (values, *rows)):
        raise InputError("the transform takes no masked values; replace them first, for example by values.filled(0).")
    if source.dtype.kind in "fc" and np.any(np.abs(source) >= _LARGEST_INTEGER):  # integers among other numbers?
        _check_integers([v for v in np.array(values, dtype=object).flat if isinstance(v, int | np.integer)])
    return source


def _check_integers(values: Any) -> None:
    """Refuse integers that float64 would round."""
    if len(values):
        largest = max(int(np.max(values)), -int(np.min(values)))
        if largest > _LARGEST_INTEGER:
            raise InputError(f"the transform works in float64, which would round integers beyond 2^53, got {largest}.")


def _copy(source: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A contiguous array of one of the four types."""
    if source.dtype.kind not in "biufc":
        raise InputError(f"the transform takes numbers, got dtype {source.dtype}.")
    if source.dtype.kind in "iu" and source.dtype.itemsize == 8:
        _check_integers(source)
    native = source.dtype.newbyteorder("=")
    widest = np.dtype(np.complex128 if source.dtype.kind == "c" else np.float64)
    try:
        with np.errstate(over="raise"):
            return np.array(source, dtype=native if native in _PARTS else widest, order="C", copy=True)
    except FloatingPointError:
        raise InputError(f"the transform works in {widest}, which is too small for values of {source.dtype}.") from None


def _transform_rows(
    source: npt.NDArray[Any], array: npt.NDArray[Any], length: int, scale: float, threads: int | None
) -> bool:
    """Transform all runs of ``length`` values of ``source``, times ``scale``, into ``array``; both are contiguous.

    Return whether a number may have overflowed.
    """
    kind, is_complex = _PARTS[array.dtype], array.dtype.kind == "c"
    if is_complex or array.ndim > 1:
        flat = array.reshape(-1).view(kind)
        source, array = flat if source is array else source.reshape(-1).view(kind), flat
    skip = int(is_complex)
    if array.size <= _BLOCK:
        if array is not source:
            array[:] = source
        return _block_kernel(kind)(array, length << skip, skip, scale) != 0
    from walshqhn.kernels import walsh_large

    with thread_limit(threads if array.size >= _SHARED_FROM else 1):
        return walsh_large.transform_rows(source, array, length << skip, skip, scale)


@cache
def _block_kernel(kind: str) -> Any:
    """Loaded with the first transform: numba takes a while to import."""
    from walshqhn.kernels import walsh

    return walsh.transform_blocks.compiled(kind)
