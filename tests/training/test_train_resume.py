"""Trainings that are cut short, and how they go on."""

import dataclasses
import re

import numpy as np
import pytest
from training_cases import TABLE, Recorder, Sampled, fingerprints, interrupted, press, quick

from walshqhn import AerEngine, BlackBoxCost, ExactEngine, LinearAnsatz, ProductAnsatz, ProductEngine, train
from walshqhn.engines.exact import ExactPrepared
from walshqhn.support.errors import CostError, UsageError

RUNS = {"runs": 4, "seed": 3}


def same(result, other):
    """Both say the same in everything but durations."""
    assert fingerprints(result) == fingerprints(other)
    names = [f.name for f in dataclasses.fields(result) if f.name != "runs"]
    assert {n: getattr(result, n) for n in names} == {n: getattr(other, n) for n in names}
    assert result.status == other.status


# --- callbacks ------------------------------------------------------------------------------------


def test_a_callback_gets_every_evaluation():
    seen = []
    result = quick(runs=2, callback=lambda *news: seen.append(news))
    assert [(k, e.value) for k, e in seen] == [(run.index, value) for run in result.runs for value in run.history]
    engine = ExactEngine(TABLE)
    for _, evaluation in seen[::7]:
        value, gradient = engine.value_and_gradient(LinearAnsatz(5, 1), evaluation.parameters)
        assert (evaluation.value, evaluation.error) == (value, 0.0)
        assert evaluation.gradient.tobytes() == gradient.tobytes()


def test_a_callback_gets_what_was_measured():
    seen = []
    result = quick(engine=Sampled(TABLE), ansatz=ProductAnsatz(5), callback=lambda k, e: seen.append(e))
    run = result.runs[0]
    assert [e.costs.mean() for e in seen] == run.history.tolist()
    assert [e.error for e in seen] == run.standard_errors.tolist()
    assert all((ExactEngine(TABLE).costs(e.bits) == e.costs).all() for e in seen)


@pytest.mark.parametrize("optimizer", ["L-BFGS-B", "COBYQA", "Adam", "SPSA"])
def test_a_callback_may_end_a_run(optimizer):
    seen = []

    def callback(run, evaluation):
        seen.append(run)
        return seen.count(run) == 4

    result = quick(runs=2, optimizer=optimizer, max_iterations=60, callback=callback)
    assert [run.status for run in result.runs] == ["stopped by callback"] * 2
    assert [len(run.history) for run in result.runs] == [4, 4]
    assert (result.status, result.remedy) == ("stopped by callback", "")
    same(quick(runs=2, optimizer=optimizer, max_iterations=60, resume=result), result)


def test_on_run_gets_the_result_so_far():
    seen = []
    result = quick(**RUNS, on_run=seen.append)
    assert [fingerprints(r) for r in seen] == [fingerprints(result)[: k + 1] for k in range(4)]
    assert [r.status for r in seen[:3]] == ["interrupted"] * 3
    assert seen[3].status == result.status != "interrupted"


# --- Ctrl-C ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["L-BFGS-B", "COBYLA", "SPSA"])
@pytest.mark.parametrize(("run", "iteration"), [(0, 0), (2, 7)])
def test_an_interruption_keeps_the_best_so_far(optimizer, run, iteration):
    saved = []
    result = interrupted(**RUNS, optimizer=optimizer, callback=press(run, iteration), on_run=saved.append)
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
    result = interrupted(engine=engine, ansatz=ProductAnsatz(5), callback=press(0, 4))
    assert result.status == "interrupted"
    assert result.best_cost == engine.costs(np.concatenate(engine.measured)).min()


def values_then(monkeypatch, error, after=0):
    """Have the exact engine raise ``error`` when it has given ``after`` gradients."""
    left, inner = [after], ExactPrepared.value_and_gradient

    def value_and_gradient(*arguments):
        if not left[0]:
            raise error
        left[0] -= 1
        return inner(*arguments)

    monkeypatch.setattr(ExactPrepared, "value_and_gradient", value_and_gradient)


