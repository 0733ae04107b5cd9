"""Command lines put together at random from what people, scripts and slips of the finger type: no internal error.

Most are run in this process; what they do is bounded by the sizes that are offered, and by a budget of seconds.
"""

import os
import shutil
import warnings
from importlib import import_module

import numpy as np
import pytest
from campaign.conftest import REFUSED, RIGHT

from walshqhn.cli import main
from walshqhn.cli.app import COMMANDS
from walshqhn.cli.options import own_options

pytestmark = pytest.mark.campaign

NUMBERS = (
    "0", "1", "2", "3", "-1", "1.5", "1e3", "nan", "inf", "-inf", "", " ", "0x10", "1_000",
    "\N{ARABIC-INDIC DIGIT ONE}", "9" * 30, "1e400",
)  # fmt: skip
TEXTS = (
    "[/b]", "[red]", ":x:", "$5_to_$9", "~", "~/none", "a,b", ",", ";", "none", "true", "é", "\x1b[31m", "--", "-",
    "=",
)  # fmt: skip
PATHS = (
    "c.npy", "one.npy", "t.h5", "s.h5", "x.csv", "own[b].qpy", "loop", "folder", "none.h5", ".", "/dev/null",
    "a:x:b.npy",
)  # fmt: skip
SMALL = {"--num-samples": ("20", "3"), "--hidden": ("1", "2,1", "0"), "--num-test": ("5", "0")}
VALUES = {
    "--layers": ("0", "1", "0,1", "1000000000"), "--runs": ("1", "2", "1000000000"), "--max-iterations": ("1", "15"),
    "--samples": ("1", "20", "1000000000000"), "--shots": ("1", "30", "20,30", "1000000000000"), "--seed": ("0", "7"),
    "--ansatz": ("linear", "product", "qaoa", "ma-qaoa", "own[b].qpy", "linear,product"), "--max-degree": ("1", "2"),
    "--engine": ("exact", "product", "mps", "aer", "aer,exact"), "--noise": ("10", "0.1"), "--threads": ("1", "2"),
    "--optimizer": ("L-BFGS-B", "COBYLA", "Adam:learning_rate=0.1", "SPSA:calibration=2", "QN-SPSA", "SPSA:a", "Adam:"),
    "--objective": ("mean", "cvar:0.2", "gibbs:2", "cvar:", "gibbs:x"), "--gradient-tolerance": ("1e-3",),
    "--max-shots": ("10", "1000"), "--max-seconds": ("0.1",), "--grow": (), "--tails": (), "--mitigate-readout": (),
    "--output": ("o.h5", "t.h5", "loop", "folder", "x.csv", "no/o.h5", "o.png"), "--plot": ("p.png", "c.npy"),
    "--format": ("csv", "native", "sympy", "sparse-pauli-op", "xyz"), "--kind": ("spectrum", "training", "x"),
    "--figure-format": ("png", "svg"), "--tolerance": ("0.1",), "--max-terms": ("0", "3"), "--top": ("0", "2"),
    "--config": ("b.toml", "bad.toml", "none.toml"), "--json": (), "--force": (), "--names": (), "--resume": (),
    "--help": (), "--version": (), "--loss": ("mse", "1"), "--weight-values": ("-1,1", "0,0"), "--digits": ("0,1",),
    "--size": ("1", "2", "1000000000"), "--skip": ("false,true",), "--activation": ("relu", "sigmoid,relu"), **SMALL,
}  # fmt: skip
SOURCES = ("gaussian", "gaussian-width", "glyphs", "custom", "mnist-4x4", *PATHS)
OPTIONS = {name: own_options(getattr(import_module(f"walshqhn.cli.commands.{name}"), name)) for name in COMMANDS}
LEFT_OUT = {"bench", "demo", "cache"}  # long, or about this machine's kernels


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a little of everything."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    table = np.random.default_rng(0).normal(size=8)
    for name in ("c.npy", "a:x:b.npy"):
        np.save(name, table)
    np.save("one.npy", [3.0, 1.0])
    np.savetxt("x.csv", table)
    (tmp_path / "b.toml").write_bytes(b"\xef\xbb\xbf[spectrum]\nmax_degree = 2\n[train]\nlayers = [0, 1]\n")
    (tmp_path / "bad.toml").write_text("[train\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    from qiskit import QuantumCircuit, qpy
    from qiskit.circuit import Parameter

    circuit = QuantumCircuit(3)
    circuit.ry(Parameter("[b]"), 1)
    with (tmp_path / "own[b].qpy").open("wb") as file:
        qpy.dump(circuit, file)
    few = ("--runs", "1", "--max-iterations", "2", "--samples", "9")
    assert main(["train", "c.npy", "-o", "t.h5", "--layers", "1", *few]) == 0
    assert main(["train", "c.npy", "-o", "s.h5", "--layers", "0,1", "--workers", "1", *few]) == 0
    return tmp_path


def a_line(rng):
    """A command, mostly with a source, and options that mostly exist with values that are mostly meant."""
    commands = [name for name in COMMANDS if name not in LEFT_OUT]
    line = [str(rng.choice(commands))] if rng.random() < 0.97 else [str(rng.choice(TEXTS))]
    if rng.random() < 0.93:
        usual, draw = ("c.npy", "t.h5", "s.h5", "x.csv", "gaussian"), rng.random()
        line.append(str(rng.choice(usual if draw < 0.7 else SOURCES if draw < 0.95 else TEXTS)))
    if line[0] == "export" and rng.random() < 0.9:
        line += ["--format", str(rng.choice(VALUES["--format"]))]
    if line[0] == "train":  # short, unless something else is asked for below
        line += ["--runs", "1", "--max-iterations", "20", "--samples", "9"]
    if line[1:] and line[1] in ("gaussian", "gaussian-width", "glyphs", "mnist-4x4"):
        line += ["--num-samples", "20"] if line[1] != "glyphs" else []
        line += ["--size", "2"] if line[1] == "mnist-4x4" else ["--hidden", "1"]
    known = [f"--{name}" for name in OPTIONS.get(line[0], ())]
    fitting = [name for name in VALUES if name in known] or list(VALUES)
    for _ in range(rng.integers(0, 4)):
        name = str(rng.choice(fitting if rng.random() < 0.9 else list(VALUES)))
        usual, draw = VALUES[name], rng.random()
        value = (
            str(rng.choice(usual))
            if usual and draw < 0.9
            else str(rng.choice(NUMBERS if draw < 0.96 else TEXTS + PATHS))
        )
        joined = rng.random() < 0.3
        line += [name] if not usual and draw < 0.8 else [f"{name}={value}"] if joined else [name, value]
    if rng.random() < 0.03:
        rng.shuffle(line)
    if "train" in line and "," in " ".join(line):
        line += ["--workers", "1"]  # a study, in this process
    return line


def too_long(line):
    """What would run for more than a moment."""
    text = " ".join(line)
    return "mnist" in text and "--size" not in text


def test_command_lines(place, rng, tally, scaled, capfd):
    keep = {path.name: path for path in place.iterdir()}
    spare = place.parent / "spare"
    shutil.copytree(place, spare, symlinks=True)
    for _ in range(scaled(5000)):
        line = a_line(rng)
        if too_long(line):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code = main(line)
        _, err = capfd.readouterr()
        verdict = RIGHT if code == 0 else REFUSED
        if "internal error" in err or code not in (0, 1, 2):
            verdict = f"{code}: {err.strip()[-300:]}"
        elif code and err.strip().splitlines()[-1:] == []:
            verdict = f"{code}, and no word"
        tally.add(line, verdict)
        for path in set(place.iterdir()) - set(keep.values()):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        for name in keep:
            if not (place / name).is_symlink() and (spare / name).is_file():
                shutil.copy2(spare / name, place / name)
        os.chdir(place)
    tally.close(least=scaled(4000))
