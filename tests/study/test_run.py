"""Studies: reproducible, resumable, in any number of processes."""

import itertools
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from study_cases import ONE, PRODUCT, QUICK, TABLE, TWO, content

from walshqhn import ExactEngine, LinearAnsatz, Plan, Study, Variant, load_task, run_study, train
from walshqhn.formats.hdf5 import Contents, load, save
from walshqhn.study import workers
from walshqhn.support.errors import InputError, UsageError, WalshqhnError
from walshqhn.training.growth import train_layerwise

TESTS = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def study():
    return run_study(TABLE, QUICK, workers=1)


def stop_after(count, then=None):
    """An on_run that presses Ctrl-C after ``count`` trainings."""
    seen = itertools.count(1)

    def on_run(study):
        if then is not None:
            then(study)
        if next(seen) == count:
            raise KeyboardInterrupt

    return on_run


def test_every_run_is_the_training_it_says(study):
    engine = ExactEngine(TABLE)
    for v, variant in enumerate(QUICK.variants):
        for run in study.runs(v):
            alone = train(
                LinearAnsatz(4, variant.layers), engine, seed=QUICK.seed_of(run.index), max_iterations=15, samples=20
            ).runs[0]
            assert run.value == alone.value
            assert run.parameters.tobytes() == alone.parameters.tobytes()
            assert run.best_bits.tobytes() == alone.best_bits.tobytes()
    assert study.is_complete
    assert study.exact_minimum == TABLE.min()
    assert [run.index for run in study.runs(1)] == [0, 1, 2]
    assert len({run.value for run in study.runs(1)}) > 1  # different starts


def test_processes_change_nothing(study):
    assert content(run_study(TABLE, QUICK, workers=2)) == content(study)


@pytest.mark.parametrize("count", [1, 4, 5])
def test_an_interrupted_study_resumes_to_the_same(study, tmp_path, count):
    path = tmp_path / "s.h5"
    cut = run_study(TABLE, QUICK, workers=1, on_run=stop_after(count, lambda s: s.save(path, overwrite=True)))
    assert cut.done == count
    assert not cut.is_complete
    stored = Study.load(path)
    assert content(stored) == content(cut)
    again = []
    resumed = run_study(TABLE, QUICK, workers=1, resume=stored, on_run=lambda s: again.append(s.done))
    assert again == list(range(count + 1, 7))
    assert content(resumed) == content(study)


def test_ctrl_c_stops_workers_at_once():
    slow = replace(QUICK, runs=50, variants=(TWO,), max_iterations=100000, gradient_tolerance=1e-15)
    cut = run_study(np.random.default_rng(1).normal(size=1 << 10), slow, workers=2, on_run=stop_after(1))
    assert cut.done == 1
    assert not workers.multiprocessing.active_children()


def test_ctrl_c_before_anything_was_done(monkeypatch):
    def no_time(*arguments):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr("walshqhn.study.run._in_this_process", no_time)
    with pytest.raises(KeyboardInterrupt):
        run_study(TABLE, QUICK, workers=1)


def test_more_runs_and_more_variants(study):
    wider = replace(QUICK, variants=(TWO, ONE, PRODUCT), runs=4)
    fresh = run_study(TABLE, wider, workers=1)
    done = []
    assert content(run_study(TABLE, wider, workers=1, resume=study, on_run=lambda s: done.append(s.done))) == content(
        fresh
    )
    assert done == [7, 8, 9, 10, 11, 12]


@pytest.mark.parametrize(
    ("table", "plan", "says"),
    [
        (TABLE, replace(QUICK, seed=6), "seed: 5 there, 6 here"),
        (TABLE, replace(QUICK, max_iterations=9, samples=4), "max_iterations: 15 there, 9 here; samples: 20 there"),
        (TABLE + 1, QUICK, "cost: "),
        (TABLE, replace(QUICK, runs=2), "3 runs a variant"),
        (TABLE, replace(QUICK, variants=(ONE,)), "product"),
    ],
)
def test_another_study_is_not_resumed(study, table, plan, says):
    with pytest.raises(UsageError, match=says):
        run_study(table, plan, resume=study)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"variants": ()}, "at least one variant"),
        ({"variants": (ONE, ONE)}, "twice"),
        ({"runs": 0}, "runs must be a whole number of at least 1, got 0"),
        ({"runs": 1.5}, "got 1.5"),
    ],
)
def test_bad_plans(change, says):
    with pytest.raises(UsageError, match=says):
        replace(QUICK, **change)


