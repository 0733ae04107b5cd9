"""Figures of networks: their weights as images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from walshqhn.binn.task import NetworkTask
from walshqhn.plotting.style import GREY, signed
from walshqhn.support.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def has_weight_image(task: NetworkTask) -> bool:
    """Whether the network has one weight per pixel of an image, as `plot_weights` needs."""
    return task.data.image_shape is not None and not task.network.hidden and task.network.num_outputs == 1


def plot_weights(ax: Axes, task: NetworkTask, bits: npt.ArrayLike, *, title: str = "") -> None:
    """Weights of the configuration ``bits`` (N,) as an image; pixels blank in all training images are marked "any".

    UsageError unless `has_weight_image`.
    """
    if not has_weight_image(task) or task.data.image_shape is None:
        raise UsageError(f"the weights of task {task.name!r} are not an image.")
    blocks = task.network.weights(bits)
    image = blocks["W1"][:, 0].reshape(task.data.image_shape)
    blank = np.logical_not(task.data.train.x.any(axis=0)).reshape(image.shape)
    limit = float(np.abs(image).max()) or 1.0
    ax.imshow(np.where(blank, np.nan, image), cmap="RdBu", vmin=-1.6 * limit, vmax=1.6 * limit)
    ax.set_facecolor("#E8E8E8")
    for (i, j), value in np.ndenumerate(image):
        text = "any" if blank[i, j] else signed(value)
        ax.text(j, i, text, ha="center", va="center", fontsize=11, color=GREY if blank[i, j] else "black")
    ax.set_xticks([])
    ax.set_yticks([])
    legend = "blue: ink favours the second class, red: the first"
    ax.set_xlabel(legend + (";\nany: blank in all training images" if blank.any() else ""), fontsize=7)
    bias = blocks[task.network.output_bias][0]
    ax.set_title(title or f"Weights of the best network\n(bias {signed(bias)})", fontsize=10)
