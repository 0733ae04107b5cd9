"""Slips of the finger that used to end in internal errors, in a result of something else, or in no memory."""

import hashlib
import os

import numpy as np
import pytest

from walshqhn.support.claims import try_lock
from walshqhn.workspace import Workspace


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "mnist-4x4", "--loss=1"), "Unknown loss 1. Known: bce, mse, softmax"),
        (("train", "costs.npy", "--engine", "aer", "--shots", "1000000000000"), "1,000,000,000,000 bit strings"),
        (("train", "costs.npy", "--samples", "1000000000000"), "of memory"),
        (("train", "costs.npy", "--layers", "1000000000"), "of memory"),
        (("train", "costs.npy", "--runs", "1000000000"), "of memory"),
        (("export", "costs.npy", "--format", "csv", "-o", "loop"), "link that leads nowhere"),
    ],
)
def test_slips(run, costs, tmp_path, arguments, message):
    (tmp_path / "loop").symlink_to("loop")
    run(*arguments, code=2 if "Unknown" in message or "link" in message else 1)
    assert message in run.err
    assert "internal error" not in run.err


def test_one_bit_on_the_generic_backend(run, tmp_path):
    np.save(tmp_path / "one.npy", [3.0, 1.0])
    search = ("--ansatz", "product", "--runs", "1", "--max-iterations", "8", "--samples", "20", "--shots", "64")
    out = run("train", "one.npy", "--engine", "backend", "--backend", "generic", *search)
    assert "best sample     1  1" in out


def test_an_empty_number_of_threads_is_none(run, costs, monkeypatch):
    monkeypatch.setenv("WALSHQHN_THREADS", "")
    assert "Hamiltonian: 7 terms" in run("spectrum", "costs.npy")


@pytest.mark.skipif(os.name != "posix", reason="needs flock")
@pytest.mark.parametrize(
    ("arguments", "target"),
    [
        (("spectrum", "gaussian", "-o", "s.h5"), "s.h5"),
        (("spectrum", "gaussian", "--plot", "s.png"), "s.png"),
        (("export", "gaussian", "--format", "csv", "-o", "s.csv"), "s.csv"),
        (("report", "gaussian", "-o", "s.html"), "s.html"),
        (("train", "gaussian", "-o", "s.h5"), "s.h5"),
        (("demo", "-o", "."), "training.png"),
    ],
)
def test_what_another_writes_is_refused_before_any_work(run, tmp_path, monkeypatch, arguments, target):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Workspace, "__init__", None)
    lock = tmp_path / f".walshqhn-{hashlib.sha256(target.encode()).hexdigest()[:16]}.lock"
    with lock.open("w") as file:
        assert try_lock(file.fileno())
        run(*arguments, code=2)
    assert f"{target} is being written by another process" in run.err
    assert [*tmp_path.iterdir()] == [lock]
