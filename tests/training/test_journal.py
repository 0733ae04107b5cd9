"""Runs that were interrupted and go on: they end as if they had never been."""

import dataclasses
from functools import partial

import numpy as np
import pytest
from training_cases import press

from walshqhn import AerEngine, ExactEngine, LinearAnsatz, train
from walshqhn.training.evaluator import Evaluator

TABLE = np.array([3.0, 7.5, 4.0, 2.0, 5.25, 9.0, 1.25, 6.0])
TIMES = ("seconds", "history_seconds")


def same(one, other):
    """All numbers of two runs but times."""
    for f in (f.name for f in dataclasses.fields(one) if f.name not in TIMES):
        np.testing.assert_equal(getattr(one, f), getattr(other, f), f)


@pytest.mark.parametrize(
    ("optimizer", "shots"),
    [("L-BFGS-B", None), ("Adam", None), ("COBYLA", None), ("Nelder-Mead", None), ("SPSA:blocking=true", None),
     ("QN-SPSA", None), ("COBYLA", 50), ("SPSA:blocking=true;calibration=1", 50)],
)  # fmt: skip
def test_a_run_that_goes_on_ends_as_if_it_had_never_stopped(tmp_path, optimizer, shots):
    table, iterations = (TABLE, 30) if shots is None else (TABLE[:4], 7)
    engine = ExactEngine(table) if shots is None else AerEngine(table, shots=shots, seed=3)
    settings = {"optimizer": optimizer, "max_iterations": iterations, "seed": 5, "samples": 64, "tails": shots is None}
    start = partial(train, LinearAnsatz(engine.num_qubits, 0), engine, **settings)
    whole = start().best_run
    for count in (2, 5):  # it is stopped twice
        assert start(journal=tmp_path / "j", callback=press(0, count)).status == "interrupted"
    found = start(journal=tmp_path / "j", on_run=lambda result: None).best_run
    same(found, whole)
    assert not (tmp_path / "j").exists()


def test_what_was_evaluated_is_not_evaluated_again(tmp_path, monkeypatch):
    engine, asked = ExactEngine(TABLE), []
    ansatz = LinearAnsatz(3, 1)
    kind = type(engine.prepare(ansatz))
    value_and_gradient = kind.value_and_gradient

    def counting(self, *arguments):
        asked.append(1)
        return value_and_gradient(self, *arguments)

    monkeypatch.setattr(kind, "value_and_gradient", counting)
    total = train(ansatz, engine, max_iterations=20).evaluations
    asked.clear()
    train(ansatz, engine, max_iterations=20, journal=tmp_path, callback=press(0, 8))
    before = len(asked)
    assert train(ansatz, engine, max_iterations=20, journal=tmp_path).evaluations == total
    assert 8 <= before < total
    assert len(asked) == total


def test_time_that_passed_before_counts(tmp_path):
    start = partial(train, LinearAnsatz(3, 1), ExactEngine(TABLE), max_iterations=20, journal=tmp_path)
    first = start(callback=press(0, 8)).best_run.history_seconds
    again = start().best_run
    np.testing.assert_array_equal(again.history_seconds[: len(first) - 1], first[:-1])
    assert (np.diff(again.history_seconds) >= 0).all()


@pytest.mark.parametrize("damage", ["cut", "flipped", "rubbish", "empty"])
def test_of_a_damaged_record_the_beginning_serves(tmp_path, damage):
    start = partial(train, LinearAnsatz(3, 1), ExactEngine(TABLE), max_iterations=20)
    start(journal=tmp_path, callback=press(0, 8))
    (path,) = tmp_path.iterdir()
    content = path.read_bytes()
    flipped = content[:900] + bytes([content[900] ^ 1]) + content[901:]
    new = {"cut": content[: len(content) // 2], "flipped": flipped, "rubbish": b"\x00\xff" * 50, "empty": b""}
    path.write_bytes(new[damage])
    same(start(journal=tmp_path).best_run, start().best_run)


def test_a_record_that_took_another_way_is_given_up(tmp_path, monkeypatch):
    """As one from another machine may: here all its angles were others."""
    start = partial(train, LinearAnsatz(3, 1), ExactEngine(TABLE), max_iterations=20)
    with monkeypatch.context() as patch:
        honest = Evaluator.value_and_gradient
        patch.setattr(Evaluator, "value_and_gradient", lambda self, x: honest(self, x + 0.5))
        start(journal=tmp_path, callback=press(0, 8))
    same(start(journal=tmp_path).best_run, start().best_run)


def test_where_nothing_can_be_written_nothing_is_recorded(tmp_path):
    (tmp_path / "file").touch()
    assert train(LinearAnsatz(2, 1), ExactEngine(TABLE[:4]), journal=tmp_path / "file").status == "converged"
