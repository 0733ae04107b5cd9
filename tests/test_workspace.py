"""A task or a file, and what follows from it: every stage once."""

from collections import Counter
from contextlib import contextmanager

import h5py
import numpy as np
import pytest
from quantum_oracles import random_table
from storage_cases import COST, a_study, a_training, everything

from walshqhn import IsingHamiltonian, TableCost, WalshSpectrum, load_task
from walshqhn.binn.datasets import Dataset
from walshqhn.bits import masks_from_supports
from walshqhn.formats.hdf5 import Contents, save
from walshqhn.support.errors import FormatError, InputError, TooLargeError, UsageError
from walshqhn.workspace import Workspace

SMALL = {"num_samples": 20, "num_validation": 0, "num_test": 10, "hidden": 1}
TABLE = random_table(3)


def stored(path, **parts):
    save(path, Contents(**parts))
    return Workspace.open(path)


def test_a_cost():
    cost = TableCost(TABLE, ("x", "y", "z"))
    workspace = Workspace("mine", cost)
    assert workspace.cost is cost
    assert workspace.bit_names == ("x", "y", "z")


def test_a_task():
    workspace, task = Workspace.open("gaussian", SMALL), load_task("gaussian", **SMALL)
    assert (workspace.name, workspace.num_bits, workspace.bit_names) == ("gaussian", 5, task.bit_names)
    assert workspace.spec == task.spec
    np.testing.assert_array_equal(workspace.table, task.cost_table())
    assert workspace.cost.bit_names == task.bit_names
    np.testing.assert_allclose(workspace.spectrum.cost_table(), workspace.table, atol=1e-15)
    np.testing.assert_allclose(workspace.hamiltonian.energies(), workspace.table, atol=1e-15)
    assert (workspace.training, workspace.contents.study, workspace.contents.hamiltonian) == (None, None, None)


def test_a_table_of_ones_own(tmp_path):
    np.save(tmp_path / "c.npy", TABLE)
    with h5py.File(tmp_path / "c.h5", "w") as file:
        file["values"] = TABLE
    for name in ("c.npy", "c.h5"):
        workspace = Workspace.open(tmp_path / name)
        assert workspace.table.tolist() == TABLE.tolist()
        assert (workspace.spec, workspace.task) == (None, None)
        assert workspace.bit_names == ("b[0]", "b[1]", "b[2]")


@pytest.mark.parametrize(
    "parts",
    [
        {"cost": TABLE},
        {"spectrum": WalshSpectrum.from_cost(TABLE)},
        {"hamiltonian": WalshSpectrum.from_cost(TABLE).hamiltonian(tolerance=0)},
    ],
    ids=["cost", "spectrum", "hamiltonian"],
)
def test_whatever_a_file_holds_gives_the_cost(tmp_path, parts):
    workspace = stored(tmp_path / "f.h5", bit_names=["x", "y", "z"], **parts)
    np.testing.assert_allclose(workspace.table, TABLE, atol=1e-14)
    assert workspace.cost.bit_names == workspace.bit_names == ("x", "y", "z")
    np.testing.assert_allclose(workspace.hamiltonian.energies(), TABLE, atol=1e-14)


def test_a_constant_hamiltonian_is_a_cost(tmp_path):
    hamiltonian = IsingHamiltonian(2, np.zeros((0, 1), np.uint64), np.zeros(0), constant=1.5)
    assert stored(tmp_path / "f.h5", hamiltonian=hamiltonian).table.tolist() == [1.5] * 4


def test_what_is_stored_is_not_computed_again(tmp_path):
    workspace = stored(tmp_path / "f.h5", **{k: v for k, v in vars(everything()).items() if k != "provenance"})
    assert np.shares_memory(workspace.cost.values, workspace.contents.cost)
    assert workspace.spectrum is workspace.contents.spectrum
    assert workspace.hamiltonian is workspace.contents.hamiltonian