@pytest.mark.parametrize(
    ("variant", "says"),
    [
        (Variant("linaer"), "Did you mean 'linear'"),
        (Variant("linear", -1), "-1 layers"),
        (Variant(engine="axe"), "engine"),
        (Variant(shots=10), "shots does not go with the exact engine"),
    ],
)
def test_bad_variants_are_found_before_any_work(variant, says):
    with pytest.raises(UsageError, match=says):
        run_study(TABLE, Plan((ONE, variant)), workers=2, on_run=lambda s: pytest.fail("worked"))


@pytest.mark.parametrize("count", [0, -1, 1.5, True])
def test_bad_worker_counts(count):
    with pytest.raises(UsageError, match="workers must be a whole number"):
        run_study(TABLE, QUICK, workers=count)


def test_shots_are_drawn_from_each_run_s_own_seed():
    plan = Plan((Variant("product", 0, "aer", 50),), runs=2, max_iterations=12, samples=10)
    first, second = run_study(TABLE, plan, workers=1), run_study(TABLE, plan, workers=2)
    assert content(first) == content(second)
    assert first.energies(0)[0] != first.energies(0)[1]


# --- stored -------------------------------------------------------------------------------------


def test_a_stored_study_is_the_same(study, tmp_path):
    save(tmp_path / "s.h5", Contents(cost=TABLE, study=study))
    assert content(load(tmp_path / "s.h5").study) == content(study)
    study.save(tmp_path / "alone.h5")
    assert content(Study.load(tmp_path / "alone.h5")) == content(study)


def test_a_file_without_a_study(tmp_path):
    save(tmp_path / "c.h5", Contents(cost=TABLE))
    with pytest.raises(InputError, match="holds no study"):
        Study.load(tmp_path / "c.h5")


# --- workers that fail --------------------------------------------------------------------------


def _prepare_trouble(kind):
    def work(piece):
        if piece == 2:
            if kind == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            if kind == "exit":
                os._exit(3)
            raise UsageError("no good") if kind == "usage" else ZeroDivisionError("oh")
        return piece * 10

    return work


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("killed", "killed, perhaps for lack of memory"),
        ("exit", "exit code 3"),
        ("usage", "^no good$"),
        ("bug", "failed on 2: ZeroDivisionError: oh"),
    ],
)
def test_workers_that_fail_are_explained(kind, says):
    done = workers.run_pieces(_prepare_trouble, (kind,), [0, 1, 2, 3], 1)
    assert [next(done), next(done)] == [(0, 0), (1, 10)]
    with pytest.raises(WalshqhnError, match=says):
        next(done)
    assert not workers.multiprocessing.active_children()


def test_workers_have_one_thread_each(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    found = dict(workers.run_pieces(_prepare_threads, (), [0, 1], 2))
    assert found == {0: (1, "1"), 1: (1, "1")}
    assert os.environ["OMP_NUM_THREADS"] == "7"


def _prepare_threads():
    from walshqhn.support.resources import resolve_threads

    return lambda piece: (resolve_threads(None), os.environ["OMP_NUM_THREADS"])


# --- kill -9 ------------------------------------------------------------------------------------

_SCRIPT = """
import sys
from pathlib import Path
from study_cases import QUICK, TABLE
from dataclasses import replace
from walshqhn import Study, run_study

if __name__ == "__main__":
    path = Path(sys.argv[1])
    plan = replace(QUICK, runs=40, max_iterations=400)
    earlier = Study.load(path) if path.exists() else None


    def keep(study):
        study.save(path, overwrite=True)
        print(study.done, flush=True)

    run_study(TABLE, plan, workers=2, resume=earlier, on_run=keep)
"""


def _start(script, path):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}
    return subprocess.Popen(
        [sys.executable, script, path], env=environment, start_new_session=True, stdout=subprocess.PIPE, text=True
    )


