"""Pauli trajectories: every error by itself against dense matrices, and samples against Aer's density matrices."""

import numpy as np
import pytest
from oracles import cx_matrix, embed, rotation_matrix
from quantum_oracles import AXES, random_angles, random_table
from scipy.stats import chisquare

from walshqhn import AerEngine, ExactEngine, IsingHamiltonian, LinearAnsatz, ProductAnsatz, QAOAAnsatz
from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.program import Gate, Program
from walshqhn.circuits.qaoa import MultiAngleQAOAAnsatz
from walshqhn.engines.qiskit.noise import noise_model
from walshqhn.engines.trajectories import GateNoise, PauliTrajectories
from walshqhn.support.errors import InputError, UsageError

PAULIS = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[1, 0], [0, -1]], [[0, -1j], [1j, 0]]], dtype=complex)
"""Number 1 for X, 2 for Z, 3 for both, as errors are numbered."""


class Mixed(Ansatz):
    """All kinds of gates, CX both ways and over a distance, a parameter used twice, an angle that is none."""

    num_qubits = 4

    def __init__(self, *, plus):
        self.plus = plus

    @property
    def program(self):
        gates = [
            Gate("rx", (0,), 0), Gate("ry", (1,), 1), Gate("rz", (2,), 2, 0.7), Gate("ry", (3,), 0, -1.3),
            Gate("cx", (2, 0)), Gate("rz", (1,), -1, 0.9), Gate("cx", (1, 3)), Gate("rx", (3,), 3), Gate("ry", (0,), 4),
            Gate("cx", (0, 1)), Gate("rz", (1,), 5), Gate("ry", (2,), 6), Gate("cx", (3, 2)), Gate("rz", (3,), 1),
            Gate("rx", (2,), 2), Gate("cx", (1, 2)), Gate("rz", (2,), 0), Gate("cx", (3, 1)), Gate("rz", (1,), 3),
        ]  # fmt: skip
        return Program(4, 7, tuple(gates), self.plus)

    @property
    def description(self):
        return {"name": "mixed"}


def multi_angle():
    masks = np.array([[0b001], [0b011], [0b110], [0b111]], np.uint64)
    return MultiAngleQAOAAnsatz(IsingHamiltonian(3, masks, np.array([0.4, -0.7, 0.3, 0.5])), 1)


CIRCUITS = {
    "product": ProductAnsatz(3),
    "linear": LinearAnsatz(3, 1),
    "two layers": LinearAnsatz(4, 2),
    "mixed": Mixed(plus=False),
    "mixed on plus": Mixed(plus=True),
    "multi-angle QAOA": multi_angle(),
}


@pytest.fixture(params=CIRCUITS)
def ansatz(request):
    return CIRCUITS[request.param]


def trajectories(ansatz):
    engine = ExactEngine(random_table(ansatz.num_qubits), threads=1)
    return engine, PauliTrajectories(engine, ansatz)


def gate_matrix(gate, n, params):
    if gate.name == "cx":
        return cx_matrix(n, *gate.qubits)
    angle = gate.scale * (params[gate.parameter] if gate.parameter >= 0 else 1.0)
    return embed(n, gate.qubits[0], rotation_matrix(AXES[gate.name], angle))


def with_one_error(ansatz, params, place, paulis):
    """Outcome probabilities if the Paulis on these qubits follow gate number ``place`` (-1: the first state)."""
    n, program = ansatz.num_qubits, ansatz.program
    state = np.full(1 << n, 2 ** (-n / 2), complex) if program.plus else np.eye(1 << n, dtype=complex)[0]
    for k, gate in enumerate([None, *program.gates], start=-1):
        state = state if gate is None else gate_matrix(gate, n, params) @ state
        if k == place:
            for qubit, number in paulis:
                state = embed(n, qubit, PAULIS[number]) @ state
    return np.abs(state) ** 2


class Scripted:
    """Stands for a generator: the one error that is wanted, in the only shot."""

    def __init__(self, single, double):
        self.calls = iter([single, double])

    def binomial(self, places, probability):
        self.place, self.part = next(self.calls) or (None, None)
        return int(self.place is not None)

    def choice(self, places, size, **_):
        assert size == 0 or self.place < places
        return np.array([self.place] * size, dtype=int)

    def integers(self, low, high, size):
        assert size == 0 or low <= self.part < high
        return np.array([self.part] * size, dtype=int)


def test_every_error_by_itself(ansatz):
    """Negated angles and flipped bits give the state's probabilities with the Pauli written out."""
    params = random_angles(ansatz.num_parameters)
    engine, sampler = trajectories(ansatz)
    seen = 0

    def check(script, place, paulis):
        nonlocal seen
        negated, flips = (rows[0] for rows in sampler.patterns(1, [GateNoise(0.1, 0.1)], Scripted(*script)))
        circuit = sampler.separate
        got = engine.probabilities(circuit, circuit.angles(params) * (1.0 - 2.0 * negated))
        flipped = np.arange(got.size) ^ sum(int(f) << j for j, f in enumerate(flips))
        np.testing.assert_allclose(got[flipped], with_one_error(ansatz, params, place, paulis), rtol=0, atol=1e-12)
        seen += 1

    gates = ansatz.program.gates
    single, double = (
        [k for k, g in reversed(list(enumerate(gates))) if (g.name == "cx") == two] for two in (False, True)
    )
    for number, place in enumerate(single):
        for part in (1, 2, 3):
            check(((number, part), None), place, [(gates[place].qubits[0], part)])
    for qubit in range(ansatz.num_qubits if ansatz.program.plus else 0):
        for part in (1, 2, 3):
            check(((len(single) + qubit, part), None), -1, [(qubit, part)])
    for number, place in enumerate(double):
        for part in range(1, 16):
            paulis = list(zip(gates[place].qubits, (part & 3, part >> 2), strict=True))
            check((None, (number, part)), place, paulis)
    expected = 3 * (len(single) + ansatz.program.plus * ansatz.num_qubits) + 15 * len(double)
    assert seen == expected


