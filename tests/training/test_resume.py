"""Trainings that are cut short, and how they go on."""

import dataclasses

import numpy as np
import pytest
from training_cases import TABLE, Recorder, fingerprints, quick

from walshqhn import AerEngine, ExactEngine, LinearAnsatz, ProductAnsatz
from walshqhn.formats.hdf5 import Contents, load, save
from walshqhn.support.errors import UsageError

RUNS = {"runs": 4, "seed": 3}


def interrupt_at(run, iteration):
    """A progress callback that presses Ctrl-C."""

    def progress(k, i, value):
        if (k, i) == (run, iteration):
            raise KeyboardInterrupt

    return progress


def interrupted(**arguments):
    """A training in which Ctrl-C is pressed; if that went through, it would end the tests as well."""
    try:
        return quick(**arguments)
    except KeyboardInterrupt:
        pytest.fail("Ctrl-C was not turned into a status")


def same(result, other):
    """Both say the same in everything but durations."""
    assert fingerprints(result) == fingerprints(other)
    assert (result.ansatz, result.settings, result.seed) == (other.ansatz, other.settings, other.seed)
    assert result.value == other.value
    assert result.parameters.tobytes() == other.parameters.tobytes()
    assert result.history.tobytes() == other.history.tobytes()
    assert result.best_bits.tobytes() == other.best_bits.tobytes()
    assert result.status == other.status


# --- callbacks ------------------------------------------------------------------------------------


def test_progress_tells_every_iteration():
    seen = []
    result = quick(runs=2, progress=lambda *news: seen.append(news))
    assert seen == [(run.index, i, value) for run in result.runs for i, value in enumerate(run.history)]


def test_on_run_gets_the_result_so_far():
    seen = []
    result = quick(**RUNS, on_run=seen.append)
    assert [fingerprints(r) for r in seen] == [fingerprints(result)[: k + 1] for k in range(4)]
    assert [r.status for r in seen[:3]] == ["interrupted"] * 3
    assert seen[3].status == result.status != "interrupted"


# --- Ctrl-C ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["L-BFGS-B", "COBYLA"])
@pytest.mark.parametrize(("run", "iteration"), [(0, 0), (0, 7), (2, 0), (2, 7)])
def test_an_interruption_keeps_the_best_so_far(optimizer, run, iteration):
    saved = []
    result = interrupted(**RUNS, optimizer=optimizer, progress=interrupt_at(run, iteration), on_run=saved.append)
    assert result.status == "interrupted"
    assert result.remedy.startswith("resume")
    assert len(result.runs) == len(saved) == run + 1
    last = result.runs[-1]
    assert last.status == "interrupted"
    assert len(last.history) == iteration + 1
    engine = ExactEngine(TABLE)
    assert last.value == engine.expectation(LinearAnsatz(5, 1), last.parameters) <= last.history.min()
    assert last.best_cost == engine.costs(last.best_bits[None])[0]
    whole = quick(**RUNS, optimizer=optimizer)
    assert fingerprints(result)[:-1] == fingerprints(whole)[:run]
    assert last.history.tolist() == whole.runs[run].history[: iteration + 1].tolist()
    assert fingerprints(saved[-1]) == fingerprints(result)


def test_an_interruption_with_shots():
    engine = Recorder(AerEngine(TABLE, shots=20))
    result = interrupted(engine=engine, ansatz=ProductAnsatz(5), optimizer="COBYLA", progress=interrupt_at(0, 4))
    assert result.status == "interrupted"
    assert result.best_cost == engine.costs(np.concatenate(engine.measured)).min()


class Unusable(ExactEngine):
    """Ctrl-C comes as soon as it is asked for a value, once it has given ``after`` of them."""

    def __init__(self, table, after=0):
        super().__init__(table)
        self.left = after

    def value_and_gradient(self, ansatz, params):
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        return super().value_and_gradient(ansatz, params)


def test_an_interruption_before_anything_was_found_goes_through():
    with pytest.raises(KeyboardInterrupt):
        quick(engine=Unusable(TABLE))


def test_an_interruption_before_the_second_run_found_anything_keeps_the_first():
    whole = quick(**RUNS)
    result = interrupted(**RUNS, engine=Unusable(TABLE, whole.runs[0].evaluations))
    assert result.status == "interrupted"
    assert [run.index for run in result.runs] == [0]
    assert fingerprints(result) == fingerprints(whole)[:1]


def test_other_errors_of_an_engine_go_through():
    class Broken(ExactEngine):
        def value_and_gradient(self, ansatz, params):
            raise RuntimeError("out of helium")

    with pytest.raises(RuntimeError, match="out of helium"):
        quick(engine=Broken(TABLE))


