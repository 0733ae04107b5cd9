"""Matrix product states: transfer contractions, their adjoints, and what they sum up to.

All tensors are flat float64 arrays, real and imaginary part apart. Site tensors A[i, s, r] follow each other, that of
site j from ``tensors[j]`` on, with bonds ``bonds[j]`` and ``bonds[j + 1]``. Environments are batches X[i, i', b]: i is
the bond of the bra, i' that of the ket, and loops over the batch b vectorise. A step over a site makes

    t_s[r, r', b] = sum conj(A[i, s, r]) X[i, i', b] A[i', s, r'],   s = 0, 1,

and everything diagonal is a sum over t_0 and t_1 with factors: 1 and 1 is the identity, 1 and -1 is Z.
"""

import numpy as np
from numba import types, uint64

from walshqhn.kernels.compiler import inner, kernel

_FAST = {"contract", "reassoc"}


@inner(fastmath=_FAST)
def mix(cre, cim, c0, ci, ck, sign, rows, count, xre, xim, x0, xk, yre, yim, y0, yi, n, fresh):
    """y[i] = sum_k c[i, k] x[k], or added to y, for rows of n numbers; ``sign`` = -1: with conj(c)."""
    for i in range(rows):
        o = uint64(y0 + i * yi)
        if fresh:
            for b in range(n):
                j = o + uint64(b)
                yre[j], yim[j] = 0.0, 0.0
        for k in range(0, count - 1, 2):
            p = c0 + i * ci + k * ck
            ar, ai, br, bi = cre[p], sign * cim[p], cre[p + ck], sign * cim[p + ck]
            u, v = uint64(x0 + k * xk), uint64(x0 + (k + 1) * xk)
            for b in range(n):
                m = uint64(b)
                yre[o + m] += ar * xre[u + m] - ai * xim[u + m] + br * xre[v + m] - bi * xim[v + m]
                yim[o + m] += ar * xim[u + m] + ai * xre[u + m] + br * xim[v + m] + bi * xre[v + m]
        if count % 2:
            p = c0 + i * ci + (count - 1) * ck
            ar, ai, u = cre[p], sign * cim[p], uint64(x0 + (count - 1) * xk)
            for b in range(n):
                m = uint64(b)
                yre[o + m] += ar * xre[u + m] - ai * xim[u + m]
                yim[o + m] += ar * xim[u + m] + ai * xre[u + m]


@inner(fastmath=_FAST)
def _dot(xre, xim, x0, yre, yim, y0, n):
    """sum_b x[b] y[b], without conjugation."""
    re, im = 0.0, 0.0
    for b in range(n):
        u, v = uint64(x0 + b), uint64(y0 + b)
        re += xre[u] * yre[v] - xim[u] * yim[v]
        im += xre[u] * yim[v] + xim[u] * yre[v]
    return re, im


@inner
def ket_half(are, aim, a0, left, right, bras, xre, xim, x0, n, mre, mim):
    """m[s, i, r', b] = sum_i' X[i, i', b] A[i', s, r'], the ket's half of a step."""
    for s in range(2):
        for i in range(bras):
            mix(
                are, aim, a0 + s * right, 1, 2 * right, 1.0, right, left,
                xre, xim, x0 + i * left * n, n, mre, mim, (s * bras + i) * right * n, n, n, True,
            )  # fmt: skip


@inner
def step(are, aim, a0, left, right, bre, bim, b0, bra_left, bra_right, xre, xim, x0, n, mre, mim, tre, tim, t0):
    """t[s] from X; ``b`` is the bra."""
    ket_half(are, aim, a0, left, right, bra_left, xre, xim, x0, n, mre, mim)
    for s in range(2):
        mix(
            bre, bim, b0 + s * bra_right, 1, 2 * bra_right, -1.0, bra_right, bra_left,
            mre, mim, s * bra_left * right * n, right * n, tre, tim, t0 + s * bra_right * right * n, right * n,
            right * n, True,
        )  # fmt: skip


@inner
def back(are, aim, a0, left, right, tre, tim, n, pre, pim, yre, yim, y0):
    """The cotangent y[i, i', b] of X from that of t; p[s, i, r', b] is the bra's half of it."""
    for s in range(2):
        mix(
            are, aim, a0 + s * right, 2 * right, 1, -1.0, left, right,
            tre, tim, s * right * right * n, right * n, pre, pim, s * left * right * n, right * n, right * n, True,
        )  # fmt: skip
        for i in range(left):
            mix(
                are, aim, a0 + s * right, 2 * right, 1, 1.0, left, right,
                pre, pim, (s * left + i) * right * n, n, yre, yim, y0 + i * left * n, n, n, s == 0,
            )  # fmt: skip


@inner
def slopes_of_ket(a0, left, right, xre, xim, x0, n, pre, pim, factor, gre, gim):
    """Add d/dA[i', s, r'] = factor * sum_{i, b} X[i, i', b] p[s, i, r', b] to g."""
    for s in range(2):
        for k in range(left):
            for r in range(right):
                re, im = 0.0, 0.0
                for i in range(left):
                    found = _dot(xre, xim, x0 + (i * left + k) * n, pre, pim, ((s * left + i) * right + r) * n, n)
                    re += found[0]
                    im += found[1]
                at = a0 + (2 * k + s) * right + r
                gre[at] += factor * re
                gim[at] += factor * im


