"""Native files damaged on disk, byte by byte: refused, or read as they were, never misread."""

import dataclasses
import os
import pickle
import random
import signal
import subprocess
import sys

import h5py
import pytest
from storage_cases import everything, parts, refused

from walshqhn.formats import hdf5
from walshqhn.formats.hdf5 import load, save
from walshqhn.support.errors import FormatError

CONTENTS = dataclasses.replace(everything(), study=None)
needs_alarm = pytest.mark.skipif(os.name != "posix", reason="needs signal.alarm")


@pytest.fixture
def saved(tmp_path):
    save(tmp_path / "file.h5", CONTENTS)
    return tmp_path / "file.h5"


def test_a_file_cut_off_anywhere(saved, tmp_path):
    content = saved.read_bytes()
    lengths = {*range(1, 64, 7), *range(0, len(content), len(content) // 100), len(content) - 1}
    for length in sorted(lengths):
        (tmp_path / "cut.h5").write_bytes(content[:length])
        refused(tmp_path / "cut.h5", "truncated or damaged|not HDF5")


def test_a_file_whose_end_was_overwritten_with_zeros(saved, tmp_path):
    content = saved.read_bytes()
    expected = parts(load(saved))
    for kept in range(0, len(content), len(content) // 20):
        (tmp_path / "cut.h5").write_bytes(content[:kept] + bytes(len(content) - kept))
        try:
            found = parts(load(tmp_path / "cut.h5"))
        except FormatError:
            continue
        assert found == expected


def probe(path, jobs):
    """Load ``path`` with one byte changed, for each (position, change); write a verdict for each to stdout.

    In a process of its own, since a damaged file may take the HDF5 library down with it.
    """
    content, expected = path.read_bytes(), parts(load(path))
    victim = path.with_name("flipped.h5")
    for position, change in jobs:
        signal.alarm(3)  # seconds, then this process dies
        damaged = bytearray(content)
        damaged[position] ^= change
        victim.write_bytes(damaged)
        try:
            verdict = "same" if parts(load(victim)) == expected else "DIFFERENT"
        except FormatError:
            verdict = "refused"
        except BaseException as error:
            verdict = type(error).__name__
        print(verdict, flush=True)


def verdicts(path, jobs):
    """What `probe` says of each job, until its process has died five times."""
    found, environment, deaths = [], os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}, 0
    while len(found) < len(jobs) and deaths < 5:
        rest = pickle.dumps((path, jobs[len(found) :]))
        command = [sys.executable, __file__]
        result = subprocess.run(command, input=rest, capture_output=True, check=False, env=environment)
        found += result.stdout.decode().split()
        if result.returncode:
            found.append(f"process died ({result.returncode})")
            deaths += 1
    return found


def bad_ones(path, jobs):
    found = zip(jobs, verdicts(path, jobs), strict=False)
    return {job: verdict for job, verdict in found if verdict not in ("same", "refused")}


@pytest.fixture
def reproducible(tmp_path, monkeypatch):
    """A file whose bytes are where they are on every machine: without versions, time and command line."""
    monkeypatch.setattr(hdf5, "provenance", lambda **facts: {"versions": {}, **facts})
    save(tmp_path / "file.h5", CONTENTS)
    return tmp_path / "file.h5"


@needs_alarm
def test_a_changed_byte_never_gives_other_numbers(reproducible):
    """Anywhere in the file, and more densely at its beginning, where HDF5 keeps its bookkeeping."""
    rng, size = random.Random(20), reproducible.stat().st_size
    positions = [rng.randrange(size) for _ in range(160)] + [rng.randrange(2048) for _ in range(60)]
    assert bad_ones(reproducible, [(p, rng.choice([0x01, 0x10, 0x80, 0xFF])) for p in positions]) == {}


@needs_alarm
def test_a_changed_byte_around_texts_does_no_harm(reproducible):
    """Descriptions are long texts: none of their bytes may change unnoticed, nor those of the four conventions.

    The heap that HDF5 keeps the latter on has no checksum, and the library can loop forever on a damaged
    entry of it; its own bookkeeping is therefore left alone here.
    """
    content = reproducible.read_bytes()
    starts = {content.find(text): len(text) for text in (b"z=(-1)^b", b"little", b"f = 2^-N sum C chi")}
    starts |= {content.find(b'{"versions"'): 48}
    jobs = [(start + k, 0x01) for start, count in starts.items() for k in range(count) if start > 0]
    assert bad_ones(reproducible, jobs) == {}


def test_changed_bytes_inside_the_data_are_noticed(saved, tmp_path):
    """The first, middle and last byte of every data set."""
    content, chunks = saved.read_bytes(), []
    with h5py.File(saved) as file:

        def collect(name, item):
            if isinstance(item, h5py.Dataset):
                info = item.id.get_chunk_info(0)
                chunks.append((info.byte_offset, info.size))

        file.visititems(collect)
    assert len(chunks) == 35
    for k, (offset, size) in enumerate(chunks):
        damaged = bytearray(content)
        damaged[offset + (0, size // 2, size - 1)[k % 3]] ^= 0x04
        (tmp_path / "flipped.h5").write_bytes(damaged)
        refused(tmp_path / "flipped.h5", "damaged: /.*: ")


if __name__ == "__main__":
    probe(*pickle.loads(sys.stdin.buffer.read()))
