"""Means of products of phases in a matrix product state, of which the loss of a network is a sum."""

import math

import numpy as np
from numba import types

from walshqhn.kernels.compiler import inner, kernel
from walshqhn.kernels.mps import back, ket_half, slopes_of_bra, slopes_of_ket, step

PLAIN, PHASE, ZERO, ONE = 0, 1, 2, 3
"""What `add_phases` does at a site: nothing, a phase by the bit, or a projection on one of its values."""
BATCH = 32
"""Frequencies that it treats at a time: environments of all sites stay in the L2 cache."""
_FAST = {"contract", "reassoc"}


@kernel(
    "mps of networks",
    lambda t: t(
        t[::1], t[::1], types.int64[::1], types.int64[::1], types.int64[::1], t[:, ::1], t[::1], t[::1], t[::1],
        types.int64, t[::1], t[::1], types.int64, types.int64,
    ),
    fastmath=_FAST,
)  # fmt: skip
def add_phases(are, aim, tensors, bonds, kinds, angles, offsets, cre, cim, lowest, gre, gim, begin, end):
    """sum of Re c_k e^{i k a_i} <prod_j D_j(k phi_ij)> over samples i from ``begin`` to ``end`` and frequencies k.

    D_j(x) is diag(e^{ix}, e^{-ix}), a projection or 1, by ``kinds``; ``angles`` holds phi_ij, ``offsets`` a_i, and k
    runs from ``lowest`` on over the entries of c. Where ``gre`` has a size, derivatives are added as in `automaton`.
    """
    sites, wide = len(tensors), bonds.max()
    most = wide * wide * BATCH
    starts = np.zeros(sites + 2, np.int64)
    for j in range(sites + 1):
        starts[j + 1] = starts[j] + bonds[j] * bonds[j] * BATCH
    xre, xim = np.empty(starts[sites + 1]), np.empty(starts[sites + 1])
    mre, mim, tre, tim = np.empty(2 * most), np.empty(2 * most), np.empty(2 * most), np.empty(2 * most)
    yre, yim, pre, pim = np.empty(most), np.empty(most), np.empty(2 * most), np.empty(2 * most)
    cos, sin = np.empty((sites, BATCH)), np.empty((sites, BATCH))
    value = 0.0
    for i in range(begin, end):
        for low in range(0, cre.size, BATCH):
            n = min(BATCH, cre.size - low)
            for j in range(sites):
                if kinds[j] == PHASE:
                    _powers(angles[i, j], lowest + low, cos[j], sin[j], n)
            xre[:n], xim[:n] = 1.0, 0.0
            for j in range(sites):
                left, right = bonds[j], bonds[j + 1]
                step(
                    are, aim, tensors[j], left, right, are, aim, tensors[j], left, right, xre, xim, starts[j], n, mre,
                    mim, tre, tim, 0,
                )  # fmt: skip
                moving = kinds[j] == PHASE and angles[i, j] != 0.0
                half, o = right * right * n, starts[j + 1]
                if kinds[j] == PLAIN or (kinds[j] == PHASE and not moving):
                    for k in range(half):
                        xre[o + k], xim[o + k] = tre[k] + tre[half + k], tim[k] + tim[half + k]
                elif moving:
                    for e in range(right * right):
                        for b in range(n):
                            p, q, c, s = e * n + b, half + e * n + b, cos[j, b], sin[j, b]
                            xre[o + p] = c * (tre[p] + tre[q]) - s * (tim[p] - tim[q])
                            xim[o + p] = c * (tim[p] + tim[q]) + s * (tre[p] - tre[q])
                else:
                    p = 0 if kinds[j] == ZERO else half
                    for k in range(half):
                        xre[o + k], xim[o + k] = tre[p + k], tim[p + k]
            _powers(offsets[i], lowest + low, yre, yim, n)
            o = starts[sites]
            for b in range(n):
                c, s = yre[b], yim[b]
                yre[b], yim[b] = cre[low + b] * c - cim[low + b] * s, cre[low + b] * s + cim[low + b] * c
                value += yre[b] * xre[o + b] - yim[b] * xim[o + b]
            if gre.size == 0:
                continue
            for j in range(sites - 1, -1, -1):
                left, right = bonds[j], bonds[j + 1]
                half = right * right * n
                moving = kinds[j] == PHASE and angles[i, j] != 0.0
                if moving:
                    for e in range(right * right):
                        for b in range(n):
                            p, q, c, s = e * n + b, half + e * n + b, cos[j, b], sin[j, b]
                            tre[p], tim[p] = c * yre[p] - s * yim[p], c * yim[p] + s * yre[p]
                            tre[q], tim[q] = c * yre[p] + s * yim[p], c * yim[p] - s * yre[p]
                else:
                    zero, one = 1.0 * (kinds[j] != ONE), 1.0 * (kinds[j] != ZERO)
                    for k in range(half):
                        tre[k], tim[k] = zero * yre[k], zero * yim[k]
                        tre[half + k], tim[half + k] = one * yre[k], one * yim[k]
                ket_half(are, aim, tensors[j], left, right, left, xre, xim, starts[j], n, mre, mim)
                slopes_of_bra(tensors[j], left, right, mre, mim, tre, tim, n, gre, gim)
                back(are, aim, tensors[j], left, right, tre, tim, n, pre, pim, yre, yim, 0)
                slopes_of_ket(tensors[j], left, right, xre, xim, starts[j], n, pre, pim, 1.0, gre, gim)
    return value


@inner
def _powers(angle, lowest, re, im, n):
    """e^{i k angle} for k from ``lowest`` on, each from the one before."""
    c, s = math.cos(angle), math.sin(angle)
    re[0], im[0] = math.cos(lowest * angle), math.sin(lowest * angle)
    for k in range(1, n):
        re[k], im[k] = c * re[k - 1] - s * im[k - 1], c * im[k - 1] + s * re[k - 1]
