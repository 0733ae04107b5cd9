"""The native file: exact round trips, and the layout that other programs may rely on."""

import errno
import json
import os
import stat
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quantum_oracles import random_table
from storage_cases import AWKWARD, COST, a_hamiltonian, a_study, a_training, everything, parts, plain, refused

import walshqhn
from walshqhn import ExactEngine, IsingHamiltonian, ProductAnsatz, Study, WalshSpectrum, load_task, train
from walshqhn.binn.catalog import load_task_from_spec
from walshqhn.formats import hdf5
from walshqhn.formats.hdf5 import Contents, load, load_if_native, save
from walshqhn.support.errors import InputError, UsageError

CASES = {
    "cost": Contents(cost=AWKWARD),
    "spectrum": Contents(spectrum=WalshSpectrum(random_table(4))),
    "hamiltonian": Contents(hamiltonian=a_hamiltonian()),
    "70 qubits": Contents(hamiltonian=a_hamiltonian(70), training=a_training(70)),
    "constant": Contents(hamiltonian=IsingHamiltonian(4, np.zeros((0, 1), np.uint64), np.zeros(0), constant=1 / 3)),
    "study": Contents(study=a_study()),
    "a study that has begun": Contents(study=a_study((0, 1))),
    "names": Contents(bit_names=["größe", "W1[0,1]", ""]),
    "one bit": Contents(cost=np.array([0.25, 0.75]), spectrum=WalshSpectrum(np.array([0.5, -0.25]))),
    "no bits": Contents(cost=np.array([1 / 3]), spectrum=WalshSpectrum(np.array([1 / 3]))),
    "many chunks": Contents(cost=random_table(18)),
    "everything": everything(),
}


@pytest.mark.parametrize("case", CASES)
def test_round_trip_bit_for_bit(tmp_path, case):
    save(tmp_path / "file.h5", CASES[case])
    found = load(tmp_path / "file.h5")
    assert parts(found) == parts(CASES[case])
    assert found.num_qubits == CASES[case].num_qubits


