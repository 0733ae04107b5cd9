"""Run a compiled circuit on a state vector, and differentiate it by the adjoint method."""

import math
from collections.abc import Iterator

import numpy as np
from numba import types

from walshqhn.kernels.compiler import const, inner
from walshqhn.kernels.phases import phase, phase_adjoint
from walshqhn.kernels.rotations import ry_layer, ry_layer_adjoint
from walshqhn.kernels.schedule import BLOCK_BITS, CX, PANEL_BITS, PHASE, RY, RZ, CompiledCircuit
from walshqhn.kernels.statevector import (
    ROW_BITS,
    cx,
    pieces_for,
    row_factors,
    rz_layer,
    rz_layer_adjoint,
    signed_sums,
)
from walshqhn.kernels.team import shared

_LARGE = 1 << 22  # amplitudes
_LEAST_COSINE = 2.0**-56
_INT, _INTS = types.int64, types.int64[:, ::1]
_CIRCUIT = types.NamedTuple((_INTS,) * 4 + (types.int64[::1],) * 3 + (types.float64[::1],), CompiledCircuit)


@inner
def _angle(circuit, g, params):
    index = circuit.indices[g]
    return circuit.scales[g] if index < 0 else circuit.scales[g] * params[index]


@inner
def _ry_angles(circuit, first, last, params, low, count):
    """Cosines and tangents of half the angles, in the top ``count`` of the buffer's eleven bits."""
    c, t = np.ones(BLOCK_BITS), np.zeros(BLOCK_BITS)
    for g in range(first, last):
        k = circuit.qubits[g] - low
        if 0 <= k < count:
            half = _angle(circuit, g, params) / 2
            cosine = math.cos(half)
            cosine = math.copysign(max(abs(cosine), _LEAST_COSINE), cosine)
            k += BLOCK_BITS - count
            c[k], t[k] = cosine, math.sin(half) / cosine
    return c, t


@inner
def _rz_angles(circuit, first, last, params, num_qubits, sign):
    """What `rz_layer` takes for the angles times ``sign``; empty arrays without gates."""
    angles = np.zeros(num_qubits if last > first else 0)
    for g in range(first, last):
        angles[circuit.qubits[g]] = sign * _angle(circuit, g, params)
    real, imag = row_factors(angles)
    cut = real.size if last > first else 0
    return angles, np.cos(angles / 2), np.sin(angles / 2), real[:cut], imag[:cut]


@inner
def _order(circuit, low, count, row):
    """The permutation that the CX of a block or panel amount to, or an empty array."""
    if low > 0:
        return circuit.orders[row][: 1 << count]
    return circuit.permutations[row] if row >= 0 else circuit.qubits[:0]


