"""Jobs are recorded when they are submitted, and what was paid for is not paid for again. All offline."""

import json

import numpy as np
import pytest
from backend_cases import Service, quiet_generic, quiet_ibm
from quantum_oracles import random_angles, random_table

from walshqhn import LinearAnsatz, ProductAnsatz, QAOAAnsatz
from walshqhn.engines.qiskit import primitives
from walshqhn.engines.qiskit.backend import BackendEngine
from walshqhn.engines.qiskit.jobs import Journal
from walshqhn.support.errors import FormatError, UsageError, WalshqhnError

TABLE = random_table(3)
ANSATZ = LinearAnsatz(3, 1)
ANGLES = random_angles(12, seed=1)


def run_all(engine):
    """What a run asks of an engine: a value twice at the same angles, a gradient, samples."""
    return [
        engine.expectation(ANSATZ, ANGLES),
        engine.expectation(ANSATZ, ANGLES),
        engine.value_and_gradient(ANSATZ, ANGLES)[1].tolist(),
        engine.sample(ANSATZ, ANGLES, 50, np.random.default_rng(3)).tolist(),
        engine.prepare(ANSATZ).overlaps(ANGLES, [ANGLES + 0.1]).tolist(),
    ]


def test_an_interrupted_run_does_not_pay_twice(tmp_path):
    path, service = tmp_path / "jobs.jsonl", Service()
    expected = run_all(BackendEngine(TABLE, Service(), shots=100, seed=4))

    service.interrupted = True
    with pytest.raises(KeyboardInterrupt):
        BackendEngine(TABLE, service, shots=100, seed=4, jobs=path).expectation(ANSATZ, ANGLES)
    assert "job-0" in path.read_text()  # before its result was there
    service.interrupted = False

    assert run_all(BackendEngine(TABLE, service, shots=100, seed=4, jobs=path)) == expected
    assert list(service.kept) == [f"job-{k}" for k in range(6)]
    assert "job-0" in service.asked

    service.asked.clear()
    assert run_all(BackendEngine(TABLE, service, shots=100, seed=4, jobs=path)) == expected
    assert len(service.kept) == 6
    assert set(service.asked) == set(service.kept)
    assert expected[0] != expected[1]


@pytest.mark.parametrize("change", [{"shots": 101}, {"seed": 5}, {"optimization_level": 1}])
def test_other_circuits_and_settings_are_new_jobs(tmp_path, change):
    service, settings = Service(), {"shots": 100, "seed": 4, "jobs": tmp_path / "jobs"}
    BackendEngine(TABLE, service, **settings).expectation(ANSATZ, ANGLES)
    BackendEngine(TABLE, service, **settings | change).expectation(ANSATZ, ANGLES)
    assert len(service.kept) == 2
    BackendEngine(TABLE, service, **settings).expectation(ANSATZ, ANGLES + 1)
    BackendEngine(TABLE, service, **settings).expectation(ProductAnsatz(3), ANGLES[:6])
    assert len(service.kept) == 4
    BackendEngine(2 * TABLE, service, **settings).expectation(ANSATZ, ANGLES)  # same circuits: only the cost differs
    assert len(service.kept) == 4


def test_qaoa_of_another_hamiltonian_is_another_job(tmp_path):
    service = Service()
    for table in (TABLE, TABLE[::-1].copy(), TABLE):
        engine = BackendEngine(TABLE, service, shots=10, jobs=tmp_path / "jobs")
        engine.expectation(QAOAAnsatz(table, 1), [0.1, 0.2])
    assert len(service.kept) == 2


def test_a_failed_job_is_run_again(tmp_path):
    service, path = Service(), tmp_path / "jobs"
    first = BackendEngine(TABLE, service, shots=100, jobs=path).expectation(ANSATZ, ANGLES)
    service.broken.add("job-0")
    for _ in range(2):
        assert BackendEngine(TABLE, service, shots=100, jobs=path).expectation(ANSATZ, ANGLES) == first
        assert list(service.kept) == ["job-0", "job-1"]


def test_a_job_that_the_service_no_longer_knows(tmp_path):
    service = Service()
    BackendEngine(TABLE, service, shots=100, jobs=tmp_path / "jobs").expectation(ANSATZ, ANGLES)
    service.kept.clear()
    with pytest.raises(WalshqhnError, match=r"service does not return the job job-0 \(job-0\)"):
        BackendEngine(TABLE, service, shots=100, jobs=tmp_path / "jobs").expectation(ANSATZ, ANGLES)
    assert not service.kept


