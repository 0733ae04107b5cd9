"""Circuits without entangling gates: one Bloch vector per qubit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from walshqhn.circuits.ansatz import Ansatz
from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import UsageError

_AXES = {"rx": 0, "ry": 1, "rz": 2}


class BlochCircuit:
    """The product states of a circuit whose gates are rotations of single qubits.

    UsageError for a circuit with other gates, such as CX.

    >>> from walshqhn import ProductAnsatz
    >>> BlochCircuit(ProductAnsatz(2)).spins(np.array([np.pi, np.pi / 3, 0.1, 0.2])).round(6).tolist()
    [-1.0, 0.5]
    """

    def __init__(self, ansatz: Ansatz) -> None:
        program = ansatz.program
        n, depth = program.num_qubits, np.zeros(program.num_qubits, np.int64)
        places: list[tuple[int, int]] = []
        for gate in program.gates:
            if gate.name not in _AXES:
                raise UsageError(
                    f"the gates of a product state act on single qubits, the {ansatz.description['name']} ansatz has a "
                    f"{gate.name!r} gate; use ProductAnsatz, or another engine."
                )
            places.append((int(depth[gate.qubits[0]]), gate.qubits[0]))
            depth[gate.qubits[0]] += 1
        shape = (int(depth.max(initial=0)), n)
        self._start = np.array([1.0, 0.0, 0.0] if program.plus else [0.0, 0.0, 1.0])
        self._axes, self._owners, self._scales = np.full(shape, 2), np.full(shape, -1), np.zeros(shape)
        for place, gate in zip(places, program.gates, strict=True):
            self._axes[place], self._owners[place] = _AXES[gate.name], gate.parameter
            self._scales[place] = gate.scale
        self._num_parameters, self._qubits = program.num_parameters, np.arange(n)
        self._owned = self._owners >= 0

    def spins(self, params: FloatArray) -> FloatArray:
        """<Z_j> of every qubit, (N,)."""
        spins: FloatArray = self.vectors(params)[2]
        return spins

    def vectors(self, params: FloatArray) -> FloatArray:
        """<X_j>, <Y_j> and <Z_j>: (3, N)."""
        return self._run(params)[-1]

    def gradient(self, params: FloatArray, slopes: FloatArray) -> FloatArray:
        """The gradient (num_parameters,) of a function of `spins` whose derivatives there are ``slopes`` (N,)."""
        vectors, angles, q = self._run(params), self._angles(params), self._qubits
        adjoint = np.zeros((3, len(q)))
        adjoint[2] = slopes
        rates = np.empty(self._axes.shape)
        for d in reversed(range(len(rates))):
            u, v = (self._axes[d] + 1) % 3, (self._axes[d] + 2) % 3
            rates[d] = adjoint[v, q] * vectors[d + 1][u, q] - adjoint[u, q] * vectors[d + 1][v, q]
            adjoint = self._rotated(adjoint, d, -angles[d])
        owned = self._owned
        weights = (rates * self._scales)[owned]
        return np.bincount(self._owners[owned], weights, self._num_parameters).astype(np.float64)

    def _angles(self, params: FloatArray) -> FloatArray:
        driven = np.where(self._owned, params[np.where(self._owned, self._owners, 0)] if params.size else 1.0, 1.0)
        return self._scales * driven

    def _run(self, params: FloatArray) -> list[FloatArray]:
        """The vectors (3, N) at the start and after each round of gates."""
        found = [np.repeat(self._start[:, None], len(self._qubits), axis=1)]
        for d, angles in enumerate(self._angles(params)):
            found.append(self._rotated(found[-1], d, angles))
        return found

    def _rotated(self, vectors: FloatArray, d: int, angles: npt.NDArray[np.float64]) -> FloatArray:
        """``vectors`` turned about the axes of round ``d``."""
        u, v, q = (self._axes[d] + 1) % 3, (self._axes[d] + 2) % 3, self._qubits
        cosines, sines, turned = np.cos(angles), np.sin(angles), vectors.copy()
        turned[u, q] = cosines * vectors[u, q] - sines * vectors[v, q]
        turned[v, q] = sines * vectors[u, q] + cosines * vectors[v, q]
        return turned