def test_an_interruption_before_anything_was_found_goes_through(monkeypatch):
    values_then(monkeypatch, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        quick()


def test_an_interruption_before_the_second_run_found_anything_keeps_the_first(monkeypatch):
    whole = quick(**RUNS)
    values_then(monkeypatch, KeyboardInterrupt, after=whole.runs[0].evaluations)
    result = interrupted(**RUNS)
    assert result.status == "interrupted"
    assert fingerprints(result) == fingerprints(whole)[:1]


def test_an_interruption_while_the_final_samples_are_drawn(monkeypatch):
    whole, inner, calls = quick(**RUNS), ExactPrepared.measure, []

    def measure(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return inner(*arguments)

    monkeypatch.setattr(ExactPrepared, "measure", measure)
    result = interrupted(**RUNS)
    assert fingerprints(result) == fingerprints(whole)[:2]
    assert result.status == "interrupted"


def test_other_errors_of_an_engine_go_through(monkeypatch):
    values_then(monkeypatch, RuntimeError("out of helium"))
    with pytest.raises(RuntimeError, match="out of helium"):
        quick()


# --- resuming -------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["L-BFGS-B", "COBYLA", "Nelder-Mead", "Adam", "SPSA", "QN-SPSA"])
@pytest.mark.parametrize(("run", "iteration"), [(0, 3), (1, 0), (3, 5)])
def test_a_resumed_training_equals_an_uninterrupted_one(optimizer, run, iteration):
    arguments = RUNS | {"optimizer": optimizer}
    partial = interrupted(**arguments, callback=press(run, iteration))
    started = []
    resumed = quick(**arguments, resume=partial, callback=lambda k, e: started.append(k))
    same(resumed, quick(**arguments))
    assert set(started) == set(range(run, 4))


@pytest.mark.parametrize("optimizer", ["COBYLA", "Adam", "SPSA", "QN-SPSA"])
def test_resuming_with_shots(optimizer):
    arguments = {"ansatz": ProductAnsatz(5), "optimizer": optimizer, "runs": 2, "max_iterations": 15}
    partial = interrupted(**arguments, engine=Sampled(TABLE), callback=press(1, 3))
    same(quick(**arguments, engine=Sampled(TABLE), resume=partial), quick(**arguments, engine=Sampled(TABLE)))


def test_resuming_what_is_finished_does_nothing():
    result, started = quick(**RUNS), []
    same(quick(**RUNS, resume=result, callback=lambda *news: started.append(news)), result)
    assert started == []


def test_more_runs_or_fewer():
    few, many = quick(seed=3, runs=2), quick(seed=3, runs=4)
    same(quick(seed=3, runs=4, resume=few), many)
    same(quick(seed=3, runs=2, resume=many), few)


def test_a_result_that_lost_a_run_is_unfinished():
    result = quick(**RUNS)
    lost = dataclasses.replace(result, runs=result.runs[:1] + result.runs[2:])
    assert lost.status == "interrupted"
    same(quick(**RUNS, resume=lost), result)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 4}, r"other settings \(seed: 3 there, 4 here\)"),
        ({"max_iterations": 31, "samples": 65}, r"\(max_iterations: 30 there, 31 here; samples: 64 there, 65 here\)"),
        ({"objective": "cvar:0.5"}, r"\(objective: 'mean' there, 'cvar:0.5' here\)"),
        ({"optimizer": "SPSA:alpha=0.7"}, r"\(optimizer: 'L-BFGS-B' there, 'SPSA:alpha=0.7' here\)"),
        ({"ansatz": LinearAnsatz(5, 2)}, r"\(ansatz: .*'layers': 1\} there, .*'layers': 2\} here\)"),
        ({"engine": AerEngine(TABLE)}, r"\(engine: 'ExactEngine' there, 'AerEngine' here\)"),
        ({"engine": ExactEngine(TABLE[::-1] + 5)}, r"\(cost: '"),
        ({"initial": np.ones(20)}, r"\(initial: None there, \[\[1.0, 1.0"),
    ],
)
def test_resuming_with_other_settings_is_refused(change, message):
    partial = interrupted(**RUNS, callback=press(1, 2))
    with pytest.raises(UsageError, match=message):
        quick(**RUNS | change, resume=partial)


def test_resuming_with_an_engine_of_other_settings_is_refused():
    """The same class is not enough."""
    arguments = {"ansatz": ProductAnsatz(5), "optimizer": "SPSA", "max_iterations": 2}
    result = quick(**arguments, engine=AerEngine(TABLE, shots=10))
    with pytest.raises(UsageError, match=r"\(engine method: 'statevector' there, 'matrix_product_state' here"):
        quick(**arguments, engine=AerEngine(TABLE, shots=10, method="matrix_product_state"), resume=result)
    with pytest.raises(UsageError, match=r"\(shots: 10 there, 11 here"):
        quick(**arguments, engine=AerEngine(TABLE, shots=11), resume=result)


# --- costs that fail ------------------------------------------------------------------------------


class Solver:
    """A dear function; the first bit string after so many others makes it fail, whenever it is asked for."""

    def __init__(self, holds_for=10**9):
        self.left, self.bad = holds_for, None

    def __call__(self, bits):
        self.left -= 1
        if self.left < 0 and self.bad is None:
            self.bad = bits.tolist()
        if bits.tolist() == self.bad:
            raise RuntimeError("the solver diverged")
        return TABLE[bits @ (1 << np.arange(5))]


def fragile(function, resume=None):
    engine = ProductEngine(BlackBoxCost(function, 5, name="solver", batch=1), shots=8)
    settings = {"optimizer": "SPSA", "max_iterations": 4, "samples": 30}
    return train(ProductAnsatz(5), engine, runs=3, seed=2, resume=resume, **settings)


def test_where_the_cost_fails_everything_found_is_kept_and_resumed():
    failed = fragile(Solver(holds_for=24))
    assert failed.status == "cost failed"
    assert [run.status for run in failed.runs] == ["iteration limit", "cost failed", "iteration limit"]
    assert re.search("solver raised RuntimeError: the solver diverged for [01]{5}", failed.message)
    assert [run.best_cost for run in failed.runs] == [TABLE[run.best_bits @ (1 << np.arange(5))] for run in failed.runs]
    same(fragile(Solver(), resume=failed), fragile(Solver()))


def test_a_cost_that_fails_at_once_is_an_error():
    cost = BlackBoxCost(lambda bits: np.full(len(bits), np.nan), 5)
    with pytest.raises(CostError, match="got nan for"):
        train(ProductAnsatz(5), ProductEngine(cost, shots=8), max_iterations=20)