def test_many_circuits_in_parts(tmp_path):
    """By the backend's limit, or the caller's; resumed when only some parts had been submitted."""
    expected = BackendEngine(TABLE, Service(), shots=50).value_and_gradient(ANSATZ, ANGLES)[1]
    assert expected.shape == (12,)
    for service, arguments in ((Service(max_circuits=10), {}), (Service(), {"circuits_per_job": 10})):
        path = tmp_path / f"jobs{len(arguments)}"
        engine = BackendEngine(TABLE, service, shots=50, jobs=path, **arguments)
        gradient = engine.value_and_gradient(ANSATZ, ANGLES)[1]
        assert len(service.kept) == 4  # one for the value, three for 24 shifted circuits
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(lines[:4]))
        again = BackendEngine(TABLE, service, shots=50, jobs=path, **arguments)
        assert np.array_equal(again.value_and_gradient(ANSATZ, ANGLES)[1], gradient)
        assert len(service.kept) == 5  # the third part had been lost


@pytest.mark.parametrize("make", [quiet_generic, quiet_ibm], ids=["generic", "ibm"])
def test_results_of_a_backend_that_keeps_nothing_are_kept_here(tmp_path, monkeypatch, make):
    if make is quiet_ibm:
        pytest.importorskip("qiskit_ibm_runtime")
    path = tmp_path / "jobs"
    expected = run_all(BackendEngine(TABLE, make(), shots=100, seed=4, jobs=path))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert sum("job_id" in line for line in lines) == sum("bits" in line for line in lines) == 6

    def refuse(*_, **__):
        raise AssertionError("ran a job again")

    for kind in (primitives.GenericSampler, primitives.IBMSampler):
        monkeypatch.setattr(kind, "start", refuse)
    assert run_all(BackendEngine(TABLE, make(), shots=100, seed=4, jobs=path)) == expected


def test_calibrations_are_recorded_too(tmp_path):
    service = Service()
    values = [
        BackendEngine(TABLE, service, shots=100, mitigate_readout=True, jobs=tmp_path / "jobs").expectation(
            ANSATZ, ANGLES
        )
        for _ in range(2)
    ]
    assert values[0] == values[1]
    assert len(service.kept) == 2


def test_a_crash_while_writing(tmp_path):
    """Half a line at the end is dropped; everything before it counts."""
    service, path = Service(), tmp_path / "jobs"
    value = BackendEngine(TABLE, service, shots=100, jobs=path).expectation(ANSATZ, ANGLES)
    with path.open("a") as file:
        file.write('{"key": "12')
    assert BackendEngine(TABLE, service, shots=100, jobs=path).expectation(ANSATZ, ANGLES) == value
    engine = BackendEngine(TABLE, service, shots=100, jobs=path)
    engine.expectation(ProductAnsatz(3), ANGLES[:6])
    assert len(service.kept) == 2
    assert all(json.loads(line) for line in path.read_text().splitlines())


@pytest.mark.parametrize(
    "content", ["what?\n", '{"format": "another"}\n', '{"format": "walshqhn jobs", "version": 1}\n{"a": 1}\n']
)
def test_a_file_of_something_else_is_left_alone(tmp_path, content):
    path = tmp_path / "jobs"
    path.write_text(content)
    with pytest.raises(FormatError, match="not a file of jobs"):
        Journal(path)
    assert path.read_text() == content


def test_half_a_line_is_no_file_of_jobs(tmp_path):
    (tmp_path / "jobs").write_text("half")
    with pytest.raises(FormatError, match="not a file of jobs"):
        Journal(tmp_path / "jobs")


def test_a_record_that_cannot_be_a_file(tmp_path):
    for path in (tmp_path, tmp_path / "missing" / "jobs"):
        with pytest.raises(UsageError, match="cannot be a file of jobs"):
            Journal(path)


class RuntimeJob:
    def __init__(self, name, job):
        self.name, self.job = name, job

    def job_id(self):
        return self.name

    def status(self):
        return "DONE"  # the runtime's jobs say it as text

    def result(self):
        return self.job.result()


def test_jobs_of_ibms_service_are_picked_up(tmp_path, monkeypatch):
    """A device whose ``service.job`` gives jobs back; submission goes through the runtime's own sampler."""
    pytest.importorskip("qiskit_ibm_runtime")
    from qiskit_ibm_runtime import executor_sampler

    kept = {}

    class Paid(executor_sampler.Sampler):
        def run(self, pubs, **options):
            job = RuntimeJob(f"ibm-{len(kept)}", super().run(pubs, **options))
            kept[job.name] = job
            return job

    monkeypatch.setattr(executor_sampler, "Sampler", Paid)

    class Account:
        def job(self, name):
            return kept[name]

    device = quiet_ibm()
    device.service = Account()
    values = [
        BackendEngine(TABLE, device, shots=100, seed=1, jobs=tmp_path / "jobs").expectation(ANSATZ, ANGLES)
        for _ in range(2)
    ]
    assert values[0] == values[1]
    assert list(kept) == ["ibm-0"]
    assert "bits" not in (tmp_path / "jobs").read_text()
