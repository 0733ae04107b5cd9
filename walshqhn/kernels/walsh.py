"""Fast Walsh-Hadamard butterflies on contiguous real arrays.

A complex array is handed in as its real view: real and imaginary parts are then
bit 0 of the index, which is simply never transformed (``skip = 1``).

The work is arranged around the caches. Blocks of 2^16 values are transformed
completely while they are in L2, 2^12 at a time while they are in L1. The bits
above are done in panels of 64 columns, copied to a buffer, because rows that lie
a power of two apart would otherwise fall into the same few cache sets. Memory is
passed over twice however long the array is.

Eight values are combined at a time. LLVM vectorises that only if it can prove
that the eight streams do not overlap: the stride must be a compile-time constant
and the index unsigned. Hence one function a stride, made by ``_radix8``.
"""

import numpy as np
from numba import njit, prange, uint64

_L1_BITS = 12
_L2_BITS = 16
_PANEL_BITS = 6


@njit(inline="always")
def _butterfly8(x0, x1, x2, x3, x4, x5, x6, x7):
    y0, y1, y2, y3 = x0 + x1, x0 - x1, x2 + x3, x2 - x3
    y4, y5, y6, y7 = x4 + x5, x4 - x5, x6 + x7, x6 - x7
    z0, z1, z2, z3 = y0 + y2, y1 + y3, y0 - y2, y1 - y3
    z4, z5, z6, z7 = y4 + y6, y5 + y7, y4 - y6, y5 - y7
    return z0 + z4, z1 + z5, z2 + z6, z3 + z7, z0 - z4, z1 - z5, z2 - z6, z3 - z7


def _radix8(stride):
    """Three levels at once, for the bits of ``stride``, 2 ``stride`` and 4 ``stride``."""
    h1, h2, h3, h4 = uint64(stride), uint64(2 * stride), uint64(3 * stride), uint64(4 * stride)
    h5, h6, h7, h8 = uint64(5 * stride), uint64(6 * stride), uint64(7 * stride), uint64(8 * stride)

    @njit(cache=True)
    def radix8(a):
        for start in range(uint64(0), uint64(a.size), h8):
            b = a[start : start + h8]
            for i in range(stride):
                j = uint64(i)
                (
                    b[j], b[j + h1], b[j + h2], b[j + h3], b[j + h4], b[j + h5], b[j + h6], b[j + h7],
                ) = _butterfly8(
                    b[j], b[j + h1], b[j + h2], b[j + h3], b[j + h4], b[j + h5], b[j + h6], b[j + h7]
                )  # fmt: skip

    return radix8


_radix8_at_3 = _radix8(1 << 3)
_radix8_at_6 = _radix8(1 << 6)
_radix8_at_9 = _radix8(1 << 9)
_radix8_at_12 = _radix8(1 << 12)


@njit(cache=True)
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


@njit(cache=True)
def _radix2(a, bit):
    """One level, any stride."""
    h = 1 << bit
    for start in range(0, a.size, 2 * h):
        s0, s1 = a[start : start + h], a[start + h : start + 2 * h]
        for j in range(h):
            x0, x1 = s0[j], s1[j]
            s0[j], s1[j] = x0 + x1, x0 - x1


@njit(cache=True)
def _first4(a):
    """The two lowest bits; unsigned indices again, so that it vectorises."""
    for i in range(uint64(a.size) >> uint64(2)):
        j = uint64(i) << uint64(2)
        x0, x1, x2, x3 = a[j], a[j + uint64(1)], a[j + uint64(2)], a[j + uint64(3)]
        y0, y1, y2, y3 = x0 + x1, x0 - x1, x2 + x3, x2 - x3
        a[j], a[j + uint64(1)], a[j + uint64(2)], a[j + uint64(3)] = y0 + y2, y1 + y3, y0 - y2, y1 - y3


@njit(cache=True)
def _levels(a, low, high):
    """Transform bits ``low`` to ``high - 1`` of the index into contiguous ``a``."""
    bit = low
    if bit == 0 and high >= 2:
        _first4(a)
        bit = 2
    while bit < high:
        left = high - bit
        if left >= 3 and bit == 3:
            _radix8_at_3(a)
            bit += 3
        elif left >= 3 and bit == 6:
            _radix8_at_6(a)
            bit += 3
        elif left >= 3 and bit == 9:
            _radix8_at_9(a)
            bit += 3
        elif left >= 3 and bit == 12:
            _radix8_at_12(a)
            bit += 3
        elif left >= 2 and bit % 3 != 2:
            _radix4(a, bit)
            bit += 2
        else:
            _radix2(a, bit)
            bit += 1


@njit(cache=True)
def transform_block(a, skip, scale):
    """In-place transform of a block that fits the L2 cache, then times ``scale``.

    ``a``: (2^n,) real, contiguous. The lowest ``skip`` bits are left alone.
    """
    bits = 0
    while (1 << bits) < a.size:
        bits += 1
    inner = min(bits, _L1_BITS)
    for start in range(0, a.size, 1 << inner):
        _levels(a[start : start + (1 << inner)], skip, inner)
    _levels(a, max(inner, skip), bits)
    if scale != 1:
        for i in range(a.size):
            a[i] *= scale


@njit(cache=True)
def _transform_panel(matrix, column, buffer, bits, scale):
    """Transform 2^_PANEL_BITS columns of ``matrix`` along its rows, by way of ``buffer``."""
    width = 1 << _PANEL_BITS
    for r in range(matrix.shape[0]):
        source, target = matrix[r, column : column + width], buffer[r * width : (r + 1) * width]
        for j in range(width):
            target[j] = source[j]
    _levels(buffer, _PANEL_BITS, bits)
    for r in range(matrix.shape[0]):
        source, target = buffer[r * width : (r + 1) * width], matrix[r, column : column + width]
        for j in range(width):
            target[j] = source[j] * scale


@njit(parallel=True, cache=True)
def transform_large(a, skip, scale):
    """In-place transform of an array longer than a block, in two passes over memory, threaded."""
    block = 1 << _L2_BITS
    rows = a.size // block
    one = scale / scale  # of the array's own type, so that one compiled block routine serves
    for r in prange(rows):
        transform_block(a[r * block : (r + 1) * block], skip, one)
    width = 1 << _PANEL_BITS
    bits = _PANEL_BITS
    while (1 << bits) < rows * width:
        bits += 1
    matrix = a.reshape((rows, block))
    tasks = 32  # more than there are threads, few enough that the buffers cost nothing
    per_task = block // width // tasks
    for t in prange(tasks):
        buffer = np.empty(rows * width, a.dtype)
        for p in range(t * per_task, (t + 1) * per_task):
            _transform_panel(matrix, p * width, buffer, bits, scale)
