"""Native files that are damaged, cut off, foreign, newer or half-written: refused in one clear line, never misread."""

import os
import pickle
import random
import signal
import stat
import subprocess
import sys
from collections import Counter

import h5py
import numpy as np
import pytest
from quantum_oracles import random_table
from storage_cases import AWKWARD, a_training, everything, numbers

from walshqhn import IsingHamiltonian, WalshSpectrum, storage
from walshqhn.errors import FormatError, InputError, UsageError
from walshqhn.storage import Contents, load, save


@pytest.fixture
def saved(tmp_path):
    save(tmp_path / "file.h5", everything())
    return tmp_path / "file.h5"


def refused(path, message):
    with pytest.raises(FormatError, match=message) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


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


# --- damaged on disk -------------------------------------------------------------------------------


def test_a_file_cut_off_anywhere(saved, tmp_path):
    content = saved.read_bytes()
    lengths = {*range(1, 64, 7), *range(0, len(content), len(content) // 100), len(content) - 1}
    for length in sorted(lengths):
        (tmp_path / "cut.h5").write_bytes(content[:length])
        refused(tmp_path / "cut.h5", "truncated or damaged|not HDF5")


def test_a_file_whose_end_was_overwritten_with_zeros(saved, tmp_path):
    content = saved.read_bytes()
    expected = numbers(load(saved))
    for kept in range(0, len(content), len(content) // 20):
        (tmp_path / "cut.h5").write_bytes(content[:kept] + bytes(len(content) - kept))
        try:
            found = numbers(load(tmp_path / "cut.h5"))
        except FormatError:
            continue
        assert found == expected


def probe(path, jobs):
    """Load ``path`` with one byte changed, for each (position, change); write a verdict for each to stdout.

    In a process of its own, since a damaged file may take the HDF5 library down with it.
    """
    content, expected = path.read_bytes(), numbers(load(path))
    victim = path.with_name("flipped.h5")
    for position, change in jobs:
        signal.alarm(10)
        damaged = bytearray(content)
        damaged[position] ^= change
        victim.write_bytes(damaged)
        try:
            verdict = "same" if numbers(load(victim)) == expected else "DIFFERENT"
        except FormatError:
            verdict = "refused"
        except BaseException as error:
            verdict = type(error).__name__
        print(verdict, flush=True)


def verdicts(path, jobs):
    found, environment = [], os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    while len(found) < len(jobs):
        rest = pickle.dumps((path, jobs[len(found) :]))
        command = [sys.executable, __file__]
        result = subprocess.run(command, input=rest, capture_output=True, check=False, env=environment)
        found += result.stdout.decode().split()
        if result.returncode:
            found.append(f"process died ({result.returncode})")
    return found


@pytest.mark.skipif(os.name != "posix", reason="needs signal.alarm")
def test_a_changed_byte_never_gives_other_numbers(saved):
    """Anywhere in the file, and more densely at its beginning, where HDF5 keeps its bookkeeping."""
    rng, size = random.Random(20), saved.stat().st_size
    positions = [rng.randrange(size) for _ in range(250)] + [rng.randrange(2048) for _ in range(100)]
    jobs = [(position, rng.choice([0x01, 0x10, 0x80, 0xFF])) for position in positions]
    found = verdicts(saved, jobs)
    bad = {job: v for job, v in zip(jobs, found, strict=True) if v not in ("same", "refused")}
    assert bad == {}
    counts = Counter(found)
    assert counts["refused"] > 20  # the test reached something that matters


def test_changed_bytes_inside_the_data_are_noticed(saved, tmp_path):
    """Every stored chunk of every data set, at its first, middle and last byte."""
    content, chunks = saved.read_bytes(), []
    with h5py.File(saved) as file:

        def collect(name, item):
            if isinstance(item, h5py.Dataset):
                info = item.id.get_chunk_info(0)
                chunks.append((info.byte_offset, info.size))

        file.visititems(collect)
    assert len(chunks) == 15
    for offset, size in chunks:
        for position in {offset, offset + size // 2, offset + size - 1}:
            damaged = bytearray(content)
            damaged[position] ^= 0x04
            (tmp_path / "flipped.h5").write_bytes(damaged)
            refused(tmp_path / "flipped.h5", "damaged")


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


if __name__ == "__main__":
    probe(*pickle.loads(sys.stdin.buffer.read()))
