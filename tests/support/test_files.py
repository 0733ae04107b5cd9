"""Writing files: whole or not at all, and never over something by accident."""

import os
import stat
from pathlib import Path

import pytest

from walshqhn.support.errors import UsageError
from walshqhn.support.files import check_target, first_line, write_atomically


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
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"] * overwrite


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


@pytest.mark.skipif(os.name != "posix", reason="permission bits")
def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path):
    (tmp_path / "file.txt").write_text("old")
    (tmp_path / "file.txt").chmod(0o600)
    write_atomically(tmp_path / "file.txt", writer("new"), overwrite=True)
    assert stat.S_IMODE((tmp_path / "file.txt").stat().st_mode) == 0o600


def test_file_systems_without_permission_bits(tmp_path, monkeypatch):
    def refuse(self, mode):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    write_atomically(tmp_path / "file.txt", writer("hello"))
    assert (tmp_path / "file.txt").read_text() == "hello"


def test_names_as_long_as_the_file_system_allows(tmp_path):
    name = "n" * 251 + ".txt"
    write_atomically(tmp_path / name, writer("hello"))
    assert files_in(tmp_path) == [name]


def test_a_source_is_never_a_target(tmp_path):
    source, link = tmp_path / "a.txt", tmp_path / "b.txt"
    source.write_text("mine")
    link.symlink_to(source)
    for target in (source, link):
        for overwrite in (False, True):
            with pytest.raises(UsageError, match=f"{target.name} is the source itself"):
                check_target(target, overwrite=overwrite, source=source)
    assert check_target(tmp_path / "c.txt", overwrite=False, source=source) == tmp_path / "c.txt"


def test_links_in_a_circle(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(UsageError, match="is a link that leads nowhere"):
        check_target(tmp_path / "a", overwrite=True)


@pytest.mark.parametrize(
    ("error", "line"), [(KeyError("name"), "name"), (ValueError("a 'b'\nc"), "a 'b'"), (OSError(), "OSError")]
)
def test_the_first_line_of_an_error(error, line):
    assert first_line(error) == line
