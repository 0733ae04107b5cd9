"""Run a compiled circuit on a state vector, and differentiate it by the adjoint method.

A compiled circuit is a list of blocks, rows (kind, q0, q1, first, last):

* ROTATION: gates ``first`` to ``last - 1``, all on qubit q0, multiplied into one 2x2 matrix;
* CX: control q0, target q1;
* PHASE: exp(-i angle diag(table)), gate ``first``.

Gate g turns by angle = scales[g] * params[indices[g]] about axes[g]: exp(-i angle P / 2)
with P = X, Y, Z for axis 0, 1, 2 (a PHASE has no half and no axis). ``pool`` is what
`statevector.pool_for` says.
"""

import math

import numpy as np
from numba import njit

from walshqhn.kernels.statevector import cx, phase, phase_overlap, rotate, unrotate

ROTATION, CX, PHASE = 0, 1, 2


@njit(cache=True)
def _gate(axis, angle):
    c, s = math.cos(angle / 2), math.sin(angle / 2)
    g = np.zeros((2, 2), np.complex128)
    if axis == 0:
        g[0, 0], g[0, 1], g[1, 0], g[1, 1] = c, -1j * s, -1j * s, c
    elif axis == 1:
        g[0, 0], g[0, 1], g[1, 0], g[1, 1] = c, -s, s, c
    else:
        g[0, 0], g[1, 1] = c - 1j * s, c + 1j * s
    return g


@njit(cache=True)
def _multiply(a, b):
    c = np.empty((2, 2), np.complex128)
    for i in range(2):
        for j in range(2):
            c[i, j] = a[i, 0] * b[0, j] + a[i, 1] * b[1, j]
    return c


@njit(cache=True)
def _dagger(a):
    c = np.empty((2, 2), np.complex128)
    for i in range(2):
        for j in range(2):
            c[i, j] = np.conj(a[j, i])
    return c


@njit(cache=True)
def _reals(a):
    out = np.empty(8)
    for k in range(4):
        out[2 * k], out[2 * k + 1] = a[k >> 1, k & 1].real, a[k >> 1, k & 1].imag
    return out


@njit(cache=True)
def _matrix(first, last, axes, indices, scales, params):
    u = np.eye(2).astype(np.complex128)
    for g in range(first, last):
        u = _multiply(_gate(axes[g], scales[g] * params[indices[g]]), u)
    return u


@njit(cache=True)
def run(blocks, axes, indices, scales, params, table, re, im, pool):
    """Apply the circuit to the state (re, im), in place."""
    for k in range(blocks.shape[0]):
        kind, q0, q1, first, last = blocks[k]
        if kind == ROTATION:
            rotate(re, im, q0, _reals(_matrix(first, last, axes, indices, scales, params)), pool)
        elif kind == CX:
            cx(re, im, q0, q1, pool)
        else:
            phase(re, im, table, scales[first] * params[indices[first]], pool)


@njit(cache=True)
def adjoint(blocks, axes, indices, scales, params, table, re, im, lre, lim, gradient, pool):
    """Un-apply the circuit from psi = (re, im) and lambda = C psi; fill ``gradient``.

    With M[s, t] = sum psi_s conj(lambda_t) after a gate exp(-i angle P / 2), the derivative
    of <psi|C|psi> with respect to the angle is Im tr(P M) (Jones and Gacon, arXiv:2009.02823).
    """
    for k in range(blocks.shape[0] - 1, -1, -1):
        kind, q0, q1, first, last = blocks[k]
        if kind == ROTATION:
            inverse = _dagger(_matrix(first, last, axes, indices, scales, params))
            r = unrotate(re, im, lre, lim, q0, _reals(inverse), pool)
            m = np.empty((2, 2), np.complex128)
            for e in range(4):
                m[e >> 1, e & 1] = complex(r[2 * e], r[2 * e + 1])
            for g in range(last - 1, first - 1, -1):
                if axes[g] == 0:
                    slope = (m[0, 1] + m[1, 0]).imag
                elif axes[g] == 1:
                    slope = (m[0, 1] - m[1, 0]).real
                else:
                    slope = (m[0, 0] - m[1, 1]).imag
                gradient[indices[g]] += scales[g] * slope
                undo = _gate(axes[g], -scales[g] * params[indices[g]])
                m = _multiply(_multiply(undo, m), _dagger(undo))
        elif kind == CX:
            cx(re, im, q0, q1, pool)
            cx(lre, lim, q0, q1, pool)
        else:
            gradient[indices[first]] += 2 * scales[first] * phase_overlap(re, im, lre, lim, table, pool)
            angle = -scales[first] * params[indices[first]]
            phase(re, im, table, angle, pool)
            phase(lre, lim, table, angle, pool)
