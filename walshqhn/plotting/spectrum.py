"""Figures of costs and their spectra. All functions draw into given Axes; they neither save nor show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.plotting.style import BLUE, GREEN, GREY, ORANGE, finish, literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LONGEST = 16  # characters of a bit's name
_ROUNDING = 1e-28  # of the total weight: squared rounding errors are smaller


def plot_degree_weights(ax: Axes, weights: npt.ArrayLike, *, rest: float = 0.0, title: str = "") -> None:
    """W(k), from ``weights`` (N+1,), against the degree k on a log axis; weights at rounding level are only listed.

    ``rest``: the weight of all degrees that ``weights`` does not reach, in grey.
    """
    from matplotlib.ticker import MaxNLocator

    w = np.asarray(weights, dtype=np.float64)
    k = np.arange(len(w))
    seen = w > _ROUNDING * w.sum()
    bottom = min(w[seen].min(initial=w.max() or 1.0), rest or np.inf) / 10
    ax.vlines(k[seen], bottom, w[seen], color=BLUE, linewidth=1.5)
    ax.plot(k[seen], w[seen], "o", color=BLUE, markersize=5)
    ax.set_yscale("log")
    ax.set_ylim(bottom, (w.max() or 1.0) * 30)
    ax.set_xlim(-0.5, max(4, k[seen].max(initial=0), len(w) if rest > 0 else 0) + 1)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    variance = w[1:].sum() + rest
    if rest > 0:
        ax.vlines(len(w), bottom, rest, color=GREY, linewidth=1.5)
        ax.plot(len(w), rest, "o", color=GREY, markersize=5)
        ax.annotate(f"all higher: {100 * rest / variance:.2g} %", (len(w), rest), (0, 6), textcoords="offset points",
                    ha="center", fontsize=7, color=GREY)  # fmt: skip
    for degree in k[seen & (k > 0)]:
        share = 100 * w[degree] / variance
        if share >= 0.01 and degree <= 8:
            text, at = f"{share:.1f} %" if share >= 1 else f"{share:.2g} %", (degree, w[degree])
            ax.annotate(text, at, (0, 6), textcoords="offset points", ha="center", fontsize=7, color=BLUE)
    if variance > 0:
        ax.text(0.99, 0.87, "%: share of the variance", color=BLUE, ha="right", fontsize=8, transform=ax.transAxes)
    if not seen.all():
        absent = k[~seen]
        listed = ", ".join(map(str, absent))
        if len(absent) > 8:
            listed = f"{absent[0]}, {absent[1]}, ... ({len(absent)} degrees)"
        ax.set_title(f"zero up to rounding: k = {listed}", loc="right", fontsize=8, color=GREY, y=0.94)
    ax.set_xlabel("degree $k$")
    ax.set_ylabel(r"weight $W(k) = \sum_{|S|=k} f(S)^2$")
    finish(ax, title or "Weight spectrum of the cost")


def plot_largest_coefficients(
    ax: Axes, hamiltonian: IsingHamiltonian, names: Sequence[str] | None = None, *, count: int = 20, title: str = ""
) -> None:
    """The ``count`` largest coefficients as bars, labelled with the bits of their terms."""
    labels = [_short(label) for label in hamiltonian.labels(names)]
    terms = hamiltonian.largest(count)
    values = np.array([value for _, value in terms])
    rows = np.arange(len(terms))
    ax.barh(rows, np.abs(values), color=np.where(values > 0, ORANGE, BLUE), height=0.7)
    ax.set_yticks(rows, [_term_label(qubits, labels) for qubits, _ in terms], fontsize=8)
    ax.invert_yaxis()
    ax.set_xlim(left=0)
    for colour, meaning in ((ORANGE, "$f > 0$: an even number of ones costs more"), (BLUE, "$f < 0$: an odd one")):
        ax.barh(0, 0, color=colour, label=meaning)
    ax.legend(frameon=False, fontsize=7, loc="lower right")
    ax.set_xlabel("$|f(S)|$")
    heading = f"The {len(terms)} largest Fourier coefficients" if terms else "No terms: a constant cost"
    finish(ax, title or heading)


def _short(name: str) -> str:
    """A bit's name, without its middle if it is long."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 6]}...{name[-3:]}"


def _term_label(qubits: Sequence[int], labels: Sequence[str]) -> str:
    """The bits in a term: names of up to three, numbers of more, so that different terms have different labels."""
    if len(qubits) <= 3:
        return literal(" · ".join(labels[q] for q in qubits))
    runs: list[list[int]] = []
    for q in qubits:
        if runs and q == runs[-1][-1] + 1:
            runs[-1].append(q)
        else:
            runs.append([q])
    return "bits " + ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs)


def plot_cost_histogram(ax: Axes, table: npt.ArrayLike, *, found: float | None = None, title: str = "") -> None:
    """Histogram of a cost ``table`` (2^N,), with the minimum (and the cost ``found``, if given) marked."""
    costs = np.asarray(table, dtype=np.float64)
    ax.stairs(*np.histogram(costs, bins=min(200, max(10, int(np.sqrt(costs.size))))), fill=True, color=BLUE)
    ax.set_yscale("log")
    low = float(costs.min())
    top = ax.get_ylim()[1]
    ax.set_ylim(0.7, top * 3)
    ax.axvline(low, color=ORANGE, linewidth=1)
    at_minimum = found is not None and abs(found - low) <= 1e-12 * float(np.abs(costs).max())
    label = f" minimum {low:.5g}" + ("\n (found)" if at_minimum else "")
    ax.text(low, top * 2.4, label, color=ORANGE, va="top", fontsize=8)
    if found is not None and not at_minimum:
        ax.axvline(found, color=GREEN, linewidth=1, linestyle="--")
        ax.text(found, top * 1.2, f" best found {found:.5g}", color=GREEN, va="top", fontsize=8)
    ax.set_xlabel("cost $C$")
    ax.set_ylabel("configurations per bin")
    finish(ax, title or f"Costs of all {costs.size:,} configurations")
