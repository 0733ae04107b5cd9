"""Walsh-Hadamard butterflies on arrays longer than a block of `walsh`, threaded.

Blocks are transformed one by one; from 2^21 values on, three more bits follow while eight blocks are in L3. Up to six
bits that are left are done straight on memory, three in a pass: eight streams that the prefetcher follows. More are
done in panels, some columns of many rows, copied to a buffer, because distant streams, a power of two apart, fall into
the same few cache sets.
"""

import numpy as np
from numba import types, uint64

from walshqhn.kernels.compiler import const, inner
from walshqhn.kernels.team import SharedKernel, shared
from walshqhn.kernels.walsh import BLOCK_BITS, butterfly8, lead, levels, transform_block

_INT, _REAL = types.int64, types.float64

_CHUNK_BITS = BLOCK_BITS + 3  # values of which a thread works in L3: 4 MiB in double precision
_CHUNK = 1 << _CHUNK_BITS
_STREAM_BITS = 6  # at most, beyond the chunks; more are done in panels
_COLUMNS = 1 << 13  # of all streams, a piece of work
_PANEL_BITS = 12  # values in a panel's buffer, unless it has more rows than fit
_COLUMN_BITS = 7  # columns of a panel, at least: 1 KiB in a row; `levels` is fast from there
_ROW_BITS = 9  # rows of a panel, at most: with 128 columns, 512 KiB
_PIECES = 32  # of panels: more than there are threads, few enough that the buffers cost nothing


@inner
def _copy_rows(source, start, stride, target, begin, step, rows, width, scale):
    """Copy ``rows`` rows of ``width`` values, ``stride`` apart, to rows ``step`` apart, times ``scale``."""
    for r in range(rows):
        i, j = uint64(start + r * stride), uint64(begin + r * step)
        for k in range(width):
            target[j + uint64(k)] = source[i + uint64(k)] * scale


@shared("transform", lambda t: types.void(t[::1], _INT, _INT, _INT, _REAL, _INT, _INT), single=True)
def transform_panels(a, low, bits, columns, scale, begin, end):
    """Bits ``low`` to ``low + bits - 1``, for panels ``begin`` to ``end - 1`` of 2^``columns`` columns."""
    rows, width, stride = 1 << bits, 1 << columns, 1 << low
    buffer = np.empty(rows * width, a.dtype)
    one, factor = a.dtype.type(1), a.dtype.type(scale)
    for p in range(begin, end):
        start = ((p >> (low - columns)) << (low + bits)) + ((p << columns) & (stride - 1))
        _copy_rows(a, start, stride, buffer, 0, width, rows, width, one)
        levels(buffer, columns, columns + bits)
        _copy_rows(buffer, 0, width, a, start, stride, rows, width, factor)


