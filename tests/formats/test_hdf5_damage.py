"""Native files that are not what they should be: refused in one line that names the place, whoever made them so."""

import dataclasses
import json

import h5py
import numpy as np
import pytest
from storage_cases import AWKWARD, COST, a_hamiltonian, everything, parts, refused

from walshqhn import WalshSpectrum
from walshqhn.formats.hdf5 import load, save

SWAPPED = WalshSpectrum.from_cost(COST).coefficients[[0, 2, 1, 3, 4, 5, 6, 7]]  # within a degree: W(k) is the same


@pytest.fixture
def saved(tmp_path):
    save(tmp_path / "file.h5", everything())
    return tmp_path / "file.h5"


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89HDF\r\n\x1a\n", bytes(10_000), b"QISKIT\x0d" * 99])
def test_what_is_not_hdf5(tmp_path, content):
    (tmp_path / "file.h5").write_bytes(content)
    refused(tmp_path / "file.h5", "not HDF5|truncated or damaged")


def test_hdf5_of_another_program(tmp_path):
    with h5py.File(tmp_path / "file.h5", "w") as file:
        file["cost/values"] = AWKWARD
    refused(tmp_path / "file.h5", "is not a walshqhn file")


def deletion(place):
    group, _, attribute = place.partition("@")

    def delete(file):
        if attribute:
            del file[group].attrs[attribute]
        else:
            del file[group]

    return pytest.param(delete, f"{place if place.startswith('/') else '/' + place} is missing", id=f"no {place}")


def replacement(place, value, says):
    group, _, attribute = place.partition("@")

    def replace(file):
        if attribute:
            file[group].attrs[attribute] = value
        else:
            del file[group]
            file[group] = value

    return pytest.param(replace, says, id=f"{place}: {says}")


def edit(place, change, says):
    """JSON in an attribute, changed."""
    group, _, attribute = place.partition("@")

    def replace(file):
        value = json.loads(file[group].attrs[attribute])
        file[group].attrs[attribute] = np.bytes_(json.dumps(change(value)).encode())

    return pytest.param(replace, says, id=f"{place}: {says}")


def entry(name, value):
    return lambda found: found | {name: value}


def words(change):
    def replace(file):
        texts = [json.loads(line) for line in _lines(file)]
        change(texts[1])
        data = np.frombuffer("".join(map(json.dumps, texts)).encode(), np.uint8)
        del file["training/words"], file["training/words_length"]
        file["training/words"], lengths = data, [len(json.dumps(text)) for text in texts]
        file["training/words_length"] = np.array(lengths)

    return replace


