"""How kernels are compiled: for stated types, when first called, once per machine.

A `kernel` is what Python calls: it releases the GIL and starts no thread. `inner` marks what only kernels call: it is
optimised and becomes machine code within them only. Numba would do both for each function by itself, too, with all that
it calls, and so compile what lies five calls deep five times.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

from numba import config, njit, types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.datamodel.models import OpaqueModel
from numba.extending import register_model

from walshqhn.kernels.cache import KernelCache, is_cached
from walshqhn.kernels.compiling import PARTS, announce, counted

_FLOATS = {"f": types.float32, "d": types.float64}


def const(dtype: Any, dimensions: int = 1) -> Any:
    """The type of a C-contiguous array that a kernel only reads; the array itself may be read-only."""
    return types.Array(dtype, dimensions, "C", readonly=True)


class _Part(JITCodeLibrary):
    """The code of an inner function, which is linked into kernels as numba wrote it."""

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        return 0

    @property
    def codegen(self) -> Any:
        return self

    def set_env(self, name: str, environment: Any) -> None:
        """It would be that of machine code."""


class _PartCompiler(Compiler):
    def define_pipelines(self) -> Any:
        state = self.state
        state.library = _Part(state.targetctx.codegen(), state.func_id.func_qualname)
        return super().define_pipelines()


class _InnerType(types.Dispatcher):
    """Numba's type of an inner function: numbers that are written out do not make it another function."""

    def get_call_type(self, context: Any, args: Any, kws: Any) -> Any:
        return super().get_call_type(context, tuple(types.unliteral(kind) for kind in args), kws)


register_model(_InnerType)(OpaqueModel)


class Inner:
    """A function that is compiled within kernels; for tests, Python may call it as they do."""

    def __init__(self, function: Callable[..., Any], options: Any) -> None:
        self.py_func = function
        self.__name__, self.__doc__ = function.__name__, function.__doc__
        wrappers: Any = dict.fromkeys(("no_cpython_wrapper", "no_cfunc_wrapper"), True)
        self._dispatcher = njit(pipeline_class=_PartCompiler, **wrappers, **options)(function)

    def __call__(self, *args: Any) -> Any:
        return self._alone(*args)

    @cached_property
    def _alone(self) -> Any:
        called = self._dispatcher
        return njit(lambda *args: called(*args))

    @cached_property
    def _numba_type_(self) -> Any:
        return _InnerType(self._dispatcher)


def inner(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Make an `Inner` of a function; ``options`` are those of `numba.njit`."""
    return partial(Inner, options=options) if function is None else Inner(function, options)


class Kernel:
    """A compiled function for stated types.

    ``part`` is a key of `compiling.PARTS`; ``signature`` maps a floating-point type to the types of the arguments.
    If ``single``, there is a float32 version too, and the dtype of the first argument decides. ``entry``: what is
    compiled in place of the function, under its name.
    """

    def __init__(
        self, function: Callable[..., Any], part: str, signature: Callable[[Any], Any], single: bool, options: Any,
        entry: Callable[..., Any] | None = None,
    ) -> None:  # fmt: skip
        assert part in PARTS  # listeners know no other
        self.py_func = function
        self.__name__, self.__doc__ = function.__name__, function.__doc__
        self._part, self._signature, self._single = part, signature, single
        self._dispatcher = njit(nogil=True, **options)(entry or function)
        self._ready: set[str] = set()

    def __call__(self, *args: Any) -> Any:
        return self.ready(args[0])(*args)

    def ready(self, first: Any) -> Any:
        """The numba function for this first argument."""
        kind = first.dtype.char if self._single else "d"
        return self._dispatcher if kind in self._ready else self.compiled(kind)

    def compiled(self, kind: str) -> Any:
        """Compile it for float32 ("f") or float64 ("d") if necessary; return the numba function itself."""
        with counted():
            if kind not in self._ready and not config.DISABLE_JIT:  # type: ignore[attr-defined]
                cache = self._dispatcher._cache = KernelCache(self.py_func, partial(announce, self._part, True))
                self._dispatcher.disable_compile(False)
                try:
                    self._dispatcher.compile(self._signature(_FLOATS[kind]))
                    self._dispatcher.disable_compile()  # else numba would compile it again for writeable arrays
                finally:
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
        return is_cached(self.py_func)


def kernel(
    part: str, signature: Callable[[Any], Any], *, single: bool = False, **options: Any
) -> Callable[[Callable[..., Any]], Any]:
    """Make a `Kernel` of a function; ``options`` are those of `numba.njit`. With NUMBA_DISABLE_JIT it stays Python."""
    return lambda function: Kernel(function, part, signature, single, options)
