"""Layers of Ry on many qubits at once, forwards and backwards.

Ry is real, so the real and the imaginary part of a state turn separately, and Ry on different
qubits commute. Eleven bits of the index at a time are brought into a buffer that fits the L1
cache and turned there, three qubits in one go: the lowest eleven are a contiguous block, six
further ones a panel of 64 rows and 32 columns, and so on. Memory is passed over once for each
group, not once for each qubit.

Going backwards, psi and lambda lie side by side in one buffer. There the strides between all
sixteen streams are known to the compiler, which is what lets it vectorise; hence one function
a stride, made by ``_turn8`` and ``_unturn8``. Bits of the buffer that have no gate turn by
nothing (cosine 1, tangent 0).

A pair (a, b) becomes (a - t b, b + t a) with t the tangent of half the angle: one fused operation
a value instead of two. What is left out, the product of all cosines, is a factor when the buffer
is stored. Cosines below 2^-56 in size count as 2^-56, which is less than rounding does; so eleven
tangents, or the squares of eight in the derivatives, cannot overflow.
"""

import math

import numpy as np
from numba import njit, prange, uint64

BLOCK_BITS = 11
_BLOCK = 1 << BLOCK_BITS
_PANEL_BITS = 6
_PIECES = 32
_LEAST_COSINE = 2.0**-56


@njit(inline="always")
def _pair(a, b, t):
    return a - t * b, b + t * a


@njit(inline="always")
def _eight(x0, x1, x2, x3, x4, x5, x6, x7, t):
    """Turn eight values by three angles; bit k of a value's number is qubit k."""
    x0, x1 = _pair(x0, x1, t[0])
    x2, x3 = _pair(x2, x3, t[0])
    x4, x5 = _pair(x4, x5, t[0])
    x6, x7 = _pair(x6, x7, t[0])
    x0, x2 = _pair(x0, x2, t[1])
    x1, x3 = _pair(x1, x3, t[1])
    x4, x6 = _pair(x4, x6, t[1])
    x5, x7 = _pair(x5, x7, t[1])
    x0, x4 = _pair(x0, x4, t[2])
    x1, x5 = _pair(x1, x5, t[2])
    x2, x6 = _pair(x2, x6, t[2])
    x3, x7 = _pair(x3, x7, t[2])
    return x0, x1, x2, x3, x4, x5, x6, x7


