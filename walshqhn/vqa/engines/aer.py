"""Qiskit Aer's state-vector simulator, with exact probabilities or with shots."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from walshqhn.arrays import BitArray, FloatArray
from walshqhn.binn.tables import check_cost_table, sha256
from walshqhn.bits import bits_to_index, check_rows, log2_exact
from walshqhn.errors import InputError, UsageError
from walshqhn.resources import require_memory, resolve_threads
from walshqhn.vqa.ansatz import Ansatz
from walshqhn.vqa.engines.base import check_qubits, check_shots
from walshqhn.vqa.gradients import parameter_shift

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

CostFunction = Callable[[BitArray], FloatArray]


class AerEngine:
    """Runs circuits on Aer's statevector method.

    Parameters
    ----------
    cost
        A cost table (2^N,), or a function from bit strings (M, N) to costs (M,).
    num_qubits
        N; needed with a function.
    shots
        Measurements each value is estimated from; None: exact, from the probabilities (needs a table).
    seed
        Seed of the simulator; every evaluation draws from a seed of its own derived from it.
    threads
        Default: $WALSHQHN_THREADS, else all cores.
    """

    def __init__(
        self,
        cost: npt.ArrayLike | CostFunction,
        *,
        num_qubits: int | None = None,
        shots: int | None = None,
        seed: int = 0,
        threads: int | None = None,
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
        if self.num_qubits < 1:
            raise UsageError("an engine needs a cost of at least 1 bit.")
        require_memory(32 << self.num_qubits, f"a state vector of {self.num_qubits} qubits in Aer", "Use fewer qubits.")
        self.shots = None if shots is None else check_shots(shots)
        self._seeds = np.random.SeedSequence(seed)
        self.threads = threads
        resolve_threads(threads)  # says now what is wrong
        self._simulator: Any = None
        self._transpiled: dict[int, tuple[Ansatz, QuantumCircuit]] = {}

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

    def expectation(self, ansatz: Ansatz, params: npt.ArrayLike) -> float:
        """E, exact or as the mean over ``shots`` measurements."""
        if self.shots is None:
            assert self.table is not None
            return float(self.probabilities(ansatz, params) @ self.table)
        seed = int(self._seeds.spawn(1)[0].generate_state(1)[0] >> 1)
        return float(self.costs(self._measure(ansatz, params, self.shots, seed)).mean())

    def value_and_gradient(self, ansatz: Ansatz, params: npt.ArrayLike) -> tuple[float, FloatArray]:
        """E and its gradient by the parameter-shift rule (see there for what it needs)."""
        return self.expectation(ansatz, params), parameter_shift(self, ansatz, params)

    def probabilities(self, ansatz: Ansatz, params: npt.ArrayLike) -> FloatArray:
        """|psi_x|^2 of every configuration: (2^N,)."""
        circuit = self._bound(ansatz, params)
        circuit.save_probabilities()
        result = self._run(circuit)
        return np.asarray(result.data()["probabilities"], dtype=np.float64)

    def sample(self, ansatz: Ansatz, params: npt.ArrayLike, shots: int, rng: np.random.Generator) -> BitArray:
        """``shots`` measured bit strings: (shots, N) uint8."""
        return self._measure(ansatz, params, check_shots(shots), int(rng.integers(2**31)))

    def _measure(self, ansatz: Ansatz, params: npt.ArrayLike, shots: int, seed: int) -> BitArray:
        circuit = self._bound(ansatz, params)
        circuit.measure_all()
        labels = self._run(circuit, shots=shots, memory=True, seed_simulator=seed).get_memory()
        letters = np.frombuffer("".join(labels).encode(), np.uint8).reshape(shots, self.num_qubits)
        return np.ascontiguousarray(letters[:, ::-1]) - np.uint8(ord("0"))

    def _run(self, circuit: QuantumCircuit, **options: Any) -> Any:
        result = self._aer().run(circuit, **options).result()
        if not result.success:
            raise InputError(f"Aer could not run the circuit: {result.status}")
        return result

    def _aer(self) -> Any:
        if self._simulator is None:
            from qiskit_aer import AerSimulator

            self._simulator = AerSimulator(method="statevector", max_parallel_threads=resolve_threads(self.threads))
        return self._simulator

    def _bound(self, ansatz: Ansatz, params: npt.ArrayLike) -> QuantumCircuit:
        """The circuit with numbers for angles, in gates that Aer knows; a fresh copy."""
        from qiskit import transpile

        check_qubits(ansatz, self.num_qubits)
        values = ansatz.check_parameters(params)
        if ansatz.phase_table is not None:  # a diagonal gate has no symbolic form
            return transpile(ansatz.circuit(values), self._aer(), optimization_level=0)
        key = id(ansatz)
        if key not in self._transpiled:  # the ansatz is kept with it, so that its id stays its own
            symbolic = transpile(ansatz.circuit(), self._aer(), optimization_level=0)
            self._transpiled = {key: (ansatz, symbolic)}
        circuit = self._transpiled[key][1]
        return circuit.assign_parameters(values)