def _lines(file):
    cuts = np.cumsum(file["training/words_length"][:])
    return [part.tobytes() for part in np.split(file["training/words"][:], cuts[:-1])]


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        *map(deletion, ["/@num_qubits", "/@format_version", "/@bit_order", "/@complete", "/@provenance"]),
        *map(deletion, ["hamiltonian/masks", "hamiltonian@constant", "task@spec", "task@bit_names"]),
        *map(deletion, ["training@completed_runs", "training/value", "training/history_length", "training/words"]),
        *map(deletion, ["study@seed", "study/0@variant", "study/1/best_bits"]),
        # conventions and header
        replacement("/@format_version", 2, "reads versions up to 1: upgrade walshqhn"),
        replacement("/@format_version", 0, "format_version must be a whole number of at least 1"),
        replacement("/@format_version", 1.9, "/@format_version must be one int"),
        replacement("/@format_version", [1, 1], "/@format_version must be one int"),
        replacement("/@bit_order", "big", "/@bit_order must be 'little', got 'big'"),
        replacement("/@spin", "z=(-1)^(1-b)", "/@spin must be"),
        replacement("/@normalisation", "f = sum C chi", "/@normalisation must be"),
        replacement("/@complete", False, "is incomplete: writing was interrupted"),
        replacement("/@num_qubits", 4, r"/cost/values has shape \(8,\), expected \(16,\)"),
        replacement("/@num_qubits", -1, "num_qubits must be a whole number in 0"),
        replacement("/@num_qubits", 2**62, "num_qubits must be a whole number in 0"),
        replacement("/@provenance", "{broken", "/@provenance: "),
        replacement("/@provenance", np.bytes_(b"[1]"), "/@provenance must be a table"),
        replacement("/@provenance", np.bytes_(b'{"versions": "x"}'), "/@provenance: versions must be a table, got str"),
        replacement("/@provenance", np.bytes_(b'{"seed": NaN}'), "/@provenance holds NaN"),
        replacement("/@provenance", np.bytes_(b"[" * 100_000), "/@provenance: "),
        # types, shapes and ranges of data sets
        replacement("cost/values", AWKWARD[:4], r"/cost/values has shape \(4,\), expected \(8,\)"),
        replacement("cost/values", AWKWARD[:, None], r"/cost/values has shape \(8, 1\)"),
        replacement("cost/values", COST.astype("f4"), "/cost/values has dtype float32, expected float64"),
        replacement("cost/values", COST.astype("c16"), "/cost/values has dtype complex128"),
        replacement("cost/values", COST.astype(">f8"), "/cost/values has dtype >f8"),
        replacement("cost/values", np.array([b"x"] * 8), "/cost/values has dtype"),
        replacement("cost/values", np.array([np.nan] * 8), "/cost/values must hold finite numbers"),
        replacement("cost", AWKWARD, "/cost is not a group"),
        replacement("cost/values", h5py.Empty("f8"), "/cost/values has shape None"),
        replacement("spectrum/weight", np.ones(4), "/spectrum: W.k. does not match the coeff"),
        replacement("spectrum/coefficients", np.ones(8), "/spectrum: W.k. does not match the coeff"),
        replacement("hamiltonian/masks", np.array([[1], [2], [8]], np.uint64), "/hamiltonian: a mask names a qubit"),
        replacement("hamiltonian/masks", np.array([[1], [2], [2]], np.uint64), "/hamiltonian: a mask occurs twice"),
        replacement("hamiltonian/coefficients", np.ones(2), r"/hamiltonian/coefficients has shape \(2,\)"),
        replacement("hamiltonian/coefficients", np.array([1, np.nan, 2]), "/hamiltonian/coefficients must hold finite"),
        replacement("hamiltonian@max_degree", -7, "/hamiltonian: max_degree"),
        replacement("hamiltonian@discarded_weight", np.nan, "/hamiltonian: discarded_weight"),
        replacement("task@bit_names", np.bytes_(b'["a", "b"]'), "/task@bit_names must be 3 different names"),
        replacement("task@bit_names", np.bytes_(b'["a", "b", ["c"]]'), "/task: "),
        edit("task@spec", entry("data", {}), "/task@spec: "),
        edit("task@spec", entry("options", [1]), "/task@spec: options must be a table"),
        # trainings
        replacement("training@completed_runs", 2, r"/training/index has shape \(3,\), expected \(2,\)"),
        replacement("training@planned_runs", 2, "/training: planned_runs must be"),
        replacement("training@exact_minimum", np.bytes_(b'"low"'), "/training: exact_minimum must be finite"),
        replacement(
            "training@exact_minimum",
            np.bytes_(b"-3.0"),
            "/training@exact_minimum is not the minimum of /cost/values",
        ),
        replacement("training@seed", np.bytes_(b"-1"), "/training: seed must be a whole number of at least 0"),
        replacement("training@seed", np.bytes_(b"1.5"), "/training: seed must be"),
        edit("training@ansatz", lambda found: {"name": "linear"}, "/training: layers must be a whole number"),
        edit("training@ansatz", entry("layers", -1), "/training: layers must be"),
        edit("training@ansatz", entry("layers", 10**9), "/training: layers must be"),
        edit("training@ansatz", lambda found: found | {"name": "linear", "layers": 2}, "layers has 24 angles, got 6"),
        edit("training@ansatz", entry("num_qubits", 4), "/training: num_qubits must be"),
        edit("training@ansatz", lambda found: 3, "/training: the description of a circuit must be a table"),
        edit("training@engine", lambda found: {"name": "ExactEngine"}, "/training: shots"),
        edit("training@engine", entry("shots", "many"), "/training: shots of the engine"),
        edit("training@search", entry("max_iterations", -1), "/training: max_iterations must be"),
        edit("training@search", entry("objective", "cvar:2"), "/training: alpha of CVaR"),
        edit("training@search", lambda found: {}, "/training: search must have the settings optimizer"),
        edit("training@accuracies", entry("test", 1.5), "/training: accuracy"),
        edit("training@versions", lambda found: [1], "/training: "),
        replacement("training/value", np.ones(2), r"/training/value has shape \(2,\), expected \(3,\)"),
        replacement("training/index", np.array([0, 1, 1]), "/training/index must hold distinct numbers below 4"),
        replacement("training/index", np.array([0, 1, 4]), "/training/index must hold distinct numbers below 4"),
        replacement("training/history", np.ones(10), r"/training/history has shape \(10,\), expected \(11,\)"),
        replacement("training/history_length", np.array([12, -5, 4]), "/training/history_length must be .*, found -5"),
        replacement("training/history_length", np.array([4, 1, 5]), r"/training/history has shape \(11,\)"),
        replacement("training/best_bits", np.ones((3, 2), np.uint8), r"/training/best_bits has shape \(3, 2\)"),
        replacement("training/best_bits", np.full((3, 3), 7, np.uint8), "/training/best_bits must be 0 to 1, found 7"),
        replacement("training/best_cost", np.zeros(3), "/training: best_cost does not match /cost/values"),
        replacement("training/sampled_costs", np.zeros(6), "/training: sampled_costs do not match /cost/values"),
        replacement("spectrum/coefficients", SWAPPED, "/spectrum does not match the cost"),
        replacement("training/parameters", np.ones(3), r"/training/parameters has shape \(3,\)"),
        replacement("training/parameters", np.ones((3, 7)), r"/training/initial has shape \(1, 6\)"),
        replacement("training/bit_means", np.full((3, 3), 1.5), "/training/bit_means must be 0 to 1, found 1.5"),
        replacement("training/sampled_counts", np.zeros(6, int), "/training/sampled_counts must be at least 1"),
        pytest.param(words(lambda text: text.update(status="fine")), "/training/words must hold status", id="status"),
        pytest.param(words(lambda text: text.update(message=1)), "/training/words: message must be", id="message"),
        pytest.param(words(lambda text: text.pop("architecture")), "/training/words must hold status", id="two words"),
        pytest.param(words(lambda text: text.update(architecture=3)), "/training/words: ", id="architecture"),
        # studies
        replacement("study@exact_minimum", np.bytes_(b"[]"), "/study: exact_minimum must be finite"),
        replacement("study@runs", 2, "/study: its runs do not match its plan"),
        replacement("study@completed_runs", 3, "/study: its runs do not match its plan"),
        replacement("study@num_variants", 10**9, "/study@num_variants must be a whole number in 1 ... 2"),
        replacement("study@num_variants", 1, "/study: its runs do not match its plan"),
        edit("study/0@variant", entry("circuit", {"ansatz": "laser"}), "/study/0@variant: Unknown ansatz 'laser'"),
        edit("study/0@variant", entry("motor", {}), "/study/0@variant: "),
        edit("study/0@variant", lambda found: [], "/study/0@variant: "),
        edit("study/1@variant", lambda found: found | {"circuit": {"layers": 2}}, "/study/1: its results belong"),
    ],
)
def test_pieces_that_are_missing_or_do_not_fit(saved, damage, says):
    with h5py.File(saved, "a") as file:
        damage(file)
    refused(saved, f"file.h5 is (truncated or damaged|not a walshqhn file).*{says}")


