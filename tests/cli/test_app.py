"""The program: help, options from files, and what becomes of errors: one line, an exit code, no traceback."""

import builtins
import os
import subprocess
import sys

import h5py
import numpy as np
import pytest

from walshqhn.cli import main
from walshqhn.cli.app import COMMANDS
from walshqhn.formats import hdf5
from walshqhn.spectrum import walsh

SMALL = ("--num-samples", "60", "--num-validation", "0", "--num-test", "40")


def test_help_lists_every_command(run):
    out = run("--help")
    assert [name for name in COMMANDS if name not in out] == []
    assert "--config" in out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run, command):
    out = run(command, "--help")
    assert f"Usage: walshqhn {command}" in out
    assert "--json" in out


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from walshqhn.cli import main; main(['--help']);"
        "print(sorted({'numpy', 'numba', 'qiskit', 'h5py', 'matplotlib', 'scipy'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("trian", "gaussian"), 2, 'Did you mean "train"?'),
        (("spectrum",), 2, "requires an argument"),
        (("spectrum", "costs.npy", "--threads", "0"), 2, "threads must be a whole number of at least 1"),
        (("spectrum", "costs.npy", "--threads", "two"), 2, "two"),
        (
            ("spectrum", "costs.npy", "--max-degree", "-1"),
            2,
            "walshqhn: --max-degree must be a whole number of at least 0",
        ),
        (("train", "costs.npy", "--runs", "1.5"), 2, "1.5"),
        (("train", "costs.npy", "--gradient-tolerance", "0"), 2, "walshqhn: --gradient-tolerance must be positive"),
        (("train", "costs.npy", "--max-degree", "2"), 2, "walshqhn: --max-degree truncates the phases of qaoa"),
        (
            ("train", "costs.npy", "--bond-dimension", "2"),
            2,
            "walshqhn: --bond-dimension cannot be used with the exact",
        ),
        (("train", "costs.npy", "--config", "no.toml"), 2, "no.toml"),
        (("export", "costs.npy", "--format", "exe"), 2, "sparse-pauli-op"),
    ],
)
def test_usage_errors_call_options_as_they_are_typed(run, costs, arguments, code, says):
    assert says in run.complaint(*arguments, code=code)


def test_no_traceback_even_for_a_bug(run, costs, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(walsh, "wht", broken)
    monkeypatch.delenv("WALSHQHN_DEBUG", raising=False)
    assert "internal error, ZeroDivisionError: oops" in run.complaint("spectrum", "costs.npy", code=1)
    monkeypatch.setenv("WALSHQHN_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["spectrum", "costs.npy"])


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (MemoryError(), 1, "out of memory"),
        (OSError(28, "No space left"), 1, "No space left"),
        (BrokenPipeError(32, "Broken pipe"), 1, "Broken pipe"),
    ],
)
def test_what_goes_wrong_elsewhere(run, costs, monkeypatch, error, code, says):
    """A broken pipe among them: only that of stdout is no error."""

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(walsh, "wht", fail)
    assert says in run.complaint("spectrum", "costs.npy", code=code)


def test_a_closed_stdout_is_no_error():
    script = f"{sys.executable} -c 'import sys; from walshqhn.cli import main; sys.exit(main([\"tasks\"]))' | head -n 1"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("gaussian")
    assert done.stderr == ""


def test_a_missing_optional_package_names_the_command_that_installs_it(run, monkeypatch):
    real = builtins.__import__

    def without(name, *arguments, **options):
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    text = run.complaint("spectrum", "mnist-4x4", "--dataset", "sklearn", code=1)
    assert "pip install scikit-learn" in text


def test_too_large_names_the_size_and_a_way_out(run):
    text = run.complaint("train", "gaussian", "--hidden", "10", "--num-samples", "5", code=1)
    assert "41 qubits" in text
    assert "88 TB" in text
    assert "Use fewer qubits, or MPSEngine (engine mps)" in text
    text = run.complaint("spectrum", "gaussian", "--hidden", "10", "--num-samples", "5", code=2)
    assert "2^41 networks" in text
    assert "give --max-degree" in text


def test_a_backend_for_notebooks_does_not_matter(run, costs, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "module://not_installed.backend")
    run("spectrum", "costs.npy", "--plot", "w.png")
    assert os.environ["MPLBACKEND"] == "agg"


# --- configuration files ---------------------------------------------------------------------------


