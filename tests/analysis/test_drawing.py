"""Places of labels."""

import numpy as np

from analysis.drawing import spread


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