def test_variants_that_were_exchanged(saved):
    with h5py.File(saved, "a") as file:
        first, second = (file[f"study/{v}"].attrs["variant"] for v in range(2))
        file["study/0"].attrs["variant"], file["study/1"].attrs["variant"] = second, first
    refused(saved, "/study/0: its results belong to another variant")


@pytest.mark.parametrize("part", ["cost", "spectrum", "hamiltonian", "task", "training", "study"])
def test_parts_are_optional_as_a_whole(saved, part):
    """What is left is what was saved."""
    with h5py.File(saved, "a") as file:
        del file[part]
    contents = everything()
    if part == "task":
        contents = dataclasses.replace(contents, bit_names=None, hamiltonian=a_hamiltonian())
    assert parts(load(saved)) == parts(dataclasses.replace(contents, **{part: None}))


# --- nothing is followed out of the file, nothing allocated that it merely claims -------------------


def secret(tmp_path):
    """Another file with a cost that must not be read."""
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["values"] = COST
    COST.tofile(tmp_path / "secret.raw")
    return tmp_path


def external_link(file, folder):
    file["cost/values"] = h5py.ExternalLink(str(folder / "secret.h5"), "values")


def soft_link(file, folder):
    file["cost/values"] = h5py.SoftLink("/spectrum/coefficients")


