"""Hardware: the conformance kit, readout, what is refused. All offline."""

import sys

import numpy as np
import pytest
from backend_cases import LINE, Service, quiet_generic, quiet_ibm
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.transpiler import InstructionProperties
from qiskit_aer import AerSimulator
from quantum_oracles import all_bits, random_angles, random_table

from walshqhn import BlackBoxCost, ExactEngine, LinearAnsatz, ProductAnsatz, QAOAAnsatz, WalshSpectrum
from walshqhn.engines.objectives import CVaR
from walshqhn.engines.qiskit.backend import BackendEngine
from walshqhn.engines.qiskit.readout import corrected_costs
from walshqhn.support.errors import InputError, UsageError, WalshqhnError
from walshqhn.testing import check_engine

SHOTS = 2000
TABLE = random_table(3)
ANSATZ = LinearAnsatz(3, 1)
ANGLES = random_angles(12, seed=1)


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("settings", [{}, {"mitigate_readout": True}, {"circuits_per_job": 7}], ids=str)
def test_it_does_what_engines_promise(settings):
    check_engine(BackendEngine(TABLE, quiet_generic(), shots=4000, seed=11, **settings))


def test_an_ibm_device_does_what_engines_promise():
    pytest.importorskip("qiskit_ibm_runtime")
    check_engine(BackendEngine(TABLE, quiet_ibm(), shots=4000, seed=11))


# --- compilation -----------------------------------------------------------------------------------


def test_a_circuit_that_must_be_routed():
    """A full QAOA on 5 qubits in a line needs swaps; bits come back in the caller's order all the same."""
    table = random_table(5)
    ansatz = QAOAAnsatz(WalshSpectrum.from_cost(table).hamiltonian(max_degree=2), 1)
    routed, free = (
        BackendEngine(table, backend, shots=4000, seed=5).prepare(ansatz)
        for backend in (quiet_generic(), AerSimulator())
    )
    angles = [0.21, 0.4]
    assert routed.compiled.two_qubit_gates > free.compiled.two_qubit_gates
    p = ExactEngine(table).probabilities(ansatz, angles)
    means = np.array([p @ all_bits(5)[:, j] for j in range(5)])
    assert np.ptp(means) > 0.1
    bits = routed.sample(angles, 4000, rng(1))
    assert bits.mean(axis=0) == pytest.approx(means, abs=5 * 0.5 / 4000**0.5)
    sigma = np.sqrt(p @ (table - p @ table) ** 2 / 4000)
    assert routed.expectation(angles) == pytest.approx(p @ table, abs=5 * sigma)


def test_angles_that_compilation_removes():
    """The last Rz of each qubit cannot be measured; the others must still get their own angles."""
    prepared = BackendEngine(TABLE, quiet_generic(), shots=4000, optimization_level=3).prepare(ProductAnsatz(3))
    angles = [0.3, 1.2, 2.1, 0.7, 0.8, 0.9]
    ones = prepared.sample(angles, 4000, rng()).mean(axis=0)
    assert ones == pytest.approx(np.sin(np.array(angles[:3]) / 2) ** 2, abs=5 * 0.5 / 4000**0.5)
    assert prepared.compiled.gates["rz"] <= 6  # two an Ry


def test_a_cost_of_many_bits():
    """60 bits on a device of 64: no table anywhere."""
    target = GenericBackendV2(64, coupling_map=[[j, j + 1] for j in range(63)], noise_info=False).target
    backend = Service(target=target, method="matrix_product_state")
    cost = BlackBoxCost(lambda bits: bits @ np.arange(60.0), 60)
    engine = BackendEngine(cost, backend, shots=20, optimization_level=0)
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
        np.array([BackendEngine(TABLE, backend, shots=8000, seed=s, mitigate_readout=m).expectation(ANSATZ, ANGLES)
                  for s in range(6)])
        for m in (False, True)
    )  # fmt: skip
    sigma = corrected.std(ddof=1) / 6**0.5
    assert abs(raw.mean() - exact) > 0.15
    assert corrected.mean() == pytest.approx(exact, abs=5 * sigma)
    assert sigma < 0.02


def test_errors_are_measured_on_the_qubits_in_use():
    flips = (0.02, 0.05, 0.11, 0.08, 0.15)
    prepared = BackendEngine(TABLE, misreading(*flips), shots=20000, mitigate_readout=True).prepare(ANSATZ)
    errors = prepared.readout_errors()
    expected = np.array(flips)[list(prepared.compiled.qubits)]
    for found in errors:
        assert found == pytest.approx(expected, abs=5 * 0.5 / 20000**0.5)