# --- resuming -------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["L-BFGS-B", "COBYLA"])
@pytest.mark.parametrize(("run", "iteration"), [(0, 3), (1, 0), (2, 7), (3, 5)])
def test_a_resumed_training_equals_an_uninterrupted_one(optimizer, run, iteration):
    arguments = RUNS | {"optimizer": optimizer}
    partial = interrupted(**arguments, progress=interrupt_at(run, iteration))
    started = []
    resumed = quick(**arguments, resume=partial, progress=lambda k, i, v: started.append(k))
    same(resumed, quick(**arguments))
    assert set(started) == set(range(run, 4))


def test_resuming_from_a_file(tmp_path):
    save(tmp_path / "partial.h5", Contents(training=interrupted(**RUNS, progress=interrupt_at(2, 4))))
    same(quick(**RUNS, resume=load(tmp_path / "partial.h5").training), quick(**RUNS))


def test_resuming_with_shots():
    arguments = {
        "ansatz": ProductAnsatz(5), "optimizer": "COBYLA", "runs": 2, "engine": AerEngine(TABLE, shots=10),
        "max_iterations": 15,
    }  # fmt: skip
    partial = interrupted(**arguments, progress=interrupt_at(1, 3))
    same(quick(**arguments, resume=partial), quick(**arguments))


def test_resuming_what_is_finished_does_nothing():
    result, started = quick(**RUNS), []
    same(quick(**RUNS, resume=result, progress=lambda *news: started.append(news)), result)
    assert started == []


def test_more_runs_can_be_added():
    same(quick(seed=3, runs=4, resume=quick(seed=3, runs=2)), quick(seed=3, runs=4))


def test_fewer_runs_can_be_asked_for():
    same(quick(seed=3, runs=2, resume=quick(seed=3, runs=4)), quick(seed=3, runs=2))


def test_what_is_resumed_is_left_alone():
    partial = interrupted(**RUNS, progress=interrupt_at(2, 4))
    before = fingerprints(partial)
    quick(**RUNS, resume=partial)
    assert fingerprints(partial) == before
    assert partial.status == "interrupted"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 4}, r"other settings \(seed: 3 there, 4 here\)"),
        ({"max_iterations": 31}, r"\(max_iterations: 30 there, 31 here\)"),
        ({"samples": 65}, r"\(samples: 64 there, 65 here\)"),
        ({"gradient_tolerance": 1e-5}, r"\(gradient_tolerance: 1e-06 there, 1e-05 here\)"),
        ({"optimizer": "COBYLA"}, r"\(optimizer: 'L-BFGS-B' there, 'COBYLA' here\)"),
        ({"ansatz": LinearAnsatz(5, 2)}, r"\(ansatz: .*'layers': 1\} there, .*'layers': 2\} here\)"),
        ({"engine": AerEngine(TABLE)}, r"\(engine: 'ExactEngine' there, 'AerEngine' here\)"),
        ({"seed": 4, "samples": 65}, r"\(seed: 3 there, 4 here; samples: 64 there, 65 here\)"),
    ],
)
def test_resuming_with_other_settings_is_refused(change, message):
    partial = interrupted(**RUNS, progress=interrupt_at(1, 2))
    with pytest.raises(UsageError, match=message):
        quick(**RUNS | change, resume=partial)


def test_resuming_with_an_engine_of_other_settings_is_refused():
    """The same class is not enough; what older files did not record is taken to be the same."""
    arguments = {"ansatz": ProductAnsatz(5), "optimizer": "SPSA", "max_iterations": 2}
    result = quick(**arguments, engine=AerEngine(TABLE, shots=10))
    other = AerEngine(TABLE, shots=10, method="matrix_product_state")
    with pytest.raises(UsageError, match=r"\(engine_settings: .*'statevector'.* there, .*'matrix_product_state'"):
        quick(**arguments, engine=other, resume=result)
    older = {name: value for name, value in result.settings.items() if name != "engine_settings"}
    quick(**arguments, engine=AerEngine(TABLE, shots=10), resume=dataclasses.replace(result, settings=older))


def test_resuming_from_another_starting_point_is_refused():
    """Run 0 of the earlier training started elsewhere."""
    partial = interrupted(runs=2, initial=np.zeros(20), progress=interrupt_at(1, 2))
    with pytest.raises(UsageError, match=r"cannot resume .*initial"):
        quick(runs=2, initial=np.ones(20), resume=partial)


def test_resuming_with_another_cost_is_refused():
    """Values of different costs must not be mixed in one result."""
    partial = interrupted(**RUNS, progress=interrupt_at(1, 2))
    with pytest.raises(UsageError, match="cannot resume"):
        quick(**RUNS, engine=ExactEngine(TABLE[::-1] + 5), resume=partial)


def test_a_result_that_lost_a_run_is_unfinished():
    result = quick(**RUNS)
    lost = dataclasses.replace(result, runs=result.runs[:1] + result.runs[2:])
    assert lost.status == "interrupted"
    same(quick(**RUNS, resume=lost), result)
