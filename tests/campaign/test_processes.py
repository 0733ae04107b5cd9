"""Processes that are killed, disks that are full, two writers, caches that others planted, ways to start processes."""

import contextlib
import hashlib
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from campaign.conftest import REFUSED, RIGHT
from campaign.probe import ENVIRONMENT
from storage_cases import plain

from walshqhn.formats.hdf5 import load

pytestmark = [pytest.mark.campaign, pytest.mark.skipif(os.name != "posix", reason="signals and permissions")]

WALSHQHN = [sys.executable, "-c", "import sys; from walshqhn.cli import main; sys.exit(main())"]
STUDY = ["--layers", "0,1,2", "--runs", "5", "--workers", "2", "--max-iterations", "150", "--no-product-baseline"]


def start(*arguments, cwd, **more):
    return subprocess.Popen(
        [*WALSHQHN, *map(str, arguments)], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=ENVIRONMENT | more.pop("env", {}), start_new_session=True, **more,
    )  # fmt: skip


def ended(process, patience=120):
    """(exit code, stdout, stderr); killed if it hangs."""
    try:
        out, err = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        process.kill()
        return "hangs", "", ""
    return process.returncode, out, err


@pytest.fixture
def costs(tmp_path):
    np.save(tmp_path / "c.npy", np.random.default_rng(0).normal(size=1 << 9))
    return tmp_path


def runs_of(path):
    """(variant, run) -> its numbers but times."""
    found = {}
    for v, training in load(path).study.trainings.items():
        for run in training.runs:
            numbers = {name: value for name, value in vars(run).items() if "seconds" not in name}
            found[v, run.index] = plain(numbers)
    return found


def test_kills(costs, rng, tally, scaled):
    """A study that is ended again and again holds only right runs, loses none, and completes."""
    assert ended(start("train", "c.npy", "-o", "whole.h5", *STUDY, cwd=costs))[0] == 0
    whole, held = runs_of(costs / "whole.h5"), 0
    signals = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    for k in range(scaled(50)):
        number = signals[k % 4]
        began, process = time.time(), start("train", "c.npy", "-o", "s.h5", "--resume", *STUDY, cwd=costs)
        time.sleep(rng.uniform(0.3, 7))
        crew = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        with contextlib.suppress(ProcessLookupError):  # it was done already
            (os.killpg if rng.random() < 0.3 else os.kill)(process.pid, number)
        code, _, err = ended(process)
        _, alive = psutil.wait_procs(crew, timeout=10)
        verdict = RIGHT
        found = runs_of(costs / "s.h5") if (costs / "s.h5").exists() else {}
        if code not in (0, 130, -number) or "Traceback" in err or "internal error" in err:
            verdict = f"exit code {code}: {err[-300:]}"
        elif alive:
            verdict = f"{len(alive)} workers live on"
        elif any(whole.get(unit) != numbers for unit, numbers in found.items()):
            verdict = "other numbers"
        elif len(found) < held:
            verdict = f"{held} finished runs became {len(found)}"
        elif code == 130 and (left := [p.name for p in costs.glob(".walshqhn-*") if p.stat().st_mtime > began]):
            verdict = f"left behind: {left}"
        tally.add(f"{k}: {number.name}", verdict)
        held = len(found)
        if held == len(whole):
            (costs / "s.h5").unlink()
            held = 0
    code, _, err = ended(start("train", "c.npy", "-o", "s.h5", "--resume", *STUDY, cwd=costs))
    assert (code, runs_of(costs / "s.h5") == whole) == (0, True), err
    assert not (costs / "s.runs").exists()
    tally.close()


@contextlib.contextmanager
def small_disk(folder: Path, free: int) -> Iterator[Path]:
    """A folder with so many bytes left: a file system in memory where we may mount one, else none is yielded."""
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={free}", "tmpfs", folder], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("needs the right to mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_full_disks(costs, rng, tally, scaled):
    """A good file is never replaced by a wrong one, at any size of the disk; the work goes on."""
    np.save(costs / "t.npy", np.random.default_rng(1).normal(size=1 << 13))
    (costs / "disk").mkdir()
    commands = (
        ("spectrum", "t.npy", "-o", "disk/x.h5", "--force"),
        ("train", "t.npy", "-o", "disk/x.h5", "--force", "--runs", 2, "--layers", 0, "--max-iterations", 5),
    )
    with small_disk(costs / "disk", 8 << 20) as disk:
        assert ended(start("spectrum", "c.npy", "-o", "disk/x.h5", cwd=costs))[0] == 0
        good = (disk / "x.h5").read_bytes()
        for k in range(scaled(20)):
            for old in disk.glob("*"):
                shutil.rmtree(old) if old.is_dir() else old.unlink()
            (disk / "x.h5").write_bytes(good)
            free = int(rng.integers(0, 300_000))
            (disk / "filler").write_bytes(bytes((8 << 20) - len(good) - free - 8192 - 4096))
            code, _, err = ended(start(*commands[k % 2], cwd=costs, env={"HOME": str(costs)}))
            content = (disk / "x.h5").read_bytes()
            if code == 0:
                verdict = RIGHT if load(disk / "x.h5").cost.size == 1 << 13 else "not what was to be stored"
            elif code in (1, 2) and content == good and "internal" not in err and "No space left" in err:
                verdict = REFUSED
            elif code == 1 and load(disk / "x.h5").training is not None and "could not write" in err:
                verdict = REFUSED  # one of two runs still fitted
            else:
                verdict = f"exit code {code}, old file {'kept' if content == good else 'changed'}: {err[-300:]}"
            tally.add(f"{k}: {commands[k % 2][0]}, {free} bytes free", verdict)
        tally.close()


