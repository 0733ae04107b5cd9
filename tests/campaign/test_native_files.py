"""Native files altered in any way, checksums made anew: refused in one line, or read as what they are."""

import shutil

import h5py
import pytest
from campaign.conftest import REFUSED, RIGHT
from campaign.mutations import mutate
from campaign.probe import complaint, program, verdicts
from storage_cases import everything, parts

from walshqhn.formats.hdf5 import load, save
from walshqhn.support.errors import WalshqhnError

pytestmark = pytest.mark.campaign


def try_file(job):
    """All commands on an altered file."""
    path, thorough = job
    try:
        load(path)
    except WalshqhnError as error:
        if "\n" in str(error) or str(path) not in str(error):
            return f"not one line that names the file: {error!r}"
    commands = [("info", path), ("info", path, "--json"), ("sample", path, "--shots", 8), ("spectrum", path)]
    commands += [("export", path, "--format", "csv", "-o", f"{path}.csv", "--force")]
    if thorough:
        commands += [("plot", path, "-o", path.parent / "figures", "--force")]
        commands += [("train", path, "-o", path, "--resume", "--runs", 4, "--layers", 1, "--max-iterations", 2)]
    refused = True
    for command in commands:
        code, *texts = program(*command)
        if wrong := complaint(code, *texts):
            return f"{command[0]}: {wrong}"
        refused &= code != 0
    return REFUSED if refused else RIGHT


def try_bytes(job):
    """A file of changed bytes holds what it held, or is refused."""
    path, original = job
    try:
        return RIGHT if parts(load(path)) == parts(load(original)) else "other numbers"
    except WalshqhnError as error:
        return REFUSED if "\n" not in str(error) else f"more than a line: {error}"


def test_altered_native_files(tmp_path, rng, tally, scaled):
    save(tmp_path / "file.h5", everything())
    jobs, cases = [], []
    for k in range(scaled(700)):
        path = tmp_path / f"{k}.h5"
        shutil.copy(tmp_path / "file.h5", path)
        with h5py.File(path, "a") as file:
            cases.append(f"{k}: {'; '.join(mutate(file, rng) for _ in range(rng.choice([1, 1, 1, 2])))}")
        jobs.append((path, k % 8 == 0))
    for case, verdict in zip(cases, verdicts("campaign.test_native_files:try_file", jobs), strict=True):
        tally.add(case, verdict)
    tally.close()


def test_changed_bytes(tmp_path, rng, tally, scaled):
    save(tmp_path / "file.h5", everything())
    content, jobs, cases = (tmp_path / "file.h5").read_bytes(), [], []
    for k in range(scaled(300)):
        damaged = bytearray(content)
        kind = ("flip", "flip", "cut", "zeros", "noise")[k % 5]
        start, length = int(rng.integers(len(content))), int(rng.integers(1, 64))
        if kind == "flip":
            damaged[start] ^= 1 << int(rng.integers(8))
        elif kind == "cut":
            del damaged[start:]
        else:
            new = bytes(length) if kind == "zeros" else rng.bytes(length)
            damaged[start : start + length] = new[: len(damaged) - start]
        (tmp_path / f"{k}.h5").write_bytes(damaged)
        jobs.append((tmp_path / f"{k}.h5", tmp_path / "file.h5"))
        cases.append(f"{k}: {kind} at {start}, {length} bytes")
    for case, verdict in zip(cases, verdicts("campaign.test_native_files:try_bytes", jobs), strict=True):
        tally.add(case, verdict)
    tally.close()