def _stream8(bit):
    """Bits ``bit`` to ``bit + 2`` straight on memory, then times ``scale``, for some pieces of columns."""
    h1, h2, h3, h4, h5, h6, h7 = (uint64(k << bit) for k in range(1, 8))
    last, pieces = (7 << bit) + _COLUMNS, (1 << bit) // _COLUMNS

    @inner
    def columns(b, scale, begin, end):
        for i in range(begin, end):
            j = uint64(i)
            x0, x1, x2, x3, x4, x5, x6, x7 = butterfly8(
                b[j], b[j + h1], b[j + h2], b[j + h3], b[j + h4], b[j + h5], b[j + h6], b[j + h7]
            )
            b[j], b[j + h1], b[j + h2], b[j + h3] = x0 * scale, x1 * scale, x2 * scale, x3 * scale
            b[j + h4], b[j + h5], b[j + h6], b[j + h7] = x4 * scale, x5 * scale, x6 * scale, x7 * scale

    def stream8(a, scale, begin, end):
        for t in range(begin, end):
            start = (t // pieces) * (8 << bit) + (t % pieces) * _COLUMNS
            b = a[start : start + last]
            first = lead(b)
            for low, high in ((first, _COLUMNS), (0, first)):
                columns(b, a.dtype.type(scale), low, high)

    return stream8


_share_stream8 = shared("transform", lambda t: types.void(t[::1], _REAL, _INT, _INT), single=True)
STREAMS = {bit: _share_stream8(_stream8(bit)) for bit in (16, 19, 22)}
_stream8_at_16 = inner(_stream8(16))


@shared("transform", lambda t: types.void(t[::1], _INT, _REAL, _INT, _INT), single=True)
def stream2(a, bit, scale, begin, end):
    """One bit straight on memory, then times ``scale``, for some pieces of columns."""
    factor, h, pieces = a.dtype.type(scale), 1 << bit, (1 << bit) // _COLUMNS
    for t in range(begin, end):
        start = (t // pieces) * 2 * h + (t % pieces) * _COLUMNS
        s0, s1 = a[start : start + _COLUMNS], a[start + h : start + h + _COLUMNS]
        for j in range(_COLUMNS):
            x0, x1 = s0[j], s1[j]
            s0[j], s1[j] = (x0 + x1) * factor, (x0 - x1) * factor


@shared("transform", lambda t: types.void(t[::1], _INT, _REAL, _INT, _INT), single=True)
def stream4(a, bit, scale, begin, end):
    """Two bits straight on memory, then times ``scale``, for some pieces of columns."""
    factor, h, pieces = a.dtype.type(scale), 1 << bit, (1 << bit) // _COLUMNS
    for t in range(begin, end):
        i0 = (t // pieces) * 4 * h + (t % pieces) * _COLUMNS
        i1, i2, i3 = i0 + h, i0 + 2 * h, i0 + 3 * h
        s0, s1 = a[i0 : i0 + _COLUMNS], a[i1 : i1 + _COLUMNS]
        s2, s3 = a[i2 : i2 + _COLUMNS], a[i3 : i3 + _COLUMNS]
        for j in range(_COLUMNS):
            x0, x1, x2, x3 = s0[j], s1[j], s2[j], s3[j]
            y0, y1, y2, y3 = x0 + x1, x0 - x1, x2 + x3, x2 - x3
            s0[j], s1[j], s2[j], s3[j] = (y0 + y2) * factor, (y1 + y3) * factor, (y0 - y2) * factor, (y1 - y3) * factor


@shared("transform", lambda t: types.void(const(t), t[::1], *(_INT,) * 3, _REAL, _INT, _INT), single=True)
def transform_parts(source, a, size, length, skip, scale, begin, end):
    """Transforms of runs of ``length`` values, times ``scale``, into ``a``, in parts ``begin`` to ``end - 1``.

    A part is ``size`` values, of whole runs; the last may be shorter. In a chunk of blocks, three more bits follow.
    """
    for start in range(begin * size, min(end * size, a.size), length):
        run = a[start : start + length]
        if source[start:].ctypes.data != run.ctypes.data:  # here, not before: a first touch of fresh memory is slow
            _copy_rows(source, start, 0, a, start, 0, 1, length, a.dtype.type(1))
        transform_block(run, skip, scale)
        done = start + length
        if size == _CHUNK and done % size == 0:
            _stream8_at_16(a[done - size : done], 1.0, 0, size // (8 * _COLUMNS))


def transform_rows(source: np.ndarray, a: np.ndarray, length: int, skip: int, scale: float) -> bool:
    """Transforms of runs of ``length`` values of ``source``, times ``scale``, into ``a``.

    ``source`` and ``a`` may be one array. Shorter runs are shared among threads, longer ones one by one. Return whether
    a number may have overflowed.
    """
    if length <= 1 << BLOCK_BITS:
        size = max(length, min(1 << BLOCK_BITS, a.size))
        return transform_parts.share(source, a, size, length, skip, scale, pieces=-(-a.size // size))
    runs = [slice(start, start + length) for start in range(0, a.size, length)]
    return max(transform_large(source[run], a[run], skip, scale) for run in runs)


def transform_large(source: np.ndarray, a: np.ndarray, skip: int, scale: float) -> bool:
    """Transform ``source``, longer than a block, into ``a``, which may be the same array; as `transform_rows`.

    The loop over passes is Python, so that only the passes that a size needs are compiled.
    """
    bits, one = a.size.bit_length() - 1, 1.0
    bit = BLOCK_BITS if bits < _CHUNK_BITS + 2 else _CHUNK_BITS
    found = transform_parts.share(source, a, 1 << bit, 1 << BLOCK_BITS, skip, one, pieces=a.size >> bit)
    if bits - bit <= _STREAM_BITS:
        while bits - bit >= 3:
            found |= _stream(STREAMS[bit], a, (), 8, scale if bits - bit == 3 else one)
            bit += 3
    while bits - bit > 2:
        passes = (bits - bit + _ROW_BITS - 1) // _ROW_BITS
        count = (bits - bit + passes - 1) // passes
        found |= _panels(a, bit, count, scale if bit + count == bits else one)
        bit += count
    if bits - bit == 2:
        found |= _stream(stream4, a, (bit,), 4, scale)
    elif bits - bit == 1:
        found |= _stream(stream2, a, (bit,), 2, scale)
    return found


def _stream(kernel: SharedKernel, a: np.ndarray, bit: tuple[int, ...], radix: int, scale: float) -> bool:
    """All pieces of a pass straight on memory."""
    pieces = a.size // (radix * _COLUMNS)
    return kernel.share(a, *bit, scale, pieces=pieces, chunk=max(1, pieces // _PIECES))


def _panels(a: np.ndarray, low: int, bits: int, scale: float) -> bool:
    """Bits ``low`` to ``low + bits - 1`` of all of ``a``, then times ``scale``."""
    columns = max(_COLUMN_BITS, _PANEL_BITS - bits)
    count = a.size >> (bits + columns)
    return transform_panels.share(a, low, bits, columns, scale, pieces=count, chunk=max(1, count // _PIECES))
