"""Figures of studies. As in `walshqhn.plotting.spectrum`, functions draw into the Axes they are given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from walshqhn.plotting.spectrum import BLUE, GREEN, GREY, ORANGE
from walshqhn.study.statistics import success_curve
from walshqhn.support.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from walshqhn.study.plan import Study
    from walshqhn.support.arrays import FloatArray

# Okabe and Ito's palette, and line styles for print in grey
COLOURS = (GREY, BLUE, ORANGE, GREEN, "#CC79A7", "#56B4E9", "#E69F00", "#000000")
_DASHES: tuple[str | tuple[int, tuple[int, ...]], ...] = ("-", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
_LEAST = 1e-6  # of the range of energies: what lies below counts as none; how far it converged is no news


def _finished(study: Study) -> list[int]:
    found = [v for v in range(len(study.plan.variants)) if study.runs(v)]
    if not found:
        raise UsageError("the study has no finished runs to draw.")
    return found


def _epsilons(study: Study, variants: Sequence[int], points: int) -> FloatArray:
    """A log-spaced grid from below the least excess to above the largest."""
    excess = np.concatenate([study.energies(v) for v in variants]) - study.exact_minimum
    high = max(float(excess.max()), 1e-12)
    low = max(float(excess.min()), _LEAST * high)
    return np.geomspace(low / 2, high * 1.5, points)


def plot_success(ax: Axes, study: Study, *, title: str = "", points: int = 400) -> None:
    """P(E - min C <= epsilon) against epsilon for every variant, with 95 % Wilson intervals."""
    variants = _finished(study)
    epsilons = _epsilons(study, variants, points)
    for v in variants:
        estimate, low, high = success_curve(study, v, epsilons)
        colour, dash = COLOURS[v % len(COLOURS)], _DASHES[v % len(_DASHES)]
        count = len(study.runs(v))
        label = f"{study.plan.variants[v].label} ({count} run{'' if count == 1 else 's'})"
        ax.plot(epsilons, estimate, color=colour, linestyle=dash, linewidth=1.8, label=label)
        ax.fill_between(epsilons, low, high, color=colour, alpha=0.15, linewidth=0)
    ax.set_xscale("log")
    ax.set_ylim(-0.02, 1.02)
    ax.set_xlabel(r"$\epsilon$")
    ax.set_ylabel(r"$P(E - C_{\min} \leq \epsilon)$")
    ax.legend(frameon=False, fontsize=8, loc="best")
    ax.set_title(title or "success probability, bands: 95 % Wilson intervals", fontsize=10)
    ax.spines[["top", "right"]].set_visible(False)


def plot_energies(ax: Axes, study: Study, spectrum: FloatArray | None = None, *, title: str = "") -> None:
    """Final energies of all runs, a row of marks for each variant, above the lowest costs there are.

    ``spectrum``: the cost table (2^N,), whose low end is drawn as lines at the bottom.
    """
    variants = _finished(study)
    rng = np.random.default_rng(0)  # only where a mark lies within its row
    least = study.exact_minimum
    excess = {v: study.energies(v) - least for v in variants}
    high = max(float(e.max()) for e in excess.values()) or 1e-12
    floor = max(min(float(e.min()) for e in excess.values()), _LEAST * high)
    for row, v in enumerate(variants, start=1):
        colour = COLOURS[v % len(COLOURS)]
        values = np.maximum(excess[v], floor)
        ax.plot(values, row + rng.uniform(-0.28, 0.28, len(values)), ".", color=colour, markersize=4, alpha=0.6)
        ax.plot(np.median(values), row, "|", color="black", markersize=22, markeredgewidth=1.6)
    ticks, labels = list(range(1, len(variants) + 1)), [study.plan.variants[v].label for v in variants]
    if spectrum is not None:
        levels = np.unique(np.round(np.sort(spectrum)[:2000] - least, 12))
        levels = levels[(levels > floor) & (levels < 1.5 * high)]
        if len(levels):
            ax.vlines(levels, -0.3, 0.3, color="black", linewidth=0.5)
            ticks, labels = [0, *ticks], ["costs of networks", *labels]
    ax.set_xscale("log")
    ax.set_yticks(ticks, labels)
    ax.set_xlabel(r"$E - C_{\min}$ (at the left edge: that or less)")
    ax.set_title(title or "final energy of every run; black bar: median", fontsize=10)
    ax.spines[["top", "right"]].set_visible(False)
