"""Storing what goes on: a full disk costs the file, not the work."""

import numpy as np
import pytest
from storage_cases import COST, a_training, parts, plain

from walshqhn import TableCost
from walshqhn.cli.keeper import Keeper
from walshqhn.formats import growing
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
