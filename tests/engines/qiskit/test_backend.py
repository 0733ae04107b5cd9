"""Hardware: compilation, readout, IBM's devices, what is refused. All offline."""

import sys

import numpy as np
import pytest
from backend_cases import LINE, Service, quiet_generic
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.transpiler import InstructionProperties
from qiskit_aer import AerSimulator
from quantum_oracles import all_bits, random_angles, random_table

from walshqhn import ExactEngine, LinearAnsatz, ProductAnsatz, QAOAAnsatz, WalshSpectrum, train
from walshqhn.engines.objectives import CVaR
from walshqhn.engines.qiskit.backend import BackendEngine
from walshqhn.engines.qiskit.ibm import ibm_backend
from walshqhn.engines.qiskit.readout import ReadoutErrors
from walshqhn.engines.shots import Circuit
from walshqhn.support.errors import InputError, MissingDependencyError, UsageError, WalshqhnError

SHOTS = 2000
TABLE = random_table(3)
ANSATZ = LinearAnsatz(3, 1)
ANGLES = random_angles(12, seed=1)


def rng(seed=0):
    return np.random.default_rng(seed)


# --- compilation -----------------------------------------------------------------------------------


def test_what_a_circuit_takes_on_a_device():
    """Two CX of the linear ansatz on neighbours of a line need no more on the device."""
    report = BackendEngine(quiet_generic(), TABLE, shots=1).compiled(ANSATZ)
    assert report.two_qubit_gates == report.gates["cx"] == 2
    assert len(set(report.qubits)) == 3
    assert set(report.gates) <= {"rz", "sx", "x", "cx", "measure"}
    assert 2 < report.depth <= 20


def test_a_circuit_that_must_be_routed():
    """A full QAOA on 5 qubits in a line needs swaps; bits come back in the caller's order all the same."""
    table = random_table(5)
    ansatz = QAOAAnsatz(WalshSpectrum.from_cost(table).hamiltonian(max_degree=2), 1)
    engine = BackendEngine(quiet_generic(), table, shots=4000, seed=5)
    free = BackendEngine(AerSimulator(), table, shots=4000, seed=5)
    angles = [0.21, 0.4]
    assert engine.compiled(ansatz).two_qubit_gates > free.compiled(ansatz).two_qubit_gates
    exact = ExactEngine(table)
    p = exact.probabilities(ansatz, angles)
    means = np.array([p @ all_bits(5)[:, j] for j in range(5)])
    assert np.ptp(means) > 0.1
    bits = engine.sample(ansatz, angles, 4000, rng(1))
    assert bits.mean(axis=0) == pytest.approx(means, abs=5 * 0.5 / 4000**0.5)
    sigma = np.sqrt(p @ (table - p @ table) ** 2 / 4000)
    assert engine.expectation(ansatz, angles) == pytest.approx(p @ table, abs=5 * sigma)


def test_angles_that_compilation_removes():
    """The last Rz of each qubit cannot be measured; the others must still get their own angles."""
    engine = BackendEngine(quiet_generic(), TABLE, shots=4000, optimization_level=3)
    compiled = engine._for_device(Circuit(ProductAnsatz(3)))
    assert compiled.columns == (0, 1, 2)
    angles = [0.3, 1.2, 2.1, 0.7, 0.8, 0.9]
    ones = engine.sample(ProductAnsatz(3), angles, 4000, rng()).mean(axis=0)
    assert ones == pytest.approx(np.sin(np.array(angles[:3]) / 2) ** 2, abs=5 * 0.5 / 4000**0.5)


def test_a_cost_function_of_many_bits():
    """60 bits on a device of 64: no table anywhere."""
    target = GenericBackendV2(64, coupling_map=[[j, j + 1] for j in range(63)], noise_info=False).target
    backend = Service(target=target, method="matrix_product_state")
    engine = BackendEngine(backend, lambda bits: bits @ np.arange(60.0), num_qubits=60, shots=20, optimization_level=0)
    bits = np.arange(60) % 4 == 1
    assert engine.expectation(ProductAnsatz(60), np.concatenate([np.pi * bits, np.zeros(60)])) == np.arange(60) @ bits


# --- readout ---------------------------------------------------------------------------------------


def misreading(*flips):
    """Three qubits that read wrong with these probabilities, and do nothing else wrong."""
    backend = quiet_generic()
    for qubit in range(5):
        backend.target.update_instruction_properties(
            "measure", (qubit,), InstructionProperties(duration=1e-9, error=flips[qubit])
        )
    return backend