def _turn8(stride):
    """Turn three bits of a buffer, from the bit of ``stride`` on."""
    h1, h2, h3, h4 = uint64(stride), uint64(2 * stride), uint64(3 * stride), uint64(4 * stride)
    h5, h6, h7, h8 = uint64(5 * stride), uint64(6 * stride), uint64(7 * stride), uint64(8 * stride)

    @njit(cache=True, fastmath={"contract"})
    def turn8(w, t0, t1, t2):
        length = stride * (uint64(w.size) // uint64(_BLOCK))  # = stride, which LLVM must not know: it would unroll
        for start in range(uint64(0), uint64(_BLOCK), h8):
            for i in range(length):
                j = start + uint64(i)
                (
                    w[j], w[j + h1], w[j + h2], w[j + h3], w[j + h4], w[j + h5], w[j + h6], w[j + h7],
                ) = _eight(
                    w[j], w[j + h1], w[j + h2], w[j + h3], w[j + h4], w[j + h5], w[j + h6], w[j + h7],
                    (t0, t1, t2),
                )  # fmt: skip

    return turn8


def _unturn8(stride):
    """As ``_turn8`` for psi and, ``_BLOCK`` further on, lambda; returns three derivatives.

    The derivative for an angle of Ry is Re(<psi_a|lambda_b> - <psi_b|lambda_a>), summed over pairs.
    """
    h1, h2, h3, h4 = uint64(stride), uint64(2 * stride), uint64(3 * stride), uint64(4 * stride)
    h5, h6, h7, h8 = uint64(5 * stride), uint64(6 * stride), uint64(7 * stride), uint64(8 * stride)
    half = uint64(_BLOCK)

    @njit(cache=True, fastmath={"contract", "reassoc"})
    def unturn8(w, t0, t1, t2):
        d0 = d1 = d2 = 0.0
        t = (t0, t1, t2)
        for start in range(uint64(0), half, h8):
            for i in range(stride):
                j = start + uint64(i)
                k = j + half
                p0, p1, p2, p3 = w[j], w[j + h1], w[j + h2], w[j + h3]
                p4, p5, p6, p7 = w[j + h4], w[j + h5], w[j + h6], w[j + h7]
                q0, q1, q2, q3 = w[k], w[k + h1], w[k + h2], w[k + h3]
                q4, q5, q6, q7 = w[k + h4], w[k + h5], w[k + h6], w[k + h7]
                d0 += (q1 * p0 - q0 * p1) + (q3 * p2 - q2 * p3) + (q5 * p4 - q4 * p5) + (q7 * p6 - q6 * p7)
                d1 += (q2 * p0 - q0 * p2) + (q3 * p1 - q1 * p3) + (q6 * p4 - q4 * p6) + (q7 * p5 - q5 * p7)
                d2 += (q4 * p0 - q0 * p4) + (q5 * p1 - q1 * p5) + (q6 * p2 - q2 * p6) + (q7 * p3 - q3 * p7)
                (
                    w[j], w[j + h1], w[j + h2], w[j + h3], w[j + h4], w[j + h5], w[j + h6], w[j + h7],
                ) = _eight(p0, p1, p2, p3, p4, p5, p6, p7, t)  # fmt: skip
                (
                    w[k], w[k + h1], w[k + h2], w[k + h3], w[k + h4], w[k + h5], w[k + h6], w[k + h7],
                ) = _eight(q0, q1, q2, q3, q4, q5, q6, q7, t)  # fmt: skip
        return d0, d1, d2

    return unturn8


_turn8_at_2, _turn8_at_5, _turn8_at_8 = _turn8(1 << 2), _turn8(1 << 5), _turn8(1 << 8)
_unturn8_at_2, _unturn8_at_5, _unturn8_at_8 = _unturn8(1 << 2), _unturn8(1 << 5), _unturn8(1 << 8)


@njit(cache=True, fastmath={"contract"})
def _turn4(w, t0, t1):
    """Turn the two lowest bits of all of ``w``."""
    for i in range(uint64(w.size) >> uint64(2)):
        j = uint64(i) << uint64(2)
        x0, x1 = _pair(w[j], w[j + uint64(1)], t0)
        x2, x3 = _pair(w[j + uint64(2)], w[j + uint64(3)], t0)
        w[j], w[j + uint64(2)] = _pair(x0, x2, t1)
        w[j + uint64(1)], w[j + uint64(3)] = _pair(x1, x3, t1)


@njit(cache=True, fastmath={"contract", "reassoc"})
def _overlap4(w):
    """The two derivatives that belong to `_turn4`, of psi and lambda in one buffer."""
    t0 = t1 = 0.0
    for i in range(uint64(_BLOCK) >> uint64(2)):
        j = uint64(i) << uint64(2)
        k = j + uint64(_BLOCK)
        p0, p1, p2, p3 = w[j], w[j + uint64(1)], w[j + uint64(2)], w[j + uint64(3)]
        q0, q1, q2, q3 = w[k], w[k + uint64(1)], w[k + uint64(2)], w[k + uint64(3)]
        t0 += (q1 * p0 - q0 * p1) + (q3 * p2 - q2 * p3)
        t1 += (q2 * p0 - q0 * p2) + (q3 * p1 - q1 * p3)
    return t0, t1


@njit(cache=True)
def _turn_buffer(w, t, first):
    """Turn bits ``first`` to 10 of the buffer by tangents ``t``, (11,), leaving out the cosines."""
    if first < 2:
        _turn4(w, t[0], t[1])
    if first < 5:
        _turn8_at_2(w, t[2], t[3], t[4])
    if first < 8:
        _turn8_at_5(w, t[5], t[6], t[7])
    _turn8_at_8(w, t[8], t[9], t[10])


@njit(cache=True)
def _unturn_buffer(w, c, t, first, slopes):
    """Turn psi and lambda in one buffer; add the derivative for each bit to ``slopes``, (11,).

    ``c``: cosines, (11,); both states lack those of the bits that were turned before.
    """
    left_out = 1.0
    if first < 2:
        d0, d1 = _overlap4(w)
        slopes[0] += d0
        slopes[1] += d1
        _turn4(w, t[0], t[1])
        left_out *= (c[0] * c[1]) ** 2
    if first < 5:
        d0, d1, d2 = _unturn8_at_2(w, t[2], t[3], t[4])
        slopes[2] += left_out * d0
        slopes[3] += left_out * d1
        slopes[4] += left_out * d2
        left_out *= (c[2] * c[3] * c[4]) ** 2
    if first < 8:
        d0, d1, d2 = _unturn8_at_5(w, t[5], t[6], t[7])
        slopes[5] += left_out * d0
        slopes[6] += left_out * d1
        slopes[7] += left_out * d2
        left_out *= (c[5] * c[6] * c[7]) ** 2
    d0, d1, d2 = _unturn8_at_8(w, t[8], t[9], t[10])
    slopes[8] += left_out * d0
    slopes[9] += left_out * d1
    slopes[10] += left_out * d2


@njit(cache=True)
def _load(source, start, stride, buffer, offset, width):
    """Copy rows of ``width``, ``stride`` apart in the state, to the buffer, where they are contiguous."""
    rows = 1 if stride == width else _BLOCK // width
    length = min(_BLOCK, source.size) if rows == 1 else width
    for r in range(rows):
        i, j = uint64(start + r * stride), uint64(offset + r * width)
        for k in range(length):
            buffer[j + uint64(k)] = source[i + uint64(k)]


@njit(cache=True)
def _store(buffer, offset, width, target, start, stride, scale):
    """The inverse of `_load`, times ``scale``."""
    rows = 1 if stride == width else _BLOCK // width
    length = min(_BLOCK, target.size) if rows == 1 else width
    for r in range(rows):
        i, j = uint64(start + r * stride), uint64(offset + r * width)
        for k in range(length):
            target[i + uint64(k)] = scale * buffer[j + uint64(k)]


@njit(cache=True)
def _load_permuted(source, start, permutation, buffer, offset):
    for k in range(min(_BLOCK, source.size)):
        buffer[uint64(offset + k)] = source[uint64(start + permutation[k])]


@njit(cache=True)
def _store_permuted(buffer, offset, permutation, target, start, scale):
    """The inverse of `_load_permuted`, times ``scale``."""
    for k in range(min(_BLOCK, target.size)):
        target[uint64(start + permutation[k])] = scale * buffer[uint64(offset + k)]


@njit(cache=True)
def _angles(low, count, c, s):
    """Cosines and tangents of qubits ``low`` to ``low + count - 1``, at the top of the buffer's eleven bits."""
    first = BLOCK_BITS - count
    cb, tb = np.ones(BLOCK_BITS), np.zeros(BLOCK_BITS)
    for k in range(min(count, c.size - low)):
        cosine = math.copysign(max(abs(c[low + k]), _LEAST_COSINE), c[low + k])
        cb[first + k], tb[first + k] = cosine, s[low + k] / cosine
    return cb, tb


@njit(cache=True)
def _start(number, low, first):
    """Where in the state buffer ``number`` begins; the numbers count the bits around those in it."""
    width = 1 << first
    columns = (1 << low) // width
    return (number % columns) * width + (number // columns) * (_BLOCK << (low - first))


@njit(cache=True)
def _turn_range(re, im, low, first, c, t, permutation, begin, end):
    buffer = np.zeros(_BLOCK)
    scale = np.prod(c)
    width, stride = 1 << first, 1 << low
    for number in range(begin, end):
        start = _start(number, low, first)
        for part in (re, im):
            if permutation.size > 0:
                _load_permuted(part, start, permutation, buffer, 0)
            else:
                _load(part, start, stride, buffer, 0, width)
            _turn_buffer(buffer, t, first)
            _store(buffer, 0, width, part, start, stride, scale)


@njit(cache=True)
def _unturn_range(re, im, lre, lim, low, first, c, t, permutation, begin, end, slopes):
    buffer = np.zeros(2 * _BLOCK)
    scale = np.prod(c)
    width, stride = 1 << first, 1 << low
    for number in range(begin, end):
        start = _start(number, low, first)
        for psi, lam in ((re, lre), (im, lim)):
            _load(psi, start, stride, buffer, 0, width)
            _load(lam, start, stride, buffer, _BLOCK, width)
            _unturn_buffer(buffer, c, t, first, slopes)
            if permutation.size > 0:
                _store_permuted(buffer, 0, permutation, psi, start, scale)
                _store_permuted(buffer, _BLOCK, permutation, lam, start, scale)
            else:
                _store(buffer, 0, width, psi, start, stride, scale)
                _store(buffer, _BLOCK, width, lam, start, stride, scale)


@njit(parallel=True, cache=True)
def _turn_threaded(re, im, low, first, c, t, permutation, buffers):
    for p in prange(_PIECES):
        begin, end = p * buffers // _PIECES, (p + 1) * buffers // _PIECES
        _turn_range(re, im, low, first, c, t, permutation, begin, end)


@njit(parallel=True, cache=True)
def _unturn_threaded(re, im, lre, lim, low, first, c, t, permutation, buffers, slopes):
    parts = np.zeros((_PIECES, BLOCK_BITS))
    for p in prange(_PIECES):
        begin, end = p * buffers // _PIECES, (p + 1) * buffers // _PIECES
        _unturn_range(re, im, lre, lim, low, first, c, t, permutation, begin, end, parts[p])
    for p in range(_PIECES):  # in order: the sum must not depend on the number of threads
        for k in range(BLOCK_BITS):
            slopes[k] += parts[p, k]


@njit(cache=True)
def turn(re, im, c, s, permutation, pool):
    """Ry on every qubit j, in place: ``c``, ``s`` (N,) hold cos and sin of half its angle.

    Before that, amplitude k of each block of 2^11 is taken from position ``permutation[k]`` in it
    (gates between low qubits, at no extra pass); an empty ``permutation`` leaves them.
    """
    n, low = c.size, 0
    while low < n:
        count = BLOCK_BITS if low == 0 else min(_PANEL_BITS, n - low)
        order = permutation if low == 0 else permutation[:0]
        if order.size > 0 or np.any(s[low : low + count] != 0.0):
            first = BLOCK_BITS - count
            cb, tb = _angles(low, count, c, s)
            buffers = max(1, re.size >> BLOCK_BITS)
            if pool is None:
                _turn_range(re, im, low, first, cb, tb, order, 0, buffers)
            else:
                _turn_threaded(re, im, low, first, cb, tb, order, buffers)
        low += count


@njit(cache=True)
def unturn(re, im, lre, lim, c, s, used, permutation, slopes, pool):
    """Undo `turn` on psi and lambda, in place; slopes[j] becomes the derivative for angle j.

    ``c``, ``s``, ``permutation``: those of the layer itself. ``used``: (N,), nonzero where there
    is a gate; other slopes are meaningless.
    """
    n, low = c.size, 0
    while low < n:
        count = BLOCK_BITS if low == 0 else min(_PANEL_BITS, n - low)
        order = permutation if low == 0 else permutation[:0]
        if order.size > 0 or np.any(used[low : low + count] != 0):
            first = BLOCK_BITS - count
            cb, tb = _angles(low, count, c, s)
            buffers = max(1, re.size >> BLOCK_BITS)
            found = np.zeros(BLOCK_BITS)
            if pool is None:
                _unturn_range(re, im, lre, lim, low, first, cb, -tb, order, 0, buffers, found)
            else:
                _unturn_threaded(re, im, lre, lim, low, first, cb, -tb, order, buffers, found)
            for k in range(min(count, n - low)):
                slopes[low + k] = found[first + k]
        low += count
