"""The noise script: counts by hand, its noise model in Aer's terms, samples kept and resumed."""

import numpy as np
import pytest
from quantum_oracles import random_angles, random_table

from analysis import noise
from analysis.common import Settings
from walshqhn import AerEngine, LinearAnsatz
from walshqhn.engines.qiskit.noise import depolarizing_noise


def test_the_noise_is_that_of_the_issue_and_of_the_library():
    """Total probabilities of a Pauli other than the identity, read off Aer's own errors."""
    p = 1.6
    ours = noise.gate_noise(p)
    assert (ours.p1, ours.p2) == pytest.approx((0.0016, 0.006))
    errors = {len(e["gate_qubits"][0]) if e.get("gate_qubits") else len(e["instructions"][0][0]["qubits"]): e
              for e in depolarizing_noise(p).to_dict()["errors"]}  # fmt: skip
    for width, wanted in ((1, ours.p1), (2, ours.p2)):
        identity = next(
            probability
            for instructions, probability in zip(
                errors[width]["instructions"], errors[width]["probabilities"], strict=True
            )
            if all(i["name"] in ("id", "pauli") and set(i.get("params", ["I"])[0]) <= {"I"} for i in instructions)
        )
        assert 1 - identity == pytest.approx(wanted, rel=1e-9)


def test_error_free_shots_count_every_gate():
    """2 layers on 17 qubits: 4 times 17 Ry, 17 Rz and 8 CX."""
    assert noise.error_free(17, 2, 2.0) == pytest.approx(0.998**136 * 0.9925**32)
    assert noise.error_free(17, 2, 0.0) == 1


def test_best_of_random_networks():
    cost = np.array([3.0, 1.0, 1.0, 2.0])
    assert noise.best_of_uniform(cost, 1) == pytest.approx(0.5)
    assert noise.best_of_uniform(cost, 3) == pytest.approx(0.875)


def test_counts_by_hand():
    """3 circuits, 2 strengths, 2 shots."""
    energies = np.array([[[0, 1], [1, 1]], [[2, 0], [0, 0]], [[1, 1], [1, 1]]], dtype=float)
    assert [p.successes for p in noise.reached(energies)] == [2, 1]
    assert [p.successes for p in noise.reached(energies, 1.0)] == [3, 3]
    assert noise.kept(energies) == (1, 2)
    assert noise._verdict(noise.kept(energies)).startswith("1 of the 2 circuits")
    assert noise._verdict((0, 0)) == "no circuit had one to lose."
    assert noise._enough(0.9) == ", so that 2 samples of an average circuit hold one with 99 %"
    assert noise._enough(1.0) == ""


def test_slope_of_straight_lines():
    strengths = np.array([0.0, 0.5, 1.0])
    means = np.array([[1.0, 2.0, 3.0], [0.0, 2.0, 4.0]])
    slope, error = noise.rise(means, strengths)
    assert (slope, error) == pytest.approx((3.0, 1.0))


@pytest.fixture
def small(monkeypatch):
    """A cost of 4 bits, 3 circuits."""
    monkeypatch.setattr(noise, "say", lambda text: None)
    ansatz = LinearAnsatz(4, noise.LAYERS)
    return random_table(4), np.array([random_angles(ansatz.num_parameters, seed=k) for k in range(3)])


def test_samples_follow_the_density_matrix(small):
    """Strengths much above the paper's, so that an error in the model would show."""
    cost, angles = small
    strengths, shots = np.array([0.0, 40.0]), 20_000
    found = noise.prepare(cost, angles, strengths, shots)(1)
    for p, index in zip(strengths, found, strict=True):
        engine = AerEngine(cost, method="density_matrix", noise_model=depolarizing_noise(p))
        exact = engine.expectation(LinearAnsatz(4, noise.LAYERS), angles[1])
        assert cost[index].mean() == pytest.approx(exact, abs=5 * cost[index].std() / np.sqrt(shots))


def test_an_interrupted_run_goes_on(small, tmp_path, monkeypatch):
    """What was kept is used again; the outcome is that of one go, and other settings begin anew."""
    cost, angles = small
    strengths = np.array([0.0, 1.0])
    whole = noise.sample_all(Settings(workers=1, studies=tmp_path / "a"), cost, angles, strengths, 50)
    settings = Settings(workers=1, studies=tmp_path / "b")
    folder, made = tmp_path / "b", []
    results = noise._results

    def cut(*given):
        for k, found in results(*given):
            if made:
                raise KeyboardInterrupt
            made.append(k)
            yield k, found

    monkeypatch.setattr(noise, "_results", cut)
    monkeypatch.setattr(noise, "_EVERY", 0.0)
    with pytest.raises(KeyboardInterrupt):
        noise.sample_all(settings, cost, angles, strengths, 50)
    assert [p.name for p in folder.iterdir()] == ["noise.npz"]
    asked = []
    monkeypatch.setattr(noise, "_results", lambda *given: (asked.append(given[-1]), results(*given))[1])
    np.testing.assert_array_equal(noise.sample_all(settings, cost, angles, strengths, 50), whole)
    assert asked == [[1, 2]]
    fewer = noise.sample_all(settings, cost, angles[:2], strengths, 50)  # more circuits go on from fewer
    np.testing.assert_array_equal(fewer, whole[:2])
    assert asked[-1] == []
    noise.sample_all(settings, cost, angles, strengths, 60)
    assert asked[-1] == [0, 1, 2]


def test_training_longer_does_not_lose_the_minimum(small):
    cost, angles = small
    found = noise.trained_longer(cost, angles, 200, 50)
    assert found["near"] == pytest.approx(found["exact"])  # no other cost is that near
    assert found["exact"][1] > found["exact"][0]
