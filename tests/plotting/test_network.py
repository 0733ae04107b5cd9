"""Pictures of weights, checked on the artists."""

import numpy as np
import pytest

from walshqhn import load_task
from walshqhn.bits import index_to_bits
from walshqhn.plotting.network import has_weight_image, plot_weights
from walshqhn.plotting.style import new_figure
from walshqhn.support.errors import UsageError


def test_weights_as_a_picture():
    _, ax = new_figure()
    task = load_task("mnist-4x4", num_samples=20, weight_values=(-3, 1))
    assert has_weight_image(task)
    plot_weights(ax, task, index_to_bits(0b1_0000_0000_0001_0010, 17))
    expected = np.full(16, -3.0)
    expected[[1, 4]] = 1.0
    np.testing.assert_array_equal(ax.images[0].get_array(), expected.reshape(4, 4))
    assert "bias +1" in ax.get_title()


def test_weights_that_are_no_image():
    task = load_task("gaussian", num_samples=20)
    assert not has_weight_image(task)
    with pytest.raises(UsageError, match="are not an image"):
        plot_weights(new_figure()[1], task, np.zeros(13))
