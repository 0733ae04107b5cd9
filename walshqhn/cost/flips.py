"""Descent and annealing by flips of single spins on a Hamiltonian of any size and degree."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn.bits import unpack_bits
from walshqhn.support.arrays import BitArray, FloatArray

if TYPE_CHECKING:
    from walshqhn.cost.hamiltonian import IsingHamiltonian

_DENSE_SHARE = 1 / 16  # of all couplings, from which a matrix is faster
_LARGEST_MATRIX = 8192
COLD = 1e-3
"""The last temperature of an annealing, in units of the first."""


class SpinModel:
    """The terms of a Hamiltonian as the kernels of `walshqhn.kernels.flips` take them."""

    def __init__(self, hamiltonian: IsingHamiltonian) -> None:
        h, n = hamiltonian, hamiltonian.num_qubits
        self.hamiltonian, self.num_bits, self.constant = h, n, h.constant
        supports = [np.empty((0, 2), np.int64)]
        for start in range(0, len(h), batch := max(1, (1 << 26) // max(1, n))):
            supports.append(np.argwhere(unpack_bits(h.masks[start : start + batch], n)) + np.array([start, 0]))
        self.terms, self.bits = np.ascontiguousarray(np.concatenate(supports).T)
        self.values, self.degrees = h.coefficients, np.bincount(self.terms, minlength=len(h))

    @cached_property
    def starts(self) -> Any:
        """Term t acts on ``bits[starts[t]:starts[t + 1]]``, ascending."""
        return np.concatenate([[0], np.cumsum(self.degrees)]).astype(np.int64)

    @cached_property
    def arguments(self) -> tuple[Any, ...]:
        """Fields, couplings, and terms by bit and bits by term; what is not used is empty."""
        n, quadratic = self.num_bits, int(self.degrees.max(initial=0)) <= 2
        if quadratic and n <= _LARGEST_MATRIX and len(self.values) > _DENSE_SHARE * n * n:
            fields, matrix = np.zeros(n), np.zeros((n, n))
            first = self.starts[:-1]
            single, double = first[self.degrees == 1], first[self.degrees == 2]
            fields[self.bits[single]] = self.values[self.degrees == 1]
            matrix[self.bits[double], self.bits[double + 1]] = self.values[self.degrees == 2]
            none = np.empty(0, np.int64)
            return fields, matrix + matrix.T, np.empty(0), none, none, none, none
        owners = np.concatenate([[0], np.cumsum(np.bincount(self.bits, minlength=n))]).astype(np.int64)
        owned = self.terms[np.argsort(self.bits, kind="stable")]
        return np.empty(0), np.empty((0, 0)), self.values, self.starts, self.bits, owners, owned

    @cached_property
    def change(self) -> float:
        """Root mean square energy change of a flip, over bits and configurations; 1 if the energy is constant."""
        squares = np.bincount(self.bits, weights=np.square(self.values)[self.terms], minlength=self.num_bits)
        return float(2 * np.sqrt(squares.mean())) or 1.0 if self.num_bits else 1.0

    def costs(self, rows: BitArray) -> FloatArray:
        """Energies of configurations (M, N), by matrix products where there is a matrix."""
        fields, matrix = self.arguments[:2]
        if not matrix.size:
            return self.hamiltonian.costs(rows)
        spins = 1.0 - 2.0 * rows
        return self.constant + spins @ fields + 0.5 * np.einsum("mj,mj->m", spins @ matrix, spins)

    def anneal(self, steps: int, rng: np.random.Generator, quench: bool = False) -> BitArray:
        """The best configuration (N,) of ``steps`` Metropolis steps from a random start; with ``quench``, then lowered.

        The temperature falls geometrically from `change` to a thousandth of it.
        """
        from walshqhn.kernels.flips import anneal_spins

        spins, temperatures = 1.0 - 2.0 * rng.integers(0, 2, self.num_bits), self.change * np.geomspace(1, COLD, steps)
        anneal_spins(*self.arguments, spins, temperatures, _seed(rng), quench)
        return (spins < 0).astype(np.uint8)

    def descend(self, steps: int, rng: np.random.Generator) -> BitArray:
        """The best configuration (N,) that `descend_spins` finds in ``steps`` steps."""
        from walshqhn.kernels.flips import descend_spins

        spins = np.ones(self.num_bits)
        descend_spins(*self.arguments, spins, steps, _seed(rng))
        return (spins < 0).astype(np.uint8)

    @property
    def size(self) -> float:
        """Sum of all |coefficients|."""
        return float(np.abs(self.values).sum())


def _seed(rng: np.random.Generator) -> np.uint64:
    return np.uint64(rng.integers(1 << 63))
