"""Studies behind other people's executors; on a cluster of Dask, one of whose workers is killed meanwhile."""

import os
import signal
from dataclasses import replace

import numpy as np
import pytest
from study_cases import QUICK, TABLE, content, longer

from walshqhn import Study, run_study
from walshqhn.cli import main
from walshqhn.support.errors import UsageError


@pytest.fixture(scope="module")
def alone():
    return content(run_study(TABLE, QUICK, workers=1))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    distributed = pytest.importorskip("distributed")
    folder = tmp_path_factory.mktemp("dask")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, local_directory=str(folder)
        ) as found,
        distributed.Client(found, set_as_default=False) as client,
    ):
        yield client


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["client", "executor"])
def test_dask(cluster, alone, kind):
    executor = cluster if kind == "client" else cluster.get_executor()
    assert content(run_study(TABLE, QUICK, executor=executor)) == alone
    with pytest.raises(UsageError, match="journal does not go with an executor"):
        run_study(TABLE, QUICK, executor=executor, journal="here")


@pytest.mark.filterwarnings("ignore")
def test_a_worker_of_dask_is_killed_in_the_middle(cluster):
    """Its trainings are done by others, or by itself when its nanny has started it again; no result differs."""
    plan, killed = replace(longer(QUICK), runs=10), []

    def kill_one(study):
        if study.done == 3:
            pids = cluster.run(os.getpid)
            os.kill(next(iter(pids.values())), signal.SIGKILL)
            killed.append(pids)

    found = run_study(TABLE, plan, executor=cluster, on_run=kill_one)
    assert len(killed) == 1
    assert found.is_complete
    assert content(found) == content(run_study(TABLE, plan, workers=1))
    assert set(cluster.run(os.getpid).values()) != set(killed[0].values())


@pytest.mark.filterwarnings("ignore")
def test_dask_from_the_command_line(cluster, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.save("costs.npy", TABLE)
    small = ["--layers", "1", "--ansatz", "product,linear", "--runs", "3", "--seed", "5"]
    limits = ["--max-iterations", "15", "--samples", "20", "--json"]
    address = cluster.scheduler.address
    assert main(["train", "costs.npy", "-o", "s.h5", *small, *limits, "--scheduler", address]) == 0
    assert content(Study.load("s.h5"))[5] == content(run_study(TABLE, QUICK, workers=1))[5]
    assert not list(tmp_path.glob("*.runs"))
    assert main(["train", "costs.npy", "--scheduler", "tcp://127.0.0.1:1"]) == 2
    assert "no Dask scheduler answers at tcp://127.0.0.1:1" in capsys.readouterr().err


def test_loky(alone):
    loky = pytest.importorskip("loky")
    with loky.ProcessPoolExecutor(2) as executor:
        assert content(run_study(TABLE, QUICK, executor=executor)) == alone
