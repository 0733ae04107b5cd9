"""Native files that are foreign, newer, incomplete or half-written: refused in one clear line."""

import os
import stat

import h5py
import numpy as np
import pytest
from quantum_oracles import random_table
from storage_cases import AWKWARD, a_training, everything, numbers, refused

from walshqhn import IsingHamiltonian, WalshSpectrum
from walshqhn.formats import hdf5 as storage
from walshqhn.formats.hdf5 import Contents, load, save
from walshqhn.support.errors import InputError, UsageError


@pytest.fixture
def saved(tmp_path):
    save(tmp_path / "file.h5", everything())
    return tmp_path / "file.h5"


# --- not ours -------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89HDF\r\n\x1a\n", bytes(10_000), b"QISKIT\x0d" * 99])
def test_what_is_not_hdf5(tmp_path, content):
    (tmp_path / "file.h5").write_bytes(content)
    refused(tmp_path / "file.h5", "not HDF5|truncated or damaged")


def test_hdf5_of_another_program(tmp_path):
    with h5py.File(tmp_path / "file.h5", "w") as file:
        file["cost/values"] = AWKWARD
    refused(tmp_path / "file.h5", "is not a walshqhn file")
    with h5py.File(tmp_path / "file.h5", "a") as file:
        file.attrs["format"] = "emcee"
    refused(tmp_path / "file.h5", "is not a walshqhn file.*emcee")


def test_no_file(tmp_path):
    for path in (tmp_path / "missing.h5", tmp_path):
        with pytest.raises(InputError, match="no such file"):
            load(path)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("format_version", 2, "format version 2, this walshqhn reads up to 1: upgrade walshqhn"),
        ("bit_order", "big", "bit_order must be 'little', got 'big'"),
        ("spin", "z=(-1)^(1-b)", "spin must be"),
        ("complete", False, "is incomplete: writing it was cut short"),
    ],
)
def test_headers_of_other_conventions(saved, name, value, message):
    with h5py.File(saved, "a") as file:
        file.attrs[name] = value
    refused(saved, message)


# --- missing and inconsistent pieces ---------------------------------------------------------------


def deletion(name):
    group, _, attribute = name.partition("@")

    def delete(file):
        if attribute:
            del file[group].attrs[attribute]
        else:
            del file[group]

    return pytest.param(delete, id=f"without {name}")


def replacement(name, value, why):
    group, _, attribute = name.partition("@")

    def replace(file):
        if attribute:
            file[group].attrs[attribute] = value
        else:
            del file[group]
            file[group] = value

    return pytest.param(replace, id=f"{name}: {why}")


@pytest.mark.parametrize(
    "damage",
    [
        *map(deletion, ["/@num_qubits", "/@format_version", "/@bit_order", "/@complete", "/@provenance"]),
        *map(deletion, ["hamiltonian/masks", "hamiltonian/coefficients", "hamiltonian@constant"]),
        *map(deletion, ["hamiltonian@max_degree", "task@spec", "task@bit_names", "training@completed_runs"]),
        *map(deletion, ["training/parameters", "training/value", "training/history", "training/history_length"]),
        *map(deletion, ["training/best_bits", "training/seconds", "training@status", "training@seed"]),
        replacement("/@num_qubits", 4, "too many"),
        replacement("/@num_qubits", -1, "negative"),
        replacement("/@num_qubits", 2**62, "absurd"),
        replacement("/@provenance", "{broken", "no JSON"),
        replacement("cost/values", AWKWARD[:4], "too short"),
        replacement("cost/values", AWKWARD[:, None], "two axes"),
        replacement("cost/values", np.array([b"x"] * 8), "text"),
        replacement("cost/values", np.array([np.nan] * 8), "not finite"),
        replacement("spectrum/weight", np.ones(4), "of another spectrum"),
        replacement("hamiltonian/masks", np.array([[1], [2], [8]], np.uint64), "a fourth qubit"),
        replacement("hamiltonian/masks", np.array([[1], [2], [2]], np.uint64), "one twice"),
        replacement("hamiltonian/coefficients", np.ones(2), "too few"),
        replacement("hamiltonian/coefficients", np.array([1, np.nan, 2]), "not finite"),
        replacement("task@bit_names", '["a", "b"]', "too few"),
        replacement("training@completed_runs", 2, "of three"),
        replacement("training/value", np.ones(2), "too few"),
        replacement("training/history", np.ones(10), "too short"),
        replacement("training/history_length", np.array([4, 1, 5]), "too short"),
        replacement("training/history_length", np.array([12, -5, 4]), "negative"),
        replacement("training/best_bits", np.ones((3, 2), np.uint8), "of two qubits"),
        replacement("training/best_bits", np.full((3, 3), 7, np.uint8), "not bits"),
        replacement("training/parameters", np.ones(3), "one axis"),
    ],
)
def test_pieces_that_are_missing_or_do_not_fit(saved, damage):
    with h5py.File(saved, "a") as file:
        damage(file)
    refused(saved, "truncated or damaged|is damaged|is incomplete|not a walshqhn file")


@pytest.mark.parametrize("part", ["cost", "spectrum", "hamiltonian", "task", "training"])
def test_parts_are_optional_as_a_whole(saved, part):
    """What is left must be what was saved."""
    expected = numbers(load(saved))
    with h5py.File(saved, "a") as file:
        del file[part]
    found = numbers(load(saved))
    kept = {k: v for k, v in found.items() if v is not None}
    assert kept.items() <= expected.items()
    assert len(kept) < len(expected) or part == "task"


# --- half-written ----------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("existing", [False, True])
def test_a_failure_while_writing_leaves_the_old_file(tmp_path, monkeypatch, error, existing):
    path = tmp_path / "file.h5"
    old = Contents(cost=random_table(2))
    if existing:
        save(path, old)

    def fail(*_):
        raise error

    monkeypatch.setattr(storage, "write_training", fail)
    with pytest.raises(type(error)):
        save(path, Contents(cost=AWKWARD, training=a_training()), overwrite=True)
    assert list(tmp_path.iterdir()) == ([path] if existing else [])
    if existing:
        assert numbers(load(path)) == numbers(old)


def test_an_existing_file_is_refused(saved):
    before = saved.read_bytes()
    with pytest.raises(UsageError, match="exists; use --force"):
        save(saved, Contents(cost=random_table(2)))
    assert saved.read_bytes() == before
    save(saved, Contents(cost=random_table(2)), overwrite=True)
    assert load(saved).cost.tolist() == random_table(2).tolist()
    assert list(saved.parent.iterdir()) == [saved]


def test_what_cannot_be_put_in_words_leaves_nothing(tmp_path):
    with pytest.raises(TypeError):
        save(tmp_path / "file.h5", Contents(cost=AWKWARD, provenance={"seed": object()}))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="permission bits")
@pytest.mark.parametrize(("umask", "expected"), [(0o022, 0o644), (0o077, 0o600)])
def test_permissions_follow_the_umask(tmp_path, umask, expected):
    before = os.umask(umask)
    try:
        WalshSpectrum(random_table(2)).hamiltonian().save(tmp_path / "h.h5")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "h.h5").stat().st_mode) == expected
    assert len(IsingHamiltonian.load(tmp_path / "h.h5")) == 3
