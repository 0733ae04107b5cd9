"""The native file: exact round trips, and the layout that other programs may rely on."""

import json
import sys
from datetime import UTC, datetime, timedelta

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quantum_oracles import random_table
from storage_cases import AWKWARD, a_hamiltonian, a_training, everything, numbers, words

import walshqhn
from walshqhn import ExactEngine, IsingHamiltonian, ProductAnsatz, WalshSpectrum, load_task, train
from walshqhn.binn.catalog import load_task_from_spec
from walshqhn.formats.hdf5 import Contents, is_native, load, save
from walshqhn.support.errors import InputError, UsageError

PARTS = {
    "cost": Contents(cost=AWKWARD),
    "spectrum": Contents(spectrum=WalshSpectrum(random_table(4))),
    "hamiltonian": Contents(hamiltonian=a_hamiltonian()),
    "70 qubits": Contents(hamiltonian=a_hamiltonian(70)),
    "constant": Contents(hamiltonian=IsingHamiltonian(4, np.zeros((0, 1), np.uint64), np.zeros(0), constant=1 / 3)),
    "training": Contents(training=a_training(70)),
    "names": Contents(bit_names=["größe", "W1[0,1]", ""]),
    "one bit": Contents(cost=np.array([0.25, 0.75]), spectrum=WalshSpectrum(np.array([0.5, -0.25]))),
    "no bits": Contents(cost=np.array([1 / 3]), spectrum=WalshSpectrum(np.array([1 / 3]))),
    "many chunks": Contents(cost=random_table(18)),
    "huge": Contents(hamiltonian=IsingHamiltonian(1, np.array([[1]], np.uint64), np.array([2.5e130]))),
    "everything": everything(),
}


def without_weights(contents):
    """W(k) is written along with what it follows from."""
    return {k: v for k, v in numbers(contents).items() if k != "weights"}


# --- round trips ----------------------------------------------------------------------------------


