"""One writer of a file at a time, in processes that really run; what killed ones leave is nobody's."""

import os
import platform
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from walshqhn.support import claims
from walshqhn.support.claims import claimed, remove_stale
from walshqhn.support.errors import UsageError
from walshqhn.support.files import write_atomically

ROOT = str(Path(__file__).parents[2])
HOLD = "import sys; from walshqhn.support.claims import claimed\nwith claimed(sys.argv[1]): print(flush=True); input()"
needs_locks = pytest.mark.skipif(os.name != "posix", reason="needs flock")


@contextmanager
def another_process(path):
    """That holds a claim, and is killed at the end."""
    command = [sys.executable, "-c", HOLD, str(path)]
    environment = os.environ | {"PYTHONPATH": ROOT}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout.readline()
        yield process
        process.kill()


@needs_locks
def test_the_second_writer_is_refused_and_the_killed_one_is_forgotten(tmp_path):
    target = tmp_path / "a.h5"
    with another_process(target) as process:
        says = rf"a\.h5 is being written by another process \(process {process.pid} on {platform.node()}\)"
        with pytest.raises(UsageError, match=says), claimed(target):
            pass
        with pytest.raises(UsageError, match=says):
            write_atomically(target, lambda path: path.write_text("x"))
        write_atomically(tmp_path / "b.h5", lambda path: path.write_text("x"))
    write_atomically(target, lambda path: path.write_text("mine"))
    assert target.read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.h5", "b.h5"]


def test_a_claim_may_be_nested_and_links_are_followed(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "a.h5")
    with claimed(tmp_path / "a.h5"), claimed(tmp_path / "link"):
        write_atomically(tmp_path / "link", lambda path: path.write_text("x"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.h5", "link"]


@pytest.fixture
def lock(tmp_path, monkeypatch):
    """The lock file of a.h5 on a file system where flock fails with errno 37."""
    monkeypatch.setattr(claims, "try_lock", lambda handle: None)
    with claimed(tmp_path / "a.h5"):
        (path,) = tmp_path.iterdir()
    return path


@pytest.mark.parametrize("owner", [f"process {os.getppid()} on {platform.node()}", "process 1 on another-machine"])
def test_without_locks_the_name_of_a_living_process_decides(lock, tmp_path, owner):
    lock.write_text(owner)
    with pytest.raises(UsageError, match="is being written by another process"), claimed(tmp_path / "a.h5"):
        pass
    assert lock.read_text() == owner


@pytest.mark.parametrize("owner", [f"process 4194303 on {platform.node()}", "", "rubbish\x1b[31m"])
def test_without_locks_nobody_waits_for_the_dead(lock, tmp_path, owner):
    lock.write_text(owner)
    with claimed(tmp_path / "a.h5"):
        assert lock.read_text() == f"process {os.getpid()} on {platform.node()}"
    assert not lock.exists()


@needs_locks
def test_only_what_nobody_writes_is_stale(tmp_path):
    stale, fresh, locked = (tmp_path / f".walshqhn-{name}.part" for name in ("stale", "fresh", "locked"))
    for path in (stale, fresh, locked):
        path.touch()
    for path in (stale, locked):
        os.utime(path, (1, 1))
    with locked.open("rb") as file:
        assert claims.try_lock(file.fileno())
        remove_stale(tmp_path, ".walshqhn-*.part")
    assert {*tmp_path.iterdir()} == {fresh, locked}
