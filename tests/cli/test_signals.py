"""SIGTERM and SIGHUP store what Ctrl-C stores, and leave nothing behind."""

import os
import signal

import pytest

from walshqhn.cli.keeper import Keeper
from walshqhn.formats.hdf5 import load
from walshqhn.training.evaluator import Evaluator


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
    assert sorted(path.name for path in tmp_path.iterdir()) == ["costs.npy", "t.h5", "t.runs"]
    monkeypatch.undo()
    os.chdir(tmp_path)
    run("train", "costs.npy", "--runs", 3, "--layers", 0, "-o", "t.h5", "--resume")
    assert len(load("t.h5").training.runs) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["costs.npy", "t.h5"]


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


@pytest.mark.parametrize("study", [[], ["--workers", 1]])
def test_a_run_that_was_interrupted_goes_on_where_it_was(run, costs, tmp_path, monkeypatch, study):
    """The file then holds the numbers of a run that was not."""
    command = ("train", "costs.npy", "--runs", 2, "--layers", 1, "--max-iterations", 25, *study, "-o")
    run(*command, "whole.h5")
    value_and_gradient, asked = Evaluator.value_and_gradient, []

    def interrupted(self, x):
        asked.append(x)
        if len(asked) == 12:
            os.kill(os.getpid(), signal.SIGTERM)
        return value_and_gradient(self, x)

    with monkeypatch.context() as patch:
        patch.setattr(Evaluator, "value_and_gradient", interrupted)
        run(*command, "t.h5", code=130)
    assert len(list((tmp_path / "t.runs").rglob("*.run"))) == 1
    run(*command, "t.h5", "--resume")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["costs.npy", "t.h5", "whole.h5"]
    found, whole = (load(name) for name in ("t.h5", "whole.h5"))
    results = [[x.training] if x.study is None else x.study.trainings.values() for x in (found, whole)]
    assert [[r.history.tolist() for r in t.runs] for t in results[0]] == [
        [r.history.tolist() for r in t.runs] for t in results[1]
    ]
