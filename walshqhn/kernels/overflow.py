"""Detection of floating-point overflow: the processor's status flag saves a check of all numbers."""

from __future__ import annotations

import platform
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic, overload

_IS_KNOWN = platform.machine().lower() in ("x86_64", "amd64")  # elsewhere, an overflow is always thought possible
_OVERFLOW = 8  # in the status word of SSE
_INT = ir.IntType(32)
_STATUS = ("stmxcsr", "ldmxcsr")


def take_overflow():
    """Whether a number has overflowed in this thread since it was last asked, not 0; 1 where that is not known."""
    return 1


@overload(take_overflow)
def _take_overflow():
    return lambda: _take()


@intrinsic
def _take(typing_context):
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if not _IS_KNOWN:
            return ir.Constant(_INT, 1)
        kind = ir.FunctionType(ir.VoidType(), [ir.IntType(8).as_pointer()])
        read, write = (builder.module.declare_intrinsic(f"llvm.x86.sse.{name}", (), kind) for name in _STATUS)
        word = builder.alloca(_INT)
        place = builder.bitcast(word, ir.IntType(8).as_pointer())
        builder.call(read, [place])
        status = builder.load(word)
        builder.store(builder.and_(status, ir.Constant(_INT, ~_OVERFLOW & 0xFFFFFFFF)), word)
        builder.call(write, [place])
        return builder.and_(status, ir.Constant(_INT, _OVERFLOW))

    return types.int32(), generate
