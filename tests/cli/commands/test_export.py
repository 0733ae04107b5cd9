"""walshqhn export."""

import csv
from pathlib import Path

import numpy as np
import pytest
import sympy

from walshqhn import IsingHamiltonian
from walshqhn.formats.hdf5 import load
from walshqhn.formats.qpy import read_sparse_pauli_op
from walshqhn.formats.registry import FORMATS

READERS = {"native": IsingHamiltonian.load, "sparse-pauli-op": read_sparse_pauli_op}


@pytest.mark.parametrize(("format", "read"), READERS.items())
def test_operators_are_truncated_as_announced(run, costs, format, read):
    facts = run.json("export", "costs.npy", "--format", format, "-o", "out.h5", "--max-degree", "2")
    assert facts["terms"] == 6
    assert facts["rms_error"] > 0
    assert np.sqrt(np.mean((read("out.h5").energies() - costs) ** 2)) == pytest.approx(facts["rms_error"])


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
    assert [name for name, found in FORMATS.items() if f"{name}: {found.help}" not in words] == []
