"""Quantum computers, and whatever else is a Qiskit backend."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from walshqhn.bits import bits_to_index
from walshqhn.circuits.ansatz import Ansatz
from walshqhn.engines.base import check_qubits, check_shots
from walshqhn.engines.objectives import Mean, Objective
from walshqhn.engines.qiskit.compiled import Compiled, compiled_from
from walshqhn.engines.qiskit.jobs import Journal, Request
from walshqhn.engines.qiskit.primitives import sampler_for
from walshqhn.engines.qiskit.readout import ReadoutErrors
from walshqhn.engines.shots import Circuit, CostFunction, Distribution, SamplingEngine
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.errors import InputError, UsageError, WalshqhnError
from walshqhn.support.files import first_line

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.providers import BackendV2

_KEPT = 8  # compiled circuits
_LARGEST_MITIGATION = 24  # qubits: arrays of 2^N


@dataclass(frozen=True)
class CompiledReport:
    """What a circuit has become on a device."""

    depth: int
    """Gates in a row, measurements included."""
    two_qubit_gates: int
    gates: dict[str, int]
    """How many of each kind."""
    qubits: tuple[int, ...]
    """The device's qubit that is read for each of the ansatz's."""


class BackendEngine(SamplingEngine):
    """Runs circuits on a Qiskit ``BackendV2`` through the sampler primitive.

    IBM's devices, and copies of them that run here, use qiskit-ibm-runtime's sampler, others Qiskit's
    ``BackendSamplerV2``. Circuits are compiled once for the device, in symbols; all circuits of an
    evaluation, and of a gradient, go out in one job.

    Parameters
    ----------
    backend
        A ``BackendV2``, for IBM's from `walshqhn.engines.qiskit.ibm.ibm_backend`.
    cost, num_qubits
        As for `AerEngine`.
    shots
        Measurements each value is estimated from.
    seed
        For the transpiler and, where the backend is a simulator, for its samples; every evaluation draws from
        a seed of its own derived from it.
    optimization_level
        Of Qiskit's transpiler, 0 ... 3.
    mitigate_readout
        Estimate E from a measured distribution corrected for errors in reading out: two circuits more for each
        set of qubits in use, which a training's ``shots`` do not count. Needs a cost table; `sample` returns bits
        as they were read, and overlaps are not corrected.
    jobs
        A file in which jobs are recorded as soon as they are submitted. A run that was interrupted and is
        started again with the same circuits, shots and seeds takes its results from there. A backend that
        cannot give jobs back (a simulator, a device in local testing mode) has its results recorded as well.
    circuits_per_job
        Split larger jobs; None: leave it to the backend.

    Raises
    ------
    UsageError
        No such setting, no ``BackendV2``.
    InputError
        The backend has too few qubits.
    """

    shots: int

    def __init__(
        self,
        backend: BackendV2,
        cost: npt.ArrayLike | CostFunction,
        *,
        num_qubits: int | None = None,
        shots: int,
        seed: int = 0,
        optimization_level: Literal[0, 1, 2, 3] = 2,
        mitigate_readout: bool = False,
        jobs: str | Path | None = None,
        circuits_per_job: int | None = None,
    ) -> None:
        from qiskit.providers import BackendV2

        super().__init__(cost, num_qubits=num_qubits, shots=check_shots(shots), seed=seed)
        if not isinstance(backend, BackendV2):
            raise UsageError(f"a backend must be a Qiskit BackendV2, got {type(backend).__name__}.")
        if backend.num_qubits is not None and backend.num_qubits < self.num_qubits:
            raise InputError(
                f"the cost has {self.num_qubits} bits, but {backend.name} has only {backend.num_qubits} qubits."
            )
        if optimization_level not in (0, 1, 2, 3):
            raise UsageError(f"optimization_level must be 0, 1, 2 or 3, got {optimization_level!r}.")
        if circuits_per_job is not None and (not isinstance(circuits_per_job, int) or circuits_per_job < 1):
            raise UsageError(f"circuits_per_job must be a whole number of at least 1, got {circuits_per_job!r}.")
        if mitigate_readout and (self.table is None or self.num_qubits > _LARGEST_MITIGATION):
            raise UsageError(f"mitigate_readout needs a cost table of at most {_LARGEST_MITIGATION} bits.")
        self.backend, self.optimization_level, self.mitigate_readout = backend, optimization_level, mitigate_readout
        self._sampler = sampler_for(backend)
        self._seed, self._circuits_per_job = int(seed), circuits_per_job
        self._journal = None if jobs is None else Journal(jobs)
        self._compiled: dict[tuple[int, bool], tuple[Ansatz, Compiled]] = {}
        self._readout: dict[tuple[int, ...], ReadoutErrors] = {}
        self._corrected: dict[tuple[int, ...], FloatArray] = {}

    @property
    def settings(self) -> dict[str, Any]:
        """What beside the seed decides the results, as JSON can hold it."""
        return {
            "backend": self.backend.name,
            "optimization_level": self.optimization_level,
            "mitigate_readout": self.mitigate_readout,
        }

    def compiled(self, ansatz: Ansatz) -> CompiledReport:
        """What the circuit takes on this device."""
        check_qubits(ansatz, self.num_qubits)
        circuit = self._for_device(Circuit(ansatz)).circuit
        return CompiledReport(
            circuit.depth(), circuit.num_nonlocal_gates(), dict(circuit.count_ops()), _measured_qubits(circuit)
        )

    def expectation(self, ansatz: Ansatz, params: npt.ArrayLike, objective: Objective | None = None) -> float:
        """E, or another ``objective``, estimated from ``shots`` measurements."""
        self.check_objective(objective)
        return super().expectation(ansatz, params, objective)

    def value_and_gradient(
        self, ansatz: Ansatz, params: npt.ArrayLike, objective: Objective | None = None
    ) -> tuple[float, FloatArray]:
        """The objective (default: E) and its gradient by the parameter-shift rule, all circuits in one job."""
        self.check_objective(objective)
        return super().value_and_gradient(ansatz, params, objective)

    def check_objective(self, objective: Objective | None) -> None:
        """UsageError for an objective that is not defined for what this engine estimates."""
        if self.mitigate_readout and objective is not None and not isinstance(objective, Mean):
            raise UsageError(
                "mitigate_readout gives quasi-probabilities, some of them negative: the mean cost is defined for them, "
                f"{objective.description['name']} is not."
            )

    def readout_errors(self, ansatz: Ansatz) -> ReadoutErrors:
        """How often each bit is misread on the qubits that this circuit uses; measured when first needed."""
        circuit = Circuit(ansatz)
        qubits = _measured_qubits(self._for_device(circuit).circuit)
        if qubits not in self._readout:
            pair = [self._calibration(qubits, flipped=flipped) for flipped in (False, True)]
            key = self._key(f"readout {qubits}", b"", self.shots, self._seed)
            zeros, ones = self._fetch(key, pair, self.shots, self._seed)
            self._readout[qubits] = ReadoutErrors.from_calibration(zeros, ones)
        return self._readout[qubits]

    def estimator(self, ansatz: Ansatz, bits: BitArray) -> FloatArray:
        """Numbers (M,) whose mean estimates E from measured ``bits`` (M, N): their costs, or, with
        ``mitigate_readout``, a cost that makes up on average for errors in reading out."""
        if not self.mitigate_readout:
            return self.costs(bits)
        assert self.table is not None
        qubits = _measured_qubits(self._for_device(Circuit(ansatz)).circuit)
        if qubits not in self._corrected:
            self._corrected[qubits] = self.readout_errors(ansatz).corrected_costs(self.table)
        return self._corrected[qubits][bits_to_index(bits)]

    def _distribution(self, ansatz: Ansatz, bits: BitArray) -> Distribution:
        return Distribution(self.estimator(ansatz, bits))

    def _measure(self, circuit: Circuit, params: FloatArray, shots: int, seed: int) -> Iterator[BitArray]:
        compiled = self._for_device(circuit)
        name = f"{_fingerprint(circuit.ansatz)} overlap={circuit.overlap}"
        size = self._circuits_per_job or len(params)
        pending = []
        for number, start in enumerate(range(0, len(params), size)):  # all are submitted before one is waited for
            rows = params[start : start + size]
            pubs: list[Any] = [(compiled.circuit, compiled.values(rows))]
            if not compiled.columns:  # compiled away: all rows are alike
                pubs = [compiled.circuit] * len(rows)
            chunk_seed = seed if not number else int(np.random.SeedSequence([seed, number]).generate_state(1)[0] >> 1)
            pending.append(self._submit(self._key(name, rows.tobytes(), shots, chunk_seed), pubs, shots, chunk_seed))
        for submitted in pending:
            yield from self._collect(*submitted)

    def _key(self, circuit: str, params: bytes, shots: int, seed: int) -> str:
        """Checksum of everything that decides the outcome."""
        text = f"{self.backend.name} {self.optimization_level} {self._seed} {circuit} {shots} {seed} ".encode()
        return hashlib.sha256(text + params).hexdigest()

    def _submit(self, key: str, pubs: list[Any], shots: int, seed: int) -> tuple[Any, Request | None]:
        """A job, or measured bits recorded earlier; and where to record them."""
        journal = self._journal
        if journal is None:
            return self._start(pubs, shots, seed, [], lambda job_id: None), None
        request = journal.request(key)
        if request.result is not None:
            return request.result, request
        known = request.job_ids if self._sampler.keeps_jobs else []
        if any(self._sampler.failed(job_id) for job_id in known):
            journal.forget(request)

        def record(job_id: str) -> None:
            journal.submitted(request, job_id, backend=self.backend.name, shots=shots)

        return self._start(pubs, shots, seed, list(known), record), request

    def _start(self, pubs: list[Any], shots: int, seed: int, known: list[str], record: Any) -> Any:
        try:
            return self._sampler.start(pubs, shots, seed, known, record)
        except WalshqhnError:
            raise
        except Exception as error:  # what providers raise
            raise WalshqhnError(f"{self.backend.name} did not take the job: {first_line(error)}") from error

    def _collect(self, job: Any, request: Request | None) -> BitArray:
        """Wait for the bits (M, shots, N) of a job."""
        if isinstance(job, np.ndarray):
            return job
        try:
            result = job.result()
        except Exception as error:  # what providers raise
            raise WalshqhnError(f"{self.backend.name} could not run the job: {first_line(error)}") from error
        parts = [_bits(pub.data.meas, self.num_qubits) for pub in result]
        bits = np.concatenate(parts)
        if self._journal is not None and request is not None and not self._sampler.keeps_jobs:
            self._journal.finished(request, bits)
        return bits

    def _fetch(self, key: str, pubs: list[Any], shots: int, seed: int) -> BitArray:
        return self._collect(*self._submit(key, pubs, shots, seed))

    def _for_device(self, circuit: Circuit) -> Compiled:
        """The circuit in the device's gates, on its qubits, with measurements."""
        if circuit.key not in self._compiled:
            from qiskit import ClassicalRegister
            from qiskit.transpiler import generate_preset_pass_manager

            built = circuit.build()
            built.add_register(ClassicalRegister(self.num_qubits, "meas"))
            built.measure(range(self.num_qubits), range(self.num_qubits))  # no barrier: the last Rz may go
            passes = generate_preset_pass_manager(
                self.optimization_level, backend=self.backend, seed_transpiler=self._seed
            )
            if len(self._compiled) >= _KEPT:
                self._compiled.pop(next(iter(self._compiled)))
            self._compiled[circuit.key] = (circuit.ansatz, compiled_from(built, passes.run(built)))
        return self._compiled[circuit.key][1]

    def _calibration(self, qubits: tuple[int, ...], *, flipped: bool) -> QuantumCircuit:
        """All of the device's ``qubits`` read as 0, or as 1."""
        from qiskit import QuantumCircuit, transpile

        circuit = QuantumCircuit(len(qubits))
        if flipped:
            circuit.x(range(len(qubits)))
        circuit.measure_all()
        return transpile(circuit, self.backend, initial_layout=list(qubits), optimization_level=0)


def _bits(measured: Any, num_qubits: int) -> BitArray:
    """(M, shots, N) from a Qiskit BitArray, whose bytes are big-endian; bit j is the register's bit j."""
    unpacked = np.unpackbits(measured.array, axis=-1)[..., ::-1][..., :num_qubits]
    return np.ascontiguousarray(unpacked.reshape(-1, *unpacked.shape[-2:]))


def _measured_qubits(circuit: QuantumCircuit) -> tuple[int, ...]:
    """The qubit that is read into each bit."""
    found = {
        circuit.find_bit(gate.clbits[0]).index: circuit.find_bit(gate.qubits[0]).index
        for gate in circuit.data
        if gate.operation.name == "measure"
    }
    return tuple(found[bit] for bit in range(len(found)))


def _fingerprint(ansatz: Ansatz) -> str:
    """Checksum of what the circuit does."""
    digest = hashlib.sha256(ansatz.program.fingerprint.encode())
    if any(gate.name == "phase" for gate in ansatz.program.gates):
        hamiltonian = ansatz.phase_hamiltonian
        assert hamiltonian is not None
        digest.update(hamiltonian.masks.tobytes() + hamiltonian.coefficients.tobytes())
    return digest.hexdigest()
