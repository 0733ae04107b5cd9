"""Backends to test with: devices without noise, and one that keeps its jobs as a provider's service does."""

from qiskit.providers import BackendV2, JobStatus, Options, QubitProperties
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.transpiler import InstructionProperties
from qiskit_aer import AerSimulator

LINE = [[0, 1], [1, 0], [1, 2], [2, 1], [2, 3], [3, 2], [3, 4], [4, 3]]


def without_noise(backend):
    """The same device, gates and connections, with no errors and no decay."""
    target = backend.target
    for name in target.operation_names:
        for qubits in target.qargs_for_operation_name(name) or ():
            if target[name][qubits] is not None:
                target.update_instruction_properties(name, qubits, InstructionProperties(duration=1e-9, error=0.0))
    target.qubit_properties = [QubitProperties(t1=1e9, t2=1e9) for _ in range(target.num_qubits)]
    return backend


def quiet_generic():
    """Five qubits in a line, none of them ever wrong."""
    return without_noise(GenericBackendV2(5, coupling_map=LINE, seed=1))


def quiet_ibm():
    """An IBM device of five qubits in a line, as it runs in local testing mode, never wrong."""
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    return without_noise(FakeManilaV2())


class FakeJob:
    """A job of `Service`; while the service is `interrupted`, waiting for it is cut short."""

    def __init__(self, service, name, job):
        self.service, self.name, self.job = service, name, job

    def job_id(self):
        return self.name

    def status(self):
        return JobStatus.ERROR if self.name in self.service.broken else self.job.status()

    def result(self):
        if self.service.interrupted:
            raise KeyboardInterrupt
        return self.job.result()


class Service(BackendV2):
    """A simulator behind a service: every submission is paid for, and jobs can be had back by their ids."""

    def __init__(self, max_circuits=None, target=None, method="automatic"):
        super().__init__(name="service")
        self._simulator = AerSimulator(method=method)
        self._max = max_circuits
        self._target = target or quiet_generic().target
        self.kept, self.asked, self.broken, self.interrupted = {}, [], set(), False

    @property
    def target(self):
        return self._target

    @property
    def max_circuits(self):
        return self._max

    @classmethod
    def _default_options(cls):
        return Options()

    def run(self, circuits, **options):
        name = f"job-{len(self.kept)}"
        self.kept[name] = FakeJob(self, name, self._simulator.run(circuits, **options))
        return self.kept[name]

    def retrieve_job(self, name):
        self.asked.append(name)
        return self.kept[name]
