"""walshqhn export."""

import csv
from pathlib import Path

import h5py
import numpy as np
import pytest
import sympy

from walshqhn import read_hamiltonian
from walshqhn.formats.hdf5 import load
from walshqhn.formats.registry import FORMATS, WRITTEN


@pytest.mark.parametrize("format", [f for f in WRITTEN if f not in ("sympy", "ommx", "qasm3")])
def test_operators_are_truncated_as_announced(run, costs, format):
    facts = run.json("export", "costs.npy", "--format", format, "--max-degree", "2")
    assert facts["terms"] == 6
    assert facts["rms_error"] > 0
    found = read_hamiltonian(f"costs{FORMATS[format].suffix}")  # named after the source
    assert np.sqrt(np.mean((found.energies() - costs) ** 2)) == pytest.approx(facts["rms_error"])


def test_csv(run, costs):
    run("export", "costs.npy", "--format", "csv", "--max-degree", "2")
    rows = list(csv.DictReader(Path("costs.csv").read_text().splitlines()))  # named after the source
    assert float(rows[0]["coefficient"]) == costs.mean()
    assert {row["bits"] for row in rows} >= {"b[0]", "b[0] b[2]"}


def test_sympy(run, costs):
    assert run.json("export", "costs.npy", "--format", "sympy", "-o", "full.txt")["terms"] == 7
    z = dict(zip(sympy.symbols("Z_0 Z_1 Z_2"), (1, -1, 1), strict=True))
    assert float(sympy.sympify(Path("full.txt").read_text()).subs(z)) == pytest.approx(costs[2])
    run("export", "costs.npy", "--format", "sympy", "-o", "named.txt", "--names")
    assert "b[0]" in Path("named.txt").read_text()


def test_our_own_files_keep_what_there_is_besides(run):
    small = ("gaussian", "--hidden", 1, "--num-samples", 60, "--num-validation", 0, "--num-test", 0)
    run("export", *small, "--format", "native", "-o", "g.h5", "--max-terms", 3)
    found = load("g.h5")
    assert len(found.hamiltonian) == 3
    assert found.task["options"]["num_samples"] == 60
    assert found.bit_names[0] == "W1[0,0]"
    assert found.provenance["config"]["max_terms"] == 3


def test_the_help_says_what_each_format_is(run):
    words = " ".join(run("export", "--help").replace("│", " ").split())
    assert [name for name in WRITTEN if f"{name}: {FORMATS[name].holds}" not in words] == []


def test_a_trained_circuit(run, costs):
    """What it says of itself, here; tests/foreign/ has its state computed by another parser."""
    run("train", "costs.npy", "-o", "run.h5", "--ansatz", "qaoa", "--layers", 1, "--max-iterations", 2)
    facts = run.json("export", "run.h5", "--format", "qasm3", "-o", "run.qasm")
    text = Path("run.qasm").read_text()
    assert "OPENQASM 3" in text
    assert "c[0] = measure q[0];" in text
    assert "// c[0]: b[0]" in text
    assert facts["num_bits"] == text.count(" = measure ") == 3


def test_what_cannot_be_exported(run, costs):
    assert "holds no training" in run.complaint("export", "costs.npy", "--format", "qasm3")
    assert "--names is for the formats sympy, dimod" in run.complaint(
        "export", "costs.npy", "--format", "csv", "--names"
    )
    assert "--qpy-version is for" in run.complaint("export", "costs.npy", "--format", "csv", "--qpy-version", 13)
    assert "degree 3" in run.complaint("export", "costs.npy", "--format", "qubo")


@pytest.mark.parametrize("version", [None, 15])
def test_versions_of_qpy(run, costs, version):
    """The header of a QPY file: its magic word, then the version."""
    run("export", "costs.npy", "--format", "sparse-pauli-op", *(("--qpy-version", version) if version else ()))
    assert Path("costs.qpy").read_bytes()[6] == (version or 13)


def test_one_of_several_hamiltonians_in_hdf5(run, costs):
    run("export", "costs.npy", "--format", "hamlib")
    with h5py.File("costs.hdf5", "a") as file:
        file["more/ring_n-3"] = "(-1e-05+0j) [Z0 Z1] +\n2.5 [Z2] +\n-3.25 []"
    assert "choose one with key: more/ring_n-3, walshqhn_n-3" in run.complaint("spectrum", "costs.hdf5", code=1)
    facts = run.json("minimum", "costs.hdf5", "--key", "more/ring_n-3")
    assert facts["best_cost"] == pytest.approx(-3.25 - 2.5 - 1e-5, rel=1e-12)
