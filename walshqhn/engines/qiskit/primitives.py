"""Qiskit's sampler primitives: jobs are submitted, recorded on request, awaited, and never paid for twice."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from copy import copy
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn.engines.qiskit.jobs import Journal, Request
from walshqhn.support.arrays import BitArray
from walshqhn.support.errors import WalshqhnError
from walshqhn.support.files import first_line

if TYPE_CHECKING:
    from qiskit.providers import BackendV2

Record = Callable[[str], None]  # called with the id of each job as soon as the backend has assigned one
Submitted = tuple[Any, Request | None]  # a job, or measured bits recorded earlier; and where to record them
_SUBMITTING = threading.Lock()


class Sampler(ABC):
    """Runs circuits on one backend; ``jobs``: a file in which they are recorded, see `Journal`."""

    def __init__(self, backend: BackendV2, jobs: str | Path | None) -> None:
        self.backend, self._journal = backend, None if jobs is None else Journal(jobs)

    @abstractmethod
    def start(self, pubs: list[Any], shots: int, seed: int, job_ids: list[str], record: Record) -> Any:
        """A job whose ``result()`` is a PrimitiveResult; those in ``job_ids`` are retrieved, not submitted again."""

    def submit(self, key: str, pubs: list[Any], shots: int, seed: int) -> Submitted:
        """Send circuits to be measured. WalshqhnError if the backend does not accept them.

        Not if an earlier run recorded a request with this ``key``, a checksum of all that determines the outcome.
        """
        journal, request, known = self._journal, None, []
        if journal is not None:
            request = journal.request(key)
            if request.result is not None:
                return request.result, request
            if self.keeps_jobs:
                if any(self._failed(job_id) for job_id in request.job_ids):
                    journal.record(request, failed=True)
                known = list(request.job_ids)

        def record(job_id: str) -> None:
            if journal is not None and request is not None:
                journal.record(request, job_id=job_id, backend=self.backend.name, shots=shots)

        try:
            return self.start(pubs, shots, seed, known, record), request
        except WalshqhnError:
            raise
        except Exception as error:  # providers raise what they like
            raise WalshqhnError(f"{self.backend.name} did not accept the job: {first_line(error)}") from error

    def collect(self, submitted: Submitted) -> BitArray:
        """Wait for the bits (M, shots, N) of a job. WalshqhnError if it failed."""
        job, request = submitted
        if isinstance(job, np.ndarray):
            return job
        try:
            result = job.result()
        except Exception as error:  # providers raise what they like
            raise WalshqhnError(f"{self.backend.name} could not run the job: {first_line(error)}") from error
        bits = np.concatenate([_bits(pub.data.meas) for pub in result])
        if self._journal is not None and request is not None and not self.keeps_jobs:
            self._journal.record(request, bits)
        return bits

    @property
    def keeps_jobs(self) -> bool:
        """Whether the backend can return earlier jobs by their ids."""
        return self._finder is not None

    def job(self, job_id: str) -> Any:
        """An earlier job. WalshqhnError if the backend does not return it."""
        assert self._finder is not None
        try:
            return self._finder(job_id)
        except Exception as error:  # providers raise what they like
            raise WalshqhnError(
                f"{self.backend.name} does not return the job {job_id} ({first_line(error)}); try again, or delete "
                "its line from the file of jobs to run it again."
            ) from error

    def _failed(self, job_id: str) -> bool:
        status = self.job(job_id).status()
        return str(getattr(status, "name", status)) in ("ERROR", "CANCELLED")

    @property
    def _finder(self) -> Callable[[str], Any] | None:
        """The backend's function from ids to jobs, under the names that providers have for it."""
        owners = (getattr(self.backend, "service", None), self.backend, getattr(self.backend, "provider", None))
        found = (getattr(owner, name, None) for owner in owners for name in ("job", "retrieve_job"))
        return next(filter(callable, found), None)


def sampler_for(backend: BackendV2, jobs: str | Path | None) -> Sampler:
    """IBM's own sampler for its devices and fake devices, Qiskit's BackendSamplerV2 for all others."""
    is_ibm = any(kind.__module__.split(".")[0] == "qiskit_ibm_runtime" for kind in type(backend).__mro__)
    return IBMSampler(backend, jobs) if is_ibm else GenericSampler(backend, jobs)


class GenericSampler(Sampler):
    """Qiskit's ``BackendSamplerV2``. It hides the backend's jobs, so they are intercepted on submission."""

    def start(self, pubs: list[Any], shots: int, seed: int, job_ids: list[str], record: Record) -> Any:
        from qiskit.primitives import BackendSamplerV2

        known = job_ids.copy()

        def run(circuits: Any, **options: Any) -> Any:
            with _SUBMITTING:  # each job is submitted from a separate thread
                if known:
                    return self.job(known.pop(0))
                job = self.backend.run(circuits, **options)
                record(str(job.job_id()))
                return job

        watched = copy(self.backend)
        watched.run = run
        return BackendSamplerV2(backend=watched, options={"seed_simulator": seed}).run(pubs, shots=shots)


class IBMSampler(Sampler):
    """``qiskit_ibm_runtime``'s sampler; on fake devices and simulators in its local testing mode."""

    def start(self, pubs: list[Any], shots: int, seed: int, job_ids: list[str], record: Record) -> Any:
        if job_ids:
            return self.job(job_ids[0])
        executor_sampler = import_module("qiskit_ibm_runtime.executor_sampler")
        # locally, angles are rounded to 5 digits by default
        simulator = {} if self.keeps_jobs else {"seed_simulator": seed, "angle_decimals": 14}
        job = executor_sampler.Sampler(mode=self.backend, options={"simulator": simulator}).run(pubs, shots=shots)
        record(job.job_id())
        return job


def _bits(measured: Any) -> BitArray:
    """(M, shots, N) from a Qiskit BitArray, whose bytes are big-endian; bit j is the register's bit j."""
    unpacked = np.unpackbits(measured.array, axis=-1)[..., ::-1][..., : measured.num_bits]
    return np.ascontiguousarray(unpacked.reshape(-1, *unpacked.shape[-2:]))