def test_options_from_toml(run, costs, tmp_path, monkeypatch):
    """Of the command and of the task; those on the command line come first. A byte order mark does no harm."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "my.toml").write_text(
        '\ufeff[train]\nruns = 2\nlayers = 0\ntails = true\n[spectrum]\noutput = "~/s.h5"\n'
        '[tasks]\nactivation = ["relu", "tanh"]\n', encoding="utf-8"
    )  # fmt: skip
    assert run.json("tasks", "gaussian", *SMALL, "--config", "my.toml")["bit_names"][-1] == "activation"
    for order in (("--config", "my.toml", "train", "costs.npy"), ("train", "costs.npy", "--config=~/my.toml")):
        facts = run.json(*order)
        assert (facts["runs"], facts["ansatz"]["layers"], facts["search"]["tails"]) == (2, 0, True)
    assert run.json("train", "costs.npy", "--runs", "1", "--config", "my.toml")["runs"] == 1
    run("spectrum", "costs.npy", "--config", "my.toml")
    with h5py.File("s.h5") as file:
        assert file.attrs["format"] == "walshqhn"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[trian]\nruns = 1\n", "Did you mean 'train'?"),
        ("runs = 1\n", "bad.toml"),
        ("[train", "bad.toml is not TOML"),
        ("[train]\nlayers = -1\n", "--layers must be a whole number of at least 0, got -1"),
    ],
)
def test_bad_configuration_files(run, costs, tmp_path, text, says):
    (tmp_path / "bad.toml").write_text(text)
    assert says in run.complaint("train", "costs.npy", "--config", "bad.toml")


# --- files that are read and written ---------------------------------------------------------------


def test_existing_output_is_kept_without_force(run, costs, tmp_path):
    target = tmp_path / "x.h5"
    target.write_text("precious")
    for arguments in (("spectrum", "costs.npy", "-o", target), ("train", "costs.npy", "-o", target)):
        assert "--force" in run.complaint(*arguments)
        assert target.read_text() == "precious"
    run("spectrum", "costs.npy", "-o", target, "--force")
    assert hdf5.load(target).num_qubits == 3


def test_a_source_is_never_its_own_target(run, costs, tmp_path):
    """Nor is a link to it, with or without --force."""
    run("spectrum", "costs.npy", "-o", "s.h5")
    (tmp_path / "link.h5").symlink_to("s.h5")
    before = (tmp_path / "s.h5").read_bytes()
    for command in (("spectrum",), ("train",), ("export", "--format", "native")):
        for target in ("s.h5", "link.h5"):
            for force in ((), ("--force",)):
                text = run.complaint(command[0], "s.h5", *command[1:], "-o", target, *force)
                assert f"{target} is the source itself" in text
    assert (tmp_path / "s.h5").read_bytes() == before


def test_what_is_no_regular_file_is_not_replaced(run, costs, tmp_path):
    link, real = tmp_path / "link.h5", tmp_path / "real.h5"
    real.write_text("old")
    link.symlink_to(real)
    run("spectrum", "costs.npy", "-o", link, "--force")
    assert link.is_symlink()
    assert hdf5.load(real).num_qubits == 3
    os.mkfifo(tmp_path / "pipe.h5")
    assert "regular file" in run.complaint("spectrum", "costs.npy", "-o", "pipe.h5", "--force")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (np.arange(6.0), "power of two, got 6"),
        (np.array([1.0, np.nan]), "nan at index 1"),
        (np.ones((2, 2)), "one axis"),
        (np.array(["a", "b"]), "real numbers"),
        (np.array([1e300, 5.0]), "rescale"),
    ],
)
def test_bad_tables(run, tmp_path, values, says):
    np.save(tmp_path / "t.npy", values)
    text = run.complaint("spectrum", "t.npy", code=1)
    assert says in text
    assert "t.npy" in text


def test_files_that_cannot_be_vouched_for(run, costs, tmp_path):
    run("spectrum", "costs.npy", "-o", "good.h5")
    content = (tmp_path / "good.h5").read_bytes()
    (tmp_path / "cut.h5").write_bytes(content[: len(content) // 2])
    (tmp_path / "text.h5").write_text("hello")
    (tmp_path / "new.h5").write_bytes(content)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["picture"] = np.zeros(10)
    with h5py.File(tmp_path / "new.h5", "a") as file:
        file.attrs["format_version"] = 2
    assert "truncated" in run.complaint("info", "cut.h5", code=1)
    assert "not a walshqhn file" in run.complaint("info", "text.h5", code=1)
    assert "not a walshqhn file" in run.complaint("info", "other.h5", code=1)
    assert "upgrade walshqhn" in run.complaint("info", "new.h5", code=1)
    assert "cut.h5" in run.complaint("spectrum", "cut.h5", code=1)
