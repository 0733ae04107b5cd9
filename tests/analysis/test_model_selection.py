"""Curves, selection and intervals against computations of their own."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from analysis import model_selection, selection
from analysis.common import Settings
from analysis.selection import TEST, TRAIN, VALIDATION, Budget, Experiment
from walshqhn import ExactEngine, LinearAnsatz, train
from walshqhn.bits import index_to_bits
from walshqhn.support.errors import InputError

TINY = Experiment(
    "gaussian",
    {f"width {w}": {"hidden": (w,)} for w in (1, 2)} | {"augmented": {"hidden": (2,), "hidden_width": (1, 2)}},
    {"activation": ("sigmoid", "relu"), "num_test": 40},
)


def test_tables_are_the_costs_on_every_split():
    task = TINY.load("augmented", 7, 3)
    bits = index_to_bits(np.arange(1 << task.num_bits), task.num_bits)
    tables = selection.split_tables(task)
    for table, split in zip(tables, selection.SPLITS, strict=True):
        np.testing.assert_allclose(table, task.costs(bits, split), atol=1e-12)
    assert len({table.tobytes() for table in tables}) == 3


def test_draws_differ_and_images_do_not_overlap():
    first, second = (TINY.load("width 1", 5, draw).data for draw in (0, 1))
    assert not np.array_equal(first.train.x, second.train.x)
    data = model_selection.MNIST.load("augmented", 30, 2).data
    assert (len(data.train), len(data.validation), data.num_classes) == (30, 30, 2)
    whole = replace(model_selection.MNIST, pool=10**9).options  # the pool is what there is to draw from
    from walshqhn import load_task

    everything = load_task(model_selection.MNIST.task, **whole).data
    assert len(everything.train) == model_selection.MNIST.pool
    counts = {row.tobytes(): 0 for row in everything.train.x}
    for row in everything.train.x:
        counts[row.tobytes()] += 1
    for row in np.concatenate([data.train.x, data.validation.x]):
        counts[row.tobytes()] -= 1
    assert min(counts.values()) >= 0


def test_architectures_are_those_of_the_network():
    task = TINY.load("augmented", 5, 0)
    codes, names = selection.architecture_codes(task)
    for x in np.random.default_rng(0).integers(0, 1 << task.num_bits, 50):
        architecture = task.network.architecture(index_to_bits(x, task.num_bits))
        assert names[codes[x]] == f"{architecture.activation} {architecture.hidden_width}"
    assert np.bincount(codes).tolist() == [1 << task.num_bits - 2] * 4
    assert selection.architecture_codes(TINY.load("width 1", 5, 0))[1] == ["sigmoid", "relu"]


def test_options_that_wrap_around_are_one_architecture():
    task = model_selection.GAUSSIAN.load("augmented", 5, 0)
    codes, names = selection.architecture_codes(task)
    assert len(names) == 6
    shares = dict(zip(names, np.bincount(codes) / codes.size, strict=True))
    assert shares["relu 1"] == 0.25  # codes 0 and 3
    assert shares["relu 2"] == 0.125


def test_watching_changes_nothing_and_sees_every_iteration():
    rng = np.random.default_rng(1)
    tables = rng.normal(size=(3, 16))
    curves, final = selection.watch(tables, 1, 5, 30)
    result = train(
        LinearAnsatz(4, 1), ExactEngine(tables[0]), seed=5, max_iterations=30, gradient_tolerance=1e-5, samples=1
    )
    length = len(result.history)
    assert curves.shape == (3, 31)
    assert length > 5
    np.testing.assert_allclose(curves[TRAIN, :length], result.history, atol=1e-12)
    assert (curves[:, length - 1 :] == curves[:, length - 1 : length]).all()
    engines = [ExactEngine(table) for table in tables]
    at_end = [engine.expectation(LinearAnsatz(4, 1), result.parameters) for engine in engines]
    np.testing.assert_allclose(curves[:, -1], at_end, atol=1e-12)
    np.testing.assert_allclose(tables @ final, at_end, atol=1e-12)


def made_up(*starts):
    """Starts as (train, validation, test) over iterations: (starts, 3, iterations)."""
    return np.array(starts, dtype=float)


def test_rules_on_made_up_curves():
    augmented = made_up(
        ([9, 4, 3], [9, 2, 6], [9, 30, 31]),  # lowest training cost at its end, best validation in the middle
        ([9, 5, 4], [9, 8, 5], [9, 32, 33]),  # best validation at an end
        ([9, 6, 5], [1, 8, 7], [34, 9, 35]),  # best validation of all at the beginning
    )
    fixed = np.stack([
        made_up(([9, 2, 1], [9, 9, 4], [9, 9, 40]), ([9, 9, 2], [9, 9, 1], [9, 9, 41])),  # its second is not looked at
        made_up(([9, 9, 3], [9, 9, 2], [9, 9, 42]), ([9, 9, 1], [9, 9, 5], [9, 9, 43])),
    ])  # fmt: skip
    assert selection.select(fixed, augmented) == {
        "last": 31, "early": 30, "start": 33, "both": 34, "separate": 40, "largest": 43,
    }  # fmt: skip
    np.testing.assert_array_equal(selection.best_starts(fixed)[:, TEST, -1], [40, 43])
    np.testing.assert_array_equal(selection.best_starts(augmented), augmented[0])
    np.testing.assert_array_equal(selection.best_starts(augmented[None])[0, VALIDATION], [9, 2, 6])


def test_intervals():
    values = np.array([1.0, 2.0, 4.0, 9.0])
    mean, half = selection.mean_and_half_width(values)
    low, high = stats.t.interval(0.95, 3, loc=mean, scale=stats.sem(values))
    assert (mean - half, mean + half) == pytest.approx((low, high))


def test_draws_are_kept_and_belong_to_their_settings(tmp_path, monkeypatch):
    settings = Settings(workers=1, studies=tmp_path)
    monkeypatch.setattr(selection, "run_pieces", lambda prepare, args, todo, n: ((u, prepare(*args)(u)) for u in todo))
    budget = Budget((3, 6), draws=1, starts=1, layers=1, max_iterations=4, seed=1)
    first = selection.run_experiments({"tiny": (TINY, budget)}, settings)["tiny"]
    assert first.fixed[3].shape == (1, 2, 1, 3, 5)
    assert first.augmented[6].shape == (1, 2, 3, 5)
    np.testing.assert_allclose(first.shares[3].sum(axis=2), 1)
    assert (first.augmented[3][:, :, TRAIN] >= first.minima[3][:, -1:, None] - 1e-12).all()

    def fewer(prepare, args, todo, n):
        assert todo == [("tiny", 3, 1), ("tiny", 6, 1)]
        return ((u, prepare(*args)(u)) for u in todo)

    monkeypatch.setattr(selection, "run_pieces", fewer)
    again = selection.run_experiments({"tiny": (TINY, replace(budget, draws=2))}, settings)["tiny"]
    np.testing.assert_array_equal(again.augmented[6][:1], first.augmented[6])
    assert not np.array_equal(again.augmented[6][0], again.augmented[6][1])
    with pytest.raises(InputError, match="other settings"):
        selection.run_experiments({"tiny": (TINY, replace(budget, seed=2))}, settings)
    text = model_selection.verdict(again, model_selection.summarize(again))
    assert "with 3 samples" in text


def test_verdicts_say_what_the_numbers_say():
    shape = (40, 2, 1, 3, 2)  # draws, models, starts, splits, iterations
    noise = 1e-3 * np.random.default_rng(0).normal(size=shape)

    def watched(few, many):
        fixed = {n: noise + np.reshape(levels, (2, 1, 1, 1)) for n, levels in ((3, few), (6, many))}
        budget = Budget((3, 6), 40, 1, 1, 1, 1)
        return selection.Watched(TINY, budget, fixed, {}, {}, {})

    def says(few, many):
        return model_selection.sizes_verdict(watched(few, many))

    ahead = says([1, 0.5], [1, 0.5])
    assert "width 2, the largest, does best at every n" in ahead
    assert "the largest costs -0.500 ± 0.000 more than the smallest with 3 samples" in ahead
    assert "the largest is ahead with few samples already" in ahead
    behind = says([0.5, 1], [0.5, 1])
    assert "width 1, the smallest, does best at every n" in behind
    assert "no crossing of the kind that bias and variance let expect" in behind
    growing = says([0.5, 0.6], [0.5, 0.4])
    assert "width 1 does best with 3 samples and width 2 with 6" in growing
    assert "costs 0.100 ± 0.000 more than the smallest with 3 samples and -0.100 ± 0.000 with 6: they cross" in growing
    assert "no crossing of the kind that bias and variance let expect" in says([0.6, 0.5], [0.4, 0.5])
    assert "no crossing of the kind that bias and variance let expect" in says([0.5, 0.5 + 1e-4], [0.5, 0.4])


def test_cases_are_counted():
    def gains(*values):
        return {"at": {n: {"gain_over_last": dict.fromkeys(model_selection.RULES, v)} for n, v in enumerate(values)}}

    text = model_selection.overall([gains((0.2, 0.1), (0.1, 0.2)), gains((-0.2, 0.1), (0.3, 0.1))])
    assert "Of these 4 cases" in text
    assert "early stopping in 2 (in 1 it costs)" in text
