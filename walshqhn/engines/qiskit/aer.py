"""Qiskit Aer's simulators: state vectors, density matrices and matrix product states, with noise, with shots."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from walshqhn.circuits.ansatz import Ansatz
from walshqhn.cost.base import Cost
from walshqhn.cost.table import tabulate
from walshqhn.engines.base import Rng
from walshqhn.engines.distribution import Distribution
from walshqhn.engines.qiskit.compiled import Compiled, compile_circuit
from walshqhn.engines.qiskit.noise import coupling_of, has_readout_errors
from walshqhn.engines.shots import SampledEngine, SampledPrepared, derived_seed
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.checks import check_real, check_whole
from walshqhn.support.errors import InputError, UsageError, unknown_name
from walshqhn.support.resources import require_memory, resolve_threads

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit_aer.noise import NoiseModel

Method = Literal["statevector", "matrix_product_state", "density_matrix"]
METHODS: tuple[str, ...] = get_args(Method)
JOB_BYTES = 1 << 26
"""Of measured bits, or probabilities, at a time; larger jobs go out in parts."""
_BASIS = ["h", "rx", "ry", "rz", "cx"]
_NO_GATES = ("measure", "reset", "delay")
_MEMORY_ADVICE = 'Use fewer qubits, or method="matrix_product_state" (engine mps) with shots.'


class AerEngine(SampledEngine):
    """Runs circuits on Qiskit Aer.

    Parameters
    ----------
    cost
        What `as_cost` takes; without shots it is tabulated.
    shots
        Measurements each value is estimated from. None: exact, from the probabilities; that needs a table of the
        cost and a method that has them: "statevector" without noise, or "density_matrix" without readout errors.
    seed
        Seed of the simulator; every job draws from a seed of its own derived from it.
    threads
        Default: $WALSHQHN_THREADS, else all cores.
    method
        "statevector"; "density_matrix", exact with noise; "matrix_product_state", for many qubits with
        little entanglement between neighbours (Vidal, Phys. Rev. Lett. 91, 147902 (2003)).
    max_bond_dimension
        Of a matrix product state: more is truncated. None: no limit.
    truncation_threshold
        Of a matrix product state: the smallest Schmidt coefficients are dropped while the sum of their squares
        stays below it.
    noise_model
        A qiskit_aer ``NoiseModel``, see `walshqhn.engines.qiskit.noise`. Circuits are compiled to its gates and
        to the pairs of qubits that it knows, so that no gate goes without noise.

    Raises
    ------
    InputError
        What is no cost.
    UsageError
        Settings that do not go together.
    TooLargeError
        The state, or the table of the cost, does not fit in memory.
    """

    def __init__(
        self,
        cost: Cost | npt.ArrayLike,
        *,
        shots: int | None = None,
        seed: int = 0,
        threads: int | None = None,
        method: Method = "statevector",
        max_bond_dimension: int | None = None,
        truncation_threshold: float = 1e-16,
        noise_model: NoiseModel | None = None,
    ) -> None:
        if method not in METHODS:
            raise unknown_name("method", method, METHODS)
        super().__init__(cost, shots=shots, seed=seed)
        if max_bond_dimension is not None:
            max_bond_dimension = check_whole("max_bond_dimension", max_bond_dimension, 1)
            if method != "matrix_product_state":
                raise UsageError(f'max_bond_dimension belongs to method="matrix_product_state", got method={method!r}.')
        self._limits = (max_bond_dimension, check_real("truncation_threshold", truncation_threshold, least=0, below=1))
        self.method, self.noise_model, self.threads = method, noise_model, threads
        resolve_threads(threads)  # says now what is wrong
        self._check_memory()
        if self.shots is None:
            self.check_exact()
            self.cost = tabulate(self.cost, threads=threads)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "simulator"}

    def _check_memory(self) -> None:
        n = self.num_qubits
        if self.method == "statevector":
            require_memory(32 << n, f"a state vector of {n} qubits in Aer", _MEMORY_ADVICE)
        elif self.method == "density_matrix":
            what = f"a density matrix of {n} qubits in Aer"
            require_memory(16 << 2 * n, what, 'Use fewer qubits, or method="statevector" with shots.')

    def check_exact(self) -> None:
        """UsageError unless the method gives exact probabilities."""
        if self.method == "matrix_product_state":
            raise UsageError("a matrix product state gives no exact probabilities: set shots.")
        if self.method == "statevector" and self.noise_model is not None:
            raise UsageError('with noise a state vector is one of many: set shots, or use method="density_matrix".')
        if self.noise_model is not None and has_readout_errors(self.noise_model):
            raise UsageError("errors in reading out need measurements: set shots.")

    def prepare(self, ansatz: Ansatz) -> AerPrepared:
        return AerPrepared(self, ansatz)

    @property
    def settings(self) -> dict[str, Any]:
        bond, threshold = self._limits
        found: dict[str, Any] = {"method": self.method}
        if self.method == "matrix_product_state":
            found |= {"max_bond_dimension": bond, "truncation_threshold": threshold}
        if self.noise_model is not None:
            found["noise"] = _fingerprint(self.noise_model)
        return found

    @property
    def has_diagonal_gates(self) -> bool:
        """Whether a diagonal is one gate: noise would pass it by, and a matrix product state has none."""
        return self.noise_model is None and self.method != "matrix_product_state"

    @cached_property
    def simulator(self) -> Any:
        """Aer's own object, an ``AerSimulator``."""
        from qiskit_aer import AerSimulator

        bond, threshold = self._limits
        options: dict[str, Any] = {"method": self.method, "max_parallel_threads": resolve_threads(self.threads)}
        if self.method == "matrix_product_state":
            options["matrix_product_state_truncation_threshold"] = threshold
            if bond is not None:
                options["matrix_product_state_max_bond_dimension"] = bond
        if self.noise_model is not None:
            options["noise_model"] = self.noise_model
        return AerSimulator(**options)


