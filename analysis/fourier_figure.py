"""The figure of `analysis.fourier`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import binom

from walshqhn.plotting.style import BLUE, GREEN, GREY, ORANGE
from walshqhn.support.arrays import FloatArray

from .drawing import blank_figure, minus, panel
from .spectra import Analysis, Truncated, couplings

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SEGMENTS = ((BLUE, "white"), ("#56B4E9", "black"), ("#E69F00", "black"), ("#BDBDBD", "black"))
_DARK = "#404040"
_LINES: tuple[tuple[str, str, Any], ...] = (
    (BLUE, "o", "-"),
    (ORANGE, "s", (0, (5, 1.5))),
    (GREEN, "^", (0, (3, 1, 1, 1))),
    ("black", "D", (0, (1, 1))),
)
PAPER = "mnist-4x4, weights (-3, 1)"
"""The paper's task, as `analysis.fourier` names it."""
_ROUNDING = 1e-24  # of the variance: squares of rounding errors lie below


def draw(
    found: dict[str, Analysis],
    share: dict[str, FloatArray],
    contrasted: dict[str, dict[str, Any]],
    truncations: dict[str, dict[int, Truncated]],
    growing: dict[str, dict[int, dict[str, Any]]],
) -> Figure:
    """Three rows: weight of the degrees; which pairs of bits interact; truncation and growth."""
    figure = blank_figure(7.4, 8.2)
    rows: Any = figure.subfigures(3, 1, height_ratios=(3.0, 2.7, 2.5))
    bars, curves = rows[0].subplots(1, 2, width_ratios=(1.35, 1))
    draw_bars(bars, found, share, contrasted)
    draw_weights(curves, share, contrasted)
    images, hidden = rows[1].subplots(1, 2)
    draw_matrix(images, found[PAPER])
    draw_matrix(hidden, found["gaussian-h4"])
    truncated, grown = rows[2].subplots(1, 2)
    draw_truncation(truncated, truncations)
    draw_growth(grown, growing)
    titles = (
        "how much weight each degree has", "the same on a log scale", f"degree 2, {PAPER}", "degree 2, gaussian-h4",
        "truncated to degree $d$: cost of the network found", "growth, Gaussian data",
    )  # fmt: skip
    for ax, letter, title in zip((bars, curves, images, hidden, truncated, grown), "abcdef", titles, strict=True):
        panel(ax, letter, title)
    for ax in (images, hidden):
        ax.spines[:].set_visible(True)
    return figure


def draw_bars(ax: Axes, found: dict[str, Analysis], share: dict[str, FloatArray], contrasted: dict[str, Any]) -> None:
    """Shares of degrees 1, 2, 3 and the rest, a bar for each task and contrast."""
    rows = [(f"{name}, $N$ = {found[name].spectrum.num_bits}", s, None) for name, s in share.items()]
    rows += [(f"{name}, $N$ = {at['N']}", at["share"]["mean"], at["degrees_1_and_2"])
             for name, at in contrasted.items()]  # fmt: skip
    places, labels = [], []
    for row, (label, s, drawn) in enumerate(rows):
        y = row + (0.8 if drawn is not None else 0.0)  # contrasts stand apart
        places.append(y)
        labels.append(label)
        left = 0.0
        for (colour, ink), value in zip(_SEGMENTS, (s[1], s[2], s[3], s[4:].sum()), strict=True):
            ax.barh(y, 100 * value, left=100 * left, color=colour, height=0.78, edgecolor="white", linewidth=0.4)
            if value >= 0.045:
                ax.text(100 * (left + value / 2), y, f"{100 * value:.0f}", fontsize=7, color=ink, ha="center",
                        va="center")  # fmt: skip
            left += value
        if drawn is not None:
            low, high = 100 * drawn["low"], 100 * drawn["high"]
            ax.plot([low, high], [y + 0.3, y + 0.3], color="black", linewidth=1.4, solid_capstyle="butt")
            ax.plot([low, high], [y + 0.3, y + 0.3], "|", color="black", markersize=5)
    names, at = ("degree 1", "degree 2", "degree 3", "4 or more"), share["gaussian-h4"]
    centres = np.cumsum([at[1], at[2], at[3], 1 - at[1:4].sum()]) - 0.5 * np.array([at[1], at[2], at[3], at[4:].sum()])
    for name, centre in zip(names, centres, strict=True):  # in the gap, below the segments they name
        x = max(100 * centre, 8.5)
        ax.text(x, len(share) - 0.15, name, fontsize=7, ha="center", va="center", color=_DARK)
    ax.set_yticks(places, [minus(label) for label in labels], fontsize=7)
    ax.set_ylim(max(places) + 0.6, -0.6)
    ax.set_xlim(0, 100)
    ax.set_xlabel("share of the variance of $C$ (%)\nwhiskers: degrees 1 and 2 together, 95 % of draws")