def test_two_writers(costs, tally, scaled):
    for k in range(scaled(4)):
        options = ["-o", "two.h5", "--force", "--runs", 8, "--layers", 2, "--max-iterations", 200]
        both = [start("train", "c.npy", "--seed", seed, *options, cwd=costs) for seed in (1, 2)]
        codes = [ended(process) for process in both]
        seed = load(costs / "two.h5").training.seed
        winners = [place + 1 for place, (code, *_) in enumerate(codes) if code == 0]
        refused = [err for code, _, err in codes if code == 2 and "is being written by another process" in err]
        is_right = seed in winners and len(winners) + len(refused) == 2
        tally.add(k, RIGHT if is_right else f"{codes}, seed {seed}")
    tally.close()


class Evil:
    """What is unpickled writes a file."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (self.mark,)


def test_planted_caches(costs, tally):
    """Kernels that others could have written are not unpickled, and ours that are damaged heal."""
    command, mark = ("spectrum", "c.npy", "--json"), costs / "mark"
    own = {"XDG_CACHE_HOME": str(costs / "cache")}
    code, expected, err = ended(start(*command, cwd=costs, env=own))
    assert code == 0, err
    kernels = costs / "cache" / "walshqhn" / "kernels"
    payload = pickle.dumps(Evil(str(mark)))
    planted = hashlib.sha256(payload).digest() + payload
    damages = {
        "writable by all": lambda: kernels.chmod(0o777), "writable by the group": lambda: kernels.chmod(0o775),
        "of another user": lambda: os.chown(kernels, 65534, 65534),
        "a link": lambda: (kernels.rename(costs / "elsewhere"), kernels.symlink_to(costs / "elsewhere")),
    }  # fmt: skip
    saved = costs / "saved"
    shutil.copytree(kernels, saved)
    for name, damage in damages.items():
        if name == "of another user" and os.getuid():
            continue
        shutil.rmtree(kernels.parent)
        shutil.copytree(saved, kernels)
        for file in kernels.rglob("*.nbi"):
            file.write_bytes(planted)
        damage()
        code, out, err = ended(start(*command, cwd=costs, env=own))
        is_right = code == 0 and out == expected and not mark.exists()
        tally.add(name, RIGHT if is_right else f"{code}, code was run: {mark.exists()}, {err[-200:]}")
        if kernels.is_symlink():
            kernels.unlink()
            shutil.rmtree(costs / "elsewhere")
            kernels.mkdir()
    for name, content in {"empty": b"", "cut": planted[:50], "rubbish": b"\xff" * 5000}.items():
        shutil.rmtree(kernels.parent)
        shutil.copytree(saved, kernels)
        kernels.chmod(0o700)
        for file in kernels.rglob("*.nbi"):
            file.write_bytes(content)
        code, out, err = ended(start(*command, cwd=costs, env=own))
        tally.add(name, RIGHT if code == 0 and out == expected else f"{code}: {err[-200:]}")
    for name, environment in {"no home": {"HOME": ""}, "a file": {"XDG_CACHE_HOME": str(costs / "c.npy")}}.items():
        code, out, err = ended(start(*command, cwd=costs, env=environment))
        tally.add(name, RIGHT if code == 0 and out == expected else f"{code}: {err[-200:]}")
    tally.close(8)


_POOL = """
import multiprocessing as mp, sys
import numpy as np, walshqhn as wq

def work(seed):
    table = np.random.default_rng(seed).normal(size=1 << 15)
    trained = wq.train(wq.LinearAnsatz(15, 1), wq.ExactEngine(table), max_iterations=1)
    return float(np.abs(wq.wht(table)).sum()), trained.value

if __name__ == "__main__":
    expected = [work(seed) for seed in range(3)]
    with mp.get_context(sys.argv[1]).Pool(2) as pool:
        print(pool.map_async(work, range(3)).get(timeout=100) == expected)
"""


@pytest.mark.parametrize("threads", ["1", "2"])
def test_ways_to_start_processes(tmp_path, tally, threads):
    (tmp_path / "pool.py").write_text(_POOL)
    for method in ("fork", "spawn", "forkserver"):
        done = subprocess.run(
            [sys.executable, tmp_path / "pool.py", method], capture_output=True, text=True, check=False, timeout=300,
            env=ENVIRONMENT | {"WALSHQHN_THREADS": threads},
        )  # fmt: skip
        tally.add(method, RIGHT if done.stdout == "True\n" else f"{done.stdout} {done.stderr[-300:]}")
    tally.close(3)
