"""The figure of `analysis.noise`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn.plotting.style import BLUE, GREEN, GREY, ORANGE, PINK
from walshqhn.study.statistics import Proportion

from .drawing import blank_figure, panel, power

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from walshqhn.support.arrays import FloatArray

SAME = 1e-9
"""Costs closer than that are those of the same network, or of one that differs in pixels that are always blank."""
NEAR = 1e-6
"""The four best networks lie within 7e-7: trainings that are not followed for long do not tell them apart."""
PICKED = (0.0, 0.4, 1.0, 2.0)
"""Strengths whose histograms are drawn."""


def draw(
    strengths: FloatArray,
    energies: FloatArray,
    cost: FloatArray,
    fractions: list[Proportion],
    near: list[Proportion],
    *,
    free: FloatArray,
    chance: float,
) -> Figure:
    """From ``energies`` (circuits, strengths, shots) above the minimum of ``cost``; the rest as `draw_fractions`.

    Energies are drawn in standard deviations of C over all networks, as the text has them.
    """
    deviation = float(cost.std())
    figure = blank_figure(7.2, 5.4)
    parts: Any = figure.subfigures(2, 1, height_ratios=(1.15, 1))
    top, bottom = parts
    left, right = top.subplots(1, 2)
    shots = energies.shape[2]
    draw_energies(left, strengths, energies / deviation)
    share = (energies <= SAME).mean(axis=(0, 2))
    draw_fractions(right, strengths, fractions, near, share=share, free=free, chance=chance, shots=shots)
    panel(left, "a", f"mean and least energy of {shots:,} samples")
    panel(right, "b", "how often a minimum is found")
    shown = [int(np.abs(strengths - p).argmin()) for p in PICKED]
    row = bottom.subplots(1, len(shown), sharex=True, sharey=True)
    for ax, k in zip(row, shown, strict=True):
        draw_histogram(ax, energies[:, k] / deviation, (cost - cost.min()) / deviation)
        ax.set_title(f"$p$ = {strengths[k]:g}", fontsize=8, y=0.87)
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=7.5)
    row[0].set_ylabel("share of samples")
    row[0].yaxis.label.set_fontsize(8.5)
    bottom.supxlabel(r"$(C - C_{\min})\ /\ \sigma_C$ of a sample", fontsize=8.5)
    bottom.suptitle(
        r"$\bf{c}$  energies of the samples of all circuits (dotted: of all networks)", fontsize=8.5, x=0.01, ha="left"
    )
    return figure


def draw_energies(ax: Axes, strengths: FloatArray, energies: FloatArray) -> None:
    """Mean and least of every circuit's samples, above the minimum; energies (circuits, strengths, shots)."""
    means, least = energies.mean(axis=2), energies.min(axis=2)
    low, middle, high = np.quantile(means, (0.1, 0.5, 0.9), axis=0)
    ax.plot(strengths, means.T, color=GREY, linewidth=0.3, alpha=0.5)
    ax.fill_between(strengths, low, high, color=BLUE, alpha=0.25, linewidth=0)
    ax.plot(strengths, middle, "o-", color=BLUE, markersize=3.5)
    ax.plot(strengths, least.T, "_", color=GREEN, markersize=7, markeredgewidth=1.5, alpha=0.5, clip_on=False)
    top = float(means.max()) * 1.35 + 1e-12
    ax.text(0.03, 0.97, "mean: median circuit and middle 80 %\n(grey: each circuit)", fontsize=7, va="top", color=BLUE,
            transform=ax.transAxes)  # fmt: skip
    ax.text(strengths[-1], 0.02 * top, "least: one bar a circuit", fontsize=7, color=GREEN, ha="right", va="bottom")
    ax.set_ylim(-0.01 * top, top)
    ax.set_xticks(strengths[:: 2 if len(strengths) > 6 else 1])
    ax.set_xlabel("strength of noise $p$")
    ax.set_ylabel(r"$(E - C_{\min})\ /\ \sigma_C$")


def draw_fractions(
    ax: Axes,
    strengths: FloatArray,
    fractions: list[Proportion],
    near: list[Proportion],
    *,
    share: FloatArray,
    free: FloatArray,
    chance: float,
    shots: int,
) -> None:
    """Against the strength: circuits with a minimum among their samples, samples that are one, shots without an error.

    ``chance``: how often one is among as many networks drawn at random.
    """
    for rows, colour, style, text in (
        (near, GREEN, "o-", rf"circuits: best of {shots:,} samples within {power(NEAR)} of $C_{{\min}}$"),
        (fractions, PINK, "^-.", rf"circuits: best of {shots:,} samples exactly $C_{{\min}}$"),
    ):
        estimates = np.array([f.estimate for f in rows])
        bars = np.array([[f.estimate - f.low, f.high - f.estimate] for f in rows]).T
        shift = 0.012 * (1 if rows is near else -1)
        ax.errorbar(strengths + shift, estimates, bars, fmt=style, color=colour, markersize=3.5, capsize=2, label=text)
    ax.plot(strengths, share, "s--", color=BLUE, markersize=3, label=r"samples exactly $C_{\min}$")
    ax.plot(strengths, free, color=ORANGE, linewidth=1.2, linestyle=(0, (3, 1, 1, 1)),
            label="shots without any error")  # fmt: skip
    ax.axhline(
        chance,
        color="black",
        linewidth=0.8,
        linestyle=":",
        label=rf"best of {shots:,} random networks exactly $C_{{\min}}$",
    )
    ax.legend(frameon=False, fontsize=7, loc="upper right")
    ax.set_yticks(np.linspace(0, 1, 6))
    ax.set_ylim(-0.02, 1.72)
    ax.set_xticks(strengths[:: 2 if len(strengths) > 6 else 1])
    ax.set_xlabel("strength of noise $p$")
    ax.set_ylabel("fraction")


def draw_histogram(ax: Axes, energies: FloatArray, excess: FloatArray) -> None:
    """Energies of samples, of any shape, and of all networks, above the minimum, in the same bins."""
    edges = np.linspace(0, float(excess.max()) * 1.001, 33)
    ax.stairs(np.histogram(energies, edges)[0] / energies.size, edges, fill=True, color=BLUE, alpha=0.8)
    ax.stairs(np.histogram(excess, edges)[0] / excess.size, edges, color="black", linestyle=":", linewidth=1)
    ax.set_yscale("log")
    ax.set_ylim(1e-5, 3)
