"""Places of labels and points of reliability curves."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from analysis.drawing import label_right, reliability, spread
from walshqhn.plotting.style import new_figure


def test_labels_that_are_far_apart_stay():
    np.testing.assert_allclose(spread([0.9, 0.1, 0.5], 0.2), [0.9, 0.1, 0.5])
    assert spread([], 0.1).size == 0


def test_labels_move_as_little_as_possible_and_keep_their_order():
    np.testing.assert_allclose(spread([0.5, 0.5, 0.5], 0.1), [0.4, 0.5, 0.6])
    np.testing.assert_allclose(spread([0.52, 0.50, 0.9], 0.1), [0.56, 0.46, 0.9])
    rng = np.random.default_rng(3)
    for _ in range(50):
        values = rng.random(5)
        placed = spread(values, 0.08, 0.0, 1.0)
        assert (np.argsort(placed) == np.argsort(values)).all()
        assert np.diff(np.sort(placed)).min() > 0.08 - 1e-12
        assert placed.min() >= 0
        assert placed.max() <= 1 + 1e-12


def test_names_beside_the_axes_do_not_overlap():
    figure, ax = new_figure(5, 3)
    ax.set_ylim(0, 1)
    label_right(ax, [0.5, 0.5, 0.51], ["a", "b", "c"], ["black"] * 3)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = []
    for text in ax.texts:
        text.update_positions(canvas.get_renderer())
        box = Text.get_window_extent(text)  # of the words, without the line
        boxes.append((box.y0, box.y1))
    boxes.sort()
    assert boxes[0][1] - boxes[0][0] > 5
    assert all(above[0] >= below[1] for below, above in pairwise(boxes))


def test_reliability_is_the_share_in_each_bin():
    p = np.array([0.05, 0.15, 0.11, 0.95, 1.0, 0.91])
    y = np.array([0, 1, 0, 1, 1, 0])
    mean, share, low, high = reliability(p, y)
    np.testing.assert_allclose(mean, [0.05, 0.13, np.mean([0.95, 1.0, 0.91])])
    np.testing.assert_allclose(share, [0, 0.5, 2 / 3])
    assert (low <= share).all()
    assert (high >= share).all()
    # Wilson, 0 of 1: [0, z^2 / (1 + z^2)]
    assert high[0] == pytest.approx(1.959964**2 / (1 + 1.959964**2), abs=1e-6)
