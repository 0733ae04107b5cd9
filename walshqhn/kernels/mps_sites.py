"""Site tensors of matrix product states: from the gates of a circuit, back to its angles, and samples from them.

A CX passes its control's bit on: it is the sum over that bit of a projection of the control and, for bit 1, a flip of
the target. With a bit of the bond for each CX that crosses it, the tensor of a site is a product of 2 x 2 matrices: for
every value of the bits to its left and right, the gates of its qubit are applied to |0> or |+>, one after the other.
"""

import numpy as np
from numba import types

from walshqhn.kernels.compiler import inner, kernel
from walshqhn.kernels.mps import mix

RX, RY, RZ, CONTROL, TARGET, THROUGH = 0, 1, 2, 3, 4, 5
"""Operations (kind, a, b): rotations have the number a of their angle; controls and targets a bit, on the left where
a is 0 and the right where it is 1, and its number b; a bit that passes by has number a on the left and b on the right.
"""
_FAST = {"contract", "reassoc"}
_NOTHING = 1e-13  # rows this much smaller than the largest are rounding errors


@inner
def _rotated(kind, c, s, r0, i0, r1, i1):
    """exp(-i a P / 2) on a vector; ``c`` and ``s`` are the cosine and the sine of a / 2."""
    if kind == RX:
        return c * r0 + s * i1, c * i0 - s * r1, c * r1 + s * i0, c * i1 - s * r0
    if kind == RY:
        return c * r0 - s * r1, c * i0 - s * i1, c * r1 + s * r0, c * i1 + s * i0
    return c * r0 + s * i0, c * i0 - s * r0, c * r1 - s * i1, c * i1 + s * r1


@inner
def _run(ops, first, last, cos, sin, i, r, plus, path):
    """Apply the operations; path[k] is the vector before operation k. Return its last entry's number."""
    path[0, 0] = 0.5**0.5 if plus else 1.0
    path[0, 2] = 0.5**0.5 if plus else 0.0
    path[0, 1] = path[0, 3] = 0.0
    for k in range(first, last):
        kind, a, b, at = ops[k, 0], ops[k, 1], ops[k, 2], k - first
        r0, i0, r1, i1 = path[at, 0], path[at, 1], path[at, 2], path[at, 3]
        if kind < CONTROL:
            r0, i0, r1, i1 = _rotated(kind, cos[a], sin[a], r0, i0, r1, i1)
        elif kind == THROUGH:
            if (i >> a & 1) != (r >> b & 1):
                r0 = i0 = r1 = i1 = 0.0
        else:
            bit = (r if a else i) >> b & 1
            if kind == TARGET:
                if bit:
                    r0, i0, r1, i1 = r1, i1, r0, i0
            elif bit:
                r0 = i0 = 0.0
            else:
                r1 = i1 = 0.0
        path[at + 1, 0], path[at + 1, 1], path[at + 1, 2], path[at + 1, 3] = r0, i0, r1, i1
    return last - first


def _common(t):
    """The types of operations, ends, cosines, sines, ``plus``, tensors, bonds and the two parts of an array."""
    whole = types.int64[::1]
    return types.int64[:, ::1], whole, t[::1], t[::1], types.boolean, whole, whole, t[::1], t[::1]


@kernel("mps", lambda t: types.void(*_common(t)))
def build(ops, ends, cos, sin, plus, tensors, bonds, are, aim):
    """The tensors A[i, s, r]; the operations of site j are ``ends[j]`` to ``ends[j + 1]``."""
    path = np.empty((len(ops) + 1, 4))
    for j in range(len(tensors)):
        left, right = bonds[j], bonds[j + 1]
        for i in range(left):
            for r in range(right):
                at, p = _run(ops, ends[j], ends[j + 1], cos, sin, i, r, plus, path), tensors[j] + 2 * i * right + r
                are[p], aim[p], are[p + right], aim[p + right] = path[at, 0], path[at, 1], path[at, 2], path[at, 3]


@kernel("mps", lambda t: types.void(*_common(t), t[::1]))
def slopes(ops, ends, cos, sin, plus, tensors, bonds, gre, gim, out):
    """Add the derivatives with respect to the rotation angles to ``out``, where dE = Re(sum g dA)."""
    path = np.empty((len(ops) + 1, 4))
    for j in range(len(tensors)):
        left, right = bonds[j], bonds[j + 1]
        for i in range(left):
            for r in range(right):
                _run(ops, ends[j], ends[j + 1], cos, sin, i, r, plus, path)
                p = tensors[j] + 2 * i * right + r
                r0, i0, r1, i1 = gre[p], gim[p], gre[p + right], gim[p + right]
                for k in range(ends[j + 1] - 1, ends[j] - 1, -1):
                    kind, a, b, at = ops[k, 0], ops[k, 1], ops[k, 2], k - ends[j]
                    if kind < CONTROL:  # d/da is half the rotation by a + pi
                        u = _rotated(kind, -sin[a], cos[a], path[at, 0], path[at, 1], path[at, 2], path[at, 3])
                        out[a] += 0.5 * (r0 * u[0] - i0 * u[1] + r1 * u[2] - i1 * u[3])
                        # the transpose of exp(-i a Y / 2) turns back, X and Z are symmetric
                        r0, i0, r1, i1 = _rotated(kind, cos[a], -sin[a] if kind == RY else sin[a], r0, i0, r1, i1)
                    elif kind == THROUGH:
                        if (i >> a & 1) != (r >> b & 1):
                            break
                    else:
                        bit = (r if a else i) >> b & 1
                        if kind == TARGET:
                            if bit:
                                r0, i0, r1, i1 = r1, i1, r0, i0
                        elif bit:
                            r0 = i0 = 0.0
                        else:
                            r1 = i1 = 0.0


