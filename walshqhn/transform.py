"""The Walsh-Hadamard transform, threaded and in place if wanted."""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from walshqhn.bits import log2_exact
from walshqhn.errors import InputError, unknown_name
from walshqhn.resources import resolve_threads, thread_limit

Norm = Literal["backward", "forward", "ortho"]
_EXPONENTS = {"backward": (0.0, -1.0), "ortho": (-0.5, -0.5), "forward": (-1.0, 0.0)}
_PARTS: dict[type, type[np.floating]] = {np.float32: np.float32, np.float64: np.float64}
_PARTS |= {np.complex64: np.float32, np.complex128: np.float64}
_DTYPES = frozenset(_PARTS)
_BLOCK = 1 << 16


def wht(
    values: npt.ArrayLike, *, norm: Norm = "backward", overwrite: bool = False, threads: int | None = None
) -> npt.NDArray[Any]:
    """Walsh-Hadamard transform of a function on N bits, in natural (Hadamard) order.

    In NumPy: ``[sum(v[x] * (-1) ** (x & S).bit_count() for x in range(len(v))) for S in range(len(v))]``.

    Parameters
    ----------
    values
        Shape (2^N,), N >= 0. float32, float64, complex64 and complex128 keep their type; other numbers
        become float64 or complex128.
    norm
        ``"backward"``: the plain sum; ``"forward"``: times 2^-N, which gives Fourier coefficients f(S);
        ``"ortho"``: times 2^(-N/2), which is its own inverse.
    overwrite
        Work in the array handed in (and return it). It must be contiguous and of one of the four types.
    threads
        Number of threads; default $WALSHQHN_THREADS, else all cores. The result does not depend on it.

    Raises
    ------
    InputError
        The length is no power of two, there is more than one axis, or ``overwrite`` is impossible.
    """
    return _transform(values, norm, 0, overwrite, threads)


def iwht(
    values: npt.ArrayLike, *, norm: Norm = "backward", overwrite: bool = False, threads: int | None = None
) -> npt.NDArray[Any]:
    """Inverse of `wht` under the same ``norm``; parameters and errors as there."""
    return _transform(values, norm, 1, overwrite, threads)


def _transform(
    values: npt.ArrayLike, norm: str, direction: int, overwrite: bool, threads: int | None
) -> npt.NDArray[Any]:
    if norm not in _EXPONENTS:
        raise unknown_name("norm", norm, _EXPONENTS)
    source = np.asarray(values)
    if source.ndim != 1:
        raise InputError(f"the transform takes one axis, got shape {source.shape}.")
    num_bits = log2_exact(source.size, "the array to transform")
    ready = source.dtype.type in _DTYPES and source.flags.c_contiguous and source.dtype.isnative
    if overwrite:
        if not isinstance(values, np.ndarray) or not ready:
            raise InputError(
                "overwrite=True needs a contiguous array of float32, float64, complex64 or complex128 "
                "in native byte order."
            )
        if not source.flags.writeable:
            raise InputError("overwrite=True needs a writeable array.")
        array = source
    elif ready:
        array = np.empty_like(source)
    else:
        if source.dtype.kind not in "biufc":
            raise InputError(f"the transform takes numbers, got dtype {source.dtype}.")
        widest = np.complex128 if source.dtype.kind == "c" else np.float64
        target = source.dtype.type if source.dtype.type in _DTYPES else widest
        source = array = np.array(source, dtype=target, order="C", copy=True)
    is_complex = array.dtype.kind == "c"
    part = _PARTS[array.dtype.type]
    result, given = (array.view(part), source.view(part)) if is_complex else (array, source)
    scale = part(2.0 ** (num_bits * _EXPONENTS[norm][direction]))
    if result.size <= _BLOCK:
        if threads is not None and (type(threads) is not int or threads < 1):
            resolve_threads(threads)  # says what is wrong
        _blocks().transform_chunks(given, result, result.size, int(is_complex), scale)
    else:
        from walshqhn.kernels import walsh_large

        with thread_limit(threads):
            walsh_large.transform_large(given, result, int(is_complex), scale)
    return array


@cache
def _blocks() -> ModuleType:
    """Loaded with the first transform: numba takes a while to import."""
    from walshqhn.kernels import walsh

    return walsh
