"""Bad input: one clear line on stderr, an exit code, nothing written, no traceback."""

import builtins
import os
import shutil

import h5py
import numpy as np
import pytest

from walshqhn.cli import main
from walshqhn.cli.common import format_value, parse_value
from walshqhn.formats import hdf5 as storage


def complaint(run, *arguments, code):
    run(*arguments, code=code)
    assert run.out == ""
    assert run.err.startswith("walshqhn: ")
    assert run.err.count("\n") == 1
    return run.err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("spectrum", "mnist4x4"), 2, "Did you mean 'mnist-4x4'?"),
        (("tasks", "gausian"), 2, "Did you mean 'gaussian'?"),
        (("spectrum", "gaussian", "--hiden", "2"), 2, "Did you mean 'hidden'?"),
        (("spectrum", "gaussian", "--max-degre", "2"), 2, "Did you mean 'max-degree'?"),
        (("spectrum", "costs.npy", "--digits", "3,7"), 2, "costs.npy is a file"),
        (("trian", "gaussian"), 2, 'Did you mean "train"?'),
        (("spectrum",), 2, "requires an argument"),
        (("spectrum", "costs.npy", "--threads", "0"), 2, "at least 1"),
        (("spectrum", "costs.npy", "--threads", "two"), 2, "two"),
        (("spectrum", "costs.npy", "--max-degree", "-1"), 2, "at least 0"),
        (("spectrum", "costs.npy", "--plot", "x.gif"), 2, ".png, .pdf, .svg"),
        (("spectrum", "costs.npy", "-o", "no/such/x.h5"), 2, "no/such"),
        (("spectrum", "costs.npy", "-o", "x.txt"), 2, ".h5"),
        (("info", "."), 1, "no such file"),
        (("train", "costs.npy", "--runs", "1.5"), 2, "1.5"),
        (("train", "costs.npy", "--ansatz", "product", "--layers", "x"), 2, "x"),
        (("spectrum", "mnist-4x4", "--digits", "0,12"), 2, "0 ... 9"),
        (("spectrum", "mnist-4x4", "--data-dir", "nowhere"), 1, "nowhere"),
        (("spectrum", "custom"), 2, "path"),
        (("spectrum", "gaussian", "--activation", "gelu"), 2, "sigmoid"),
        (("spectrum", "mnist-4x4", "--size", "8"), 1, "N = 65"),
        (("spectrum", "nothing.h5"), 1, "no such file"),
        (("spectrum", "nothing.npy"), 1, "no such file"),
        (("info", "costs.npy"), 1, "not a walshqhn file"),
        (("sample", "costs.npy"), 1, "no training"),
        (("export", "costs.npy", "--format", "exe"), 2, "sparse-pauli-op"),
        (("plot", "costs.npy", "--kind", "training"), 2, "no data"),
        (("train", "costs.npy", "--layers", "-1"), 2, "-1 layers"),
        (("train", "costs.npy", "--shots", "10"), 2, "exact engine"),
        (("train", "costs.npy", "--engine", "aer", "--shots", "0"), 2, "at least 1"),
        (("train", "costs.npy", "--engine", "aer", "--shots", "9", "--optimizer", "L-BFGS-B"), 2, "COBYLA"),
        (("train", "costs.npy", "--engine", "aer", "--shots", "9", "--max-iterations", "3"), 2, "at least 26"),
        (("train", "costs.npy", "--runs", "0"), 2, "at least 1"),
        (("train", "costs.npy", "--resume"), 2, "--output"),
        (("train", "costs.npy", "--config", "no.toml"), 2, "no.toml"),
        (("train", "costs.npy", "--ansatz", "qaoa", "--layers", "0"), 2, "at least 1 layer"),
    ],
)
def test_usage(run, costs, tmp_path, arguments, code, says):
    before = sorted(tmp_path.iterdir())
    assert says in complaint(run, *arguments, code=code)
    assert sorted(tmp_path.iterdir()) == before


def test_too_large_names_the_size_and_a_way_out(run):
    text = complaint(run, "spectrum", "gaussian", "--hidden", "10", "--num-samples", "5", code=1)
    assert "N = 41" in text
    assert "246 TB" in text
    assert "smaller task" in text


def test_configuration_files(run, costs, tmp_path):
    for text, says in (
        ("[trian]\nruns = 1\n", "Did you mean 'train'?"),
        ("runs = 1\n", "bad.toml"),
        ("[train", "bad.toml"),
    ):
        (tmp_path / "bad.toml").write_text(text)
        assert says in complaint(run, "train", "costs.npy", "--config", "bad.toml", code=2)


