"""Studies: reproducible, resumable, in any number of processes."""

import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from study_cases import ONE, PRODUCT, QUICK, SHORT, TABLE, TWO, content, longer
from training_cases import a_chain

from walshqhn import (
    BlackBoxCost,
    ExactEngine,
    LinearAnsatz,
    Plan,
    Study,
    TableCost,
    Variant,
    load_task,
    run_study,
    train,
)
from walshqhn.support.errors import TooLargeError, UsageError
from walshqhn.training.train import train_layerwise

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
                LinearAnsatz(4, variant.circuit.layers),
                engine,
                seed=QUICK.seed_of(run.index),
                max_iterations=15,
                samples=20,
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
    slow = Plan((Variant.of(layers=2, max_iterations=100000, gradient_tolerance=1e-15),), runs=50)
    cut = run_study(np.random.default_rng(1).normal(size=1 << 10), slow, workers=2, on_run=stop_after(1))
    assert cut.done == 1
    assert not multiprocessing.active_children()


def test_ctrl_c_before_anything_was_done(monkeypatch):
    def no_time(*arguments, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr("walshqhn.training.variant.ReadyVariant.train", no_time)
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
        (TABLE + 1, QUICK, "cost: "),
        (TABLE, replace(QUICK, runs=2), "3 runs a variant"),
        (TABLE, replace(QUICK, variants=(ONE,)), "variant product, with exactly these settings"),
        (
            TABLE,
            replace(QUICK, variants=(PRODUCT, Variant.of(layers=1))),
            "linear, 1 layer, with exactly these",
        ),
    ],
)
def test_another_study_is_not_resumed(study, table, plan, says):
    with pytest.raises(UsageError, match=says):
        run_study(table, plan, resume=study)


