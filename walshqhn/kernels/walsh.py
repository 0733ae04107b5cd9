"""Fast Walsh-Hadamard butterflies on contiguous real arrays.

A complex array is passed as its real view: real and imaginary parts are then bit 0 of the index, which is never
transformed (``skip = 1``).

Here is what happens within the caches: blocks of up to 2^16 values are transformed while they are in L2, 2^10 at a time
while they are in L1. Longer arrays are the subject of `walsh_large`.

Eight or sixteen values are combined at a time. LLVM vectorises that only if it can prove that the streams do not
overlap: the stride must be a compile-time constant and the index unsigned. Hence `put_in`: these functions become part
of their callers, with the bit that is named there. Sixteen streams are for L1 only: further out they are more than its
sets have ways. NumPy's large arrays begin 16 bytes into a cache line; loops over L2 that began there would take half as
long again, so they begin at the next line (``lead``).
"""

import numpy as np
from numba import types, uint64

from walshqhn.kernels.compiler import inner, kernel
from walshqhn.kernels.overflow import take_overflow
from walshqhn.kernels.vectors import butterflies

BLOCK_BITS = 16  # of 2^16 values, 512 KiB in double precision: half an L2 cache
_INNER_BITS = 10
put_in = inner(forceinline=True)


@put_in
def butterfly8(x0, x1, x2, x3, x4, x5, x6, x7):
    y0, y1, y2, y3 = x0 + x1, x0 - x1, x2 + x3, x2 - x3
    y4, y5, y6, y7 = x4 + x5, x4 - x5, x6 + x7, x6 - x7
    z0, z1, z2, z3 = y0 + y2, y1 + y3, y0 - y2, y1 - y3
    z4, z5, z6, z7 = y4 + y6, y5 + y7, y4 - y6, y5 - y7
    return z0 + z4, z1 + z5, z2 + z6, z3 + z7, z0 - z4, z1 - z5, z2 - z6, z3 - z7


@inner
def lead(a):
    """Values before the first cache line that begins within ``a``."""
    return (64 - (a.ctypes.data & 63)) % 64 // a.itemsize


@put_in
def _columns8(b, h, begin, end):
    h2, h3, h4, h5, h6, h7 = uint64(2) * h, uint64(3) * h, uint64(4) * h, uint64(5) * h, uint64(6) * h, uint64(7) * h
    for i in range(begin, end):
        j = uint64(i)
        b[j], b[j + h], b[j + h2], b[j + h3], b[j + h4], b[j + h5], b[j + h6], b[j + h7] = butterfly8(
            b[j], b[j + h], b[j + h2], b[j + h3], b[j + h4], b[j + h5], b[j + h6], b[j + h7]
        )


@put_in
def _radix8(a, bit):
    """Three levels at once: bits ``bit`` to ``bit + 2``."""
    h, first = uint64(1) << uint64(bit), np.int64(0)
    if bit >= 10:  # within L1, nothing is gained by beginning later
        first = lead(a)
    for start in range(uint64(0), uint64(a.size), uint64(8) * h):
        b = a[start : start + uint64(8) * h]
        for begin, end in ((first, np.int64(h)), (0, first)):
            _columns8(b, h, begin, end)


