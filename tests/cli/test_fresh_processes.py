"""Every engine, optimizer and command in a process of its own: nothing relies on what another test has imported."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from walshqhn.training.optimizers import OPTIMIZERS

SHORT = ("--layers", "1", "--runs", "1", "--max-iterations", "40", "--samples", "20")
PRODUCT = ("--ansatz", "product", "--runs", "1", "--max-iterations", "15", "--samples", "20")
SHOTS = ("--shots", "20", "--optimizer", "SPSA:calibration=2")
ENGINES = {
    "aer": ("--engine", "aer", *SHORT),
    "aer, shots": ("--engine", "aer", *SHORT, *SHOTS),
    "aer, noise": ("--engine", "aer", *PRODUCT, "--noise", "10", *SHOTS),
    "aer-mps": ("--engine", "aer-mps", *PRODUCT, *SHOTS),
    "mps": ("--engine", "mps", *SHORT),
    "product": ("--engine", "product", *PRODUCT),
    "backend": ("--engine", "backend", "--backend", "generic", *PRODUCT, *SHOTS),
}
COMMANDS = {
    "spectrum": ("spectrum", "c.npy"),
    "export": ("export", "c.npy", "--format", "sparse-pauli-op"),
    "plot": ("plot", "c.npy"),
    "info": ("info", "t.h5"),
    "sample": ("sample", "t.h5"),
    "sample, aer": ("sample", "t.h5", "--engine", "aer"),
    "tasks": ("tasks", "gaussian"),
}


def alone(folder, *arguments, **environment):
    """What the program says, in a process that has imported nothing else."""
    code = "import sys; from walshqhn.cli import main; sys.exit(main(sys.argv[1:]))"
    here = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "WALSHQHN_DEBUG": ""} | environment
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=folder, env=here, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("alone")
    np.save(found / "c.npy", np.random.default_rng(0).normal(size=8))
    alone(found, "train", "c.npy", "-o", "t.h5", *SHORT)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_engines(folder, engine):
    assert b"mean cost E" in alone(folder, "train", "c.npy", *ENGINES[engine])


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers(folder, optimizer):
    assert b"mean cost E" in alone(folder, "train", "c.npy", *SHORT, "--optimizer", optimizer)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_commands(folder, command):
    assert alone(folder, *COMMANDS[command])


@pytest.mark.slow
def test_terminals_without_some_signs(folder):
    out = alone(folder, "train", "c.npy", *PRODUCT, "--engine", "product", *SHOTS, PYTHONIOENCODING="ascii")
    assert b" +- " in out


@pytest.mark.slow
def test_texts_are_not_set_by_tex(folder, tmp_path):
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\n")
    settings = {"MPLCONFIGDIR": str(tmp_path), "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    assert alone(folder, "plot", "c.npy", "--kind", "spectrum", "-o", str(tmp_path), **settings)
