"""Disks that are full: the file before is intact, whatever part of the new one still fitted."""

import dataclasses
from contextlib import contextmanager

import numpy as np
import pytest
from storage_cases import COST, a_training, everything, parts

from walshqhn.formats.growing import ResultFile
from walshqhn.formats.hdf5 import Contents, load, save

resource = pytest.importorskip("resource")


@contextmanager
def room_for(size):
    """Files of this process may have so many bytes: more fail with EFBIG, as writing to a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def old(tmp_path):
    save(tmp_path / "file.h5", Contents(cost=COST))
    return tmp_path / "file.h5"


def test_saving_either_succeeds_or_leaves_what_was_there(old, tmp_path):
    save(tmp_path / "whole.h5", everything())
    size = (tmp_path / "whole.h5").stat().st_size
    (tmp_path / "whole.h5").unlink()
    before = old.read_bytes()
    for room in np.random.default_rng(0).integers(0, size, 8):
        with room_for(int(room)), pytest.raises(OSError, match="File too large"):
            save(old, everything(), overwrite=True)
        assert old.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["file.h5"]
    with room_for(size):
        save(old, everything(), overwrite=True)
    assert parts(load(old)) == parts(everything())


def test_a_file_that_grows_catches_up(tmp_path):
    training = a_training()
    file = ResultFile(tmp_path / "file.h5", Contents(cost=COST))
    file.store(dataclasses.replace(training, runs=training.runs[:1]))
    before = (tmp_path / "file.h5").read_bytes()
    with room_for(len(before) // 2), pytest.raises(OSError, match="File too large"):
        file.store(training)
    assert (tmp_path / "file.h5").read_bytes() == before
    file.store(training)
    assert parts(load(tmp_path / "file.h5")) == parts(Contents(cost=COST, training=training))