@put_in
def _radix16(a, bit):
    """Four levels at once: bits ``bit`` to ``bit + 3``."""
    h = uint64(1) << uint64(bit)
    h2, h3, h4, h5, h6, h7 = uint64(2) * h, uint64(3) * h, uint64(4) * h, uint64(5) * h, uint64(6) * h, uint64(7) * h
    for start in range(uint64(0), uint64(a.size), uint64(16) * h):
        for i in range(h):
            j = start + uint64(i)
            k = j + uint64(8) * h
            x0, x1, x2, x3, x4, x5, x6, x7 = butterfly8(
                a[j], a[j + h], a[j + h2], a[j + h3], a[j + h4], a[j + h5], a[j + h6], a[j + h7]
            )
            y0, y1, y2, y3, y4, y5, y6, y7 = butterfly8(
                a[k], a[k + h], a[k + h2], a[k + h3], a[k + h4], a[k + h5], a[k + h6], a[k + h7]
            )
            a[j], a[j + h], a[j + h2], a[j + h3] = x0 + y0, x1 + y1, x2 + y2, x3 + y3
            a[j + h4], a[j + h5], a[j + h6], a[j + h7] = x4 + y4, x5 + y5, x6 + y6, x7 + y7
            a[k], a[k + h], a[k + h2], a[k + h3] = x0 - y0, x1 - y1, x2 - y2, x3 - y3
            a[k + h4], a[k + h5], a[k + h6], a[k + h7] = x4 - y4, x5 - y5, x6 - y6, x7 - y7


@inner
def _radix4(a, bit):
    """Two levels at once, for ``bit`` and ``bit + 1``, any stride."""
    h = 1 << bit
    for start in range(0, a.size, 4 * h):
        s0, s1 = a[start : start + h], a[start + h : start + 2 * h]
        s2, s3 = a[start + 2 * h : start + 3 * h], a[start + 3 * h : start + 4 * h]
        for j in range(h):
            x0, x1, x2, x3 = s0[j], s1[j], s2[j], s3[j]
            y0, y1, y2, y3 = x0 + x1, x0 - x1, x2 + x3, x2 - x3
            s0[j], s1[j], s2[j], s3[j] = y0 + y2, y1 + y3, y0 - y2, y1 - y3


@inner
def _radix2(a, bit):
    """One level, any stride."""
    h = 1 << bit
    for start in range(0, a.size, 2 * h):
        s0, s1 = a[start : start + h], a[start + h : start + 2 * h]
        for j in range(h):
            x0, x1 = s0[j], s1[j]
            s0[j], s1[j] = x0 + x1, x0 - x1


@inner
def _lowest(a, first):
    """Bits ``first``, 0 or 1, to 2; a literal for each, as `butterflies` needs it."""
    for i in range(0, a.size, 8):
        if first == 0:
            butterflies(a, i, 0)
        else:
            butterflies(a, i, 1)


@inner
def levels(a, low, high):
    """Transform bits ``low`` to ``high - 1`` of the index into contiguous ``a``."""
    bit = low
    if bit < 2 and high >= 3:
        _lowest(a, bit)
        bit = 3
    while bit < high:
        step = min(4 if bit == 3 else 3 if bit in (7, 10, 13) else 2, high - bit)
        if step == 4:
            _radix16(a, 3)
        elif step == 3 and bit == 7:
            _radix8(a, 7)
        elif step == 3 and bit == 10:
            _radix8(a, 10)
        elif step == 3 and bit == 13:
            _radix8(a, 13)
        elif step >= 2:
            _radix4(a, bit)
            step = 2
        else:
            _radix2(a, bit)
        bit += step


@inner
def transform_block(block, skip, scale):
    """Transform a contiguous block that fits the L2 cache, in place; then multiply by ``scale``.

    The lowest ``skip`` bits of the index are left alone.
    """
    bits = 0
    while 1 << bits < block.size:
        bits += 1
    inner_bits = min(bits, _INNER_BITS)
    for start in range(0, block.size, 1 << inner_bits):
        levels(block[start : start + (1 << inner_bits)], skip, inner_bits)
    levels(block, max(inner_bits, skip), bits)
    if scale != 1:
        factor = block.dtype.type(scale)
        for i in range(block.size):
            block[i] *= factor


@kernel("transform", lambda t: types.int32(t[::1], types.int64, types.int64, types.float64), single=True)
def transform_blocks(a, size, skip, scale):
    """`transform_block` for all blocks of ``size`` values, a power of two; not 0 if a number may have overflowed."""
    take_overflow()
    for first in range(0, a.size, size):
        transform_block(a[first : first + size], skip, scale)
    return take_overflow()
