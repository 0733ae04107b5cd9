"""Jobs on a backend: submitted, recorded where that is wanted, and waited for."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn.engines.qiskit.jobs import Journal, Request
from walshqhn.engines.qiskit.primitives import Record, Sampler, sampler_for
from walshqhn.support.arrays import BitArray
from walshqhn.support.errors import WalshqhnError
from walshqhn.support.files import first_line

if TYPE_CHECKING:
    from qiskit.providers import BackendV2

Submitted = tuple[Any, Request | None]
"""A job, or measured bits recorded earlier; and where to record them."""


class Jobs:
    """The jobs of one engine on ``backend``; ``path``: a file that they are recorded in, see `Journal`."""

    def __init__(self, backend: BackendV2, path: str | Path | None) -> None:
        self._backend = backend
        _ = self._sampler  # says now what is wrong
        self._journal = None if path is None else Journal(path)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_sampler"}

    def submit(self, key: str, pubs: list[Any], shots: int, seed: int) -> Submitted:
        """Send circuits to be measured, unless a request with this ``key``, a checksum of all that decides the
        outcome, was recorded by an earlier run. WalshqhnError if the backend does not take them."""
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
            journal.submitted(request, job_id, backend=self._backend.name, shots=shots)

        return self._start(pubs, shots, seed, list(known), record), request

    def collect(self, submitted: Submitted) -> BitArray:
        """Wait for the bits (M, shots, N) of a job. WalshqhnError if it failed."""
        job, request = submitted
        if isinstance(job, np.ndarray):
            return job
        try:
            result = job.result()
        except Exception as error:  # what providers raise
            raise WalshqhnError(f"{self._backend.name} could not run the job: {first_line(error)}") from error
        bits = np.concatenate([_bits(pub.data.meas) for pub in result])
        if self._journal is not None and request is not None and not self._sampler.keeps_jobs:
            self._journal.finished(request, bits)
        return bits

    def _start(self, pubs: list[Any], shots: int, seed: int, known: list[str], record: Record) -> Any:
        try:
            return self._sampler.start(pubs, shots, seed, known, record)
        except WalshqhnError:
            raise
        except Exception as error:  # what providers raise
            raise WalshqhnError(f"{self._backend.name} did not take the job: {first_line(error)}") from error

    @cached_property
    def _sampler(self) -> Sampler:
        return sampler_for(self._backend)


def _bits(measured: Any) -> BitArray:
    """(M, shots, N) from a Qiskit BitArray, whose bytes are big-endian; bit j is the register's bit j."""
    unpacked = np.unpackbits(measured.array, axis=-1)[..., ::-1][..., : measured.num_bits]
    return np.ascontiguousarray(unpacked.reshape(-1, *unpacked.shape[-2:]))