def test_every_stage_is_made_once_and_nothing_before_it_is_asked_for(tmp_path, monkeypatch):
    task = load_task("gaussian", **SMALL)
    save(tmp_path / "f.h5", Contents(task=task.spec, bit_names=task.bit_names))
    count = Counter()

    @contextmanager
    def progress(text):
        count[text] += 1
        yield lambda fraction: None

    real_file, real_hash = h5py.File.__init__, Dataset.sha256
    monkeypatch.setattr(h5py.File, "__init__", lambda *a, **k: (count.update(["opened"]), real_file(*a, **k))[1])
    monkeypatch.setattr(Dataset, "sha256", lambda self: (count.update(["hashed"]), real_hash(self))[1])
    workspace = Workspace.open(tmp_path / "f.h5", progress=progress)
    assert (workspace.num_bits, workspace.bit_names) == (5, task.bit_names)
    assert count == {"opened": 1}
    stages = ("task", "cost", "table", "spectrum", "hamiltonian")
    first = [getattr(workspace, stage) for stage in stages]
    assert all(getattr(workspace, stage) is found for stage, found in zip(stages, first, strict=True))
    assert count == {"opened": 1, "hashed": 1, "costs of all 2^5 configurations": 1}


def test_a_task_whose_data_has_gone_is_remarked_once(tmp_path):
    spec = load_task("gaussian", **SMALL).spec
    save(tmp_path / "f.h5", Contents(cost=random_table(5), task=spec | {"data": spec["data"] | {"sha256": "0" * 64}}))
    remarks = []
    workspace = Workspace.open(tmp_path / "f.h5", remark=remarks.append)
    assert workspace.task is workspace.task is None
    assert workspace.spec["name"] == "gaussian"
    assert len(remarks) == 1
    assert "accuracies are not available" in remarks[0]
    with pytest.warns(UserWarning, match="accuracies are not available"):
        _ = Workspace.open(tmp_path / "f.h5").task


def test_a_truncated_hamiltonian_is_called_one(tmp_path):
    truncated = WalshSpectrum.from_cost(TABLE).hamiltonian(max_degree=1)
    with pytest.warns(UserWarning, match=r"f\.h5 holds a truncated Hamiltonian \(RMS error"):
        np.testing.assert_allclose(stored(tmp_path / "f.h5", hamiltonian=truncated).table, truncated.energies())


def test_of_a_study_the_variant_of_least_energy_stands_for_a_training(tmp_path):
    study, training = a_study(), a_training()
    least = min(study.trainings, key=lambda v: study.energies(v).min())
    workspace = stored(tmp_path / "s.h5", study=study)
    assert workspace.training.best_run.energy == study.trainings[least].best_run.energy
    assert workspace.training.ansatz == study.trainings[least].ansatz
    assert stored(tmp_path / "both.h5", study=study, training=training).training.planned_runs == 4
    assert stored(tmp_path / "none.h5", study=a_study((0, 0))).training is None


def test_the_circuit_of_a_training(tmp_path):
    workspace = stored(tmp_path / "t.h5", cost=COST, training=a_training())
    circuit = workspace.circuit(workspace.training)
    assert circuit.description == workspace.training.ansatz


def test_more_bits_than_a_table_has(tmp_path):
    hamiltonian = IsingHamiltonian(40, masks_from_supports([(0,), (3, 39)], 40), np.array([1.0, -0.5]))
    workspace = stored(tmp_path / "h.h5", hamiltonian=hamiltonian)
    assert isinstance(workspace.cost, IsingHamiltonian)
    task = Workspace.open("gaussian", SMALL | {"hidden": 10})
    assert task.cost is task.task
    for one in (workspace, task):
        with pytest.raises(TooLargeError, match="TB"):
            _ = one.table


@pytest.mark.parametrize(
    ("source", "options", "error", "says"),
    [
        ("mnist4x4", {}, UsageError, r"Did you mean 'mnist-4x4'\?"),
        ("gaussian", {"hiden": 2}, UsageError, r"Did you mean 'hidden'\?"),
        ("c.npy", {"digits": (3, 7)}, UsageError, "only tasks and samples take options"),
        ("nothing.h5", {}, InputError, "no such file"),
        ("bad.h5", {}, FormatError, "not a walshqhn file"),
    ],
)
def test_bad_sources(tmp_path, monkeypatch, source, options, error, says):
    monkeypatch.chdir(tmp_path)
    np.save("c.npy", TABLE)
    (tmp_path / "bad.h5").write_text("hello")
    with pytest.raises(error, match=says):
        Workspace.open(source, options)


def test_a_file_without_a_cost(tmp_path):
    with pytest.raises(InputError, match=r"f\.h5 holds no usable cost, spectrum, Hamiltonian or task"):
        _ = stored(tmp_path / "f.h5", training=a_training()).cost
