"""Memory is asked for before it is allocated; threads are what was asked for."""

import ast
import subprocess
import sys

import psutil
import pytest

from walshqhn.binn.task import require_table_memory
from walshqhn.kernels import pool
from walshqhn.support import resources
from walshqhn.support.errors import TooLargeError, UsageError


@pytest.mark.parametrize(
    ("num_bytes", "text"),
    [
        (0, "0 bytes"),
        (1, "1 bytes"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (1_048_576, "1.05 MB"),
        (999_499, "999 kB"),
        (999_600, "1 MB"),
        (24 << 30, "25.8 GB"),
        (8 << 40, "8.8 TB"),
        (8 << 50, "9.01 PB"),
        (24 << 60, "27.7 EB"),
    ],
)
def test_format_size(num_bytes, text):
    assert resources.format_size(num_bytes) == text


def test_format_size_of_what_no_float_can_hold():
    """8 * 2^1100 bytes: the table of a network with 1,099 inputs."""
    assert resources.format_size(8 << 1100) == "2^1103 bytes"


def test_require_memory(monkeypatch):
    monkeypatch.setattr(resources, "available_memory", lambda: 5_000_000)
    resources.require_memory(5_000_000, "the table", "")
    with pytest.raises(
        TooLargeError, match=r"^the table needs 5\.2 MB of memory; 5 MB are available\. Use a smaller one\.$"
    ):
        resources.require_memory(5_200_000, "the table", "Use a smaller one.")


@pytest.mark.parametrize(("num_bits", "copies", "fits"), [(10, 2, True), (11, 2, False), (10, 3, False), (11, 1, True)])
def test_tables_are_counted_in_float64(monkeypatch, num_bits, copies, fits):
    monkeypatch.setattr(resources, "available_memory", lambda: 16 * 1024)
    if fits:
        require_table_memory(num_bits, copies=copies)
    else:
        with pytest.raises(TooLargeError, match=rf"N = {num_bits} bits \(2\^{num_bits} values, {copies} arrays\)"):
            require_table_memory(num_bits, copies=copies)


def test_available_memory_is_less_than_installed_memory():
    assert 0 < resources.available_memory() <= psutil.virtual_memory().total


@pytest.mark.skipif(sys.platform != "linux", reason="limits of address space are Linux's")
def test_a_limit_of_the_address_space_is_seen():
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    used = psutil.Process().memory_info().vms
    resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 28), before[1]))
    try:
        assert 0 < resources.available_memory() <= 1 << 28
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.parametrize(
    ("line", "folder", "names"),
    [
        ("0::/job/step", "", ("memory.max", "memory.current", "inactive_file")),
        ("4:memory:/job/step", "memory", ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")),
    ],
)
def test_limits_of_control_groups_are_seen(tmp_path, monkeypatch, line, folder, names):
    """Of the group or of any above it; memory that only caches files is free."""
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(f"9:cpu:/\n{line}\n")
    job = tmp_path / "sys/fs/cgroup" / folder / "job"
    for group, limit in ((job / "step", "max" if not folder else str(1 << 62)), (job, "5000")):
        group.mkdir(parents=True, exist_ok=True)
        for name, text in zip((*names[:2], "memory.stat"), (limit, "3000", f"anon 5\n{names[2]} 700\n"), strict=True):
            (group / name).write_text(text)
    monkeypatch.setattr(resources, "Path", lambda path: tmp_path / path.strip("/"))
    assert resources.available_memory() == 5000 - 3000 + 700


def test_threads_argument_before_environment(monkeypatch):
    monkeypatch.setenv(resources.THREADS_VARIABLE, "1")
    assert resources.resolve_threads(None) == 1
    limit = pool.cpu_count()
    assert resources.resolve_threads(2) == min(2, limit)
    assert resources.resolve_threads(10_000) == limit


def test_without_a_wish_all_cpus_are_used(monkeypatch):
    monkeypatch.delenv(resources.THREADS_VARIABLE, raising=False)
    assert resources.resolve_threads(None) == pool.cpu_count()


@pytest.mark.parametrize("threads", [0, -3])
def test_bad_thread_counts(threads):
    with pytest.raises(UsageError, match=f"^threads must be a whole number of at least 1, got {threads}"):
        resources.resolve_threads(threads)


@pytest.mark.parametrize("text", ["0", "many", "1.5", "-1"])
def test_bad_thread_counts_in_the_environment(monkeypatch, text):
    monkeypatch.setenv(resources.THREADS_VARIABLE, text)
    with pytest.raises(UsageError, match=f"^WALSHQHN_THREADS must be a whole number of at least 1, got '{text}'"):
        resources.resolve_threads(None)


def test_thread_limit_is_undone_even_after_an_error():
    before = pool.limit()
    with resources.thread_limit(1):
        assert pool.limit() == 1
        assert resources.resolve_threads(None) == 1
    assert pool.limit() == before
    with pytest.raises(ZeroDivisionError), resources.thread_limit(1):
        _ = 1 / (pool.limit() - 1)
    assert pool.limit() == before


def blas_threads():
    from threadpoolctl import threadpool_info

    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_matrix_products_follow_the_same_wish(monkeypatch):
    before = blas_threads()
    with resources.numpy_threads(1):
        assert blas_threads() == {1}
    assert blas_threads() == before
    monkeypatch.setenv(resources.THREADS_VARIABLE, "1")
    with resources.numpy_threads(None):
        assert blas_threads() == {1}


def test_evaluating_networks_limits_matrix_products(monkeypatch):
    from walshqhn import load_task
    from walshqhn.binn import losses

    seen = []
    loss = losses.LOSSES["softmax"]
    monkeypatch.setitem(losses.LOSSES, "softmax", lambda u, y: seen.append(blas_threads()) or loss(u, y))
    task = load_task("gaussian", num_samples=20, hidden=(1,), loss="softmax")
    task.cost_table(threads=1)
    monkeypatch.setenv(resources.THREADS_VARIABLE, "1")
    task.costs([[0] * task.num_bits])
    assert seen == [{1}, {1}]


@pytest.mark.parametrize("cost", ["load_task('gaussian', hidden=1, num_samples=10).cost_table()", "range(32)"])
def test_linear_algebra_of_scipy_is_limited_too(cost):
    """Its library may be loaded after the first limit was set, or only by the search: hence a fresh process."""
    script = f"""
from threadpoolctl import threadpool_info
from walshqhn import LinearAnsatz, ExactEngine, load_task, train
from walshqhn.support.resources import numpy_threads
with numpy_threads(2):
    cost = {cost}
def watch(run, evaluation):
    libraries = [p for p in threadpool_info() if p["user_api"] == "blas"]
    print(sorted((p["filepath"].split("/")[-2], p["num_threads"]) for p in libraries))
train(LinearAnsatz(5, 1), ExactEngine(list(cost)), max_iterations=1, callback=watch)
"""
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    for line in shown.splitlines():
        found = ast.literal_eval(line)
        assert len(found) >= 1
        assert {threads for _, threads in found} == {1}
    assert shown