@kernel(
    "mps",
    lambda t: types.void(t[::1], t[::1], types.int64[::1], types.int64[::1], t[::1], t[::1], types.int64[::1]),
)
def canonicalize(are, aim, tensors, bonds, qre, qim, ranks):
    """The same state with tensors whose rows (i; s, r) are orthonormal, from the second site on.

    The rows of each are made so by Gram and Schmidt, twice, and what they were made of is multiplied into the site
    before it. The new tensors begin where the old ones do and have bonds ``ranks``. ``are`` and ``aim`` are lost.
    """
    wide = bonds.max()
    cre, cim = np.empty(wide * wide), np.empty(wide * wide)
    ranks[0] = ranks[len(tensors)] = 1
    for j in range(len(tensors) - 1, -1, -1):
        left, length, a, found = bonds[j], 2 * ranks[j + 1], tensors[j], 0
        cre[:], cim[:] = 0.0, 0.0
        largest = 0.0
        for i in range(left):
            largest = max(largest, _norm(are, aim, a + i * length, length))
        for i in range(left if j else 0):
            p = a + i * length
            for _ in range(2):
                for k in range(found):
                    q, re, im = a + k * length, 0.0, 0.0
                    for e in range(length):  # <q|a>
                        re += qre[q + e] * are[p + e] + qim[q + e] * aim[p + e]
                        im += qre[q + e] * aim[p + e] - qim[q + e] * are[p + e]
                    cre[i * wide + k] += re
                    cim[i * wide + k] += im
                    for e in range(length):
                        are[p + e] -= re * qre[q + e] - im * qim[q + e]
                        aim[p + e] -= re * qim[q + e] + im * qre[q + e]
            norm = _norm(are, aim, p, length)
            if norm > _NOTHING * largest and found < length:
                cre[i * wide + found] = norm
                for e in range(length):
                    qre[a + found * length + e], qim[a + found * length + e] = are[p + e] / norm, aim[p + e] / norm
                found += 1
        if j == 0:
            norm = _norm(are, aim, a, length)
            for e in range(length):
                qre[a + e], qim[a + e] = are[a + e] / norm, aim[a + e] / norm
            return
        ranks[j] = found
        before = tensors[j - 1]
        for row in range(2 * bonds[j - 1]):  # (i, s) of the site before; the new rows are no longer than the old
            for k in range(found):
                re, im = 0.0, 0.0
                for r in range(left):
                    p, c = before + row * left + r, r * wide + k
                    re += are[p] * cre[c] - aim[p] * cim[c]
                    im += are[p] * cim[c] + aim[p] * cre[c]
                qre[before + row * found + k], qim[before + row * found + k] = re, im
        for e in range(2 * bonds[j - 1] * found):
            are[before + e], aim[before + e] = qre[before + e], qim[before + e]


@inner
def _norm(re, im, first, length):
    total = 0.0
    for e in range(first, first + length):
        total += re[e] * re[e] + im[e] * im[e]
    return total**0.5


@kernel(
    "mps",
    lambda t: types.void(
        t[::1], t[::1], types.int64[::1], types.int64[::1], t[:, :, ::1], types.uint8[:, :, ::1], types.int64,
        types.int64,
    ),
    fastmath=_FAST,
)  # fmt: skip
def draw(qre, qim, tensors, bonds, uniforms, out, begin, end):
    """Independent samples of a state from `canonicalize`: blocks ``begin`` to ``end`` of ``out``.

    Bit j of sample b of a block is 0 with its probability given the bits before it, decided by uniforms[block, j, b]
    (Ferris and Vidal, Phys. Rev. B 85, 165146 (2012)).
    """
    n = out.shape[2]
    most = bonds.max() * n
    vre, vim, wre, wim = np.empty(most), np.empty(most), np.empty(2 * most), np.empty(2 * most)
    zero, one = np.empty(n), np.empty(n)
    for block in range(begin, end):
        vre[:n], vim[:n] = 1.0, 0.0
        for j in range(len(tensors)):
            left, right = bonds[j], bonds[j + 1]
            half = right * n
            for s in range(2):
                mix(
                    qre, qim, tensors[j] + s * right, 1, 2 * right, 1.0, right, left, vre, vim, 0, n,
                    wre, wim, s * half, n, n, True,
                )  # fmt: skip
            zero[:], one[:] = 0.0, 0.0
            for r in range(right):
                for b in range(n):
                    p = r * n + b
                    zero[b] += wre[p] * wre[p] + wim[p] * wim[p]
                    one[b] += wre[half + p] * wre[half + p] + wim[half + p] * wim[half + p]
            for b in range(n):
                bit = uniforms[block, j, b] * (zero[b] + one[b]) >= zero[b]
                out[block, j, b] = bit
                zero[b] = 0.0 if bit else 1.0 / zero[b] ** 0.5
                one[b] = 1.0 / one[b] ** 0.5 if bit else 0.0
            for r in range(right):
                for b in range(n):
                    p = r * n + b
                    vre[p] = zero[b] * wre[p] + one[b] * wre[half + p]
                    vim[p] = zero[b] * wim[p] + one[b] * wim[half + p]