def test_what_is_no_regular_file_is_not_replaced(run, costs, tmp_path):
    link, real = tmp_path / "link.h5", tmp_path / "real.h5"
    real.write_text("old")
    link.symlink_to(real)
    run("spectrum", "costs.npy", "-o", link, "--force")
    assert link.is_symlink()
    assert storage.load(real).num_qubits == 3
    os.mkfifo(tmp_path / "pipe.h5")
    assert "regular file" in complaint(run, "spectrum", "costs.npy", "-o", "pipe.h5", "--force", code=2)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (np.arange(6.0), "power of two, got 6"),
        (np.array([1.0, np.nan]), "nan at index 1"),
        (np.array([-np.inf, 1.0]), "-inf at index 0"),
        (np.ones((2, 2)), "one axis"),
        (np.array(["a", "b"]), "real numbers"),
        (np.array([1e300, 5.0]), "rescale"),
    ],
)
def test_bad_tables(run, tmp_path, values, says):
    np.save(tmp_path / "t.npy", values)
    text = complaint(run, "spectrum", "t.npy", code=1)
    assert says in text
    assert "t.npy" in text


def test_files_that_cannot_be_vouched_for(run, costs, tmp_path):
    run("spectrum", "costs.npy", "-o", "good.h5")
    content = (tmp_path / "good.h5").read_bytes()
    (tmp_path / "cut.h5").write_bytes(content[: len(content) // 2])
    (tmp_path / "text.h5").write_text("hello")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["picture"] = np.zeros(10)
    shutil.copy(tmp_path / "good.h5", tmp_path / "new.h5")
    with h5py.File(tmp_path / "new.h5", "a") as file:
        file.attrs["format_version"] = storage.FORMAT_VERSION + 1
    assert "truncated" in complaint(run, "info", "cut.h5", code=1)
    assert "not a walshqhn file" in complaint(run, "info", "text.h5", code=1)
    assert "not a walshqhn file" in complaint(run, "info", "other.h5", code=1)
    assert "upgrade walshqhn" in complaint(run, "info", "new.h5", code=1)
    assert "cut.h5" in complaint(run, "spectrum", "cut.h5", code=1)


def test_existing_output_is_kept_without_force(run, costs, tmp_path):
    target = tmp_path / "x.h5"
    target.write_text("precious")
    for arguments in (("spectrum", "costs.npy", "-o", target), ("train", "costs.npy", "-o", target)):
        assert "--force" in complaint(run, *arguments, code=2)
        assert target.read_text() == "precious"
    run("spectrum", "costs.npy", "-o", target, "--force")
    assert storage.load(target).num_qubits == 3


def test_resume_refuses_another_training(run, costs, tmp_path):
    run("train", "costs.npy", "-o", "a.h5", "--runs", "1", "--layers", "1")
    text = complaint(run, "train", "costs.npy", "-o", "a.h5", "--resume", "--runs", "1", "--layers", "2", code=2)
    assert "other settings" in text
    np.save(tmp_path / "b.npy", costs[::-1].copy())
    text = complaint(run, "train", "b.npy", "-o", "a.h5", "--resume", "--runs", "1", "--layers", "1", code=2)
    assert "other settings (cost:" in text


def test_a_missing_optional_package_names_the_command_that_installs_it(run, monkeypatch):
    real = builtins.__import__

    def without(name, *arguments, **options):
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    text = complaint(run, "spectrum", "mnist-4x4", "--dataset", "sklearn", code=1)
    assert "pip install scikit-learn" in text


def test_no_traceback_even_for_a_bug(run, costs, monkeypatch):
    from walshqhn.spectrum import walsh as spectrum

    def broken(*_, **__):
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(spectrum, "wht", broken)
    assert "internal error, ZeroDivisionError" in complaint(run, "spectrum", "costs.npy", code=1)


def test_interrupt_outside_of_a_training(run, costs, monkeypatch):
    from walshqhn.spectrum import walsh as spectrum

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(spectrum, "wht", interrupted)
    assert main(["spectrum", "costs.npy"]) == 130


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-0.5", -0.5),
        ("3,7", (3, 7)),
        ("-3,1", (-3, 1)),
        ("0,1;-1,1", ((0, 1), (-1, 1))),
        ("true", True),
        ("None", None),
        ("relu", "relu"),
        ("sigmoid,relu", ("sigmoid", "relu")),
        ("3,", (3,)),
    ],
)
def test_option_values(text, value):
    found = parse_value(text)
    assert found == value
    assert type(found) is type(value)
    if text not in ("3,", "None"):
        assert parse_value(format_value(value)) == value