@shared("engine", lambda t: types.void(_CIRCUIT, const(t), const(t), _INT, t[::1], t[::1], *(_INT,) * 3))
def run(circuit, params, table, num_qubits, re, im, pieces, begin, end):
    """Apply the circuit to the state (re, im), in place; ``table``: the diagonal of PHASE, exp(-i angle table).

    Every pass over the state has as many ``pieces``, counted through; only ``begin`` to ``end - 1``, which must belong
    to one pass, are done.
    """
    p = begin // pieces
    kind, first, last, low, row, rz_first, rz_last, flips_first, flips_last = circuit.passes[p]
    begin, end = begin - p * pieces, end - p * pieces
    if kind == CX:
        count = re.size >> 2
        a, b = begin * count // pieces, end * count // pieces
        cx(re, im, circuit.qubits[first], circuit.targets[first], a, b)
    elif kind == PHASE:
        phase(re, im, table, _angle(circuit, first, params), begin * re.size // pieces, end * re.size // pieces)
    elif kind == RY:
        count = BLOCK_BITS if low == 0 else min(PANEL_BITS, num_qubits - low)
        blocks = max(1, re.size >> BLOCK_BITS)
        a, b = begin * blocks // pieces, end * blocks // pieces
        c, t = _ry_angles(circuit, first, last, params, low, count)
        order, flips = _order(circuit, low, count, row), circuit.flips[flips_first:flips_last]
        rz = _rz_angles(circuit, rz_first, rz_last, params, num_qubits, 1.0)
        ry_layer(re, im, low, BLOCK_BITS - count, c, t, order, flips, rz, a, b)
    else:
        rz = _rz_angles(circuit, first, last, params, num_qubits, 1.0)
        rows = re.size // rz[3].size
        rz_layer(re, im, rz, begin * rows // pieces, end * rows // pieces)


@inner
def _add_slopes(circuit, first, last, low, slopes, gradient):
    """Add slopes[k], the derivative for the angle of qubit low + k, to the gradient."""
    for g in range(first, last):
        k = circuit.qubits[g] - low
        if 0 <= k < slopes.size and circuit.indices[g] >= 0:
            gradient[circuit.indices[g]] += circuit.scales[g] * slopes[k]


@inner
def _add_up(parts):
    """Sums over the first axis, in order."""
    total = np.zeros(parts.shape[1])
    for p in range(parts.shape[0]):
        for k in range(total.size):
            total[k] += parts[p, k]
    return total


@shared(
    "engine",
    lambda t: types.void(
        _CIRCUIT, const(t), const(t), _INT, *(t[::1],) * 5, t[:, ::1], t[::1], t[:, ::1], *(_INT,) * 3
    ),
)
def run_adjoint(
    circuit, params, table, num_qubits, re, im, lre, lim, gradient, parts, rows, columns, pieces, begin, end
):  # fmt: skip
    """Undo the circuit on psi = (re, im) and lambda = C psi, in place; add to ``gradient``.

    The derivative of <psi|C|psi> with respect to the angle of exp(-i angle P / 2) is Im <lambda|P|psi> at that point of
    the circuit (Jones and Gacon, arXiv:2009.02823). For every pass, from the last to the first, the ``pieces`` sum it
    into ``parts``, (pieces, 11), ``rows``, (2^(N-9),), and ``columns``, (pieces, 2^9); as many further pieces follow,
    of which the last adds them to ``gradient``. Pieces are counted through, as in `run`.
    """
    stage = begin // pieces
    p = circuit.passes.shape[0] - 1 - stage // 2
    begin, end = begin - stage * pieces, end - stage * pieces
    kind, first, last, low, row, rz_first, rz_last, flips_first, flips_last = circuit.passes[p]
    if kind == RZ:
        rz_first, rz_last = first, last
    count = BLOCK_BITS if low == 0 else min(PANEL_BITS, num_qubits - low)
    if stage % 2 == 1:
        if end == pieces:
            slopes = _add_up(parts)
            if kind == PHASE and circuit.indices[first] >= 0:
                gradient[circuit.indices[first]] += circuit.scales[first] * (2 * slopes[0])
            if rz_last > rz_first:
                rz_slopes = np.zeros(num_qubits)
                signed_sums(_add_up(columns), rz_slopes)
                signed_sums(rows, rz_slopes[min(num_qubits, ROW_BITS) :])
                _add_slopes(circuit, rz_first, rz_last, 0, rz_slopes, gradient)
            if kind == RY:
                _add_slopes(circuit, first, last, low, slopes[BLOCK_BITS - count :], gradient)
        return
    rz = _rz_angles(circuit, rz_first, rz_last, params, num_qubits, -1.0)
    c, t = _ry_angles(circuit, first, last if kind == RY else first, params, low, count)
    order, flips = _order(circuit, low, count, row), circuit.flips[flips_first:flips_last]
    for piece in range(begin, end):
        parts[piece] = 0.0
        if kind == CX:
            quarters = re.size >> 2
            a, b = piece * quarters // pieces, (piece + 1) * quarters // pieces
            for x, y in ((re, im), (lre, lim)):
                cx(x, y, circuit.qubits[first], circuit.targets[first], a, b)
        elif kind == PHASE:
            a, b = piece * re.size // pieces, (piece + 1) * re.size // pieces
            parts[piece, 0] = phase_adjoint(re, im, lre, lim, table, _angle(circuit, first, params), a, b)
        elif kind == RY:
            blocks = max(1, re.size >> BLOCK_BITS)
            a, b = piece * blocks // pieces, (piece + 1) * blocks // pieces
            columns[piece] = 0.0
            ry_layer_adjoint(
                re, im, lre, lim, low, BLOCK_BITS - count, c, -t, order, flips, rz, a, b,
                parts[piece], rows, columns[piece],
            )  # fmt: skip
        else:
            a, b = piece * rows.size // pieces, (piece + 1) * rows.size // pieces
            columns[piece] = 0.0
            rz_layer_adjoint(re, im, lre, lim, rz, a, b, rows, columns[piece])


def _in_parts(circuit: CompiledCircuit, size: int) -> Iterator[CompiledCircuit]:
    """The circuit, or for large states pass by pass: an interrupt waits until a kernel returns."""
    if size < _LARGE:
        yield circuit
    else:
        for p in range(len(circuit.passes)):
            yield circuit._replace(passes=circuit.passes[p : p + 1])


def apply(
    circuit: CompiledCircuit, params: np.ndarray, table: np.ndarray, num_qubits: int, re: np.ndarray, im: np.ndarray
) -> None:
    """Apply the circuit to the state (re, im), in place."""
    pieces, chunk = pieces_for(re.size)
    for part in _in_parts(circuit, re.size):
        stages = len(part.passes)
        run.share(part, params, table, num_qubits, re, im, pieces, pieces=pieces, chunk=chunk, stages=stages)


def adjoint(
    circuit: CompiledCircuit,
    params: np.ndarray,
    table: np.ndarray,
    num_qubits: int,
    psi: tuple[np.ndarray, np.ndarray],
    lam: tuple[np.ndarray, np.ndarray],
    gradient: np.ndarray,
) -> None:
    """Undo the circuit on psi and lambda = C psi (real and imaginary parts), in place; add to ``gradient``."""
    size = psi[0].size
    (pieces, chunk), row = pieces_for(size), min(size, 1 << ROW_BITS)
    scratch = np.empty((pieces, BLOCK_BITS)), np.empty(size // row), np.empty((pieces, row))
    for part in reversed(list(_in_parts(circuit, size))):
        run_adjoint.share(
            part, params, table, num_qubits, *psi, *lam, gradient, *scratch, pieces,
            pieces=pieces, chunk=chunk, stages=2 * len(part.passes),
        )  # fmt: skip
