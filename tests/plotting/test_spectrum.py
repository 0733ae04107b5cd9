"""Figures of costs show the numbers they are given. Checked on the artists, not on pixels."""

import numpy as np
import pytest

from walshqhn import IsingHamiltonian
from walshqhn.bits import masks_from_supports
from walshqhn.plotting.spectrum import plot_cost_histogram, plot_degree_weights, plot_largest_coefficients
from walshqhn.plotting.style import new_figure


@pytest.fixture
def ax():
    return new_figure()[1]


def texts(ax):
    return [t.get_text() for t in ax.texts] + [ax.get_title(loc) for loc in ("left", "center", "right")]


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_degree_weights(ax, scale):
    weights = scale * np.array([4.0, 0.5, 0.25, 1e-40, 0.25])
    plot_degree_weights(ax, weights)
    (points,) = ax.lines
    np.testing.assert_array_equal(points.get_xdata(), [0, 1, 2, 4])
    np.testing.assert_array_equal(points.get_ydata(), weights[[0, 1, 2, 4]])
    assert ax.get_yscale() == "log"
    assert ax.get_ylim() == pytest.approx((scale * 0.025, scale * 120))
    assert {"50.0 %", "25.0 %", "%: share of the variance", "zero up to rounding: k = 3"} <= set(texts(ax))


def test_degree_weights_of_a_constant(ax):
    plot_degree_weights(ax, [9.0, 0.0, 0.0])
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [9.0])


def test_largest_coefficients_are_named_by_their_bits(ax):
    masks = masks_from_supports([(0,), (1, 2), (2,)], 3)
    hamiltonian = IsingHamiltonian(3, masks, np.array([0.1, -3.0, 0.5]))
    plot_largest_coefficients(ax, hamiltonian, ("a", "$b_", "c$"), count=2)
    assert [t.get_text() for t in ax.get_yticklabels()] == [r"\$b_ · c\$", r"c\$"]
    ax.figure.draw_without_rendering()  # what stood between dollar signs would be no mathematics
    bars = ax.containers[0]
    np.testing.assert_allclose([bar.get_width() for bar in bars], [3.0, 0.5])
    assert bars[0].get_facecolor() != bars[1].get_facecolor()


def test_terms_of_many_bits_are_told_apart_and_long_names_leave_room(ax):
    names = [f"a very long name of bit {j}" for j in range(9)]
    masks = masks_from_supports([(0, 1, 2, 3), (0, 1, 2, 8), (0, 3, 4, 8), (5, 8)], 9)
    plot_largest_coefficients(ax, IsingHamiltonian(9, masks, np.array([4.0, 3.0, -2.0, 1.0])), names)
    labels = [t.get_text() for t in ax.get_yticklabels()]
    assert labels == ["bits 0-3", "bits 0-2, 8", "bits 0, 3, 4, 8", "a very lon...t 5 · a very lon...t 8"]
    ax.figure.draw_without_rendering()
    legend = ax.get_legend().get_window_extent()
    assert 0 < legend.x0 < legend.x1 < ax.figure.bbox.x1


@pytest.mark.parametrize("scale", [1e-12, 1.0])
def test_cost_histogram_marks_the_minimum(ax, scale):
    table = scale * (np.arange(64.0) ** 1.5 + 2.0)
    plot_cost_histogram(ax, table, found=table[0])
    (outline,) = ax.patches
    assert outline.get_data().values.sum() == 64
    assert ax.lines[0].get_xdata() == pytest.approx([table[0]] * 2)
    assert f" minimum {table[0]:.5g}\n (found)" in texts(ax)


def test_cost_histogram_marks_what_was_found(ax):
    plot_cost_histogram(ax, np.arange(64.0), found=3.0)
    assert [line.get_xdata()[0] for line in ax.lines] == [0, 3]
    assert " best found 3" in texts(ax)