def test_measured_bits_stand_for_corrected_costs():
    """Each keeps its own cost too; and a gradient is made of corrected means."""
    engine = BackendEngine(TABLE, misreading(0.05, 0.12, 0.2, 0.08, 0.15), shots=8000, mitigate_readout=True)
    prepared = engine.prepare(ANSATZ)
    found = prepared.value_and_gradient(ANGLES)
    assert found.costs.tolist() == engine.costs(found.bits).tolist()
    assert found.value != pytest.approx(found.costs.mean(), abs=0.1)
    again = prepared.measured(found.bits)
    assert again.mean(again.costs) == found.value
    _, gradient = ExactEngine(TABLE).value_and_gradient(ANSATZ, ANGLES)
    spread = np.ptp(corrected_costs(TABLE, prepared.readout_errors())) / 2
    np.testing.assert_allclose(found.gradient, gradient, rtol=0, atol=6 * spread / (2 * 8000) ** 0.5)


def test_backends_other_than_ibms_need_no_runtime_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "qiskit_ibm_runtime", None)
    engine = BackendEngine([1.0, 2.0], quiet_generic(), shots=5)
    assert engine.expectation(ProductAnsatz(1), [np.pi, 0.0]) == 2.0


# --- what it refuses -------------------------------------------------------------------------------


class Refusing(Service):
    def run(self, circuits, **options):
        raise RuntimeError("the queue is closed\nand more")


def test_a_backend_that_does_not_run():
    with pytest.raises(WalshqhnError, match=r"service could not run the job: the queue is closed$"):
        BackendEngine(TABLE, Refusing(), shots=5).expectation(ANSATZ, ANGLES)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"shots": 0}, UsageError, "shots must be a whole number of at least 1, got 0"),
        ({"shots": None}, UsageError, "shots must be a whole number of at least 1, got None"),
        ({"cost": random_table(6)}, InputError, "the cost has 6 bits, but service has only 5 qubits"),
        ({"backend": "ibm_torino"}, UsageError, "must be a Qiskit BackendV2, got str"),
        ({"cost": Service(), "backend": TABLE}, UsageError, "must be a Qiskit BackendV2, got ndarray"),
        ({"optimization_level": 4}, UsageError, "optimization_level must be a whole number in 0 ... 3, got 4"),
        ({"circuits_per_job": 0}, UsageError, "circuits_per_job must be a whole number of at least 1"),
        ({"mitigate_readout": 1}, UsageError, "mitigate_readout must be true or false, got 1"),
        ({"cost": lambda b: b[:, 0]}, InputError, r"BlackBoxCost\(function, num_bits\)"),
    ],
)
def test_settings_that_make_no_sense(arguments, error, message):
    with pytest.raises(error, match=message):
        BackendEngine(**{"backend": Service(), "cost": TABLE, "shots": 5} | arguments)


def test_a_cost_too_large_to_mitigate():
    target = GenericBackendV2(30, noise_info=False).target
    cost = BlackBoxCost(lambda bits: bits[:, 0], 25)
    with pytest.raises(UsageError, match="a table of the cost, of at most 24 bits; it has 25"):
        BackendEngine(cost, Service(target=target), shots=5, mitigate_readout=True)


def test_quasi_probabilities_have_no_cvar():
    prepared = BackendEngine(TABLE, Service(), shots=5, mitigate_readout=True).prepare(ANSATZ)
    for use in (prepared.expectation, prepared.value_and_gradient):
        with pytest.raises(UsageError, match=r"the mean cost is defined for them, cvar:0\.5 is not"):
            use(ANGLES, CVaR(0.5))


def test_a_noisy_device_is_noisy():
    """What a fake device reports as its errors reaches the values, and mitigation takes some of it away."""
    backend = GenericBackendV2(5, coupling_map=LINE, seed=2)
    for pair in LINE:
        backend.target.update_instruction_properties("cx", tuple(pair), InstructionProperties(duration=1e-7, error=0.2))
    exact = ExactEngine(TABLE).probabilities(ANSATZ, np.zeros(12))
    assert exact[0] == pytest.approx(1)
    bits = BackendEngine(TABLE, backend, shots=SHOTS).sample(ANSATZ, np.zeros(12), SHOTS, rng())
    assert 0.05 < bits.any(axis=1).mean() < 0.6
