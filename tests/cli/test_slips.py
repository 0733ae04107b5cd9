"""Slips of the finger that used to end in internal errors, in a result of something else, or in no memory."""

import numpy as np
import pytest


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
