"""Costs of so many bits that no table of them fits: what can be done, and what is said of the rest."""

import numpy as np
import pytest

from walshqhn import IsingHamiltonian
from walshqhn.bits import masks_from_supports
from walshqhn.formats.hdf5 import load

QUICK = ("--engine", "mps", "--shots", 10, "--optimizer", "SPSA", "--max-iterations", 2, "--samples", 20)
PRODUCT = (*QUICK, "--ansatz", "product")


@pytest.fixture
def chain(tmp_path):
    """40 qubits in a line."""
    supports = [(0,), *((j, j + 1) for j in range(39))]
    hamiltonian = IsingHamiltonian(40, masks_from_supports(supports, 40), np.linspace(0.5, 1, 40), constant=2.0)
    hamiltonian.save(tmp_path / "chain.h5")
    return hamiltonian


AER = ("--engine", "aer")


@pytest.mark.parametrize("arguments", [(), AER, (*AER, "--shots", 10), ("--layers", "1,2")])
def test_what_does_not_fit_says_how_large_it_is_and_what_does(run, chain, arguments):
    text = run.complaint("train", "chain.h5", *arguments, code=1)
    assert "TB" in text
    assert "shots" in text or "mps" in text


def test_a_hamiltonian_of_40_qubits(run, chain):
    """Train, go on, measure, look at it: nothing needs a table."""
    facts = run.json("train", "chain.h5", *PRODUCT, "--runs", 1, "-o", "r.h5")
    assert facts["exact_minimum"] is None
    training = load("r.h5").training
    assert training.best_cost == pytest.approx(chain.energy(training.best_bits))
    run("train", "chain.h5", *PRODUCT, "--runs", 2, "-o", "r.h5", "--resume")
    assert len(load("r.h5").training.runs) == 2
    sampled = run.json("sample", "r.h5", "--shots", 20, "--top", 3)
    assert sampled["engine"]["name"] == "MPSEngine"
    for network in sampled["configurations"]:
        assert network["cost"] == pytest.approx(chain.energy([int(b) for b in network["bits"][::-1]]))
        assert network["excess"] is None
    assert "exact minimum unknown" in run("sample", "r.h5", "--shots", 20)
    names = ("spectrum", "coefficients", "training", "tails", "circuit")
    assert run.json("plot", "r.h5")["figures"] == [f"r-{name}.png" for name in names]
    assert "TB" in run.complaint("sample", "r.h5", "--engine", "exact", code=1)


def test_matrix_product_states_train_40_qubits_exactly(run, chain):
    """The chain's least energy is a sum of sizes: no pair is frustrated."""
    arguments = ("train", "chain.h5", "--engine", "mps", "--layers", 1, "--max-iterations", 200, "-o", "r.h5")
    run(*arguments, "--runs", 1)
    run(*arguments, "--runs", 2, "--resume")
    training = load("r.h5").training
    assert len(training.runs) == 2
    assert {r.energy_error for r in training.runs} == {0.0}
    least = 2.0 - np.abs(chain.coefficients).sum()
    assert least - 1e-9 <= min(r.energy for r in training.runs) <= least + 4
    assert "MPSEngine" in run("info", "r.h5")
    text = run.complaint("train", "chain.h5", "--engine", "mps", "--ansatz", "qaoa", code=2)
    assert "the qaoa ansatz has phase gates" in text


def test_a_study_of_40_qubits(run, chain):
    """Success is relative to the best that was found, and said so."""
    study = ("train", "chain.h5", *PRODUCT, "--runs", 2, "--workers", 1, "-o", "s.h5")
    facts = run.json(*study)
    found = load("s.h5").study
    assert facts["exact_minimum"] is None
    assert facts["reference"] == found.reference == min(t.best_cost for t in found.trainings.values())
    assert facts["epsilon"] == pytest.approx(0.01 * np.sqrt(np.square(chain.coefficients).sum()))
    assert "E - C_best <= " in run(*study, "--resume")
    assert run.json("plot", "s.h5", "--kind", "success", "--kind", "energies")["figures"]


def test_layers_are_added_to_qaoa_on_40_qubits(run, chain):
    quick = ("--engine", "aer-mps", *QUICK[2:])
    facts = run.json("train", "chain.h5", *quick, "--ansatz", "qaoa", "--layers", 2, "--grow", "--runs", 1)
    assert facts["ansatz"]["layers"] == 2


def test_a_network_of_41_bits(run):
    small = ("gaussian", "--hidden", 10, "--num-samples", 20, "--num-validation", 0, "--num-test", 10)
    facts = run.json("train", *small, *PRODUCT, "--runs", 1, "-o", "n.h5")
    assert set(facts["accuracy"]) == {"train", "test"}
    assert set(run.json("sample", "n.h5", "--shots", 5)["configurations"][0]["accuracy"]) == {"train", "test"}
    assert run.json("plot", "n.h5")["figures"] == ["n-training.png", "n-tails.png", "n-circuit.png"]
    for arguments in ((*QUICK, "--ansatz", "qaoa"), ()):
        text = run.complaint("train", *small, *arguments, code=1)
        assert "41 bits" in text or "41 qubits" in text
        assert "TB" in text