@pytest.mark.parametrize(
    ("variant", "says"),
    [
        (Variant.of(optimizer="COBYQA", max_iterations=9), "COBYQA needs max_iterations of at least 66 for 32 angles"),
        (Variant.of(engine="backend", backend="fake_nowhere", shots=4), "fake_nowhere"),
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
    plan = Plan((Variant.of(ansatz="product", engine="aer", shots=50, max_iterations=12, samples=10),), runs=2)
    first, second = run_study(TABLE, plan, workers=1), run_study(TABLE, plan, workers=2)
    assert content(first) == content(second)
    assert first.energies(0)[0] != first.energies(0)[1]


# --- kill -9 ------------------------------------------------------------------------------------

_SCRIPT = """
import sys
from pathlib import Path
from study_cases import QUICK, TABLE, longer
from walshqhn import Study, run_study

if __name__ == "__main__":
    path = Path(sys.argv[1])
    plan = longer(QUICK)
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
        assert process.returncode == (0 if finished else -signal.SIGKILL)
        stored = max([done, *map(int, told.split())])  # what it said was on disk
        found = Study.load(path).done if path.exists() else 0  # never half-written
        assert found >= stored
        if finished:  # start over, kills go on counting
            path.unlink()
            done = 0
            continue
        kills += 1
        amid += done < found < 80
        done = found
    with _start(script, path) as last:
        last.communicate(timeout=300)
    assert last.returncode == 0
    alone = run_study(TABLE, longer(QUICK), workers=1)
    assert content(Study.load(path)) == content(alone)
    assert not [f.name for f in tmp_path.iterdir() if f.name not in ("s.h5", "script.py") and ".part" not in f.name]


def test_a_study_of_other_objectives_counts_energies():
    """Success is about E, whatever was minimized."""
    variant = Variant.of(layers=1, objective="cvar:0.3", optimizer="Adam", **SHORT)
    found = run_study(TABLE, replace(QUICK, variants=(variant,)), workers=1)
    engine = ExactEngine(TABLE)
    for run, energy in zip(found.runs(0), found.energies(0), strict=True):
        assert energy == pytest.approx(engine.expectation(LinearAnsatz(4, 1), run.parameters), abs=1e-12)
        assert run.value < energy
    assert "Adam, cvar:0.3" in variant.label


def test_energies_from_shots_are_those_of_the_final_samples():
    variant = Variant.of(ansatz="product", engine="aer", shots=30, max_iterations=15, samples=500)
    run = run_study(TABLE, replace(QUICK, variants=(variant,), runs=1), workers=1).runs(0)[0]
    exact = ExactEngine(TABLE).expectation(LinearAnsatz(4, 0), run.parameters)
    assert run.energy_error > 0
    assert abs(run.energy - exact) < 5 * run.energy_error
    assert run.energy == run.sampled_value


def test_grown_circuits():
    """Layer by layer, counted in all; in one process or two."""
    plan = replace(QUICK, variants=(Variant.of(layers=2, grow=True, **SHORT),), runs=2)
    found = run_study(TABLE, plan, workers=1)
    engine, ansatz = ExactEngine(TABLE), LinearAnsatz(4, 0)
    stages = train_layerwise(ansatz, engine, 2, seed=plan.seed_of(1), max_iterations=15, samples=20)
    run = found.runs(0)[1]
    assert run.parameters.tobytes() == stages[-1].runs[0].parameters.tobytes()
    assert run.evaluations == sum(stage.evaluations for stage in stages)
    assert found.trainings[0].ansatz == LinearAnsatz(4, 2).description
    assert found.trainings[0].search["grow"]
    assert content(run_study(TABLE, plan, workers=2)) == content(found)


def test_with_a_task_architectures_are_recorded():
    task = load_task("gaussian-activation", hidden=1, num_samples=60)
    found = run_study(task, replace(QUICK, variants=(PRODUCT,), runs=2), workers=2, task=task)
    assert len(found.runs(0)) == 2
    for run in found.runs(0):
        assert sum(run.architecture["activation"].values()) == pytest.approx(1)
        assert set(run.sampled_accuracies) >= {"train", "test"}
    with pytest.raises(UsageError, match="the task has"):
        run_study(TABLE, QUICK, task=task)


# --- costs of any kind --------------------------------------------------------------------------

SAMPLED = Variant.of(ansatz="product", engine="mps", shots=16, optimizer="SPSA:calibration=2", max_iterations=3)


def test_what_needs_no_table_makes_none(monkeypatch):
    """At 40 bits there is none to make."""
    chain = a_chain(40)
    found = run_study(chain, Plan((SAMPLED,), runs=2), workers=1)
    assert (found.num_qubits, found.cost_digest, found.exact_minimum) == (40, chain.digest, None)
    assert found.is_complete
    assert found.reference == min(run.best_cost for run in found.runs(0))
    with pytest.raises(TooLargeError, match="N = 40"):
        run_study(chain, Plan((SAMPLED, PRODUCT)), workers=1)


def test_a_run_does_not_depend_on_what_else_is_in_the_plan():
    """Nor is it compared with another minimum, where one of the others makes it known."""
    chain = a_chain(5)
    alone = run_study(chain, Plan((SAMPLED,), runs=2), workers=1)
    wide = run_study(chain, Plan((PRODUCT, SAMPLED), runs=2), workers=1)
    assert wide.exact_minimum == chain.energies().min()
    assert alone.exact_minimum is None
    resumed = run_study(chain, wide.plan, workers=2, resume=alone)
    assert content(resumed) == content(wide)
    assert resumed.trainings[1].exact_minimum == wide.exact_minimum


def ones_and_pairs(bits):
    """A function that other processes can import."""
    return bits.sum(axis=1) - 1.5 * (bits[:, 0] & bits[:, -1])


def test_a_function_as_cost():
    cost = BlackBoxCost(ones_and_pairs, 70)
    plan = Plan((replace_search(SAMPLED, max_iterations=1),), runs=2)
    one = run_study(cost, plan, workers=1)
    assert content(run_study(cost, plan, workers=2)) == content(one)
    assert one.cost_digest == cost.digest
    assert one.reference == min(run.best_cost for run in one.runs(0))


class Licence:
    """A function that is refused at one call, and granted afterwards."""

    def __init__(self, refused_at=0):
        self.calls, self.refused_at = 0, refused_at

    def __call__(self, bits):
        self.calls += 1
        if self.calls == self.refused_at:
            raise RuntimeError("no licence left")
        return bits.sum(axis=1)


def test_a_training_whose_cost_fails_is_left_undone():
    first = Licence()
    run_study(BlackBoxCost(first, 8, batch=1), Plan((SAMPLED,), runs=1), workers=1)
    plan, function = Plan((SAMPLED,), runs=3), Licence(refused_at=first.calls + 1)
    with pytest.warns(UserWarning, match="run 1 is left undone: .* raised RuntimeError: no licence left for [01]+"):
        broken = run_study(BlackBoxCost(function, 8, batch=1), plan, workers=1)
    assert not broken.is_complete
    assert broken.done == 2
    whole = run_study(BlackBoxCost(function, 8), plan, workers=1, resume=broken)
    assert whole.is_complete
    assert content(whole) == content(run_study(BlackBoxCost(function, 8), plan, workers=1))


def test_a_function_that_other_processes_cannot_get():
    cost = BlackBoxCost(lambda bits: bits.sum(axis=1), 4)
    with pytest.raises(
        UsageError, match=r"^the cost cannot be sent to other processes \(.*lambda.*workers=1"
    ) as caught:
        run_study(cost, QUICK, workers=2)
    assert "\n" not in str(caught.value)
    tabulated = run_study(TableCost(cost.cost_table()), QUICK, workers=1)
    assert run_study(cost, QUICK, workers=1).energies(1).tolist() == tabulated.energies(1).tolist()


def replace_search(variant, **changes):
    return replace(variant, search=replace(variant.search, **changes))