def group_link(file, folder):
    del file["cost"]
    file["cost"] = h5py.ExternalLink(str(folder / "secret.h5"), "/")


def virtual(file, folder):
    layout = h5py.VirtualLayout(shape=(8,), dtype="<f8")
    layout[:] = h5py.VirtualSource(str(folder / "secret.h5"), "values", shape=(8,))
    file.create_virtual_dataset("cost/values", layout)


def external_storage(file, folder):
    file.create_dataset("cost/values", (8,), "<f8", external=[(str(folder / "secret.raw"), 0, 64)])


def never_written(file, folder):
    file.create_dataset("cost/values", (8,), "<f8", chunks=(4,))


def partly_written(file, folder):
    file.create_dataset("cost/values", (8,), "<f8", chunks=(4,))[:4] = COST[:4]


def reference(file, folder):
    file.create_dataset("cost/values", (8,), h5py.ref_dtype)


def compound(file, folder):
    file.create_dataset("cost/values", (8,), np.dtype([("a", "<f8")]))


def another_filter(file, folder):
    file.create_dataset("cost/values", data=COST, chunks=(8,), compression="lzf")


@pytest.mark.parametrize(
    ("replace", "says"),
    [
        (external_link, "/cost/values is a link"),
        (soft_link, "/cost/values is a link"),
        (group_link, "/cost is a link"),
        (virtual, "/cost/values must be a data set inside the file"),
        (external_storage, "/cost/values must be a data set inside the file"),
        (never_written, "/cost/values claims 8 values, but they are not all stored"),
        (partly_written, "/cost/values claims 8 values, but they are not all stored"),
        (reference, "/cost/values has dtype object"),
        (compound, "/cost/values has dtype"),
        (another_filter, "/cost/values is stored with a filter that is not allowed"),
    ],
)
def test_what_a_data_set_may_not_be(saved, tmp_path, replace, says):
    with h5py.File(saved, "a") as file:
        del file["cost/values"]
        replace(file, secret(tmp_path))
    refused(saved, says)


@pytest.mark.parametrize("chunk", [1 << 10, 1 << 40])
def test_claimed_sizes_are_not_allocated(tmp_path, chunk):
    """A terabyte that a file of some kB claims to hold."""
    save(tmp_path / "file.h5", everything())
    with h5py.File(tmp_path / "file.h5", "a") as file:
        file.attrs["num_qubits"] = 40
        for name in list(file):
            del file[name]
        file.create_dataset("cost/values", (1 << 40,), "<f8", chunks=(min(chunk, 1 << 28),), compression="gzip")
    refused(tmp_path / "file.h5", "/cost/values claims 1,099,511,627,776 values, but they are not all stored")