@pytest.mark.parametrize("part", PARTS)
def test_round_trip_bit_for_bit(tmp_path, part):
    contents = PARTS[part]
    save(tmp_path / "file.h5", contents)
    found = load(tmp_path / "file.h5")
    assert without_weights(found) == without_weights(contents)
    assert words(found) == words(contents)
    assert found.num_qubits == contents.num_qubits


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=8, max_size=8))
def test_any_costs_round_trip(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("storage") / "file.h5"
    save(path, Contents(cost=np.array(values)))
    assert load(path).cost.tobytes() == np.array(values).tobytes()


def test_what_was_not_saved_is_not_there(tmp_path):
    save(tmp_path / "file.h5", Contents(cost=AWKWARD))
    found = load(tmp_path / "file.h5")
    assert [found.spectrum, found.hamiltonian, found.task, found.bit_names, found.training, found.weights] == [None] * 6


def test_unknown_minimum_and_degree(tmp_path):
    unknown = a_training().__class__(**{**a_training().__dict__, "exact_minimum": None})
    hamiltonian = WalshSpectrum(random_table(3)).hamiltonian()
    save(tmp_path / "file.h5", Contents(training=unknown, hamiltonian=hamiltonian))
    found = load(tmp_path / "file.h5")
    assert found.training.exact_minimum is None
    assert found.training.excess is None
    assert found.hamiltonian.max_degree is None


def test_a_file_that_was_loaded_can_be_saved_again(tmp_path):
    save(tmp_path / "a.h5", everything())
    first = load(tmp_path / "a.h5")
    save(tmp_path / "b.h5", first)
    assert numbers(load(tmp_path / "b.h5")) == numbers(first)


def test_weights_can_be_saved_without_coefficients(tmp_path):
    save(tmp_path / "file.h5", Contents(weights=np.array([1.0, 2.0, 0.5]), bit_names=["a", "b"]))
    assert load(tmp_path / "file.h5").weights.tolist() == [1.0, 2.0, 0.5]


def test_hamiltonian_saves_and_loads_itself(tmp_path):
    a_hamiltonian(70).save(tmp_path / "h.h5")
    again = IsingHamiltonian.load(tmp_path / "h.h5")
    assert without_weights(Contents(hamiltonian=again)) == without_weights(Contents(hamiltonian=a_hamiltonian(70)))
    with pytest.raises(UsageError, match="exists; use --force"):
        again.save(tmp_path / "h.h5")
    again.save(tmp_path / "h.h5", overwrite=True)
    save(tmp_path / "cost.h5", Contents(cost=AWKWARD))
    with pytest.raises(InputError, match=r"cost\.h5 holds no Hamiltonian"):
        IsingHamiltonian.load(tmp_path / "cost.h5")


def test_a_real_training_and_its_task(tmp_path):
    task = load_task("gaussian", num_samples=40, num_validation=0, num_test=20, hidden=1)
    table = task.cost_table()
    result = train(ProductAnsatz(task.num_bits), ExactEngine(table), runs=2, task=task, max_iterations=20)
    contents = Contents(cost=table, task=task.spec, bit_names=task.bit_names, training=result)
    save(tmp_path / "file.h5", contents)
    found = load(tmp_path / "file.h5")
    assert numbers(found) == numbers(contents)
    assert words(found) == words(contents)
    again = load_task_from_spec(found.task)
    assert again.cost_table().tobytes() == table.tobytes()
    assert found.training.summary() == result.summary()


def test_parts_on_different_numbers_of_qubits_are_refused(tmp_path):
    for contents in (Contents(cost=AWKWARD, bit_names=["a"]), Contents(hamiltonian=a_hamiltonian(5), cost=AWKWARD)):
        with pytest.raises(InputError, match=r"the same number of qubits, got .*'cost': 3"):
            save(tmp_path / "file.h5", contents)
    with pytest.raises(InputError, match="got no parts"):
        save(tmp_path / "file.h5", Contents())
    assert list(tmp_path.iterdir()) == []


# --- layout (contract: section 6 of the design) ---------------------------------------------------


def test_root_attributes(tmp_path):
    save(tmp_path / "file.h5", everything())
    with h5py.File(tmp_path / "file.h5") as file:
        attributes = dict(file.attrs)
    provenance = json.loads(attributes.pop("provenance"))
    assert attributes.pop("complete")
    texts = {name: v.decode() if isinstance(v, bytes) else v for name, v in attributes.items()}
    assert texts == {
        "format": "walshqhn", "format_version": 1, "num_qubits": 3, "bit_order": "little", "spin": "z=(-1)^b",
        "normalisation": "f = 2^-N sum C chi",
    }  # fmt: skip
    assert provenance["argv"] == sys.argv
    assert provenance["versions"]["walshqhn"] == walshqhn.__version__
    assert provenance["versions"]["numpy"] == np.__version__
    assert {"python", "numba", "h5py", "qiskit", "qiskit-aer", "scipy"} <= set(provenance["versions"])
    age = datetime.now(UTC) - datetime.fromisoformat(provenance["utc"])
    assert timedelta(seconds=-1) <= age < timedelta(minutes=5)
    assert (provenance["seed"], provenance["config"]) == (7, {"layers": 2})


@pytest.mark.parametrize(
    ("name", "dtype", "shape"),
    [
        ("cost/values", "<f8", (8,)),
        ("spectrum/weight", "<f8", (4,)),
        ("spectrum/coefficients", "<f8", (8,)),
        ("hamiltonian/masks", "<u8", (3, 1)),
        ("hamiltonian/coefficients", "<f8", (3,)),
        ("training/parameters", "<f8", (3, 5)),
        ("training/value", "<f8", (3,)),
        ("training/best_bits", "|u1", (3, 3)),
        ("training/best_cost", "<f8", (3,)),
        ("training/seconds", "<f8", (3,)),
        ("training/index", "<i8", (3,)),
        ("training/evaluations", "<i8", (3,)),
        ("training/history", "<f8", (11,)),
        ("training/gradient_norms", "<f8", (11,)),
        ("training/history_length", "<i8", (3,)),
    ],
)
def test_data_sets(tmp_path, name, dtype, shape):
    save(tmp_path / "file.h5", everything())
    with h5py.File(tmp_path / "file.h5") as file:
        data = file[name]
        assert (data.dtype.str, data.shape) == (dtype, shape)
        assert data.fletcher32
        assert data.shuffle
        assert data.compression
        assert data.chunks


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
        assert attributes == {"constant": 0.1, "discarded_weight": 1 / 7, "max_degree": 6, "tolerance": 1e-9 / 3}
        assert json.loads(file["task"].attrs["spec"]) == contents.task
        assert file["task"].attrs["name"] in ("demo", b"demo")
        assert file["training"].attrs["completed_runs"] == 3
        assert file["training/history_length"][:].tolist() == [4, 1, 6]
        assert file["training/history"][4] == contents.training.runs[1].history[0]


def test_masks_of_70_qubits_take_two_words(tmp_path):
    save(tmp_path / "file.h5", Contents(hamiltonian=a_hamiltonian(70)))
    with h5py.File(tmp_path / "file.h5") as file:
        assert file["hamiltonian/masks"][:].tolist() == [[0, 1 << 5], [3, 0], [63, 0]]


def test_which_files_are_ours(tmp_path):
    save(tmp_path / "ours.h5", Contents(cost=AWKWARD))
    with h5py.File(tmp_path / "theirs.h5", "w") as file:
        file["x"] = 1
    (tmp_path / "text.h5").write_text("hello")
    names = ["ours.h5", "theirs.h5", "text.h5", "missing.h5"]
    assert [is_native(tmp_path / name) for name in names] == [True, False, False, False]
