"""Storing what goes on: a full disk costs the file, not the work."""

import time
from pathlib import Path

import numpy as np
import pytest
from storage_cases import COST, a_training, parts, plain

from walshqhn import TableCost
from walshqhn.cli.keeper import Keeper
from walshqhn.engines.exact import ExactPrepared
from walshqhn.formats import growing
from walshqhn.formats.growing import ResultFile
from walshqhn.formats.hdf5 import Contents, load
from walshqhn.support.errors import WalshqhnError
from walshqhn.workspace import Workspace


@pytest.fixture
def keeper(tmp_path):
    workspace = Workspace("mine", TableCost(COST, ("a", "b", "c")))
    return Keeper(tmp_path / "r.h5", workspace, {"seed": 4, "config": {"runs": 3}}, with_spectrum=True)


def test_a_result_is_stored_beside_its_cost(keeper, tmp_path):
    training = a_training()
    keeper.keep(training)
    keeper.finish(training)
    found = load(tmp_path / "r.h5")
    expected = Contents(cost=COST, spectrum=found.spectrum, training=training, bit_names=["a", "b", "c"])
    assert parts(found) == parts(expected)
    np.testing.assert_allclose(found.spectrum.cost_table(), COST, atol=1e-15)
    assert (found.provenance["seed"], found.provenance["config"]) == (4, {"runs": 3})


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("unable to flush")])
def test_what_cannot_be_written_is_said_and_tried_again(keeper, tmp_path, monkeypatch, capsys, error):
    def fail(*_, **__):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(growing, "write_atomically", fail)
        keeper.keep(a_training())
        assert "the computation continues" in capsys.readouterr().err
        with pytest.raises(WalshqhnError, match=r"could not write .*r\.h5: (No space|unable to)"):
            keeper.finish(a_training())
    assert list(tmp_path.iterdir()) == []
    keeper.finish(a_training())
    assert load(tmp_path / "r.h5").training is not None


def test_without_a_file_nothing_is_stored(tmp_path):
    keeper = Keeper(None, Workspace("mine", TableCost(COST)), {}, with_spectrum=True)
    keeper.keep(a_training())
    keeper.finish(a_training())
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_stored_where_it_should_is_stored_elsewhere(tmp_path, monkeypatch, capsys):
    (tmp_path / "disk").mkdir()
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    workspace, training = Workspace("mine", TableCost(COST, ("a", "b", "c"))), a_training()
    keeper = Keeper(tmp_path / "disk" / "r.h5", workspace, {}, with_spectrum=False)
    (tmp_path / "disk").rmdir()
    keeper.keep(training)
    assert "the computation continues" in capsys.readouterr().err
    with pytest.raises(WalshqhnError, match=r"could not write .*r\.h5: .*; the result is in .*home"):
        keeper.finish(training)
    (found,) = (tmp_path / "home").iterdir()
    assert plain(load(found).training) == plain(training)


def test_storing_takes_a_tenth_of_the_time_where_results_are_recorded(tmp_path, monkeypatch):
    """However long the file has become, whose rewriting takes longer and longer."""
    now, stored = [0.0], []

    def store(self, result):
        now[0] += 2.0
        stored.append(result)

    monkeypatch.setattr(ResultFile, "store", store)
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    keeper = Keeper(tmp_path / "r.h5", Workspace("mine", TableCost(COST)), {}, with_spectrum=True, recorded=True)
    answers = []
    for second in range(0, 45, 5):
        now[0] = max(now[0], float(second))
        answers.append(keeper.keep(second))
    assert stored == [0, 20, 40]  # a wait of 18 s after each
    assert answers == [second in stored for second in range(0, 45, 5)]
    keeper.finish(44)
    assert stored[-1] == 44


@pytest.mark.parametrize("study", [[], ["--workers", 1, "--no-product-baseline"]])
def test_runs_that_were_not_stored_are_not_run_again(run, costs, monkeypatch, study):
    """Those finished while the disk was full, say: their records are kept until they are in the file."""
    command = ("train", "costs.npy", "--runs", 4, "--layers", 1, "--max-iterations", 25, *study, "-o")
    run(*command, "whole.h5")
    write = growing.write_atomically

    def full(path, write_image, **options):
        monkeypatch.setattr(growing, "write_atomically", fail)
        write(path, write_image, **options)

    def fail(path, *_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(growing, "write_atomically", full)
    run(*command, "t.h5", code=1)
    assert len(trained("t.h5").runs) == 1
    monkeypatch.setattr(growing, "write_atomically", write)
    monkeypatch.setattr(ExactPrepared, "value_and_gradient", None)
    run(*command, "t.h5", "--resume")
    expected, found = (
        [plain({k: v for k, v in vars(one).items() if "seconds" not in k}) for one in trained(name).runs]
        for name in ("whole.h5", "t.h5")
    )
    assert found == expected
    assert not Path("t.runs").exists()


def trained(path):
    found = load(path)
    return found.training or found.study.trainings[0]
