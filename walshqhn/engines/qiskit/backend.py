"""Quantum computers, and any other Qiskit backend."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy.typing as npt

from walshqhn.bits import bits_to_index
from walshqhn.circuits.ansatz import Ansatz
from walshqhn.cost.base import Cost
from walshqhn.cost.table import tabulate
from walshqhn.engines.distribution import Distribution
from walshqhn.engines.objectives import Mean, Objective
from walshqhn.engines.qiskit.compiled import Compiled, CompiledReport, compile_for_device, readout_circuit
from walshqhn.engines.qiskit.primitives import sampler_for
from walshqhn.engines.qiskit.readout import corrected_costs, readout_errors
from walshqhn.engines.shots import SampledEngine, SampledPrepared, derived_seed
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.checks import check_flag, check_whole
from walshqhn.support.errors import InputError, UsageError

if TYPE_CHECKING:
    from qiskit.providers import BackendV2

_LARGEST_MITIGATION = 24  # qubits: arrays of 2^N


class BackendEngine(SampledEngine):
    """Runs circuits on a Qiskit ``BackendV2`` through the sampler primitive.

    ``backend`` is one of IBM's, from `walshqhn.engines.qiskit.ibm.ibm_backend`, or a local simulation of it, run by
    qiskit-ibm-runtime's sampler, or any other, run by Qiskit's ``BackendSamplerV2``. Circuits are compiled once, in
    symbols, at ``optimization_level`` 0 ... 3. All shifted circuits of a gradient go out in one job, unless it is split
    into ``circuits_per_job``. ``cost`` and ``shots`` are as in `SampledEngine`; ``seed`` is for the transpiler and, if
    the backend is a simulator, its samples.

    With ``mitigate_readout``, E is estimated from a measured distribution corrected for readout errors: two more
    circuits for each set of qubits in use, which a training's ``shots`` do not count. It needs a table of the cost;
    `Prepared.sample` returns bits as read, and overlaps are not corrected.

    ``jobs`` is a file in which jobs are recorded as soon as they are submitted. An interrupted run that is started
    again with the same circuits, shots and seeds takes its results from there. If the backend cannot return earlier
    jobs (a simulator, a device in local testing mode), results are recorded as well.

    UsageError for an invalid setting, InputError for a backend with too few qubits.
    """

    shots: int

    def __init__(
        self, cost: Cost | npt.ArrayLike, backend: BackendV2, *, shots: int, seed: int = 0,
        optimization_level: Literal[0, 1, 2, 3] = 2, mitigate_readout: bool = False, jobs: str | Path | None = None,
        circuits_per_job: int | None = None,
    ) -> None:  # fmt: skip
        from qiskit.providers import BackendV2

        if not isinstance(backend, BackendV2):
            raise UsageError(f"a backend must be a Qiskit BackendV2, got {type(backend).__name__}.")
        super().__init__(cost, shots=check_whole("shots", shots, 1), seed=seed)
        n, width = self.num_qubits, backend.num_qubits
        if width is not None and width < n:
            raise InputError(f"the cost has {n} bits, but {backend.name} has only {width} qubits.")
        self.backend = backend
        self.optimization_level = check_whole("optimization_level", optimization_level, 0, 3)
        self.mitigate_readout = check_flag("mitigate_readout", mitigate_readout)
        if circuits_per_job is not None:
            check_whole("circuits_per_job", circuits_per_job, 1)
        self.circuits_per_job = circuits_per_job
        if self.mitigate_readout:
            if n > _LARGEST_MITIGATION:
                raise UsageError(
                    f"mitigate_readout works on a table of the cost, of at most {_LARGEST_MITIGATION} bits; it has {n}."
                )
            self.cost = tabulate(self.cost)
        self.sampler = sampler_for(backend, jobs)
        self._readout: dict[tuple[int, ...], FloatArray] = {}

    def prepare(self, ansatz: Ansatz) -> BackendPrepared:
        return BackendPrepared(self, ansatz)

    @property
    def settings(self) -> dict[str, Any]:
        level, mitigate = self.optimization_level, self.mitigate_readout
        return {"backend": self.backend.name, "optimization_level": level, "mitigate_readout": mitigate}

    def check_objective(self, objective: Objective) -> None:
        if self.mitigate_readout and not isinstance(objective, Mean):
            raise UsageError(
                "mitigate_readout gives quasi-probabilities, some of them negative: the mean cost is defined for them, "
                f"{objective} is not."
            )

    def readout_errors(self, qubits: tuple[int, ...]) -> FloatArray:
        """Probabilities (2, N) of misreading the device's ``qubits``, measured when first needed."""
        if qubits not in self._readout:
            pair = [readout_circuit(qubits, self.backend, flipped=flipped) for flipped in (False, True)]
            key = self.key(f"readout {qubits}", b"", self.shots, self.seed)
            zeros, ones = self.sampler.collect(self.sampler.submit(key, pair, self.shots, self.seed))
            self._readout[qubits] = readout_errors(zeros, ones)
        return self._readout[qubits]

    def key(self, circuit: str, params: bytes, shots: int, seed: int) -> str:
        """Checksum of everything that determines what is measured."""
        text = f"{self.backend.name} {self.optimization_level} {self.seed} {circuit} {shots} {seed} ".encode()
        return hashlib.sha256(text + params).hexdigest()


class BackendPrepared(SampledPrepared):
    """A circuit on a device."""

    engine: BackendEngine

    @cached_property
    def compiled(self) -> CompiledReport:
        """The resources that the circuit needs on the device."""
        return CompiledReport.of(self._compiled.circuit)

    def readout_errors(self) -> FloatArray:
        """Probabilities (2, N) to read 1 for 0, and 0 for 1, on the qubits that this circuit uses."""
        return self.engine.readout_errors(self.compiled.qubits)

    def measured(self, bits: npt.ArrayLike) -> Distribution:
        found = super().measured(bits)
        if not self.engine.mitigate_readout:
            return found
        return replace(found, costs=self._corrected_costs[bits_to_index(bits)])

    def run(self, points: FloatArray, shots: int, seed: int) -> Iterator[BitArray]:
        engine, compiled = self.engine, self._compiled
        size = engine.circuits_per_job or len(points)
        pending = []
        for number, start in enumerate(range(0, len(points), size)):  # all are submitted before one is waited for
            rows = points[start : start + size]
            pubs: list[Any] = [(compiled.circuit, compiled.values(rows))]
            if not compiled.columns:  # no parameters are left: all rows are alike
                pubs = [compiled.circuit] * len(rows)
            chunk_seed = derived_seed(seed, number) if number else seed
            key = engine.key(self._fingerprint, rows.tobytes(), shots, chunk_seed)
            pending.append(engine.sampler.submit(key, pubs, shots, chunk_seed))
        for submitted in pending:
            yield from engine.sampler.collect(submitted)

    @cached_property
    def _corrected_costs(self) -> FloatArray:
        return corrected_costs(self.engine.cost.cost_table(), self.readout_errors())

    @cached_property
    def _compiled(self) -> Compiled:
        engine = self.engine
        return compile_for_device(self.ansatz.circuit(), engine.backend, engine.optimization_level, engine.seed)

    @cached_property
    def _fingerprint(self) -> str:
        """Checksum of what the circuit does."""
        digest = hashlib.sha256(self.ansatz.program.fingerprint.encode())
        if any(gate.name == "phase" for gate in self.ansatz.program.gates):
            hamiltonian = self.ansatz.phase_hamiltonian
            digest.update(hamiltonian.masks.tobytes() + hamiltonian.coefficients.tobytes())
        return digest.hexdigest()