@given(st.lists(st.floats(-1e140, 1e140), min_size=8, max_size=8))
def test_any_costs_round_trip(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("storage") / "file.h5"
    save(path, Contents(cost=np.array(values)))
    assert load(path).cost.tobytes() == np.array(values).tobytes()


def test_what_was_not_saved_is_not_there(tmp_path):
    save(tmp_path / "file.h5", Contents(cost=AWKWARD))
    found = load(tmp_path / "file.h5")
    others = (found.spectrum, found.hamiltonian, found.task, found.bit_names, found.training, found.study)
    assert (*others, found.weights) == (None,) * 7


def test_weights_follow_from_what_is_saved_or_are_saved_alone(tmp_path):
    hamiltonian = a_hamiltonian()
    for name, contents, expected in (
        ("s", everything(), WalshSpectrum.from_cost(COST).degree_weights()),
        ("h", Contents(hamiltonian=hamiltonian), hamiltonian.degree_weights()),
        ("w", Contents(weights=np.array([1.0, 2.0, 0.5]), bit_names=["a", "b"]), [1.0, 2.0, 0.5]),
    ):
        save(tmp_path / name, contents)
        assert load(tmp_path / name).weights.tolist() == list(expected)


def test_values_save_and_load_themselves(tmp_path):
    for part, value, kind in (
        ("hamiltonian", a_hamiltonian(70, tuple(map(str, range(70)))), IsingHamiltonian),
        ("study", a_study(), Study),
    ):
        path = tmp_path / f"{part}.h5"
        value.save(path)
        assert plain(kind.load(path)) == plain(value)
        with pytest.raises(UsageError, match="exists; use --force"):
            value.save(path)
        value.save(path, overwrite=True)
    save(tmp_path / "cost.h5", Contents(cost=AWKWARD))
    with pytest.raises(InputError, match=r"cost\.h5 holds no Hamiltonian"):
        IsingHamiltonian.load(tmp_path / "cost.h5")


def test_a_real_training_and_its_task(tmp_path):
    task = load_task("gaussian", num_samples=40, num_validation=0, num_test=20, hidden=1)
    start = np.linspace(0, 1, 2 * task.num_bits)
    engine = ExactEngine(task)
    result = train(ProductAnsatz(task.num_bits), engine, runs=2, task=task, max_iterations=20, initial=start)
    contents = Contents(cost=engine.cost.values, task=task.spec, bit_names=task.bit_names, training=result)
    save(tmp_path / "file.h5", contents)
    found = load(tmp_path / "file.h5")
    assert parts(found) == parts(contents)
    assert found.training.summary() == result.summary()
    assert load_task_from_spec(found.task).cost_table().tobytes() == contents.cost.tobytes()


def test_parts_on_different_numbers_of_qubits_are_refused(tmp_path):
    for contents in (Contents(cost=AWKWARD, bit_names=["a"]), Contents(hamiltonian=a_hamiltonian(5), cost=AWKWARD)):
        with pytest.raises(InputError, match=r"the same number of qubits, got .*'cost': 3"):
            save(tmp_path / "file.h5", contents)
    with pytest.raises(InputError, match="got no parts"):
        save(tmp_path / "file.h5", Contents())
    assert list(tmp_path.iterdir()) == []


# --- layout: what other programs read --------------------------------------------------------------


def test_root_attributes(tmp_path):
    save(tmp_path / "file.h5", everything())
    with h5py.File(tmp_path / "file.h5") as file:
        attributes = dict(file.attrs)
    provenance = json.loads(attributes.pop("provenance"))
    assert attributes.pop("complete")
    assert attributes == {
        "format": "walshqhn", "format_version": 1, "num_qubits": 3, "bit_order": "little", "spin": "z=(-1)^b",
        "normalisation": "f = 2^-N sum C chi",
    }  # fmt: skip
    assert provenance["argv"] == sys.argv
    assert provenance["versions"]["walshqhn"] == walshqhn.__version__
    assert {"python", "numpy", "numba", "h5py", "qiskit", "qiskit-aer", "scipy"} <= set(provenance["versions"])
    age = datetime.now(UTC) - datetime.fromisoformat(provenance["utc"])
    assert timedelta(seconds=-1) <= age < timedelta(minutes=5)
    assert (provenance["seed"], provenance["config"]) == (7, {"layers": 2})
    assert provenance["input_sha256"] == "ab" * 32


def test_data_sets_hold_what_they_are_named_after(tmp_path):
    contents = everything()
    save(tmp_path / "file.h5", contents)
    with h5py.File(tmp_path / "file.h5") as file:
        assert file["cost/values"][:].tobytes() == contents.cost.tobytes()
        assert file["spectrum/coefficients"][:].tolist() == contents.spectrum.coefficients.tolist()
        assert file["spectrum/weight"][:].tolist() == contents.spectrum.degree_weights().tolist()
        assert file["hamiltonian/masks"][:].tolist() == [[4], [3], [7]]
        assert file["hamiltonian/coefficients"][:].tolist() == [1 / 3, -1e-17, 2.5e100]
        attributes = dict(file["hamiltonian"].attrs)
        errors = {"discarded_weight": 1 / 7, "discarded_error": 0.0, "coefficient_error": 0.0}
        assert attributes == errors | {"constant": 0.1, "max_degree": 6, "tolerance": 1e-9 / 3}
        assert json.loads(file["task"].attrs["spec"]) == contents.task
        assert file["training"].attrs["completed_runs"] == 3
        assert file["training/history_length"][:].tolist() == [4, 1, 6]
        assert file["training/history"][4] == contents.training.runs[1].history[0]
        assert file["training/sampled_length"][:].tolist() == [1, 2, 3]
        assert file["training/sampled_costs"][1:3].tolist() == contents.training.runs[1].sampled_costs.tolist()
        assert json.loads(file["study/1"].attrs["variant"])["search"]["optimizer"] == "SPSA:perturbation=0.1"


def test_masks_of_70_qubits_take_two_words(tmp_path):
    save(tmp_path / "file.h5", Contents(hamiltonian=a_hamiltonian(70)))
    with h5py.File(tmp_path / "file.h5") as file:
        assert file["hamiltonian/masks"][:].tolist() == [[0, 1 << 5], [3, 0], [63, 0]]


# --- which files are ours --------------------------------------------------------------------------


def test_hdf5_of_another_program_is_none(tmp_path):
    with h5py.File(tmp_path / "theirs.h5", "w") as file:
        file["cost/values"] = AWKWARD
    assert load_if_native(tmp_path / "theirs.h5") is None
    with h5py.File(tmp_path / "theirs.h5", "a") as file:
        file.attrs["format"] = "emcee"
    assert load_if_native(tmp_path / "theirs.h5") is None


def test_no_file(tmp_path):
    for path in (tmp_path / "missing.h5", tmp_path):
        with pytest.raises(InputError, match="no such file"):
            load(path)


def test_a_file_that_another_process_holds_is_not_called_damaged(tmp_path):
    save(tmp_path / "file.h5", Contents(cost=AWKWARD))
    fcntl = pytest.importorskip("fcntl")
    with (tmp_path / "file.h5").open("rb+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="is in use by another process"):
            load(tmp_path / "file.h5")


# --- writing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("existing", [False, True])
def test_a_failure_while_writing_leaves_the_old_file(tmp_path, monkeypatch, error, existing):
    path, old = tmp_path / "file.h5", Contents(cost=random_table(2))
    before = []
    if existing:
        save(path, old)
        before = [path]

    def fail(*_):
        raise error

    monkeypatch.setattr(hdf5, "write_training", fail)
    with pytest.raises(type(error)):
        save(path, everything(), overwrite=True)
    assert list(tmp_path.iterdir()) == before
    assert [parts(load(file)) for file in before] == [parts(old)] * len(before)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_noticed(tmp_path, monkeypatch):
    save(tmp_path / "file.h5", Contents(cost=AWKWARD))

    def onto_a_full_disk(path, write, **options):
        write(Path("/dev/full"))

    monkeypatch.setattr(hdf5, "write_atomically", onto_a_full_disk)
    with pytest.raises(OSError, match="No space left"):
        save(tmp_path / "file.h5", everything(), overwrite=True)


def test_an_existing_file_is_refused(tmp_path):
    path = tmp_path / "file.h5"
    save(path, everything())
    before = path.read_bytes()
    with pytest.raises(UsageError, match="exists; use --force"):
        save(path, Contents(cost=random_table(2)))
    assert path.read_bytes() == before
    save(path, Contents(cost=random_table(2)), overwrite=True)
    assert load(path).cost.tolist() == random_table(2).tolist()
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_put_in_words_leaves_nothing(tmp_path):
    for value in (object(), float("nan")):
        with pytest.raises((TypeError, ValueError)):
            save(tmp_path / "file.h5", Contents(cost=AWKWARD, provenance={"seed": value}))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="permission bits")
@pytest.mark.parametrize(("umask", "expected"), [(0o022, 0o644), (0o077, 0o600)])
def test_permissions_follow_the_umask(tmp_path, umask, expected):
    before = os.umask(umask)
    try:
        save(tmp_path / "h.h5", Contents(cost=AWKWARD))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "h.h5").stat().st_mode) == expected


def test_where_memory_is_scarce_a_spectrum_is_compared_by_its_sums(tmp_path, monkeypatch):
    other = WalshSpectrum.from_cost(COST + 1e-6)
    save(tmp_path / "good.h5", Contents(cost=COST, spectrum=WalshSpectrum.from_cost(COST)))
    save(tmp_path / "bad.h5", Contents(cost=COST, spectrum=other))
    monkeypatch.setattr(hdf5, "available_memory", lambda: 0)
    assert load(tmp_path / "good.h5").spectrum is not None
    refused(tmp_path / "bad.h5", "/spectrum does not match the cost")


def test_a_file_system_without_locks(tmp_path, monkeypatch):
    """Where flock fails with errno 37, as HDF5 then reports."""
    save(tmp_path / "file.h5", Contents(cost=COST))
    honest = h5py.File

    def without_locks(name, mode="r", **options):
        if options.get("locking") is not False:
            raise OSError(errno.ENOLCK, "unable to lock file")
        return honest(name, mode, **options)

    monkeypatch.setattr(h5py, "File", without_locks)
    np.testing.assert_array_equal(load(tmp_path / "file.h5").cost, COST)
