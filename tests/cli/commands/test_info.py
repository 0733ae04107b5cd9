"""walshqhn info."""

import pytest
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import ParameterVector
from storage_cases import a_study, everything

from walshqhn.formats.hdf5 import save


def test_everything_there_can_be(run):
    save("all.h5", everything())
    facts = run.json("info", "all.h5")
    assert facts["num_bits"] == 3
    assert (facts["exact_minimum"], facts["best_bits"]) == (pytest.approx(-0.9589242746631385), "101")
    assert facts["hamiltonian"]["terms"] == 3
    assert facts["training"]["runs"] == 3
    assert facts["study"]["done"] == 5
    assert facts["study"]["plan"] == a_study().plan.as_dict()
    assert facts["provenance"]["seed"] == 7
    shown = run("info", "all.h5")
    assert "walshqhn format 1, intact" in shown
    assert "demo (digits=0,1)" in shown
    assert "product, 0 layers, ExactEngine, L-BFGS-B, 3 of 4 runs, interrupted" in shown
    assert "5 of 8 trainings done" in shown
    assert "linear, 1 layer, SPSA:perturbation=0.1: 2 runs, lowest E" in shown


def test_a_circuit_of_ones_own(run, costs, tmp_path):
    circuit, t = QuantumCircuit(3), ParameterVector("t", 3)
    for q in range(3):
        circuit.ry(t[q], q)
    with (tmp_path / "mine.qpy").open("wb") as file:
        qpy.dump(circuit, file)
    run("train", "costs.npy", "--ansatz", "mine.qpy", "--runs", 1, "--max-iterations", 3, "-o", "own.h5")
    assert "circuit, ExactEngine, L-BFGS-B, 1 of 1 run" in run("info", "own.h5")
    assert run.json("info", "own.h5")["training"]["ansatz"]["name"] == "circuit"


def test_no_such_file(run):
    assert "no such file" in run.complaint("info", ".", code=1)
