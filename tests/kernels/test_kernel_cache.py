"""The folder of compiled kernels: found again, healed, ours alone; and what is known about compiling."""

import os
import shutil
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import walshqhn
from walshqhn.kernels import cache, compile_seconds, compiling, on_compile, pool, walsh, warm
from walshqhn.kernels.compiler import Kernel

ROOT = Path(walshqhn.__file__).parents[1]
RUN = """
import sys, numpy as np
from walshqhn.kernels import cache, on_compile, sampling
compiled, index = [], np.empty(3, np.int64)
with on_compile(lambda part, begins: compiled.append(part) if begins else None):
    sampling.merge_sorted(np.array([0.25, 0.25, 0.5]), np.array([0.1, 0.3, 0.9]), index)
    assert list(index) == [0, 1, 2]
print(len(compiled), cache.folder())
"""  # a small kernel


def run(environment, code=RUN, root=ROOT):
    """(how many kernels were compiled, the folder) of a process of its own."""
    clean = {k: v for k, v in os.environ.items() if k not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")}
    clean |= {"PYTHONPATH": str(root)} | environment
    result = subprocess.run(
        [sys.executable, "-c", code], env=clean, cwd=root, capture_output=True, text=True, check=True
    )
    count, folder = result.stdout.strip().split(" ", 1)
    return int(count), Path(folder)


@pytest.fixture
def own_cache(tmp_path):
    return {"NUMBA_CACHE_DIR": str(tmp_path / "numba")}


def test_compiled_once_and_found_again(own_cache):
    assert run(own_cache)[0] == 1
    assert run(own_cache)[0] == 0


STREAMS = """
from walshqhn.kernels import cache, on_compile, walsh_large
compiled = []
with on_compile(lambda part, begins: compiled.append(part) if begins else None):
    for stream in (*walsh_large.STREAMS.values(), walsh_large.stream2):
        stream.warm()
print(len(compiled), cache.folder())
"""


def test_kernels_made_by_a_factory_are_found_again(own_cache):
    """Their closures hold compiled functions, which are pickled differently in every process."""
    count, folder = run(own_cache, STREAMS)
    files = {path.name for path in folder.iterdir()}
    assert count == len(files) == 4
    assert run(own_cache, STREAMS) == (0, folder)
    assert {path.name for path in folder.iterdir()} == files


PATHS = """
from importlib import import_module
from numba import float32, float64
from numba.core.registry import cpu_target
from walshqhn.kernels import cache, compiling, walsh_large
names = {name for part in compiling.PARTS.values() for name in part}
values = [value for name in names for value in vars(import_module(f"walshqhn.kernels.{name}")).values()]
kernels = [getattr(k, "_entry", k) for k in (*values, *walsh_large.STREAMS.values()) if hasattr(k, "py_func")]
codegen, types, paths = cpu_target.target_context.codegen(), {"f": float32, "d": float64}, set()
for kernel in {k for k in kernels if hasattr(k, "warm")}:
    for kind in "fd" if kernel._single else "d":
        path = cache.KernelCache(kernel.py_func, print).path(kernel._signature(types[kind]), codegen)
        assert path not in paths, path
        paths.add(path)
print(len(paths), sorted(path.name for path in paths))
"""


def test_every_kernel_has_a_file_that_other_processes_find(own_cache):
    first, second = run(own_cache, PATHS), run(own_cache, PATHS)
    assert first == second
    assert first[0] > 15


@pytest.mark.parametrize("damage", ["empty", "cut", "one bit", "no pickle", "unreadable", "a folder"])
def test_heals_itself(own_cache, damage):
    _, folder = run(own_cache)
    for path in folder.iterdir():
        content = path.read_bytes()
        if damage == "empty":
            path.write_bytes(b"")
        elif damage == "cut":
            path.write_bytes(content[: len(content) // 2])
        elif damage == "one bit":
            path.write_bytes(content[:-100] + bytes([content[-100] ^ 1]) + content[-99:])
        elif damage == "no pickle":
            path.write_bytes(cache.hashlib.sha256(b"junk").digest() + b"junk")
        elif damage == "unreadable":
            path.chmod(0)
        else:
            path.unlink()
            path.mkdir()
    as_root = hasattr(os, "getuid") and os.getuid() == 0
    assert run(own_cache)[0] == (0 if damage == "unreadable" and as_root else 1)
    assert run(own_cache)[0] == (1 if damage == "a folder" else 0)  # a folder cannot be replaced; it still works


def test_survives_installing_again_and_is_for_one_text_of_the_kernels(own_cache, tmp_path):
    for name in ("first", "second"):
        shutil.copytree(ROOT / "walshqhn", tmp_path / name / "walshqhn", ignore=shutil.ignore_patterns("__pycache__"))
    assert run(own_cache, root=tmp_path / "first")[0] == 1
    assert run(own_cache, root=tmp_path / "second")[0] == 0
    with (tmp_path / "second/walshqhn/kernels/vectors.py").open("a") as file:
        file.write("# another text\n")
    assert run(own_cache, root=tmp_path / "second")[0] == 1


def test_a_disk_without_room_is_no_reason_to_fail(own_cache):
    full = "cache.tempfile.mkstemp = lambda **_: (_ for _ in ()).throw(OSError(28))\n"
    code = RUN.replace("compiled, index", full + "compiled, index")
    assert run(own_cache, code)[0] == 1
    assert run(own_cache)[0] == 1


def test_lies_in_the_user_s_cache(tmp_path):
    _, folder = run({"XDG_CACHE_HOME": str(tmp_path)})
    assert folder.parent == tmp_path / "walshqhn" / "kernels"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


NOWHERE = "import os; real = os.access; os.access = lambda p, *_: str(p).startswith({!r}) and real(p, *_)\n{}"


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="owners and modes are those of Unix")
@pytest.mark.parametrize("trap", ["nothing", "open to all", "a link", "a file"])
def test_never_unpickles_what_others_may_have_put_there(tmp_path, trap):
    """No folder is writable but the temporary one, where someone may have been before."""
    predictable = tmp_path / f"walshqhn-kernels-{os.getuid()}"
    if trap == "open to all":
        predictable.mkdir()
        predictable.chmod(0o777)
    elif trap == "a link":
        (tmp_path / "theirs").mkdir(mode=0o700)
        predictable.symlink_to(tmp_path / "theirs")
    elif trap == "a file":
        predictable.write_text("")
    environment = {"TMPDIR": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path.parent / "elsewhere")}
    count, folder = run(environment, NOWHERE.format(str(tmp_path), RUN))
    assert count == 1
    assert folder.parents[1] == tmp_path
    assert (folder.parent == predictable) == (trap == "nothing")
    assert folder.exists() == (trap == "nothing")  # a private one goes with its process
    assert run(environment, NOWHERE.format(str(tmp_path), RUN))[0] == (0 if trap == "nothing" else 1)


def test_size_and_clearing(own_cache):
    code = RUN + "print(cache.size(), cache.clear(), cache.size(), cache.folder().exists(), sep=',')"
    clean = os.environ | own_cache | {"PYTHONPATH": str(ROOT)}
    shown = subprocess.run([sys.executable, "-c", code], env=clean, capture_output=True, text=True, check=True).stdout
    size, freed, left, there = shown.splitlines()[1].split(",")
    assert int(size) == int(freed) > 1000
    assert (left, there) == ("0", "False")


def test_listeners_and_seconds(monkeypatch, tmp_path):
    """Compiling is announced, with its end, and counted; reading from the cache is only counted."""
    monkeypatch.setattr(cache, "folder", lambda: tmp_path)
    heard = []
    for expected in ([("transform", True), ("transform", False)], []):
        fresh = Kernel(walsh.transform_blocks.py_func, "transform", walsh.transform_blocks._signature, True, {})
        before, heard = compile_seconds(), []
        with on_compile(lambda *event, heard=heard: heard.append(event)):
            fresh.compiled("d")
            fresh.compiled("d")
        assert heard == expected
        assert compile_seconds() > before
    assert compiling._listeners == []


def test_an_interrupted_compilation_can_be_repeated(monkeypatch, tmp_path):
    monkeypatch.setattr(cache, "folder", lambda: tmp_path)
    fresh = Kernel(walsh.transform_blocks.py_func, "transform", walsh.transform_blocks._signature, True, {})

    def interrupt(*_):
        raise KeyboardInterrupt

    with on_compile(interrupt), pytest.raises(KeyboardInterrupt):
        fresh.compiled("d")
    assert fresh.compiled("d").signatures


def test_warm_from_another_thread():
    thread = threading.Thread(target=warm)
    thread.start()
    warm("costs")
    thread.join()
    before = compile_seconds()
    warm()
    assert compile_seconds() - before < 0.05


# --- several processes ---------------------------------------------------------------------------


def test_writeable_arrays_use_the_kernel_for_read_only_ones(own_cache):
    code = """
import numpy as np
from walshqhn.kernels import cache, statevector
statevector.weighted_norms(np.ones(4), np.ones(4), np.ones(4), np.ones(1), 0, 1)
print(cache.count(), cache.folder())
"""
    assert run(own_cache, code)[0] == 1


def test_processes_that_need_the_same_compile_it_once(own_cache):
    code = f"{RUN.strip()[: RUN.strip().rindex('print')]}print(len(compiled), cache.count(), cache.folder())"
    environment = os.environ | own_cache | {"PYTHONPATH": str(ROOT)}
    started = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    found = [process.communicate(timeout=120)[0].split(" ", 2) for process in started]
    assert [count for _, count, _ in found] == ["1", "1"]
    (folder,) = {Path(text.strip()) for _, _, text in found}
    assert len(list(folder.iterdir())) == 1  # no lock is left


@pytest.mark.skipif(pool.cpu_count() < 2, reason="with one CPU, nothing is compiled ahead")
def test_another_process_compiles_ahead(own_cache):
    code = """
import time
from walshqhn.kernels import cache, compile_apart, compiling, sampling
compile_apart("sampling")
compiling._processes[0].wait(60)
print(cache.count(), cache.folder())
compile_apart("sampling")
assert len(compiling._processes) == 1
"""
    assert run(own_cache, code)[0] == 1
