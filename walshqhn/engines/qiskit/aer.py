"""Qiskit Aer's simulators: state vectors, density matrices and matrix product states, with noise, with shots."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from walshqhn.circuits.ansatz import Ansatz
from walshqhn.engines.base import check_qubits
from walshqhn.engines.qiskit.compiled import Compiled, compile_circuit
from walshqhn.engines.qiskit.noise import coupling_of, has_readout_errors
from walshqhn.engines.shots import Circuit, CostFunction, SamplingEngine
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.errors import InputError, UsageError, unknown_name
from walshqhn.support.resources import require_memory, resolve_threads

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit_aer.noise import NoiseModel

Method = Literal["statevector", "matrix_product_state", "density_matrix"]
METHODS: tuple[str, ...] = get_args(Method)
_BASIS = ["h", "rx", "ry", "rz", "cx"]
_NO_GATES = ("measure", "reset", "delay")
_KEPT = 4  # compiled circuits
_JOB_BYTES = 1 << 26  # of measured bits at a time, as text and as numbers
_MEMORY_ADVICE = 'Use fewer qubits, or method="matrix_product_state" (engine mps) with shots.'


class AerEngine(SamplingEngine):
    """Runs circuits on Qiskit Aer.

    Parameters
    ----------
    cost
        A cost table (2^N,), or a function from bit strings (M, N) to costs (M,).
    num_qubits
        N; needed with a function.
    shots
        Measurements each value is estimated from. None: exact, from the probabilities; that needs a table
        and a method that has them: "statevector" without noise, or "density_matrix" without readout errors.
    seed
        Seed of the simulator; every evaluation draws from a seed of its own derived from it.
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
    UsageError
        Settings that do not go together.
    TooLargeError
        The state does not fit in memory.
    """

    def __init__(
        self,
        cost: npt.ArrayLike | CostFunction,
        *,
        num_qubits: int | None = None,
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
        super().__init__(cost, num_qubits=num_qubits, shots=shots, seed=seed)
        if method == "statevector":
            what = f"a state vector of {self.num_qubits} qubits in Aer"
            require_memory(32 << self.num_qubits, what, _MEMORY_ADVICE)
        elif method == "density_matrix":
            what = f"a density matrix of {self.num_qubits} qubits in Aer"
            require_memory(16 << 2 * self.num_qubits, what, 'Use fewer qubits, or method="statevector" with shots.')
        elif max_bond_dimension is not None and (
            isinstance(max_bond_dimension, bool) or not isinstance(max_bond_dimension, int) or max_bond_dimension < 1
        ):
            raise UsageError(f"max_bond_dimension must be a whole number of at least 1, got {max_bond_dimension!r}.")
        elif not 0 <= truncation_threshold < 1:
            raise UsageError(f"truncation_threshold lies in [0, 1), got {truncation_threshold!r}.")
        if max_bond_dimension is not None and method != "matrix_product_state":
            raise UsageError(f'max_bond_dimension belongs to method="matrix_product_state", got method={method!r}.')
        if self.shots is None:
            self._check_exact(method, noise_model)
        self.method, self.noise_model = method, noise_model
        self.threads = threads
        self._limits = (max_bond_dimension, float(truncation_threshold))
        resolve_threads(threads)  # says now what is wrong
        self._simulator: Any = None
        self._compiled: dict[tuple[int, bool], tuple[Ansatz, Compiled]] = {}

    @staticmethod
    def _check_exact(method: str, model: NoiseModel | None) -> None:
        if method == "matrix_product_state":
            raise UsageError("a matrix product state gives no exact probabilities: set shots.")
        if method == "statevector" and model is not None:
            raise UsageError('with noise a state vector is one of many: set shots, or use method="density_matrix".')
        if model is not None and has_readout_errors(model):
            raise UsageError("errors in reading out need measurements: set shots.")

    @property
    def settings(self) -> dict[str, Any]:
        """What beside the seed decides the results, as JSON can hold it."""
        bond, threshold = self._limits
        found: dict[str, Any] = {"method": self.method}
        if self.method == "matrix_product_state":
            found |= {"max_bond_dimension": bond, "truncation_threshold": threshold}
        if self.noise_model is not None:
            found["noise"] = _fingerprint(self.noise_model)
        return found

    def probabilities(self, ansatz: Ansatz, params: npt.ArrayLike) -> FloatArray:
        """|psi_x|^2 of every configuration: (2^N,). UsageError where only shots can tell."""
        check_qubits(ansatz, self.num_qubits)
        self._check_exact(self.method, self.noise_model)
        return next(self._exact_probabilities(ansatz, ansatz.check_parameters(params)[None, :]))

    def _exact_probabilities(self, ansatz: Ansatz, params: FloatArray) -> Iterator[FloatArray]:
        circuit = Circuit(ansatz)
        batch = max(1, _JOB_BYTES >> (self.num_qubits + 3))
        for start in range(0, len(params), batch):
            jobs = []
            for row in params[start : start + batch]:
                job, positions = self._bound(circuit, row)
                job.save_probabilities(positions)
                jobs.append(job)
            result = self._run(jobs)
            for k in range(len(jobs)):
                yield np.asarray(result.data(k)["probabilities"], dtype=np.float64)

    def _measure(self, circuit: Circuit, params: FloatArray, shots: int, seed: int) -> Iterator[BitArray]:
        from qiskit import ClassicalRegister

        batch = max(1, _JOB_BYTES // (shots * self.num_qubits))
        for start in range(0, len(params), batch):
            jobs = []
            for row in params[start : start + batch]:
                job, positions = self._bound(circuit, row)
                job.add_register(ClassicalRegister(self.num_qubits, "meas"))
                job.barrier()
                job.measure(positions, range(self.num_qubits))
                jobs.append(job)
            # Aer gives each circuit of a job a seed of its own, counting up from the job's
            job_seed = int(np.random.SeedSequence([seed, start]).generate_state(1)[0] >> 1)
            result = self._run(jobs, shots=shots, memory=True, seed_simulator=job_seed)
            for k in range(len(jobs)):
                letters = np.frombuffer("".join(result.get_memory(k)).encode(), np.uint8)
                yield np.ascontiguousarray(letters.reshape(shots, -1)[:, ::-1]) - np.uint8(ord("0"))

    def _run(self, circuits: list[QuantumCircuit], **options: Any) -> Any:
        result = self._aer().run(circuits, **options).result()
        if not result.success:
            raise InputError(f"Aer could not run the circuit: {result.status}")
        return result

    def _aer(self) -> Any:
        if self._simulator is None:
            from qiskit_aer import AerSimulator

            bond, threshold = self._limits
            options: dict[str, Any] = {"method": self.method, "max_parallel_threads": resolve_threads(self.threads)}
            if self.method == "matrix_product_state":
                options["matrix_product_state_truncation_threshold"] = threshold
                if bond is not None:
                    options["matrix_product_state_max_bond_dimension"] = bond
            if self.noise_model is not None:
                options["noise_model"] = self.noise_model
            self._simulator = AerSimulator(**options)
        return self._simulator

    def _bound(self, circuit: Circuit, params: FloatArray) -> tuple[QuantumCircuit, Sequence[int]]:
        """The circuit with numbers for angles, in gates that Aer knows, a fresh copy; and where each qubit ends up."""
        if self._knows_diagonals and circuit.ansatz.phase_table is not None:
            from qiskit import transpile  # a diagonal gate has no symbolic form, and is fastest as such

            built = transpile(circuit.build(params), self._aer(), optimization_level=0)
            return built, range(self.num_qubits)
        if circuit.key not in self._compiled:
            if len(self._compiled) >= _KEPT:
                self._compiled.pop(next(iter(self._compiled)))
            self._compiled[circuit.key] = (circuit.ansatz, self._compile(circuit))
        compiled = self._compiled[circuit.key][1]
        return compiled.bind(params), compiled.positions

    @property
    def _knows_diagonals(self) -> bool:
        """Whether a diagonal is one gate: noise would pass it by, and a matrix product state has none."""
        return self.noise_model is None and self.method != "matrix_product_state"

    def _compile(self, circuit: Circuit) -> Compiled:
        """In symbols. Nothing is merged or left out, so that noise counts each gate, but for a backend's noise."""
        pairs = None if self.noise_model is None else coupling_of(self.noise_model)
        if self.noise_model is None:
            basis = list(_BASIS)
        else:
            basis = [name for name in self.noise_model.basis_gates if name not in _NO_GATES]
        return compile_circuit(circuit.build(), basis, pairs)


def _fingerprint(model: NoiseModel) -> str:
    """A short checksum of a noise model, without the random names that it gives its errors."""
    errors = [{k: v for k, v in error.items() if k != "id"} for error in model.to_dict(serializable=True)["errors"]]
    return hashlib.sha256(json.dumps(errors, sort_keys=True).encode()).hexdigest()[:16]
