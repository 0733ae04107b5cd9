"""SIGTERM and SIGHUP store what Ctrl-C stores, and leave nothing behind."""

import os
import signal

import pytest

from walshqhn.cli.keeper import Keeper
from walshqhn.formats.hdf5 import load


@pytest.mark.skipif(os.name != "posix", reason="needs os.kill with these signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_was_finished_is_stored(run, costs, tmp_path, monkeypatch, number):
    keep = Keeper.keep

    def keep_and_signal(self, result):
        keep(self, result)
        os.kill(os.getpid(), number)

    monkeypatch.setattr(Keeper, "keep", keep_and_signal)
    before = signal.getsignal(number)
    run("train", "costs.npy", "--runs", 3, "--layers", 0, "-o", "t.h5", code=130)
    assert signal.getsignal(number) is before
    assert len(load("t.h5").training.runs) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["costs.npy", "t.h5"]
    monkeypatch.undo()
    os.chdir(tmp_path)
    run("train", "costs.npy", "--runs", 3, "--layers", 0, "-o", "t.h5", "--resume")
    assert len(load("t.h5").training.runs) == 3


def test_a_signal_that_is_ignored_stays_ignored(run, costs, monkeypatch):
    """As under nohup."""
    keep = Keeper.keep

    def keep_and_signal(self, result):
        keep(self, result)
        os.kill(os.getpid(), signal.SIGHUP)

    monkeypatch.setattr(Keeper, "keep", keep_and_signal)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        run("train", "costs.npy", "--runs", 2, "--layers", 0, "-o", "t.h5")
    finally:
        signal.signal(signal.SIGHUP, before)
    assert len(load("t.h5").training.runs) == 2
