"""The exact engine: state vectors in memory, the cost as a table, gradients by the adjoint method."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.bits import index_to_bits
from walshqhn.circuits.ansatz import Ansatz
from walshqhn.cost.base import Cost
from walshqhn.cost.table import TableCost, tabulate
from walshqhn.engines.base import Engine, Evaluation, Prepared, Rng, check_cost
from walshqhn.engines.distribution import Distribution
from walshqhn.engines.objectives import MEAN, Objective
from walshqhn.kernels import circuit as kernels
from walshqhn.kernels import sampling, statevector
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.resources import require_memory, resolve_threads, thread_limit

State = npt.NDArray[np.float64]
"""(2, 2^N), real and imaginary part."""
_EMPTY = np.zeros(0)


class ExactEngine(Engine):
    """Noiseless, exact expectation values.

    ``cost`` is anything `as_cost` accepts; it is tabulated. ``threads`` defaults to $WALSHQHN_THREADS, else all cores;
    results do not depend on it. InputError for an invalid cost, UsageError for one with no bits or fewer than 1 thread,
    TooLargeError if state, adjoint state and table (5 arrays of 2^N float64) do not fit in memory.

    >>> from walshqhn import ExactEngine, ProductAnsatz
    >>> ExactEngine([3.0, 1.0, 0.5, 2.0]).expectation(ProductAnsatz(2), [0.0, 0.0, 0.0, 0.0])
    3.0
    """

    cost: TableCost

    def __init__(self, cost: Cost | npt.ArrayLike, *, threads: int | None = None) -> None:
        source = check_cost(cost)
        resolve_threads(threads)  # fail early
        require_memory(
            (4 if isinstance(source, TableCost) else 5) * 8 << source.num_bits,
            f"a state vector of {source.num_bits} qubits and its adjoint",
            "Use fewer qubits, or MPSEngine (engine mps), which does without 2^N numbers.",
        )
        self.cost, self.threads = tabulate(source, threads=threads), threads
        self._spare: list[State] = []

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_spare": []}

    def prepare(self, ansatz: Ansatz) -> ExactPrepared:
        return ExactPrepared(self, ansatz)

    def statevector(self, ansatz: Ansatz, params: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """Amplitudes (2^N,) at ``params`` (num_parameters,), in Qiskit's order."""
        return self.prepare(ansatz).statevector(params)

    @contextmanager
    def spare_state(self) -> Iterator[State]:
        """An uninitialised state from a pool: fresh memory costs as much as the work."""
        try:
            state = self._spare.pop()
        except IndexError:
            state = np.empty((2, self.cost.values.size))
        try:
            yield state
        finally:
            self._spare.append(state)