class AerPrepared(SampledPrepared):
    """A circuit in gates that Aer knows."""

    engine: AerEngine

    def probabilities(self, params: npt.ArrayLike) -> FloatArray:
        self.engine.check_exact()
        return next(self._probabilities(self.ansatz.check_parameters(params)[None]))

    def distributions(self, points: FloatArray, rng: Rng = None) -> Iterator[Distribution]:
        if self.engine.shots is not None:
            return super().distributions(points, rng)
        cost = tabulate(self.engine.cost)
        return (Distribution(cost.values, found, table=cost) for found in self._probabilities(points))

    def run(self, points: FloatArray, shots: int, seed: int) -> Iterator[BitArray]:
        from qiskit import ClassicalRegister

        number = self.ansatz.num_qubits
        batch = max(1, JOB_BYTES // (shots * number))
        for start in range(0, len(points), batch):
            jobs = []
            for row in points[start : start + batch]:
                job, positions = self._bound(row)
                job.add_register(ClassicalRegister(number, "meas"))
                job.barrier()
                job.measure(positions, range(number))
                jobs.append(job)
            # Aer gives each circuit of a job a seed of its own, counting up from the job's
            result = self._result(jobs, shots=shots, memory=True, seed_simulator=derived_seed(seed, start))
            for k in range(len(jobs)):
                letters = np.frombuffer("".join(result.get_memory(k)).encode(), np.uint8)
                yield np.ascontiguousarray(letters.reshape(shots, -1)[:, ::-1]) - np.uint8(ord("0"))

    def _probabilities(self, points: FloatArray) -> Iterator[FloatArray]:
        """|psi_x|^2 (2^N,) at each row of ``points``."""
        batch = max(1, JOB_BYTES >> (self.ansatz.num_qubits + 3))
        for start in range(0, len(points), batch):
            jobs = []
            for row in points[start : start + batch]:
                job, positions = self._bound(row)
                job.save_probabilities(positions)
                jobs.append(job)
            result = self._result(jobs)
            for k in range(len(jobs)):
                yield np.asarray(result.data(k)["probabilities"], dtype=np.float64)

    def _result(self, circuits: list[QuantumCircuit], **options: Any) -> Any:
        result = self.engine.simulator.run(circuits, **options).result()
        if not result.success:
            raise InputError(f"Aer could not run the circuit: {result.status}")
        return result

    def _bound(self, params: FloatArray) -> tuple[QuantumCircuit, Sequence[int]]:
        """The circuit with numbers for angles, a fresh copy; and where each qubit ends up."""
        if self.engine.has_diagonal_gates and self.ansatz.phase_table is not None:
            from qiskit import transpile  # a diagonal gate has no symbolic form, and is fastest as such

            built = transpile(self.ansatz.circuit(params), self.engine.simulator, optimization_level=0)
            return built, range(self.ansatz.num_qubits)
        return self._compiled.bind(params), self._compiled.positions

    @cached_property
    def _compiled(self) -> Compiled:
        """In symbols. Nothing is merged or left out, so that noise counts each gate, but for a backend's noise."""
        model = self.engine.noise_model
        if model is None:
            return compile_circuit(self.ansatz.circuit(), _BASIS, None)
        basis = [name for name in model.basis_gates if name not in _NO_GATES]
        return compile_circuit(self.ansatz.circuit(), basis, coupling_of(model))


def _fingerprint(model: NoiseModel) -> str:
    """A short checksum of a noise model, without the random names that it gives its errors."""
    errors = [{k: v for k, v in error.items() if k != "id"} for error in model.to_dict(serializable=True)["errors"]]
    return hashlib.sha256(json.dumps(errors, sort_keys=True).encode()).hexdigest()[:16]
