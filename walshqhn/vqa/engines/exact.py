"""The exact engine: the state vector in memory, the cost as a table, gradients by the adjoint method."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt

from walshqhn.arrays import BitArray, FloatArray
from walshqhn.binn.tables import check_cost_table, sha256
from walshqhn.bits import bits_to_index, check_rows, index_to_bits, log2_exact
from walshqhn.errors import UsageError
from walshqhn.kernels import circuit as kernels
from walshqhn.kernels import sampling, statevector
from walshqhn.resources import require_memory, thread_limit
from walshqhn.vqa.ansatz import Ansatz
from walshqhn.vqa.engines.base import check_qubits, check_shots
from walshqhn.vqa.objectives import CVaR, IndexArray, Mean, Objective

_EMPTY = np.zeros(0)


class ExactEngine:
    """Noiseless, exact expectation values of a diagonal cost.

    Parameters
    ----------
    table
        Cost table (2^N,), N >= 1.
    threads
        Default: $WALSHQHN_THREADS, else all cores. Results do not depend on it.

    Raises
    ------
    InputError
        The table's length is no power of two, or a value is not finite.
    TooLargeError
        State, adjoint state and table (5 arrays of 2^N float64) do not fit in memory.
    """

    shots: int | None = None
    objective_gradients = True
    """`value_and_gradient` takes an `Objective`."""

    def __init__(self, table: npt.ArrayLike, *, threads: int | None = None) -> None:
        self.table = check_cost_table(table)
        self.num_qubits = log2_exact(self.table.size, "a cost table")
        self.cost_sha256: str | None = sha256(self.table)
        self.threads = threads
        self._order: IndexArray | None = None
        self._spare: list[npt.NDArray[np.float64]] = []
        if self.num_qubits < 1:
            raise UsageError("an engine needs a cost of at least 1 bit.")
        require_memory(
            4 * self.table.nbytes,
            f"a state vector of {self.num_qubits} qubits and its adjoint",
            'Use fewer qubits, or AerEngine with method="matrix_product_state" (engine mps) and shots.',
        )

    @property
    def exact_minimum(self) -> float:
        """min C."""
        return float(self.table.min())

    def costs(self, bits: npt.ArrayLike) -> FloatArray:
        """Costs of bit strings (M, N): shape (M,)."""
        return self.table[bits_to_index(check_rows(bits, self.num_qubits))]

    def expectation(self, ansatz: Ansatz, params: npt.ArrayLike, objective: Objective | None = None) -> float:
        """E = <psi| C |psi>, or another ``objective`` of the measured distribution."""
        with self._state(ansatz, params) as (re, im):
            if objective is None or isinstance(objective, Mean):
                return statevector.expectation(re, im, self.table)
            return objective.exact(re * re + im * im, self.table, self._order_for(objective))

    def value_and_gradient(
        self, ansatz: Ansatz, params: npt.ArrayLike, objective: Objective | None = None
    ) -> tuple[float, FloatArray]:
        """The objective (default: E) and its gradient (num_parameters,), by one pass forward and one back.

        Adjoint method; an objective's derivatives are those of its effective diagonal's mean.
        """
        values, gradient = ansatz.check_parameters(params), np.zeros(ansatz.num_parameters)
        with self._state(ansatz, values) as (re, im), self._scratch() as (lre, lim):
            diagonal = self.table
            if objective is None or isinstance(objective, Mean):
                value = statevector.expectation(re, im, self.table)
            else:
                probabilities, order = re * re + im * im, self._order_for(objective)
                value = objective.exact(probabilities, self.table, order)
                diagonal = objective.effective_diagonal(probabilities, self.table, order)
            statevector.multiply(re, im, diagonal, lre, lim)
            phases = self._phases(ansatz)
            kernels.adjoint(ansatz.compiled, values, phases, self.num_qubits, (re, im), (lre, lim), gradient)
        return value, gradient

    def overlap(self, ansatz: Ansatz, a: npt.ArrayLike, b: npt.ArrayLike) -> float:
        """|<psi(a)|psi(b)>|^2, the fidelity of the states at two settings of the angles."""
        with self._state(ansatz, a) as (re, im), self._state(ansatz, b) as (lre, lim):
            real = np.einsum("i,i->", re, lre) + np.einsum(
                "i,i->", im, lim
            )  # BLAS would add in an order of its threads
            imaginary = np.einsum("i,i->", re, lim) - np.einsum("i,i->", im, lre)
            return float(real * real + imaginary * imaginary)

    def statevector(self, ansatz: Ansatz, params: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """Amplitudes (2^N,), in Qiskit's order."""
        with self._state(ansatz, params) as (re, im):
            return re + 1j * im

    def probabilities(self, ansatz: Ansatz, params: npt.ArrayLike) -> FloatArray:
        """|psi_x|^2 of every configuration: (2^N,)."""
        with self._state(ansatz, params) as (re, im):
            return re * re + im * im

    def sample(self, ansatz: Ansatz, params: npt.ArrayLike, shots: int, rng: np.random.Generator) -> BitArray:
        """``shots`` independent measurements: (shots, N) uint8."""
        count = check_shots(shots)
        probabilities = self.probabilities(ansatz, params)
        # sums of exponentials are the order statistics of uniforms: sorted without sorting
        ends = np.cumsum(rng.standard_exponential(count + 1))
        index = np.empty(count, np.int64)
        sampling.merge_sorted(probabilities, ends[:-1] / ends[-1], index)
        rng.shuffle(index)
        return index_to_bits(index, self.num_qubits)

    def _order_for(self, objective: Objective) -> IndexArray | None:
        """The configurations by ascending cost, sorted once, for an objective that has to know."""
        if self._order is None and isinstance(objective, CVaR):
            self._order = self.table.argsort(kind="stable")
        return self._order

    @contextmanager
    def _scratch(self) -> Iterator[npt.NDArray[np.float64]]:
        """Two arrays (2^N,) with anything in them, given back at the end: fresh memory costs as much as the work."""
        try:
            pair = self._spare.pop()
        except IndexError:
            pair = np.empty((2, self.table.size))
        try:
            yield pair
        finally:
            self._spare.append(pair)

    @contextmanager
    def _state(self, ansatz: Ansatz, params: npt.ArrayLike) -> Iterator[npt.NDArray[np.float64]]:
        """The state that the circuit prepares, real and imaginary part; the block runs on the engine's threads."""
        check_qubits(ansatz, self.num_qubits)
        values = ansatz.check_parameters(params)
        with self._scratch() as state, thread_limit(self.threads):
            re, im = state
            im[:] = 0.0
            re[:] = self.table.size**-0.5 if ansatz.program.plus else 0.0
            if not ansatz.program.plus:
                re[0] = 1.0
            kernels.apply(ansatz.compiled, values, self._phases(ansatz), self.num_qubits, re, im)
            yield state

    @staticmethod
    def _phases(ansatz: Ansatz) -> FloatArray:
        return _EMPTY if ansatz.phase_table is None else ansatz.phase_table
