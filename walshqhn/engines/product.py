"""Product states: exact means at any number of qubits."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
import numpy.typing as npt

from walshqhn.binn.multilinear import multilinear
from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.bloch import BlochCircuit
from walshqhn.cost.base import Cost
from walshqhn.cost.multilinear import Multilinear, product_probabilities
from walshqhn.cost.table import TableCost, tabulate
from walshqhn.engines.base import Evaluation, Rng
from walshqhn.engines.distribution import Distribution
from walshqhn.engines.objectives import MEAN, Objective
from walshqhn.engines.shots import SampledEngine, SampledPrepared
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.errors import UsageError
from walshqhn.support.resources import resolve_threads


class ProductEngine(SampledEngine):
    """Circuits without entanglement, on any number of qubits: `ProductAnsatz`, or any circuit of Rx, Ry and Rz.

    The mean E and its gradient are exact, without any array of size 2^N, for Hamiltonians of any degree (E = sum_S f(S)
    prod_{j in S} <Z_j>), networks of at most one hidden layer and one output (`MultilinearNetwork`), and tables.
    Any cost, and any objective, can be estimated from ``shots``; ``cost`` and ``seed`` are as in `SampledEngine`.
    ``threads`` defaults to $WALSHQHN_THREADS, else all cores; results do not depend on it.

    UsageError without shots for a cost whose mean is not known exactly, and for circuits with CX.

    >>> from walshqhn import IsingHamiltonian, ProductAnsatz
    >>> ring = IsingHamiltonian(num_qubits=3, masks=[[3], [6], [5]], coefficients=[1.0, 1.0, 1.0])
    >>> round(ProductEngine(ring).expectation(ProductAnsatz(3), [1.0, 2.0, 3.0, 0.0, 0.0, 0.0]), 6)
    -0.347758
    """

    def __init__(
        self, cost: Cost | npt.ArrayLike, *, shots: int | None = None, seed: int = 0, threads: int | None = None
    ) -> None:
        super().__init__(cost, shots=shots, seed=seed)
        resolve_threads(threads)  # fail early
        self.threads = threads
        if shots is None:
            _ = self.mean  # likewise

    @cached_property
    def mean(self) -> Multilinear:
        """E as a function of the <Z_j>."""
        return multilinear(self.cost, threads=self.threads)

    @cached_property
    def table(self) -> TableCost:
        """The cost, tabulated, for exact distributions. TooLargeError if it does not fit in memory."""
        return tabulate(self.cost, threads=self.threads)

    def check_objective(self, objective: Objective) -> None:
        if self.shots is None and objective != MEAN:
            raise UsageError(
                f"the product engine computes the mean alone exactly, not {objective}: set shots, or use ExactEngine."
            )

    def prepare(self, ansatz: Ansatz) -> ProductPrepared:
        return ProductPrepared(self, ansatz)


class ProductPrepared(SampledPrepared):
    """A circuit as rotations of Bloch vectors."""

    engine: ProductEngine

    def __init__(self, engine: ProductEngine, ansatz: Ansatz) -> None:
        super().__init__(engine, ansatz)
        self._bloch = BlochCircuit(ansatz)

    def run(self, points: FloatArray, shots: int, seed: int) -> Iterator[BitArray]:
        generator = np.random.default_rng(seed)
        for row in points:
            uniforms = generator.random((shots, self.ansatz.num_qubits))
            yield (uniforms < (1.0 - self._bloch.spins(row)) / 2).astype(np.uint8)

    def distributions(self, points: FloatArray, rng: Rng = None) -> Iterator[Distribution]:
        """Measured; without shots exact, over all configurations. TooLargeError if these do not fit in memory."""
        if not self.is_exact:
            return super().distributions(points, rng)
        table = self.engine.table
        return (
            Distribution(table.values, product_probabilities(self._bloch.spins(row)), table=table) for row in points
        )

    def evaluate(self, points: npt.ArrayLike, objective: Objective = MEAN, rng: Rng = None) -> list[Evaluation]:
        if not self.is_exact:
            return super().evaluate(points, objective, rng)
        self.engine.check_objective(objective)
        mean, rows = self.engine.mean, self.check_points(points)
        return [Evaluation(row.copy(), mean.value(self._bloch.spins(row)), 0.0) for row in rows]

    def value_and_gradient(self, params: npt.ArrayLike, objective: Objective = MEAN, rng: Rng = None) -> Evaluation:
        if not self.is_exact:
            return super().value_and_gradient(params, objective, rng)
        self.engine.check_objective(objective)
        values = self.ansatz.check_parameters(params)
        value, slopes = self.engine.mean.value_and_slopes(self._bloch.spins(values))
        return Evaluation(values.copy(), value, 0.0, self._bloch.gradient(values, slopes))

    def overlaps(
        self, params: npt.ArrayLike, points: npt.ArrayLike, rng: Rng = None, shots: int | None = None
    ) -> FloatArray:
        """|<psi(params)|psi(y)>|^2 for every row y of ``points``: shape (M,); exact without shots."""
        if shots is not None or not self.is_exact:
            return super().overlaps(params, points, rng, shots)
        here = self._bloch.vectors(self.ansatz.check_parameters(params))
        there = np.stack([self._bloch.vectors(row) for row in self.check_points(points)])
        return np.asarray(((1.0 + (here * there).sum(axis=1)) / 2).prod(axis=1))

    @property
    def gradient_circuits(self) -> int:
        return 1 if self.is_exact else super().gradient_circuits
