"""Writing files: whole or not at all, and never over something by accident."""

import os
import stat

import pytest

from walshqhn.support.errors import UsageError
from walshqhn.support.files import check_target, write_atomically


def writer(text):
    return lambda target: target.write_text(text)


def files_in(folder):
    return sorted(p.name for p in folder.iterdir())


def test_a_new_file(tmp_path):
    write_atomically(tmp_path / "new.txt", writer("hello"))
    assert (tmp_path / "new.txt").read_text() == "hello"
    assert files_in(tmp_path) == ["new.txt"]


def test_a_path_given_as_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_atomically("new.txt", writer("hello"))
    assert (tmp_path / "new.txt").read_text() == "hello"


def test_an_existing_file_is_refused(tmp_path):
    target = tmp_path / "old.txt"
    target.write_text("old")
    with pytest.raises(UsageError, match=r"old\.txt exists; use --force"):
        write_atomically(target, writer("new"))
    assert target.read_text() == "old"
    write_atomically(target, writer("new"), overwrite=True)
    assert target.read_text() == "new"
    assert files_in(tmp_path) == ["old.txt"]


def test_an_existing_file_is_refused_before_the_work_is_done(tmp_path):
    (tmp_path / "old.txt").write_text("old")
    called = []
    with pytest.raises(UsageError):
        write_atomically(tmp_path / "old.txt", called.append)
    assert called == []


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("error", [RuntimeError("disk on fire"), KeyboardInterrupt(), OSError(28, "No space left")])
def test_a_failure_halfway_leaves_everything_as_it_was(tmp_path, overwrite, error):
    target = tmp_path / "file.txt"
    if overwrite:
        target.write_text("old")

    def fail(temporary):
        temporary.write_text("half of the n")
        raise error

    with pytest.raises(type(error)):
        write_atomically(target, fail, overwrite=overwrite)
    assert files_in(tmp_path) == (["file.txt"] if overwrite else [])
    if overwrite:
        assert target.read_text() == "old"


def test_while_writing_readers_see_the_old_file(tmp_path):
    target = tmp_path / "file.txt"
    target.write_text("old")

    def write(temporary):
        temporary.write_text("new")
        assert temporary != target
        assert temporary.parent == tmp_path
        assert target.read_text() == "old"

    write_atomically(target, write, overwrite=True)
    assert target.read_text() == "new"


def test_a_file_that_appears_in_the_meantime_is_kept(tmp_path):
    target = tmp_path / "file.txt"

    def write(temporary):
        temporary.write_text("mine")
        target.write_text("theirs")

    with pytest.raises(UsageError, match="exists"):
        write_atomically(target, write)
    assert target.read_text() == "theirs"
    assert files_in(tmp_path) == ["file.txt"]


@pytest.mark.skipif(os.name != "posix", reason="permission bits")
@pytest.mark.parametrize(("umask", "expected"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664), (0o000, 0o666)])
def test_permissions_follow_the_umask(tmp_path, umask, expected):
    before = os.umask(umask)
    try:
        write_atomically(tmp_path / "file.txt", writer("x"))
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file.txt").stat().st_mode) == expected


@pytest.mark.parametrize("overwrite", [False, True])
def test_targets_that_cannot_be_written(tmp_path, overwrite):
    with pytest.raises(UsageError, match="is a folder; name a file"):
        check_target(tmp_path, overwrite=overwrite)
    with pytest.raises(UsageError, match=r"the folder .*missing does not exist"):
        check_target(tmp_path / "missing" / "file.txt", overwrite=overwrite)
    assert check_target(tmp_path / "file.txt", overwrite=overwrite) == tmp_path / "file.txt"
    assert files_in(tmp_path) == []