@inner
def slopes_of_bra(a0, left, right, mre, mim, tre, tim, n, gre, gim):
    """Add conj(d/dconj(A)[i, s, r]) = conj(sum_{r', b} m[s, i, r', b] t[s, r, r', b]), t being the cotangent, to g."""
    for s in range(2):
        for i in range(left):
            for r in range(right):
                re, im = _dot(mre, mim, (s * left + i) * right * n, tre, tim, (s * right + r) * right * n, right * n)
                at = a0 + (2 * i + s) * right + r
                gre[at] += re
                gim[at] -= im


@kernel(
    "mps",
    lambda t: types.UniTuple(t, 2)(
        t[::1], t[::1], types.int64[::1], types.int64[::1], t[::1], t[::1], types.int64[::1], types.int64[::1],
        types.int64[::1], types.int64[::1], types.int64[:, ::1], t[::1], t[::1], t[::1], t[::1], t[::1], t[::1],
    ),
)  # fmt: skip
def automaton(
    are,
    aim,
    tensors,
    bonds,
    bre,
    bim,
    bra_tensors,
    bra_bonds,
    widths,
    ends,
    moves,
    coefficients,
    gre,
    gim,
    means,
    xre,
    xim,
):
    """<b|H|a> of a sum of products of Z, written as an automaton that reads the sites from left to right.

    ``widths[j]`` states stand for what was read before site j; state 0 of both ends is where it begins and ends. At
    site j, moves ``ends[j]`` to ``ends[j + 1]`` go from state src to dst, with a coefficient and the sign +1 for 1 or
    -1 for Z. Where ``gre`` has a size, the derivatives with respect to the tensors are added, so that
    d<H> = Re(sum g dA); where ``means`` has one, the derivatives with respect to the coefficients; for both, b is a.
    ``xre`` and ``xim`` are room for the environments of all bonds.
    """
    sites, most, all_steps = len(tensors), np.int64(1), np.int64(0)
    starts, steps = np.zeros(sites + 2, np.int64), np.zeros(sites + 1, np.int64)
    for j in range(sites + 1):
        starts[j + 1] = starts[j] + bonds[j] * bra_bonds[j] * widths[j]
        if j < sites:
            size = 2 * max(bonds[j], bonds[j + 1]) * max(bra_bonds[j], bra_bonds[j + 1]) * max(widths[j], widths[j + 1])
            most = max(most, size)
            steps[j] = all_steps
            all_steps += 2 * bonds[j + 1] * bra_bonds[j + 1] * widths[j] if means.size else 0
    mre, mim = np.empty(most), np.empty(most)
    tre, tim = np.empty(max(most, all_steps)), np.empty(max(most, all_steps))
    xre[:], xim[:] = 0.0, 0.0
    xre[0] = 1.0
    for j in range(sites):
        n, size = widths[j], bonds[j + 1] * bra_bonds[j + 1]
        step(
            are, aim, tensors[j], bonds[j], bonds[j + 1], bre, bim, bra_tensors[j], bra_bonds[j], bra_bonds[j + 1],
            xre, xim, starts[j], n, mre, mim, tre, tim, steps[j],
        )  # fmt: skip
        for k in range(ends[j], ends[j + 1]):
            src, dst, sign, c = moves[k, 0], moves[k, 1], moves[k, 2], coefficients[k]
            for e in range(size):
                p, q = steps[j] + e * n + src, starts[j + 1] + e * widths[j + 1] + dst
                xre[q] += c * (tre[p] + sign * tre[size * n + p])
                xim[q] += c * (tim[p] + sign * tim[size * n + p])
    value = xre[starts[sites]], xim[starts[sites]]
    if gre.size == 0 and means.size == 0:
        return value
    yre, yim, zre, zim = np.zeros(most), np.zeros(most), np.empty(most), np.empty(most)
    ure, uim = np.empty(most), np.empty(most)
    yre[0] = 1.0
    for j in range(sites - 1, -1, -1):
        left, right, n, width = bonds[j], bonds[j + 1], widths[j], widths[j + 1]
        size = right * right
        ure[: 2 * size * n], uim[: 2 * size * n] = 0.0, 0.0
        for k in range(ends[j], ends[j + 1]):
            src, dst, sign, c, mean = moves[k, 0], moves[k, 1], moves[k, 2], coefficients[k], 0.0
            for e in range(size):
                p, q = e * n + src, e * width + dst
                if means.size:
                    o = steps[j] + p
                    mean += (tre[o] + sign * tre[size * n + o]) * yre[q] - (tim[o] + sign * tim[size * n + o]) * yim[q]
                ure[p] += c * yre[q]
                uim[p] += c * yim[q]
                ure[size * n + p] += sign * c * yre[q]
                uim[size * n + p] += sign * c * yim[q]
            if means.size:
                means[k] += mean
        back(are, aim, tensors[j], left, right, ure, uim, n, mre, mim, zre, zim, 0)
        if gre.size:  # all environments are Hermitian, so bra and ket contribute alike
            slopes_of_ket(tensors[j], left, right, xre, xim, starts[j], n, mre, mim, 2.0, gre, gim)
        yre, zre = zre, yre
        yim, zim = zim, yim
    return value