def draw_weights(ax: Axes, share: dict[str, FloatArray], contrasted: dict[str, dict[str, Any]]) -> None:
    """W(k) / variance on a log axis: two tasks, shuffled labels, random tables."""
    for row, name in enumerate(("mnist-4x4", "gaussian")):
        colour, marker, dash = _LINES[row]
        s = share[name]
        k = np.flatnonzero(s > _ROUNDING)
        ax.plot(k, s[k], marker=marker, color=colour, markersize=4, linewidth=1.2, linestyle=dash)
        drawn = contrasted[f"{name}, random labels"]["share"]
        k = np.flatnonzero(drawn["low"] > _ROUNDING)
        ax.fill_between(k, drawn["low"][k], drawn["high"][k], color=colour, alpha=0.2, linewidth=0)
        ax.plot(k, drawn["mean"][k], color=colour, linewidth=0.7)
        at = 6 if row == 0 else 9
        if row == 0:
            label = f"{name}\n(3 and 5:\nzero)" if max(s[3], s[5]) < _ROUNDING else name
            place: dict[str, Any] = {"xytext": (-6, -12), "ha": "right", "va": "center"}
        else:
            label, place = name, {"xytext": (7, 2)}
        ax.annotate(label, (at, s[at]), textcoords="offset points", fontsize=7.5, color=colour, **place)
    table = contrasted["random table"]
    n = table["N"]
    k = np.arange(1, n + 1)
    ax.plot(k, binom.pmf(k, n, 0.5), color=GREY, linewidth=1.2, linestyle=":")
    ax.fill_between(k, table["share"]["low"][1:], table["share"]["high"][1:], color=GREY, alpha=0.3, linewidth=0)
    ax.plot(k, table["share"]["mean"][1:], ".", color="#6E6E6E", markersize=4)
    ax.text(
        n, 1e-13, f"random tables\n(line: binomial,\n$N$ = {n})", fontsize=7.5, color=_DARK, ha="right", va="center"
    )
    ax.text(
        0.02,
        0.03,
        "thin lines: shuffled labels\n(mean; bands: 95 % of draws)",
        fontsize=7,
        color=_DARK,
        transform=ax.transAxes,
    )
    ax.set_yscale("log")
    ax.set_ylim(bottom=max(1e-18, 1e-3 * ax.get_ylim()[0]), top=5)  # room for the note
    ax.set_xticks([1, *range(2, n + 1, 2)])
    ax.set_xlabel("degree $k$")
    ax.set_ylabel("$W(k)$ / variance")


def draw_matrix(ax: Axes, found: Analysis) -> None:
    """Degree-2 coefficients as a symmetric matrix, blocks of bits named and divided."""
    matrix = couplings(found.spectrum)
    np.fill_diagonal(matrix, np.nan)
    limit = float(np.nanmax(np.abs(matrix)))
    image = ax.imshow(matrix, cmap="RdBu", vmin=-limit, vmax=limit)
    ax.set_facecolor("#E8E8E8")
    layout = found.task.network.layout
    places, labels = [], []
    for name, (first, shape) in layout.items():
        size = int(np.prod(shape))
        places.append(first + (size - 1) / 2)
        labels.append(
            {"W1": "$W_1$", "W2": "$W_2$", "b1": "$b_1$", "b2": "$b_2$", "activation": "act."}.get(name, name)
        )
        if first:
            ax.axhline(first - 0.5, color=_DARK, linewidth=0.5)
            ax.axvline(first - 0.5, color=_DARK, linewidth=0.5)
    ax.set_xticks(places, labels, fontsize=7.5)
    ax.set_yticks(places, labels, fontsize=7.5)
    ax.tick_params(length=0)
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.8, pad=0.02)
    bar.ax.tick_params(labelsize=6.5)
    bar.outline.set_visible(False)
    bar.set_label("$f(\\{i, j\\})$", fontsize=7.5)


_SHORT = {
    "mnist-4x4": "mnist-4x4",
    "mnist-4x4-encoding": "encoding",
    "gaussian": "gaussian",
    "gaussian-h4": "gaussian-h4",
}


def draw_truncation(ax: Axes, truncations: dict[str, dict[int, Truncated]]) -> None:
    """Excess cost of the minimizers of truncated costs."""
    floor = 1e-3
    for (name, short), (colour, marker, dash) in zip(_SHORT.items(), _LINES, strict=True):
        degrees = list(truncations[name])
        values = np.maximum([t.excess for t in truncations[name].values()], floor)
        ax.plot(degrees, values, marker=marker, color=colour, linestyle=dash, markersize=4, linewidth=1.2, label=short,
                markerfacecolor="white")  # fmt: skip
    ax.set_xticks(degrees)
    ax.set_xlabel("degrees kept: up to $d$")
    ax.set_yscale("log")
    ax.set_ylim(floor * 0.6, 50)
    ax.set_yticks([floor, 1e-2, 1e-1, 1], ["$\\leq 10^{-3}$", "$10^{-2}$", "$10^{-1}$", "1"])
    ax.set_ylabel("$(C(x_d) - C_{\\min})\\ /\\ \\sigma_C$")
    ax.legend(frameon=False, fontsize=7, handlelength=2.4, ncols=2, loc="upper right")


def draw_growth(ax: Axes, growing: dict[str, dict[int, dict[str, Any]]]) -> None:
    """Mean degree against hidden width for each activation."""
    ends: dict[str, tuple[float, str]] = {}
    for (name, by_width), (colour, marker, dash) in zip(growing.items(), _LINES, strict=True):
        widths = list(by_width)
        at = [by_width[w]["mean_degree"] for w in widths]
        mean = np.array([a["mean"] for a in at])
        errors = [mean - [a["low"] for a in at], [a["high"] for a in at] - mean]
        ax.errorbar(widths, mean, yerr=errors, marker=marker, color=colour, linestyle=dash, markersize=4, linewidth=1.2)
        ends[name] = (float(mean[-1]), colour)
    low, high = ax.get_ylim()
    y = -np.inf
    for name, (mean_at_end, colour) in sorted(ends.items(), key=lambda item: item[1][0]):
        y = max(mean_at_end, y + 0.055 * (high - low))  # labels keep off each other
        ax.text(widths[-1] + 0.15, y, name, fontsize=7.5, color=colour, va="center")
    ax.set_xlim(0.8, widths[-1] + 1.3)
    ax.set_xticks(widths)
    ax.set_xlabel("hidden neurons")
    ax.set_ylabel("mean degree, weighted by $W(k)$")
