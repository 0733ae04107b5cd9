"""Exact mean squared gradient of the linear ansatz over all settings of its angles, without sampling.

Averaged over uniform angles of Ry and Rz, the squared coefficients of an observable in the Pauli basis form a Markov
chain as one goes backwards through the circuit (Heisenberg picture): Rz sends X to X or Y and Ry sends Z to Z or X,
each with probability 1/2; CX permutes Pauli strings; cross terms average out. dE/dtheta has the same chain, except
that its gate has to act on the string at all, so that sum_k E[(dE/dtheta_k)^2] is the expected number of gates that
act, over paths that end in a string of I and Z, for |0...0> sees no other. X and Y behave alike before Rz, and Z and
X have the same weight after Ry, hence three classes a qubit: (I, Z, X or Y) before a rotation layer and
(I, Z or X, Y) after it, and 3^N numbers instead of 4^N.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt

from walshqhn.bits import log2_exact
from walshqhn.support.resources import numpy_threads

FloatArray = npt.NDArray[np.float64]

# rows: class after the rotations, columns: before. _TURN: probabilities; _ACTING: the same times the gates that act
_TURN = np.array([[1, 0, 0], [0, 1, 0.5], [0, 0, 0.5]])
_ACTING = np.array([[0, 0, 0], [0, 1, 1], [0, 0, 0.5]])
_PAULIS = {"I": (0, 0), "Z": (0, 1), "X": (1, 0), "Y": (1, 1)}
_MEMBERS = ("I", "ZX", "Y")  # of the classes after the rotations
_CLASS = {"I": 0, "Z": 1, "X": 2, "Y": 2}  # before them


def cx_chain() -> FloatArray:
    """(9, 9): probabilities of the classes (control, target) before CX, rows, from those after it, columns."""
    names = {bits: name for name, bits in _PAULIS.items()}
    chain = np.zeros((9, 9))
    for (i, control), (j, target) in product(enumerate(_MEMBERS), repeat=2):
        for p, q in product(control, target):
            (xc, zc), (xt, zt) = _PAULIS[p], _PAULIS[q]
            before = names[xc, zc ^ zt], names[xt ^ xc, zt]
            row = 3 * _CLASS[before[0]] + _CLASS[before[1]]
            chain[row, 3 * i + j] += 1 / (len(control) * len(target))
    return chain


def squared_gradient(coefficients: npt.ArrayLike, layers: int) -> FloatArray:
    """Mean over all angles of |grad E|^2 for every number of layers up to ``layers``.

    As the mean of each derivative is 0, that is the sum over the angles of the variances of dE/dtheta_k.

    Parameters
    ----------
    coefficients
        (2^N,) f(S), or (2^N, B) of several costs. Memory: about 6 arrays of 3^N B float64.
    layers
        At least 0.

    Returns
    -------
    Array (layers + 1,) or (layers + 1, B): entry L for `LinearAnsatz` with L layers.
    """
    squares = np.square(np.asarray(coefficients, dtype=np.float64))
    costs = squares.reshape(len(squares), -1)
    num_qubits = log2_exact(len(squares), "the coefficients")
    degrees = np.bitwise_count(np.arange(len(squares)))
    found = [(degrees * 0.5**degrees) @ costs]  # the product state, in closed form

    # axis 0: costs; axis 1 + j: qubit j
    batch = costs.shape[1]
    weight = np.zeros((batch, *(3,) * num_qubits))
    low = (slice(None), *(slice(0, 2),) * num_qubits)
    weight[low] = costs.T.reshape(batch, *(2,) * num_qubits).transpose(0, *range(num_qubits, 0, -1))
    acting = np.zeros_like(weight)
    with numpy_threads(1):  # for products as small as these, more cost more than they bring
        for sublayer in range(2 * layers, 0, -1):
            weight, acting = _step(weight, acting, num_qubits, sublayer % 2)
            if sublayer % 2:  # from here on the circuit could begin: parities of sub-layers repeat
                found.append(acting[low].reshape(batch, -1).sum(axis=1))
    result = np.array(found)
    return result[:, 0] if squares.ndim == 1 else result


def _step(weight: FloatArray, acting: FloatArray, num_qubits: int, first: int) -> tuple[FloatArray, FloatArray]:
    """Back through one sub-layer: Rz and Ry on every qubit, then CX on the pairs from ``first`` on."""
    shape, batch = weight.shape, len(weight)
    pair = cx_chain()
    pair_move = pair @ np.kron(_TURN, _TURN)
    pair_count = pair @ (np.kron(_ACTING, _TURN) + np.kron(_TURN, _ACTING))
    lone = np.array([[1, 0, 0], [0, 0.5, 0], [0, 0.5, 1]])  # classes after rotations -> before, no CX between
    half = num_qubits // 2
    half -= (half - first) % 2  # no pair lies across it
    half = max(half, 0)
    # on the leading half of the qubits, then on the other half, brought to the front: matrix products stay long
    for done, count in ((0, half), (half, num_qubits - half)):
        j = 0
        while j < count:
            paired = done + j >= first and j + 1 < count
            move, act = (pair_move, pair_count) if paired else (lone @ _TURN, lone @ _ACTING)
            rows = (batch * 3**j, len(move), -1)
            w, a = weight.reshape(rows), acting.reshape(rows)
            weight, acting = move @ w, move @ a + act @ w
            j += 2 if paired else 1
        turned = (batch, 3**count, -1)
        weight, acting = (np.ascontiguousarray(m.reshape(turned).transpose(0, 2, 1)) for m in (weight, acting))
    return weight.reshape(shape), acting.reshape(shape)
