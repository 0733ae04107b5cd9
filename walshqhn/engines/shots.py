"""What engines have in common that measure circuits: Aer and hardware."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from walshqhn.bits import bits_to_index, check_rows, log2_exact
from walshqhn.circuits.ansatz import Ansatz
from walshqhn.cost.table import check_cost_table, sha256
from walshqhn.engines.base import check_parameter_rows, check_qubits, check_shots
from walshqhn.engines.objectives import MEAN, Objective
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.errors import InputError, UsageError
from walshqhn.training.gradients import ShiftPlan

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

CostFunction = Callable[[BitArray], FloatArray]


@dataclass(frozen=True, eq=False)
class Distribution:
    """Of costs: of all configurations with their probabilities, or of those that were measured."""

    costs: FloatArray
    probabilities: FloatArray | None = None
    """None: all alike."""

    def weights(self) -> FloatArray:
        """Probabilities, as numbers."""
        if self.probabilities is None:
            return np.full(self.costs.shape, 1 / self.costs.size)
        return self.probabilities

    def mean(self, values: FloatArray) -> float:
        """Mean of ``values`` that belong to ``costs``; not by BLAS, whose sums depend on its threads."""
        if self.probabilities is None:
            return float(values.mean())
        return float(np.einsum("i,i->", self.probabilities, values))

    def value(self, objective: Objective) -> float:
        """The objective of this distribution."""
        if self.probabilities is None:
            return objective.estimate(self.costs)[0]
        return objective.exact(self.probabilities, self.costs)


class SamplingEngine(ABC):
    """An engine that measures circuits, many in one job; parameters as in `AerEngine`.

    A subclass says how to `_measure`, and may know exact `_exact_probabilities`.
    """

    objective_gradients = True
    """`value_and_gradient` takes an `Objective`."""

    def __init__(
        self, cost: npt.ArrayLike | CostFunction, *, num_qubits: int | None, shots: int | None, seed: int
    ) -> None:
        self.table: FloatArray | None = None
        self.cost_sha256: str | None = None
        if callable(cost):
            if num_qubits is None or shots is None:
                raise UsageError("a cost function needs num_qubits and shots; without shots give a cost table.")
            self._cost: CostFunction = cost
            self.num_qubits = num_qubits
        else:
            table = check_cost_table(cost)
            self.table, self.cost_sha256 = table, sha256(table)
            self.num_qubits = log2_exact(table.size, "a cost table")
            self._cost = lambda bits: table[bits_to_index(bits)]
            if num_qubits not in (None, self.num_qubits):
                raise UsageError(f"the cost table is one of {self.num_qubits} bits, but num_qubits is {num_qubits}.")
        if self.num_qubits < 1:
            raise UsageError("an engine needs a cost of at least 1 bit.")
        self.shots = None if shots is None else check_shots(shots)
        self._seeds = np.random.SeedSequence(seed)

    @abstractmethod
    def _measure(self, circuit: Circuit, params: FloatArray, shots: int, seed: int) -> Iterator[BitArray]:
        """Measured bit strings (shots, N) at each row of ``params``, all rows submitted together."""

    def _exact_probabilities(self, ansatz: Ansatz, params: FloatArray) -> Iterator[FloatArray]:
        """|psi_x|^2 (2^N,) at each row of ``params``; only for engines without shots."""
        raise NotImplementedError

    @property
    def exact_minimum(self) -> float | None:
        """min C, where the cost is a table."""
        return None if self.table is None else float(self.table.min())

    def costs(self, bits: npt.ArrayLike) -> FloatArray:
        """Costs of bit strings (M, N): shape (M,). InputError if a cost function returns anything else."""
        rows = check_rows(bits, self.num_qubits)
        costs = np.asarray(self._cost(rows), dtype=np.float64)
        if costs.shape != (len(rows),) or not np.isfinite(costs).all():
            raise InputError(f"a cost function must return {len(rows)} finite numbers, got shape {costs.shape}.")
        return costs

    def expectation(self, ansatz: Ansatz, params: npt.ArrayLike, objective: Objective | None = None) -> float:
        """E, or another ``objective``, exact or estimated from ``shots`` measurements."""
        found = next(self._distributions(ansatz, ansatz.check_parameters(params)[None, :]))
        return found.value(objective or MEAN)

    def expectations(self, ansatz: Ansatz, params: npt.ArrayLike) -> FloatArray:
        """E at every row of ``params`` (M, num_parameters), all circuits in one job: shape (M,)."""
        rows = check_parameter_rows(ansatz, params)
        return np.array([found.mean(found.costs) for found in self._distributions(ansatz, rows)])

    def value_and_gradient(
        self, ansatz: Ansatz, params: npt.ArrayLike, objective: Objective | None = None
    ) -> tuple[float, FloatArray]:
        """The objective (default: E) and its gradient by the parameter-shift rule, all circuits in one job.

        UsageError if that takes too many circuits, see `parameter_shift`.
        """
        check_qubits(ansatz, self.num_qubits)
        plan, chosen = ShiftPlan(ansatz, params), objective or MEAN
        found = self._distributions(plan.ansatz, np.vstack([plan.unshifted, plan.rows]))
        here = next(found)
        linear = chosen.linearized(here.weights(), here.costs)
        return here.value(chosen), plan.gradient(np.array([other.mean(linear(other.costs)) for other in found]))

    def sample(self, ansatz: Ansatz, params: npt.ArrayLike, shots: int, rng: np.random.Generator) -> BitArray:
        """``shots`` measured bit strings: (shots, N) uint8."""
        check_qubits(ansatz, self.num_qubits)
        values = ansatz.check_parameters(params)[None, :]
        return next(self._measure(Circuit(ansatz), values, check_shots(shots), draw_seed(rng)))

    def sample_many(
        self, ansatz: Ansatz, params: npt.ArrayLike, shots: int, rng: np.random.Generator
    ) -> npt.NDArray[np.uint8]:
        """``shots`` measured bit strings at every row of ``params`` (M, num_parameters), all circuits in one job.

        Returns (M, shots, N) uint8.
        """
        check_qubits(ansatz, self.num_qubits)
        rows = check_parameter_rows(ansatz, params)
        return np.stack(list(self._measure(Circuit(ansatz), rows, check_shots(shots), draw_seed(rng))))

    def overlap(
        self,
        ansatz: Ansatz,
        a: npt.ArrayLike,
        b: npt.ArrayLike,
        shots: int | None = None,
        rng: np.random.Generator | None = None,
    ) -> float:
        """An estimate of |<psi(a)|psi(b)>|^2: how often U(b) after the inverse of U(a) measures zeros only.

        ``shots`` (default: the engine's, else 1,024) decide the standard error, at most 0.5 / sqrt(shots);
        without ``rng`` the engine's own seed is used. With noise it is the noisy circuit's figure, below 1 even
        where ``a`` = ``b``.
        """
        check_qubits(ansatz, self.num_qubits)
        values = np.concatenate([ansatz.check_parameters(b), ansatz.check_parameters(a)])[None, :]
        count = check_shots(shots if shots is not None else self.shots or 1024)
        seed = self._next_seed() if rng is None else draw_seed(rng)
        bits = next(self._measure(Circuit(ansatz, overlap=True), values, count, seed))
        return float((~bits.any(axis=1)).mean())

    def _distributions(self, ansatz: Ansatz, rows: FloatArray) -> Iterator[Distribution]:
        """Of the costs at each row."""
        check_qubits(ansatz, self.num_qubits)
        if self.shots is None:
            assert self.table is not None
            for probabilities in self._exact_probabilities(ansatz, rows):
                yield Distribution(self.table, probabilities)
            return
        for bits in self._measure(Circuit(ansatz), rows, self.shots, self._next_seed()):
            yield self._distribution(ansatz, bits)

    def _distribution(self, ansatz: Ansatz, bits: BitArray) -> Distribution:
        """What the measured ``bits`` stand for."""
        return Distribution(self.costs(bits))

    def _next_seed(self) -> int:
        """A seed that no earlier evaluation had."""
        return int(self._seeds.spawn(1)[0].generate_state(1)[0] >> 1)


class Circuit:
    """The circuit of an ansatz, or the one that measures overlaps; equal ones are compiled once."""

    def __init__(self, ansatz: Ansatz, *, overlap: bool = False) -> None:
        self.ansatz, self.overlap = ansatz, overlap

    @property
    def key(self) -> tuple[int, bool]:
        """What it is kept by; whoever keeps it holds the ansatz, so that its id stays its own."""
        return id(self.ansatz), self.overlap

    def build(self, params: FloatArray | None = None) -> QuantumCircuit:
        """The Qiskit circuit without measurements, with a row of ``params`` or symbols; a fresh copy."""
        if not self.overlap:
            return self.ansatz.circuit(params)
        first, second = (None, None) if params is None else np.split(params, 2)
        forth, back = self.ansatz.circuit(first), self.ansatz.circuit(second).inverse()
        if params is None:
            from qiskit.circuit import ParameterVector

            for name, part in (("b", forth), ("inverse_a", back)):
                part.assign_parameters(ParameterVector(name, part.num_parameters), inplace=True)
        return forth.compose(back)


def draw_seed(rng: np.random.Generator) -> int:
    """A simulator's seed."""
    return int(rng.integers(2**31))
