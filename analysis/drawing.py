"""Labels beside curves, without overlap; what several figures draw alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from walshqhn.plotting.style import new_figure
from walshqhn.study.statistics import wilson
from walshqhn.support.arrays import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def blank_figure(width: float, height: float) -> Figure:
    """A figure of so many inches, without axes yet."""
    figure: Figure = new_figure(width, height)[0]
    figure.clear()
    return figure


def panel(ax: Axes, letter: str, title: str, size: float = 8.5) -> None:
    """Title with its letter, sizes and spines of a panel that is drawn, as all figures have them."""
    ax.set_title(rf"$\bf{{{letter}}}$  {title}", fontsize=size, loc="left")
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(which="both", labelsize=7.5)
    for axis in (ax.xaxis, ax.yaxis):
        axis.label.set_fontsize(8.5)


def power(value: float) -> str:
    """A number of one digit as text of a figure: 3e-4 as 3 times 10 to the -4."""
    exponent = int(np.floor(np.log10(value) + 1e-9))
    factor = round(value / 10**exponent)
    times = "" if factor == 1 else rf"{factor}\cdot "
    return f"${times}10^{{{exponent}}}$"


def spread(values: npt.ArrayLike, least: float, low: float = -np.inf, high: float = np.inf) -> FloatArray:
    """Places for labels: ``values`` moved, in their order, until neighbours are ``least`` apart, within [low, high].

    The sum of squared moves is the least possible (isotonic regression). Where [low, high] is too short, labels
    stay in order and ``least`` apart, and leave it at the top.
    """
    from scipy.optimize import isotonic_regression

    wanted = np.asarray(values, dtype=np.float64)
    if not wanted.size:
        return wanted.copy()
    order = np.argsort(wanted, kind="stable")
    steps = least * np.arange(wanted.size)
    placed: FloatArray = isotonic_regression(wanted[order] - steps).x
    placed = np.maximum(np.minimum(placed, high - steps[-1]), low) + steps
    out = np.empty_like(placed)
    out[order] = placed
    return out


def label_right(
    ax: Axes, heights: Sequence[float], names: Sequence[str], colours: Sequence[str], *, size: float = 7.5
) -> None:
    """Names to the right of the axes, at ``heights`` in data units, joined to their place by thin lines.

    The limits of the y axis must be final, and the axis linear.
    """
    low, high = ax.get_ylim()
    points = ax.bbox.height * 72 / ax.figure.dpi
    fractions = (np.asarray(heights, dtype=np.float64) - low) / (high - low)
    lines = max(name.count("\n") for name in names) + 1
    places = spread(fractions, 1.5 * lines * size / points, 0.0, 1.0)
    for fraction, place, name, colour in zip(fractions, places, names, colours, strict=True):
        ax.annotate(name, (1.0, fraction), (1.05, place), xycoords="axes fraction", textcoords="axes fraction",
                    fontsize=size, color=colour, va="center", annotation_clip=False,
                    arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.6, "shrinkA": 1, "shrinkB": 0,
                                "relpos": (0, 0.5)},
                    )  # fmt: skip


def reliability(p: FloatArray, y: npt.NDArray[Any], bins: int = 10) -> FloatArray:
    """(4, occupied bins): mean prediction, share of class 1, and its 95 % Wilson interval, in equal bins of p.

    ``p``: probability of class 1, (S,) in [0, 1]; ``y``: the true class, (S,) in {0, 1}.
    """
    number = np.minimum((p * bins).astype(int), bins - 1)
    rows = []
    for b in np.unique(number):
        share = wilson(int(y[number == b].sum()), int((number == b).sum()))
        rows.append((p[number == b].mean(), share.estimate, share.low, share.high))
    return np.array(rows).T


def draw_reliability(
    ax: Axes,
    y: npt.NDArray[Any],
    curves: Mapping[str, FloatArray],
    styles: Mapping[str, tuple[str, str, Any]],
    texts: Mapping[str, str],
) -> None:
    """How often class 1 is true against its predicted probability; styles: (colour, marker, dashes)."""
    ax.plot([0, 1], [0, 1], color="#8C8C8C", linewidth=0.8)
    ax.text(1.03, 0.0, "diagonal:\ncalibrated", fontsize=7, color="#6E6E6E", transform=ax.transAxes)
    ax.text(1.03, 1.0, "expected\ncalibration\nerror", fontsize=7, color="#6E6E6E", va="top", transform=ax.transAxes)
    for place, (name, p) in enumerate(curves.items()):
        colour, marker, dash = styles[name]
        x, share, low, high = reliability(p, y)
        ax.errorbar(x + 0.008 * (place - 1), share, [share - low, high - share], color=colour, marker=marker,
                    linestyle=dash, markersize=3.5, linewidth=1, elinewidth=0.7)  # fmt: skip
        ax.text(1.03, 0.7 - 0.16 * place, texts[name], fontsize=7, color=colour, va="top", transform=ax.transAxes)
    ax.set_xlabel("predicted probability of class 1")
    ax.set_ylabel("how often it is class 1", fontsize=8.5)
    ax.set_xlim(0, 1)
    ax.set_ylim(-0.03, 1.03)
