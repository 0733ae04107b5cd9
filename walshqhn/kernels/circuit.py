"""Run a compiled circuit on a state vector, and differentiate it by the adjoint method."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from walshqhn.kernels.phases import phase, unphase
from walshqhn.kernels.rotations import turn, unturn
from walshqhn.kernels.statevector import cx, twist, untwist

RY, RZ, CX, PHASE = 0, 1, 2, 3


class CompiledCircuit(NamedTuple):
    """A circuit as layers: gates of one kind on different qubits, which commute and are applied together.

    RX needs no kind of its own: Rx(a) = Rz(-pi/2) Ry(a) Rz(pi/2). CX among the lowest 11 qubits that
    an RY layer follows are merged into it as a permutation.
    """

    layers: npt.NDArray[np.int64]
    """(L, 4): kind, first gate, last gate + 1, row of ``permutations`` (-1: none)"""
    permutations: npt.NDArray[np.int64]
    """(rows, 2^11): see `rotations.turn`"""
    qubits: npt.NDArray[np.int64]
    """(G,): qubit of a rotation, control of a CX"""
    targets: npt.NDArray[np.int64]
    """(G,): target of a CX"""
    indices: npt.NDArray[np.int64]
    """(G,): the gate's angle is scales * params[indices], or scales where indices < 0"""
    scales: npt.NDArray[np.float64]
    """(G,)"""


@njit(cache=True)
def _angle(circuit, g, params):
    index = circuit.indices[g]
    return circuit.scales[g] if index < 0 else circuit.scales[g] * params[index]


@njit(cache=True)
def _layer_angles(circuit, first, last, params, num_qubits):
    angles = np.zeros(num_qubits)
    for g in range(first, last):
        angles[circuit.qubits[g]] = _angle(circuit, g, params)
    return angles


@njit(cache=True)
def _permutation(circuit, row):
    return circuit.permutations[row] if row >= 0 else circuit.permutations[:0].reshape(-1)


@njit(cache=True)
def run(circuit, params, table, num_qubits, re, im, pool):
    """Apply the circuit to the state (re, im), in place.

    ``table``: the diagonal of PHASE gates, exp(-i angle table). ``pool``: see `statevector.pool_for`.
    """
    for k in range(circuit.layers.shape[0]):
        kind, first, last, row = circuit.layers[k]
        if kind == CX:
            for g in range(first, last):
                cx(re, im, circuit.qubits[g], circuit.targets[g], pool)
        elif kind == PHASE:
            phase(re, im, table, _angle(circuit, first, params), pool)
        else:
            angles = _layer_angles(circuit, first, last, params, num_qubits)
            if kind == RY:
                turn(re, im, np.cos(angles / 2), np.sin(angles / 2), _permutation(circuit, row), pool)
            else:
                twist(re, im, angles, pool)


@njit(cache=True)
def adjoint(circuit, params, table, num_qubits, re, im, lre, lim, gradient, pool):
    """Un-apply the circuit from psi = (re, im) and lambda = C psi, in place; add to ``gradient``.

    The derivative of <psi|C|psi> with respect to the angle of exp(-i angle P / 2) is
    Im <lambda|P|psi> at that point of the circuit (Jones and Gacon, arXiv:2009.02823).
    """
    slopes = np.zeros(num_qubits)
    for k in range(circuit.layers.shape[0] - 1, -1, -1):
        kind, first, last, row = circuit.layers[k]
        if kind == CX:
            for g in range(first, last):
                cx(re, im, circuit.qubits[g], circuit.targets[g], pool)
                cx(lre, lim, circuit.qubits[g], circuit.targets[g], pool)
        elif kind == PHASE:
            angle = _angle(circuit, first, params)
            slope = 2 * unphase(re, im, lre, lim, table, angle, pool)
            if circuit.indices[first] >= 0:
                gradient[circuit.indices[first]] += circuit.scales[first] * slope
        else:
            angles = _layer_angles(circuit, first, last, params, num_qubits)
            if kind == RY:
                used = np.zeros(num_qubits, np.int64)
                for g in range(first, last):
                    used[circuit.qubits[g]] = 1
                c, s = np.cos(angles / 2), np.sin(angles / 2)
                unturn(re, im, lre, lim, c, s, used, _permutation(circuit, row), slopes, pool)
            else:
                untwist(re, im, lre, lim, angles, slopes, pool)
            for g in range(first, last):
                if circuit.indices[g] >= 0:
                    gradient[circuit.indices[g]] += circuit.scales[g] * slopes[circuit.qubits[g]]