@pytest.mark.slow
@pytest.mark.parametrize("who", ["parent", "everybody"])
def test_kill_9_at_random_moments_loses_only_what_was_running(tmp_path, who):
    """At least 20 kills, 8 of them amid the trainings; then the study is finished and equals one left alone."""
    script = tmp_path / "script.py"
    script.write_text(_SCRIPT)
    path = tmp_path / "s.h5"
    rng = np.random.default_rng(20)
    done = kills = amid = 0
    while kills < 20 or amid < 8:
        with _start(script, path) as process:
            told = ""
            if rng.random() < 0.7:  # else perhaps while it starts
                told = process.stdout.readline()
            time.sleep(rng.uniform(0, 1.5))
            finished = process.poll() is not None
            if not finished:
                (os.killpg if who == "everybody" else os.kill)(process.pid, signal.SIGKILL)
            told += process.stdout.read()
        if finished:  # start over, kills go on counting
            assert process.returncode == 0
            path.unlink()
            done = 0
            continue
        kills += 1
        stored = max([done, *map(int, told.split())])  # what it said was on disk
        if path.exists():
            found = Study.load(path).done  # never half-written
            assert found >= stored
            amid += done < found < 80
            done = found
        else:
            assert stored == 0
    with _start(script, path) as last:
        last.communicate(timeout=300)
    assert last.returncode == 0
    alone = run_study(TABLE, replace(QUICK, runs=40, max_iterations=400), workers=1)
    assert content(Study.load(path)) == content(alone)
    assert not [f.name for f in tmp_path.iterdir() if f.name not in ("s.h5", "script.py") and ".part" not in f.name]


def test_a_study_of_other_objectives_counts_energies():
    """Success is about E, whatever was minimized."""
    variant = Variant("linear", 1, objective="cvar:0.3", optimizer="Adam")
    found = run_study(TABLE, replace(QUICK, variants=(variant,)), workers=1)
    engine = ExactEngine(TABLE)
    for run, energy in zip(found.runs(0), found.energies(0), strict=True):
        assert energy == pytest.approx(engine.expectation(LinearAnsatz(4, 1), run.parameters), abs=1e-12)
        assert run.value < energy
    assert "Adam, cvar:0.3" in variant.label


def test_energies_from_shots_are_those_of_the_final_samples():
    variant = Variant("product", 0, engine="aer", shots=30)
    run = run_study(TABLE, replace(QUICK, variants=(variant,), runs=1, samples=500), workers=1).runs(0)[0]
    exact = ExactEngine(TABLE).expectation(LinearAnsatz(4, 0), run.parameters)
    assert run.energy_error > 0
    assert abs(run.energy - exact) < 5 * run.energy_error
    assert run.energy == run.sampled_value


def test_grown_circuits():
    """Layer by layer, counted in all; in one process or two."""
    plan = replace(QUICK, variants=(Variant("linear", 2, grow=True),), runs=2)
    found = run_study(TABLE, plan, workers=1)
    engine, ansatz = ExactEngine(TABLE), LinearAnsatz(4, 0)
    stages = train_layerwise(ansatz, engine, 2, seed=plan.seed_of(1), max_iterations=15, samples=20)
    run = found.runs(0)[1]
    assert run.parameters.tobytes() == stages[-1].runs[0].parameters.tobytes()
    assert run.evaluations == sum(stage.evaluations for stage in stages)
    assert found.trainings[0].ansatz == LinearAnsatz(4, 2).description
    assert content(run_study(TABLE, plan, workers=2)) == content(found)


def test_with_a_task_architectures_are_recorded(tmp_path):
    task = load_task("gaussian-activation", hidden=1, num_samples=60)
    cost = task.cost_table()
    plan = replace(QUICK, variants=(PRODUCT,), runs=2)
    found = run_study(cost, plan, workers=2, task=task)
    for run in found.runs(0):
        assert sum(run.architecture["activation"].values()) == pytest.approx(1)
        assert set(run.sampled_accuracies) >= {"train", "test"}
    found.save(tmp_path / "s.h5")
    assert content(Study.load(tmp_path / "s.h5")) == content(found)
    with pytest.raises(UsageError, match="the task has"):
        run_study(TABLE, plan, task=task)
