"""Qiskit's primitives behind one call: submit circuits, or pick up the jobs that an earlier run submitted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

from walshqhn.support.errors import WalshqhnError, missing_package
from walshqhn.support.files import first_line

if TYPE_CHECKING:
    from qiskit.providers import BackendV2

Record = Callable[[str], None]
"""Called with the id of each job as soon as the backend has given it one."""

FAILED = ("ERROR", "CANCELLED")


class Sampler(Protocol):
    """Runs circuits on one backend."""

    keeps_jobs: bool
    """Whether a job can be had back by its id."""

    def start(self, pubs: list[Any], shots: int, seed: int, job_ids: list[str], record: Record) -> Any:
        """A job whose ``result()`` is a PrimitiveResult; of ``job_ids``, those there are are not submitted again."""

    def failed(self, job_id: str) -> bool:
        """Whether an earlier job came to nothing. WalshqhnError if the backend does not know it."""


def sampler_for(backend: BackendV2) -> Sampler:
    """IBM's own sampler for its devices and fake devices, Qiskit's BackendSamplerV2 for all others."""
    if any(kind.__module__.split(".")[0] == "qiskit_ibm_runtime" for kind in type(backend).__mro__):
        return IBMSampler(backend)
    return GenericSampler(backend)


class GenericSampler:
    """Qiskit's ``BackendSamplerV2``. It hides the backend's jobs, so they are seen on their way there."""

    def __init__(self, backend: BackendV2) -> None:
        self.backend = backend
        self._find = job_finder(backend)
        self.keeps_jobs = self._find is not None
        self._lock = threading.Lock()

    def start(self, pubs: list[Any], shots: int, seed: int, job_ids: list[str], record: Record) -> Any:
        from qiskit.primitives import BackendSamplerV2

        known = list(job_ids) if self.keeps_jobs else []

        def run(circuits: Any, **options: Any) -> Any:
            with self._lock:  # several jobs are submitted from threads of their own
                if known:
                    return self._job(known.pop(0))
                job = self.backend.run(circuits, **options)
                record(str(job.job_id()))
                return job

        watched = _watched(self.backend, run)
        return BackendSamplerV2(backend=watched, options={"seed_simulator": seed}).run(pubs, shots=shots)

    def failed(self, job_id: str) -> bool:
        return _status(self._job(job_id)) in FAILED

    def _job(self, job_id: str) -> Any:
        assert self._find is not None
        return _retrieve(self._find, job_id, self.backend)


class IBMSampler:
    """``qiskit_ibm_runtime``'s sampler; on fake devices and simulators in its local testing mode."""

    def __init__(self, backend: BackendV2) -> None:
        if find_spec("qiskit_ibm_runtime") is None:
            raise missing_package("qiskit-ibm-runtime", "an IBM backend")
        self.backend = backend
        self._find = job_finder(backend)
        self.keeps_jobs = self._find is not None

    def start(self, pubs: list[Any], shots: int, seed: int, job_ids: list[str], record: Record) -> Any:
        executor_sampler = import_module("qiskit_ibm_runtime.executor_sampler")

        if job_ids and self._find is not None:
            return _retrieve(self._find, job_ids[0], self.backend)
        # locally, angles are rounded to 5 digits by default
        simulator = {} if self.keeps_jobs else {"seed_simulator": seed, "angle_decimals": 14}
        job = executor_sampler.Sampler(mode=self.backend, options={"simulator": simulator}).run(pubs, shots=shots)
        record(job.job_id())
        return job

    def failed(self, job_id: str) -> bool:
        assert self._find is not None
        return _status(_retrieve(self._find, job_id, self.backend)) in FAILED


def job_finder(backend: BackendV2) -> Callable[[str], Any] | None:
    """The function that gives a job back by its id, under the names that providers have for it; None without."""
    for owner in (getattr(backend, "service", None), backend, getattr(backend, "provider", None)):
        for name in ("job", "retrieve_job"):
            found = getattr(owner, name, None)
            if callable(found):
                return found
    return None


def _retrieve(find: Callable[[str], Any], job_id: str, backend: BackendV2) -> Any:
    try:
        return find(job_id)
    except Exception as error:  # providers raise what they like
        raise WalshqhnError(
            f"{backend.name} does not give back the job {job_id} ({first_line(error)}); try again, or take its line "
            "out of the file of jobs to run it anew."
        ) from error


def _status(job: Any) -> str:
    status = job.status()
    return str(getattr(status, "name", status))


def _watched(backend: BackendV2, run: Callable[..., Any]) -> BackendV2:
    """``backend``, but what it is to run goes through ``run``."""
    from qiskit.providers import BackendV2

    class Watched(BackendV2):  # type: ignore[misc]
        def __init__(self) -> None:
            pass

        @property
        def target(self) -> Any:
            return backend.target

        @property
        def max_circuits(self) -> Any:
            return backend.max_circuits

        @classmethod
        def _default_options(cls) -> Any:
            return backend._default_options()

        def run(self, run_input: Any, **options: Any) -> Any:
            return run(run_input, **options)

    return Watched()
