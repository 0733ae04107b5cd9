"""Figures of studies, checked on the artists."""

import dataclasses

import numpy as np
import pytest
from study_cases import ONE, QUICK, TWO
from training_cases import quick

from walshqhn import Study
from walshqhn.plotting.study import plot_energies, plot_success
from walshqhn.plotting.style import new_figure
from walshqhn.support.errors import UsageError


def _study(energies, minimum=-1.0):
    result = quick(runs=1)
    (run,) = result.runs
    trainings = {
        v: dataclasses.replace(
            result,
            runs=tuple(dataclasses.replace(run, index=k, energy=e, best_cost=e - 0.1) for k, e in enumerate(values)),
        )
        for v, values in enumerate(energies)
    }
    return Study(dataclasses.replace(QUICK, variants=(ONE, TWO)), 5, "", minimum, trainings)


def test_success_curves_show_the_fractions():
    _, ax = new_figure()
    plot_success(ax, _study([[-0.9, -0.5], [-0.99, -0.9, -0.2]]))
    first, second = (line.get_xydata() for line in ax.lines)
    assert first[first[:, 0] < 0.09, 1].tolist() == [0.0] * int((first[:, 0] < 0.09).sum())
    assert first[(first[:, 0] > 0.11) & (first[:, 0] < 0.49), 1] == pytest.approx(0.5)
    assert second[(second[:, 0] > 0.11) & (second[:, 0] < 0.79), 1] == pytest.approx(2 / 3)
    assert first[-1, 1] == second[-1, 1] == 1
    assert [t.get_text() for t in ax.get_legend().get_texts()] == [
        "linear, 1 layer (2 runs)",
        "linear, 2 layers (3 runs)",
    ]


def test_energies_show_every_run_and_the_lowest_costs():
    _, ax = new_figure()
    plot_energies(ax, _study([[-0.9, -0.5], [-0.99, -0.9, -0.2]]), np.array([-1.0, -0.7, -0.4, 5.0]))
    dots = [line for line in ax.lines if line.get_marker() == "."]
    assert [sorted(line.get_xdata()) for line in dots] == [pytest.approx([0.1, 0.5]), pytest.approx([0.01, 0.1, 0.8])]
    assert sorted(s[0][0] for s in ax.collections[0].get_segments()) == pytest.approx([0.3, 0.6])
    assert [t.get_text() for t in ax.get_yticklabels()] == ["costs of networks", "linear, 1 layer", "linear, 2 layers"]


def test_a_study_without_runs_has_no_figures():
    with pytest.raises(UsageError, match="no finished runs"):
        plot_success(new_figure()[1], dataclasses.replace(_study([]), trainings={}))


def test_without_a_known_minimum_the_best_that_was_found_stands_for_it():
    _, ax = new_figure()
    plot_energies(ax, _study([[-0.9, -0.5], [-0.4]], minimum=None))
    dots = [line for line in ax.lines if line.get_marker() == "."]
    assert [sorted(line.get_xdata()) for line in dots] == [pytest.approx([0.1, 0.5]), pytest.approx([0.6])]
    assert "best" in ax.get_xlabel()