def test_readout_is_mitigated_on_average():
    backend = misreading(0.05, 0.12, 0.2, 0.08, 0.15)
    exact = ExactEngine(TABLE).expectation(ANSATZ, ANGLES)
    raw, corrected = (
        np.array([BackendEngine(backend, TABLE, shots=8000, seed=s, mitigate_readout=m).expectation(ANSATZ, ANGLES)
                  for s in range(6)])
        for m in (False, True)
    )  # fmt: skip
    sigma = corrected.std(ddof=1) / 6**0.5
    assert abs(raw.mean() - exact) > 0.15
    assert corrected.mean() == pytest.approx(exact, abs=5 * sigma)
    assert sigma < 0.02


def test_errors_are_measured_on_the_qubits_in_use():
    flips = (0.02, 0.05, 0.11, 0.08, 0.15)
    engine = BackendEngine(misreading(*flips), TABLE, shots=20000, mitigate_readout=True)
    errors = engine.readout_errors(ANSATZ)
    expected = np.array(flips)[list(engine.compiled(ANSATZ).qubits)]
    for found in (errors.one_for_zero, errors.zero_for_one):
        assert found == pytest.approx(expected, abs=5 * 0.5 / 20000**0.5)


def test_correction_by_dense_matrices():
    """Bits drawn from A p: A is the Kronecker product of the qubits' errors, the last qubit first."""
    up, down = np.array([0.1, 0.02, 0.2]), np.array([0.15, 0.3, 0.05])
    full = np.ones((1, 1))
    for u, d in zip(up[::-1], down[::-1], strict=True):
        full = np.kron(full, [[1 - u, d], [u, 1 - d]])
    bits = rng(3).integers(0, 2, (500, 3)).astype(np.uint8)
    counts = np.bincount(bits @ [1, 2, 4], minlength=8) / 500
    np.testing.assert_allclose(ReadoutErrors(up, down).corrected(bits), np.linalg.solve(full, counts), atol=1e-12)


def test_a_corrected_cost_is_the_corrected_distribution_s():
    """The mean of the one over bits as read is the mean of the cost over the other."""
    errors = ReadoutErrors(np.array([0.1, 0.02, 0.2]), np.array([0.15, 0.3, 0.05]))
    bits = rng(4).integers(0, 2, (300, 3)).astype(np.uint8)
    expected = errors.corrected(bits) @ TABLE
    assert errors.corrected_costs(TABLE)[bits @ [1, 2, 4]].mean() == pytest.approx(expected, abs=1e-12)
    np.testing.assert_allclose(ReadoutErrors(np.zeros(3), np.zeros(3)).corrected_costs(TABLE), TABLE)


@pytest.mark.parametrize("optimizer", ["COBYLA", "Adam"])
def test_trainings_are_mitigated(optimizer):
    """What an optimizer is told, and the energy at the end, but not the bits."""
    backend = misreading(0.05, 0.12, 0.2, 0.08, 0.15)
    settings = {"optimizer": optimizer, "max_iterations": 14 if optimizer == "COBYLA" else 1, "initial": ANGLES}
    found = {}
    for mitigate in (False, True):
        engine = BackendEngine(backend, TABLE, shots=8000, seed=3, mitigate_readout=mitigate)
        result = train(ANSATZ, engine, samples=8000, **settings)
        run = result.best_run
        exact = ExactEngine(TABLE).expectation(ANSATZ, ANGLES)
        assert (abs(run.history[0] - exact) < 5 * run.standard_errors[0]) == mitigate
        assert 0 < run.standard_errors[0] < 0.05
        there = ExactEngine(TABLE).expectation(ANSATZ, run.parameters)
        assert abs(run.energy - there) < 6 * run.energy_error or not mitigate
        assert run.best_cost in TABLE
        assert result.settings["engine_settings"]["mitigate_readout"] == mitigate
        found[mitigate] = result
    with pytest.raises(UsageError, match="engine_settings"):
        train(ANSATZ, BackendEngine(backend, TABLE, shots=8000, seed=3), samples=8000, resume=found[True], **settings)


def test_a_training_of_what_mitigation_does_not_define():
    engine = BackendEngine(Service(), TABLE, shots=50, mitigate_readout=True)
    with pytest.raises(UsageError, match="the mean cost is defined for them, cvar is not"):
        train(ANSATZ, engine, optimizer="SPSA", objective="cvar:0.2")


def test_readout_that_tells_nothing():
    bits = np.array([[0, 1], [1, 0], [0, 0], [1, 1]], np.uint8)
    with pytest.raises(InputError, match=r"qubit 0 reads 1 with probability 0.50 for 0 and 0.50 for 1"):
        ReadoutErrors.from_calibration(bits, bits)


