"""How kernels are compiled: for stated types, when first called, once per machine.

A `kernel` is what Python calls: it releases the GIL and starts no thread. `inner` marks what only kernels
call: it has no file of its own, and no wrapper for C. (Without one for Python, a call from a test would crash.)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from numba import njit, types

from walshqhn.kernels.cache import KernelCache, is_kept
from walshqhn.kernels.compiling import announce, counted

inner = partial(njit, no_cfunc_wrapper=True)

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
        From a floating-point type to the types of the arguments.
    single
        There is a version for single precision, too; the first argument's dtype decides.
    options
        Of `numba.njit`.
    """

    def __init__(
        self, function: Callable[..., Any], part: str, signature: Callable[[Any], Any], single: bool, options: Any
    ) -> None:
        self.py_func = function
        self.__name__, self.__doc__ = function.__name__, function.__doc__
        self._part, self._signature, self._single = part, signature, single
        self._dispatcher = njit(nogil=True, **options)(function)
        self._ready: set[str] = set()

    def __call__(self, *args: Any) -> Any:
        kind = args[0].dtype.char if self._single else "d"
        if kind not in self._ready:
            self.compiled(kind)
        return self._dispatcher(*args)

    def compiled(self, kind: str) -> Any:
        """Compile it for float32 ("f") or float64 ("d"), unless that is done; what to call, without detour."""
        with counted():
            if kind not in self._ready and self._dispatcher is not self.py_func:
                cache = KernelCache(self.py_func, partial(announce, self._part, True))
                self._dispatcher._cache = cache
                self._dispatcher.disable_compile(False)
                try:
                    self._dispatcher.compile(self._signature(_FLOATS[kind]))
                finally:
                    self._dispatcher.disable_compile()  # or numba would again, for arrays that are writeable
                    cache.release()
                    if cache.missed:
                        announce(self._part, False)
            self._ready.add(kind)
        return self._dispatcher

    def warm(self) -> None:
        """Compile it for double precision."""
        self.compiled("d")

    @property
    def is_kept(self) -> bool:
        """Whether the cache has it, for some type and CPU."""
        return is_kept(self.py_func)


def kernel(
    part: str, signature: Callable[[Any], Any], *, single: bool = False, **options: Any
) -> Callable[[Callable[..., Any]], Any]:
    """Make a `Kernel` of a function; with NUMBA_DISABLE_JIT it runs as it is."""
    return lambda function: Kernel(function, part, signature, single, options)