@pytest.mark.parametrize(("p1", "p2"), [(0.03, 0.0), (0.0, 0.2), (0.02, 0.1), (1.0, 1.0)])
def test_samples_have_the_distribution_of_aers_density_matrix(ansatz, p1, p2):
    params, shots = random_angles(ansatz.num_parameters, seed=3), 5_000
    engine, sampler = trajectories(ansatz)
    exact = AerEngine(engine.cost, method="density_matrix", noise_model=noise_model(p1, p2))
    expected = exact.probabilities(ansatz, params) * shots
    bits = sampler.sample(params, shots, [GateNoise(p1, p2)], np.random.default_rng(5))[0]
    counts = np.bincount(bits @ (1 << np.arange(ansatz.num_qubits)), minlength=engine.cost.values.size)
    rare = expected < 5
    groups = np.where(rare, -1, np.arange(expected.size))
    observed = [counts[groups == g].sum() for g in np.unique(groups)]
    wanted = np.array([expected[groups == g].sum() for g in np.unique(groups)])
    assert wanted.min() > 1e-9  # of outcomes that cannot be there, none is
    assert chisquare(observed, wanted * shots / wanted.sum()).pvalue > 1e-4


def test_strengths_at_once_are_independent_and_in_order():
    """Fair bits would agree in half of all places; the mean cost follows each strength's own density matrix."""
    ansatz, shots = LinearAnsatz(4, 2), 5_000
    params = random_angles(ansatz.num_parameters, seed=1)
    engine, sampler = trajectories(ansatz)
    levels = [GateNoise(0.0, 0.0), GateNoise(0.1, 0.2), GateNoise(0.01, 0.02), GateNoise(0.1, 0.2)]
    bits = sampler.sample(params, shots, levels, np.random.default_rng(2))
    assert bits.shape == (4, shots, 4)
    costs = np.array([engine.costs(rows) for rows in bits])
    for level, values in zip(levels, costs, strict=True):
        model = noise_model(level.p1, level.p2)
        exact = AerEngine(engine.cost, method="density_matrix", noise_model=model).expectation(ansatz, params)
        assert values.mean() == pytest.approx(exact, abs=5 * values.std() / np.sqrt(shots))
    assert np.abs(np.corrcoef(costs)[~np.eye(4, dtype=bool)]).max() < 5 / np.sqrt(shots)
    first, second = (np.abs(np.corrcoef(values[:-1], values[1:])[0, 1]) for values in costs[1:3])
    assert max(first, second) < 5 / np.sqrt(shots)  # nor do shots follow one another in any order


def test_without_noise_it_is_the_exact_engine(ansatz):
    params = random_angles(ansatz.num_parameters)
    engine, sampler = trajectories(ansatz)
    found = sampler.sample(params, 500, [GateNoise(0.0, 0.0)], np.random.default_rng(4))
    np.testing.assert_array_equal(found[0], engine.sample(ansatz, params, 500, np.random.default_rng(4)))
    assert sampler.num_states(500, [GateNoise(0.0, 0.0)], np.random.default_rng(4)) == 1


def test_a_seed_gives_the_same_bits_again():
    ansatz = LinearAnsatz(4, 1)
    params = random_angles(ansatz.num_parameters)
    sampler = trajectories(ansatz)[1]
    first, again, other = (
        sampler.sample(params, 300, [GateNoise(0.1, 0.1)], np.random.default_rng(s)) for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_errors_that_do_nothing_cost_nothing():
    """A product state needs one state, whatever the noise; a deeper circuit fewer than it has errors."""
    noise = [GateNoise(0.5, 0.5)]
    assert trajectories(ProductAnsatz(5))[1].num_states(1000, noise, np.random.default_rng(0)) == 1
    few = [GateNoise(1e-3, 1e-3)]
    kinds = 3 * 16 + 15 * 3  # of single errors of one layer on 4 qubits
    assert 1 < trajectories(LinearAnsatz(4, 1))[1].num_states(3000, few, np.random.default_rng(0)) < kinds / 2


def test_what_cannot_be_sampled():
    engine, sampler = trajectories(LinearAnsatz(3, 1))
    with pytest.raises(UsageError, match="p1 must be in"):
        GateNoise(1.1, 0)
    with pytest.raises(UsageError, match="p2 must be in"):
        GateNoise(0, float("nan"))
    with pytest.raises(UsageError, match="phase gate"):
        PauliTrajectories(engine, QAOAAnsatz(engine.cost, 1))
    with pytest.raises(InputError, match="4 qubits"):
        PauliTrajectories(engine, LinearAnsatz(4, 1))
    with pytest.raises(UsageError, match="shots"):
        sampler.sample(np.zeros(12), 0, [GateNoise(0, 0)], np.random.default_rng(0))
    with pytest.raises(InputError, match="shape"):
        sampler.sample(np.zeros(11), 5, [GateNoise(0, 0)], np.random.default_rng(0))
