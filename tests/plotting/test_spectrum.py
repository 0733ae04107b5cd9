"""Figures show the numbers they are given. Checked on the artists, not on pixels."""

import numpy as np
import pytest

from walshqhn import ExactEngine, IsingHamiltonian, LinearAnsatz, QAOAAnsatz, load_task, train
from walshqhn.bits import index_to_bits, masks_from_supports
from walshqhn.plotting import spectrum as plotting
from walshqhn.support.errors import UsageError


@pytest.fixture
def ax():
    return plotting.new_figure()[1]


def texts(ax):
    return [t.get_text() for t in ax.texts] + [ax.get_title(loc) for loc in ("left", "center", "right")]


def test_degree_weights(ax):
    weights = np.array([4.0, 0.5, 0.25, 1e-40, 0.25])
    plotting.plot_degree_weights(ax, weights)
    (points,) = ax.lines
    np.testing.assert_array_equal(points.get_xdata(), [0, 1, 2, 4])
    np.testing.assert_array_equal(points.get_ydata(), weights[[0, 1, 2, 4]])
    assert ax.get_yscale() == "log"
    assert {"50.0 %", "25.0 %", "%: share of the variance", "zero up to rounding: k = 3"} <= set(texts(ax))


def test_degree_weights_of_a_constant(ax):
    plotting.plot_degree_weights(ax, [9.0, 0.0, 0.0])
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [9.0])


def test_largest_coefficients_are_named_by_their_bits(ax):
    masks = masks_from_supports([(0,), (1, 2), (2,)], 3)
    plotting.plot_largest_coefficients(
        ax, IsingHamiltonian(3, masks, np.array([0.1, -3.0, 0.5])), ("a", "b", "c"), count=2
    )
    assert [t.get_text() for t in ax.get_yticklabels()] == ["b · c", "c"]
    bars = ax.containers[0]
    np.testing.assert_allclose([bar.get_width() for bar in bars], [3.0, 0.5])
    assert bars[0].get_facecolor() != bars[1].get_facecolor()


def test_cost_histogram_marks_the_minimum(ax):
    table = np.arange(64.0) ** 1.5 + 2.0
    plotting.plot_cost_histogram(ax, table, found=2.0)
    assert sum(patch.get_height() for patch in ax.patches) == 64
    assert ax.lines[0].get_xdata() == pytest.approx([2.0, 2.0])
    assert " minimum 2\n (found)" in texts(ax)


def test_training_curves(ax):
    table = np.array([3.0, 1.0, 4.0, 1.5])
    result = train(LinearAnsatz(2, 1), ExactEngine(table), runs=3, max_iterations=10)
    plotting.plot_training(ax, result)
    assert len(ax.lines) == 3
    for line, run in zip(ax.lines, result.runs, strict=True):
        np.testing.assert_allclose(line.get_ydata(), run.history - 1.0)
    widths = [line.get_linewidth() for line in ax.lines]
    assert widths.index(max(widths)) == result.runs.index(result.best_run)


def test_weights_as_a_picture(ax):
    task = load_task("mnist-4x4", num_samples=20, weight_values=(-3, 1))
    bits = index_to_bits(0b1_0000_0000_0001_0010, 17)
    plotting.plot_weights(ax, task, bits)
    image = ax.images[0].get_array()
    expected = np.full(16, -3.0)
    expected[[1, 4]] = 1.0
    np.testing.assert_array_equal(image, expected.reshape(4, 4))
    assert "bias +1" in ax.get_title()
    with pytest.raises(UsageError, match="no single image"):
        plotting.plot_weights(ax, load_task("gaussian", num_samples=20), np.zeros(13))


@pytest.mark.parametrize("ansatz", [LinearAnsatz(3, 1), QAOAAnsatz([1.0, 2.0, 0.0, 5.0], 1)])
def test_circuits_are_drawn(ansatz):
    figure, ax = plotting.new_figure(*plotting.circuit_size(ansatz))
    plotting.plot_circuit(ax, ansatz)
    assert len(ax.patches) >= ansatz.num_qubits
    assert f"{ansatz.num_qubits} qubits" in ax.get_title()
    assert figure.axes == [ax]