# --- IBM -------------------------------------------------------------------------------------------


def test_a_fake_device_by_name():
    pytest.importorskip("qiskit_ibm_runtime")
    assert ibm_backend("fake_manila").num_qubits == 5
    with pytest.raises(UsageError, match="has no 'fake_nowhere'"):
        ibm_backend("fake_nowhere")


def test_no_saved_account(monkeypatch):
    runtime = pytest.importorskip("qiskit_ibm_runtime")

    def refuse():
        raise RuntimeError("Unable to find account.")

    monkeypatch.setattr(runtime, "QiskitRuntimeService", refuse)
    with pytest.raises(UsageError, match=r"no IBM backend at all \(Unable to find account.\).*save_account"):
        ibm_backend()


def test_devices_come_from_the_saved_account(monkeypatch):
    """No credentials are passed on; a name asks for that device, none for the least busy one that is large enough."""
    runtime = pytest.importorskip("qiskit_ibm_runtime")
    asked = []

    class Account:
        def backend(self, name):
            return f"device {name}"

        def least_busy(self, **filters):
            asked.append(filters)
            return "least busy"

    monkeypatch.setattr(runtime, "QiskitRuntimeService", Account)
    assert ibm_backend("ibm_torino") == "device ibm_torino"
    assert ibm_backend(min_qubits=20) == "least busy"
    assert asked == [{"min_num_qubits": 20, "operational": True, "simulator": False}]


def test_without_the_runtime_package(monkeypatch):
    monkeypatch.setattr("walshqhn.engines.qiskit.ibm.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match="pip install qiskit-ibm-runtime"):
        ibm_backend()


def test_backends_other_than_ibms_need_no_runtime_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "qiskit_ibm_runtime", None)
    engine = BackendEngine(quiet_generic(), [1.0, 2.0], shots=5)
    assert engine.expectation(ProductAnsatz(1), [np.pi, 0.0]) == 2.0


# --- what it refuses -------------------------------------------------------------------------------


class Refusing(Service):
    def run(self, circuits, **options):
        raise RuntimeError("the queue is closed\nand more")


def test_a_backend_that_does_not_run():
    with pytest.raises(WalshqhnError, match=r"service could not run the job: the queue is closed$"):
        BackendEngine(Refusing(), TABLE, shots=5).expectation(ANSATZ, ANGLES)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"shots": 0}, UsageError, "shots must be a whole number of at least 1, got 0"),
        ({"cost": random_table(6)}, InputError, "the cost has 6 bits, but service has only 5 qubits"),
        ({"backend": "ibm_torino"}, UsageError, "must be a Qiskit BackendV2, got str"),
        ({"optimization_level": 4}, UsageError, "optimization_level must be 0, 1, 2 or 3, got 4"),
        ({"circuits_per_job": 0}, UsageError, "circuits_per_job must be a whole number of at least 1"),
        ({"cost": lambda b: b[:, 0], "num_qubits": 3, "mitigate_readout": True}, UsageError, "needs a cost table"),
        ({"cost": lambda b: b[:, 0]}, UsageError, "needs num_qubits and shots"),
    ],
)
def test_settings_that_make_no_sense(arguments, error, message):
    with pytest.raises(error, match=message):
        BackendEngine(**{"backend": Service(), "cost": TABLE, "shots": 5} | arguments)


def test_quasi_probabilities_have_no_cvar():
    engine = BackendEngine(Service(), TABLE, shots=5, mitigate_readout=True)
    for use in (engine.expectation, engine.value_and_gradient):
        with pytest.raises(UsageError, match="the mean cost is defined for them, cvar is not"):
            use(ANSATZ, ANGLES, CVaR(0.5))


def test_a_noisy_device_is_noisy():
    """What a fake device reports as its errors reaches the values, and mitigation takes some of it away."""
    backend = GenericBackendV2(5, coupling_map=LINE, seed=2)
    for pair in LINE:
        backend.target.update_instruction_properties("cx", tuple(pair), InstructionProperties(duration=1e-7, error=0.2))
    exact = ExactEngine(TABLE).probabilities(ANSATZ, np.zeros(12))
    assert exact[0] == pytest.approx(1)
    bits = BackendEngine(backend, TABLE, shots=SHOTS).sample(ANSATZ, np.zeros(12), SHOTS, rng())
    assert 0.05 < bits.any(axis=1).mean() < 0.6
