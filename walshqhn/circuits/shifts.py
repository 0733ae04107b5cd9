"""The parameter-shift rule: which circuits a gradient takes, and how it follows from their values."""

from __future__ import annotations

import math

import numpy as np

from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.derived import SeparateAnsatz
from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import UsageError

LARGEST_JOB = 20_000
"""Circuits that one gradient may take."""


class ShiftRule:
    """The gradient of a mean from its values at shifted angles.

    The derivative with respect to the angle a of exp(-i a P / 2), P^2 = 1, is (E(a + pi/2) - E(a - pi/2)) / 2 (Schuld
    et al., arXiv:1811.11184). For a parameter shared by several gates it is the sum over them, each shifted alone; the
    phase gate of QAOA is split into the terms of its Hamiltonian.

    `ansatz` is the circuit to run: the original where each parameter drives one rotation, else a `SeparateAnsatz`.
    UsageError if more than `LARGEST_JOB` circuits are needed.
    """

    def __init__(self, ansatz: Ansatz) -> None:
        self._num_parameters = ansatz.num_parameters
        self.ansatz = ansatz
        driven = [g for g in ansatz.program.gates if g.parameter >= 0 and g.scale != 0.0]
        has_phases = any(g.name == "phase" for g in driven)
        circuits = 2 * sum(len(ansatz.phase_hamiltonian) if g.name == "phase" else 1 for g in driven)
        if circuits > LARGEST_JOB:
            raise UsageError(
                f"a gradient of the {ansatz.description['name']} ansatz by parameter shifts takes {circuits:,} "
                f"circuits, at most {LARGEST_JOB:,} are allowed. Use ExactEngine, fewer terms, or an optimizer without "
                "gradients."
            )
        uses = np.bincount([g.parameter for g in driven], minlength=ansatz.num_parameters)
        self._separate: SeparateAnsatz | None = None
        if (uses <= 1).all() and not has_phases:
            self._owners = np.array([g.parameter for g in driven], dtype=np.int64)
            self._columns, self._scales = self._owners, np.array([g.scale for g in driven])
            self._steps = math.pi / 2 / self._scales
        else:
            self.ansatz = self._separate = separate = SeparateAnsatz(ansatz)
            self._owners, self._scales = separate.owners, separate.scales
            self._columns = np.arange(separate.num_parameters)
            self._steps = np.full(separate.num_parameters, math.pi / 2)
        self.num_points = 2 * len(self._columns)

    def points(self, params: FloatArray) -> FloatArray:
        """The angles for `ansatz` to run at, (num_points, its parameters), for a gradient at ``params``."""
        count = len(self._columns)
        unshifted = params if self._separate is None else self._separate.angles(params)
        rows = np.repeat(unshifted[None, :], self.num_points, axis=0)
        rows[np.arange(count), self._columns] += self._steps
        rows[count + np.arange(count), self._columns] -= self._steps
        return rows

    def gradient(self, values: FloatArray) -> FloatArray:
        """The gradient (num_parameters,) from the values at every one of `points`."""
        up, down = values.reshape(2, -1)
        slopes = self._scales * (up - down) / 2
        return np.bincount(self._owners, weights=slopes, minlength=self._num_parameters).astype(np.float64)
