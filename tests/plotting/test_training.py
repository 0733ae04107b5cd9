"""Figures of trainings, checked on the artists."""

import dataclasses

import numpy as np
import pytest
from training_cases import TABLE, quick

from walshqhn import AerEngine, ExactEngine, LinearAnsatz, ProductAnsatz, train
from walshqhn.plotting.style import new_figure
from walshqhn.plotting.training import has_tails, plot_architecture, plot_tails, plot_training
from walshqhn.support.errors import UsageError


def test_curves_of_all_runs_above_the_minimum():
    table = np.array([3.0, 1.0, 4.0, 1.5])
    result = train(LinearAnsatz(2, 1), ExactEngine(table), runs=3, max_iterations=10)
    _, ax = new_figure()
    plot_training(ax, result)
    assert len(ax.lines) == 3
    for line, run in zip(ax.lines, result.runs, strict=True):
        np.testing.assert_allclose(line.get_ydata(), run.history - 1.0)
    widths = [line.get_linewidth() for line in ax.lines]
    assert widths.index(max(widths)) == result.runs.index(result.best_run)
    assert ax.get_title() == "Training: linear ansatz, 1 layer, L-BFGS-B"


def test_tails_are_drawn_as_recorded():
    result = quick(engine=AerEngine(TABLE, shots=200), ansatz=ProductAnsatz(5), optimizer="SPSA", max_iterations=5)
    assert has_tails(result)
    _, ax = new_figure()
    plot_tails(ax, result)
    run, least = result.best_run, TABLE.min()
    expected = [run.history, run.tail_means[:, 2], run.tail_means[:, 1], run.tail_means[:, 0]]
    for line, values in zip(ax.lines, expected, strict=True):
        floor = 1e-9 * (run.history - least).max()
        np.testing.assert_allclose(line.get_ydata(), np.maximum(values - least, floor))
    labels = [t.get_text() for t in ax.get_legend().get_texts()]
    assert labels == ["all shots", "cheapest 10 %", "cheapest 5 %", "cheapest 1 %"]


def test_of_another_objective_only_tails_are_costs():
    engine = AerEngine(TABLE, shots=100)
    settings = {"engine": engine, "ansatz": ProductAnsatz(5), "optimizer": "SPSA", "max_iterations": 3}
    _, ax = new_figure()
    plot_tails(ax, quick(**settings, objective="gibbs:2"))
    assert len(ax.lines) == 3


def test_without_tails():
    result = quick()
    assert not has_tails(result)
    with pytest.raises(UsageError, match="--tails"):
        plot_tails(new_figure()[1], result)


@pytest.mark.parametrize(
    ("objective", "label"), [("mean", "$E - C_"), ("cvar:0.2", "CVaR} - C_"), ("gibbs:2", "$G - C_")]
)
def test_the_axis_names_what_was_minimized(objective, label):
    result = quick(objective=objective)
    _, ax = new_figure()
    plot_training(ax, result)
    assert label in ax.get_ylabel()
    drawn = ax.lines[0].get_ydata()
    base = TABLE.min()
    np.testing.assert_allclose(drawn, result.history - base)


def test_architecture():
    result = quick(runs=2)
    shares = [{"activation": {"sigmoid": p, "relu": 1 - p}} for p in (0.25, 0.75)]
    runs = tuple(dataclasses.replace(run, architecture=s) for run, s in zip(result.runs, shares, strict=True))
    result = dataclasses.replace(result, runs=runs)
    best = result.best_run.architecture["activation"]
    _, ax = new_figure()
    plot_architecture(ax, result)
    assert [bar.get_width() for bar in ax.patches] == [best["sigmoid"], best["relu"]]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["activation: sigmoid", "activation: relu"]
    other = sorted(float(line.get_xdata()[0]) for line in ax.lines)
    assert other == sorted([1 - best["sigmoid"], 1 - best["relu"]])


def test_nothing_to_choose():
    with pytest.raises(UsageError, match="no architecture bits"):
        plot_architecture(new_figure()[1], quick())