class ExactPrepared(Prepared):
    """A circuit on the exact engine. Samples without ``rng`` differ each time."""

    engine: ExactEngine

    def __init__(self, engine: ExactEngine, ansatz: Ansatz) -> None:
        super().__init__(engine, ansatz)
        self._cost, self._kernels = engine.cost, _Kernels(ansatz)

    def distributions(self, points: FloatArray, rng: Rng = None) -> Iterator[Distribution]:
        for row in points:
            with self._state(row) as (re, im):
                probabilities = re * re + im * im
            yield Distribution(self._cost.values, probabilities, table=self._cost)

    def measure(self, points: FloatArray, shots: int, rng: Rng = None) -> Iterator[BitArray]:
        generator = np.random.default_rng(rng)
        for found in self.distributions(points):
            # normalised partial sums of exponentials are the order statistics of uniforms: no sorting
            ends = np.cumsum(generator.standard_exponential(shots + 1))
            index = np.empty(shots, np.int64)
            sampling.merge_sorted(found.probabilities, ends[:-1] / ends[-1], index)
            generator.shuffle(index)
            yield index_to_bits(index, self.ansatz.num_qubits)

    def evaluate(self, points: npt.ArrayLike, objective: Objective = MEAN, rng: Rng = None) -> list[Evaluation]:
        found = []
        for row in self.check_points(points):
            with self._state(row) as state:
                estimate = objective.evaluate(_OfState(self._cost, state))
            found.append(Evaluation(row.copy(), estimate.value, estimate.error, rest=estimate.rest))
        return found

    def expectation(self, params: npt.ArrayLike, objective: Objective = MEAN, rng: Rng = None) -> float:
        with self._state(self.ansatz.check_parameters(params)) as state:
            return objective.evaluate(_OfState(self._cost, state)).value

    def value_and_gradient(self, params: npt.ArrayLike, objective: Objective = MEAN, rng: Rng = None) -> Evaluation:
        """The objective and its gradient, by one forward and one backward pass (the adjoint method)."""
        values, gradient = self.ansatz.check_parameters(params), np.zeros(self.ansatz.num_parameters)
        with self._state(values) as state, self.engine.spare_state() as adjoint:
            found = _OfState(self._cost, state)
            estimate = objective.evaluate(found)
            diagonal = objective.linearized(found)(self._cost.values)
            statevector.multiply(state[0], state[1], diagonal, adjoint[0], adjoint[1])
            self._kernels.differentiate(values, state, adjoint, gradient)
        return Evaluation(values.copy(), estimate.value, estimate.error, gradient, rest=estimate.rest)

    def overlaps(
        self, params: npt.ArrayLike, points: npt.ArrayLike, rng: Rng = None, shots: int | None = None
    ) -> FloatArray:
        """|<psi(params)|psi(y)>|^2 for every row y of ``points``: shape (M,); exact without ``shots``."""
        if shots is not None:
            return super().overlaps(params, points, rng, shots)
        found = []
        with self._state(self.ansatz.check_parameters(params)) as (re, im):
            for row in self.check_points(points):
                with self._state(row) as (other_re, other_im):
                    # BLAS would add in an order that depends on its threads
                    real = np.einsum("i,i->", re, other_re) + np.einsum("i,i->", im, other_im)
                    imaginary = np.einsum("i,i->", re, other_im) - np.einsum("i,i->", im, other_re)
                    found.append(float(real * real + imaginary * imaginary))
        return np.array(found)

    def statevector(self, params: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """Amplitudes (2^N,) at ``params`` (num_parameters,), in Qiskit's order."""
        with self._state(self.ansatz.check_parameters(params)) as (re, im):
            return re + 1j * im

    @property
    def gradient_circuits(self) -> int:
        return 1

    @contextmanager
    def _state(self, values: FloatArray) -> Iterator[State]:
        """The prepared state; kernels inside the block use the engine's threads."""
        with self.engine.spare_state() as state, thread_limit(self.engine.threads):
            self._kernels.run(values, state)
            yield state


class _Kernels:
    """The kernels that run a circuit on a state."""

    def __init__(self, ansatz: Ansatz) -> None:
        self._ansatz = ansatz

    def run(self, values: FloatArray, state: State) -> None:
        """Prepare the state in place."""
        re, im = state
        state.fill(0.0)
        if self._ansatz.program.plus:
            re.fill(re.size**-0.5)
        else:
            re[0] = 1.0
        kernels.apply(self._ansatz.compiled, values, self._phases, self._ansatz.num_qubits, re, im)

    def differentiate(self, values: FloatArray, state: State, adjoint: State, gradient: FloatArray) -> None:
        """Add the derivatives of <state|D|state> to ``gradient``, ``adjoint`` being D times the state; both change."""
        kernels.adjoint(
            self._ansatz.compiled, values, self._phases, self._ansatz.num_qubits, tuple(state), tuple(adjoint), gradient
        )

    @cached_property
    def _phases(self) -> FloatArray:
        table = self._ansatz.phase_table
        return _EMPTY if table is None else table


class _OfState(Distribution):
    """The distribution of a state in a spare buffer; its mean, often all that is needed, takes no probabilities."""

    _state: State

    def __init__(self, cost: TableCost, state: State) -> None:
        self.__dict__.update(costs=cost.values, centred=cost.centred, table=cost, source=cost, _state=state)

    @cached_property
    def probabilities(self) -> FloatArray:
        re, im = self._state
        return re * re + im * im

    def mean(self, values: FloatArray) -> float:
        re, im = self._state
        return statevector.expectation(re, im, values) if values is self.centred else super().mean(values)
