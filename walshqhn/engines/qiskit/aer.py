"""Qiskit Aer's simulators: state vectors, density matrices and matrix product states, with noise, with shots."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from walshqhn.circuits.ansatz import Ansatz
from walshqhn.cost.base import Cost
from walshqhn.cost.table import tabulate
from walshqhn.engines.base import Rng
from walshqhn.engines.distribution import Distribution
from walshqhn.engines.qiskit.compiled import Compiled, add_measurements, compile_circuit
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
JOB_BYTES = 1 << 26
"""Measured bits, or probabilities, per Aer job; larger jobs are split."""
_BASIS = ["h", "rx", "ry", "rz", "cx"]


class AerEngine(SampledEngine):
    """Runs circuits on Qiskit Aer; ``cost``, ``shots`` and ``seed`` as in `SampledEngine`.

    ``method`` is "statevector"; "density_matrix", exact with noise; or "matrix_product_state", for many qubits with
    little entanglement between neighbours (Vidal, Phys. Rev. Lett. 91, 147902 (2003)). Without shots, the cost is
    tabulated and the method must give exact probabilities: "statevector" without noise, or "density_matrix" without
    readout errors. ``threads`` defaults to $WALSHQHN_THREADS, else all cores.

    Matrix product states are truncated to ``max_bond_dimension`` (None: no limit), and their smallest Schmidt
    coefficients dropped while the sum of their squares stays below ``truncation_threshold``, in [0, 1).

    ``noise_model`` is a qiskit_aer ``NoiseModel``, see `walshqhn.engines.qiskit.noise`; circuits are compiled to its
    gates and connectivity, so that no gate is left without noise.

    UsageError for incompatible settings, TooLargeError if the state, or the table of the cost, does not fit
    in memory.
    """

    def __init__(
        self, cost: Cost | npt.ArrayLike, *, shots: int | None = None, seed: int = 0, threads: int | None = None,
        method: Method = "statevector", max_bond_dimension: int | None = None, truncation_threshold: float = 1e-16,
        noise_model: NoiseModel | None = None,
    ) -> None:  # fmt: skip
        if method not in get_args(Method):
            raise unknown_name("method", method, get_args(Method))
        super().__init__(cost, shots=shots, seed=seed)
        if max_bond_dimension is not None:
            max_bond_dimension = check_whole("max_bond_dimension", max_bond_dimension, 1)
            if method != "matrix_product_state":
                raise UsageError(f'max_bond_dimension belongs to method="matrix_product_state", got method={method!r}.')
        self._limits = {
            "max_bond_dimension": max_bond_dimension,
            "truncation_threshold": check_real("truncation_threshold", truncation_threshold, least=0, below=1),
        }
        self.method, self.noise_model, self.threads, n = method, noise_model, threads, self.num_qubits
        resolve_threads(threads)  # fail early
        if method == "statevector":
            advice = "Use fewer qubits, or MPSEngine (engine mps)."
            require_memory(32 << n, f"a state vector of {n} qubits in Aer", advice)
        elif method == "density_matrix":
            advice = 'Use fewer qubits, or method="statevector" with shots.'
            require_memory(16 << 2 * n, f"a density matrix of {n} qubits in Aer", advice)
        if self.shots is None:
            self.check_exact()
            self.cost = tabulate(self.cost, threads=threads)

    def check_exact(self) -> None:
        """UsageError unless the method gives exact probabilities."""
        if self.method == "matrix_product_state":
            raise UsageError("Aer's matrix product states give no exact probabilities: set shots, or use MPSEngine.")
        if self.method == "statevector" and self.noise_model is not None:
            raise UsageError('with noise a state vector is one of many: set shots, or use method="density_matrix".')
        if self.noise_model is not None and has_readout_errors(self.noise_model):
            raise UsageError("readout errors need measurements: set shots.")

    def prepare(self, ansatz: Ansatz) -> AerPrepared:
        return AerPrepared(self, ansatz)

    @property
    def settings(self) -> dict[str, Any]:
        limits = self._limits if self.method == "matrix_product_state" else {}
        noise = {} if self.noise_model is None else {"noise": _fingerprint(self.noise_model)}
        return {"method": self.method, **limits, **noise}

    @property
    def simulator(self) -> Any:
        """A new ``AerSimulator``, which is cheap to create."""
        from qiskit_aer import AerSimulator

        options: dict[str, Any] = {"method": self.method, "max_parallel_threads": resolve_threads(self.threads)}
        if self.method == "matrix_product_state":
            options |= {f"matrix_product_state_{k}": v for k, v in self._limits.items() if v is not None}
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
        for result, k in self._results(points, shots * self.ansatz.num_qubits, add_measurements, shots, seed):
            letters = np.frombuffer("".join(result.get_memory(k)).encode(), np.uint8)
            yield np.ascontiguousarray(letters.reshape(shots, -1)[:, ::-1]) - np.uint8(ord("0"))

    def _probabilities(self, points: FloatArray) -> Iterator[FloatArray]:
        """|psi_x|^2 (2^N,) at each row of ``points``."""
        import qiskit_aer  # noqa: F401  gives circuits their save_... methods

        for result, k in self._results(points, 8 << self.ansatz.num_qubits, lambda job, at: job.save_probabilities(at)):
            yield np.asarray(result.data(k)["probabilities"], dtype=np.float64)

    def _results(
        self, points: FloatArray, size: int, finish: Callable[[Any, Any], Any], shots: int | None = None, seed: int = 0
    ) -> Iterator[tuple[Any, int]]:
        """Aer's result, and the number in it, of each row of ``points``, whose circuits end with ``finish``."""
        batch = max(1, JOB_BYTES // size)
        for start in range(0, len(points), batch):
            jobs = [self._bound(row) for row in points[start : start + batch]]
            for job in jobs:
                finish(*job)
            # Aer numbers the seeds of a job's circuits upwards from the job's own
            options = {"shots": shots, "memory": True, "seed_simulator": derived_seed(seed, start)} if shots else {}
            result = self.engine.simulator.run([circuit for circuit, _ in jobs], **options).result()
            if not result.success:
                raise InputError(f"Aer could not run the circuit: {result.status}")
            yield from ((result, k) for k in range(len(jobs)))

    def _bound(self, params: FloatArray) -> tuple[QuantumCircuit, Sequence[int]]:
        """A fresh copy of the circuit at ``params``, and where each qubit ends up."""
        engine = self.engine
        in_gates = engine.noise_model is not None or engine.method == "matrix_product_state"
        if in_gates or self.ansatz.phase_table is None:
            return self._compiled.bind(params), self._compiled.positions
        from qiskit import transpile  # a diagonal is fastest as one gate, which has no symbolic form

        built = transpile(self.ansatz.circuit(params), engine.simulator, optimization_level=0)
        return built, range(self.ansatz.num_qubits)

    @cached_property
    def _compiled(self) -> Compiled:
        """In symbols. Unless the noise is a backend's, no gate is merged or dropped, so that noise counts each."""
        model = self.engine.noise_model
        if model is None:
            return compile_circuit(self.ansatz.circuit(), _BASIS, None)
        basis = [name for name in model.basis_gates if name not in ("measure", "reset", "delay")]
        return compile_circuit(self.ansatz.circuit(), basis, coupling_of(model))


def _fingerprint(model: NoiseModel) -> str:
    """A short checksum of a noise model, without the random names of its errors."""
    errors = [{k: v for k, v in error.items() if k != "id"} for error in model.to_dict(serializable=True)["errors"]]
    return hashlib.sha256(json.dumps(errors, sort_keys=True).encode()).hexdigest()[:16]
