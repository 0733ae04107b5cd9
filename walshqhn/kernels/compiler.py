"""How kernels are compiled: for stated types, when first called, once per machine.

A `kernel` is what Python calls: it releases the GIL and starts no thread. `inner` marks what only kernels
call: no wrappers for Python and C, no file of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from numba import config, njit, types

from walshqhn.kernels.cache import KernelCache
from walshqhn.kernels.compiling import announce, counted

inner = partial(njit, no_cpython_wrapper=True, no_cfunc_wrapper=True)

_FLOATS = {"f": types.float32, "d": types.float64}


def const(dtype: Any, dimensions: int = 1) -> Any:
    """The type of a C-ordered array that a kernel only reads; such an array need not be writeable."""
    return types.Array(dtype, dimensions, "C", readonly=True)


class Kernel:
    """A compiled function for stated types.

    Parameters
    ----------
    function
        What to compile.
    part
        Its part of the package, a key of `compiling.PARTS`.
    signature
        From a floating-point type to the types of the arguments. The first argument's dtype decides, or,
        where it is no array, double precision.
    options
        Of `numba.njit`.
    """

    def __init__(self, function: Callable[..., Any], part: str, signature: Callable[[Any], Any], options: Any) -> None:
        self.py_func = function
        self.__name__, self.__doc__ = function.__name__, function.__doc__
        self._part, self._signature = part, signature
        self._dispatcher = njit(nogil=True, **options)(function)
        self._ready: set[str] = set()

    def __call__(self, *args: Any) -> Any:
        kind = args[0].dtype.char if hasattr(args[0], "dtype") else "d"
        if kind not in self._ready:
            self.compile(kind)
        return self._dispatcher(*args)

    def compile(self, kind: str) -> None:
        """For float32 ("f") or float64 ("d"), unless it is done."""
        with counted():
            if kind not in self._ready:
                cache = KernelCache(self.py_func, partial(announce, self._part, True))
                self._dispatcher._cache = cache
                try:
                    self._dispatcher.compile(self._signature(_FLOATS[kind]))
                finally:
                    if cache.missed:
                        announce(self._part, False)
                self._ready.add(kind)

    def warm(self) -> None:
        """Compile it for double precision."""
        self.compile("d")


def kernel(part: str, signature: Callable[[Any], Any], **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make a `Kernel` of a function; with NUMBA_DISABLE_JIT, leave it as it is."""

    def decorate(function: Callable[..., Any]) -> Any:
        return function if config.DISABLE_JIT else Kernel(function, part, signature, options)  # type: ignore[attr-defined]

    return decorate
