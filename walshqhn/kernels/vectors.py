"""The one piece of hand-written LLVM: butterflies between values that lie side by side.

LLVM does not find out by itself that eight neighbours fit a register and that a butterfly among them is a shuffle, a
change of signs and an addition. Written by hand, the lowest three bits of the index take as long as any other pass over
the L1 cache; left to LLVM, three times as long.
"""

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic, overload


def butterflies(a, i, first):
    """Transform bits ``first`` to 2 of the index, in place, among the eight values from a[i] on; ``first``: 0 or 1."""
    for bit in range(first, 3):
        for k in range(8):
            if not k >> bit & 1:
                x, y = a[i + k], a[i + k + (1 << bit)]
                a[i + k], a[i + k + (1 << bit)] = x + y, x - y


@intrinsic(prefer_literal=True)
def _butterflies(typing_context, a, i, first):
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        number = context.get_value_type(signature.args[0].dtype)
        eight, size = ir.VectorType(number, 8), context.get_abi_sizeof(number)
        where = builder.bitcast(builder.gep(array.data, [arguments[1]]), eight.as_pointer())
        values = builder.load(where, align=size)
        for bit in range(first.literal_value, 3):
            partner = ir.Constant(ir.VectorType(ir.IntType(32), 8), [k ^ (1 << bit) for k in range(8)])
            sign = ir.Constant(eight, [-1.0 if k >> bit & 1 else 1.0 for k in range(8)])
            values = builder.fadd(builder.shuffle_vector(values, values, partner), builder.fmul(values, sign))
        builder.store(values, where, align=size)
        return context.get_dummy_value()

    return types.void(a, i, first), generate


@overload(butterflies, prefer_literal=True, inline="always")
def _compiled(a, i, first):
    if first.literal_value == 0:
        return lambda a, i, first: _butterflies(a, i, 0)
    return lambda a, i, first: _butterflies(a, i, 1)
