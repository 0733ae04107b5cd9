"""Places of labels, without overlap; what several figures draw alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from walshqhn.plotting.style import new_figure
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


def minus(text: str) -> str:
    """``text`` with true minus signs before numbers; formulas have them."""
    parts = text.split("$")
    parts[::2] = [re.sub(r"(?<!\w)-(?=\d)", "\N{MINUS SIGN}", part) for part in parts[::2]]
    return "$".join(parts)


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
