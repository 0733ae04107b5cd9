"""Figures. Every function draws into the Axes it is given; none saves or shows anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from walshqhn.binn.task import NetworkTask
from walshqhn.circuits.ansatz import Ansatz
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.support.errors import UsageError
from walshqhn.training.result import TrainingResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's palette: told apart by colour-blind readers and in grey
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#8C8C8C"
_ROUNDING = 1e-28  # of the total weight: squares of rounding errors lie below


def new_figure(width: float = 6.0, height: float = 4.0) -> tuple[Any, Axes]:
    """A Figure and its Axes, without pyplot's global state."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", dpi=150)
    return figure, figure.add_subplot()


def circuit_size(ansatz: Ansatz) -> tuple[float, float]:
    """Width and height, in inches, at which the drawing of a circuit keeps its proportions."""
    return 2.2 + 0.74 * ansatz.circuit().depth(), 1.2 + 0.74 * ansatz.num_qubits


def _clean(ax: Axes) -> None:
    ax.spines[["top", "right"]].set_visible(False)


def plot_degree_weights(ax: Axes, weights: npt.ArrayLike, *, title: str = "") -> None:
    """W(k) against the degree k on a log axis; degrees with nothing but rounding are named, not drawn.

    ``weights``: (N + 1,).
    """
    from matplotlib.ticker import MaxNLocator

    w = np.asarray(weights, dtype=np.float64)
    k = np.arange(len(w))
    seen = w > _ROUNDING * w.sum()
    bottom = w[seen].min(initial=1.0) / 10
    ax.vlines(k[seen], bottom, w[seen], color=BLUE, linewidth=1.5)
    ax.plot(k[seen], w[seen], "o", color=BLUE, markersize=5)
    ax.set_yscale("log")
    ax.set_ylim(bottom, w.max(initial=1.0) * 30)
    ax.set_xlim(-0.5, max(4, k[seen].max(initial=0)) + 1)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    variance = w[1:].sum()
    for degree in k[seen & (k > 0)]:
        share = 100 * w[degree] / variance
        if share >= 0.01 and degree <= 8:
            text, at = f"{share:.1f} %" if share >= 1 else f"{share:.2g} %", (degree, w[degree])
            ax.annotate(text, at, (0, 6), textcoords="offset points", ha="center", fontsize=7, color=BLUE)
    if variance > 0:
        ax.text(0.99, 0.87, "%: share of the variance", color=BLUE, ha="right", fontsize=8, transform=ax.transAxes)
    if not seen.all():
        absent = k[~seen]
        listed = (
            ", ".join(map(str, absent))
            if len(absent) <= 8
            else f"{absent[0]}, {absent[1]}, ... ({len(absent)} degrees)"
        )
        ax.set_title(f"zero up to rounding: k = {listed}", loc="right", fontsize=8, color=GREY, y=0.94)
    ax.set_xlabel("degree $k$")
    ax.set_ylabel(r"weight $W(k) = \sum_{|S|=k} f(S)^2$")
    ax.set_title(title or "Weight spectrum of the cost", fontsize=10)
    _clean(ax)


def plot_largest_coefficients(
    ax: Axes, hamiltonian: IsingHamiltonian, names: Sequence[str] | None = None, *, count: int = 20, title: str = ""
) -> None:
    """The ``count`` largest coefficients as bars, each labelled with the bits in its term."""
    labels = hamiltonian.labels(names)
    terms = hamiltonian.largest(count)
    values = np.array([value for _, value in terms])
    rows = np.arange(len(terms))
    ax.barh(rows, np.abs(values), color=np.where(values > 0, ORANGE, BLUE), height=0.7)
    ax.set_yticks(rows, [_term_label([labels[q] for q in qubits]) for qubits, _ in terms], fontsize=8)
    ax.invert_yaxis()
    ax.set_xlim(left=0)
    ax.set_xlabel("$|f(S)|$      orange: $f > 0$, even numbers of ones cost more; blue: $f < 0$, odd ones", fontsize=8)
    heading = f"The {len(terms)} largest Fourier coefficients" if terms else "No terms: a constant cost"
    ax.set_title(title or heading, fontsize=10)
    _clean(ax)


def _term_label(bits: Sequence[str]) -> str:
    """Names of the bits in a term; long ones are cut."""
    return " · ".join(bits) if len(bits) <= 3 else f"{' · '.join(bits[:2])} · ... ({len(bits)} bits)"


def plot_cost_histogram(ax: Axes, table: npt.ArrayLike, *, found: float | None = None, title: str = "") -> None:
    """How many configurations have which cost, with the minimum marked (and the cost ``found``, if given)."""
    costs = np.asarray(table, dtype=np.float64)
    ax.hist(costs, bins=min(200, max(10, int(np.sqrt(costs.size)))), color=BLUE, log=True)
    low = float(costs.min())
    top = ax.get_ylim()[1]
    ax.set_ylim(0.7, top * 3)
    ax.axvline(low, color=ORANGE, linewidth=1)
    at_minimum = found is not None and bool(np.isclose(found, low, rtol=1e-12))
    ax.text(
        low, top * 2.4, f" minimum {low:.5g}" + ("\n (found)" if at_minimum else ""), color=ORANGE, va="top", fontsize=8
    )
    if found is not None and not at_minimum:
        ax.axvline(found, color=GREEN, linewidth=1, linestyle="--")
        ax.text(found, top * 1.2, f" best found {found:.5g}", color=GREEN, va="top", fontsize=8)
    ax.set_xlabel("cost $C$")
    ax.set_ylabel("configurations per bin")
    ax.set_title(title or f"Costs of all {costs.size:,} configurations", fontsize=10)
    _clean(ax)


def plot_training(ax: Axes, result: TrainingResult, *, title: str = "") -> None:
    """The mean cost E (or another objective) along every run; above the exact minimum, on a log axis, where known."""
    best = result.best_run
    gibbs = result.settings.get("objective", {}).get("name") == "gibbs"  # is no cost, and has another zero
    base = 0.0 if gibbs else result.exact_minimum or 0.0
    log = not gibbs and result.exact_minimum is not None and any((run.history > base).any() for run in result.runs)
    for run in result.runs:
        is_best = run is best
        ax.plot(
            np.arange(len(run.history)),
            run.history - base,
            color=BLUE if is_best else GREY,
            linewidth=2 if is_best else 0.8,
            zorder=3 if is_best else 2,
        )
    if log:
        ax.set_yscale("log")
        smallest = min(float((run.history - base).min()) for run in result.runs)
        ax.set_ylim(bottom=max(smallest / 2, 1e-12))
    values_only = result.settings["optimizer"] in ("COBYLA", "COBYQA", "Nelder-Mead")
    ax.set_xlabel("evaluation" if values_only else "iteration")
    symbol, words = _objective(result)
    ax.set_ylabel(rf"${symbol} - C_{{\min}}$" if log else f"${symbol}$")
    ax.text(0.02, 0.03, f"${symbol}$: {words}", fontsize=8, color=GREY, transform=ax.transAxes)
    if len(result.runs) > 1:
        ax.text(
            0.98, 0.95, f"best of {len(result.runs)} runs", color=BLUE, ha="right", transform=ax.transAxes, fontsize=9
        )
        ax.text(0.98, 0.89, "the others", color=GREY, ha="right", transform=ax.transAxes, fontsize=9)
    layers = result.ansatz.get("layers")
    depth = "" if layers is None else f", {layers} layer{'' if layers == 1 else 's'}"
    name = f"{result.ansatz['name']} ansatz{depth}"
    ax.set_title(title or f"Training: {name}, {result.settings['optimizer']}", fontsize=10)
    _clean(ax)


def _objective(result: TrainingResult) -> tuple[str, str]:
    """Symbol and words for what was minimized."""
    objective = result.settings.get("objective", {"name": "mean"})
    if objective["name"] == "cvar":
        share = f"{100 * objective['alpha']:g} %"
        return r"\mathrm{CVaR}", f"mean cost of the cheapest {share} of what is measured"
    if objective["name"] == "gibbs":
        return r"G", rf"Gibbs objective, $-\log\langle e^{{-\eta C}}\rangle$, $\eta$ = {objective['eta']:g}"
    return "E", "mean cost of what is measured"


def has_weight_image(task: NetworkTask) -> bool:
    """Whether one weight belongs to each pixel of an image, so that `plot_weights` can draw them."""
    return task.data.image_shape is not None and not task.network.hidden and task.network.num_outputs == 1


def plot_weights(ax: Axes, task: NetworkTask, bits: npt.ArrayLike, *, title: str = "") -> None:
    """Weights of one configuration as a picture of the input; pixels that are blank in all training images say "any".

    UsageError if the weights are no image.
    """
    if not has_weight_image(task) or task.data.image_shape is None:
        raise UsageError(f"task {task.name!r} has no single image of weights to draw.")
    blocks = task.network.weights(bits)
    image = blocks["W1"][:, 0].reshape(task.data.image_shape)
    blank = np.logical_not(task.data.train.x.any(axis=0)).reshape(image.shape)
    limit = float(np.abs(image).max()) or 1.0
    ax.imshow(np.where(blank, np.nan, image), cmap="RdBu", vmin=-1.6 * limit, vmax=1.6 * limit)
    ax.set_facecolor("#E8E8E8")
    for (i, j), value in np.ndenumerate(image):
        text = "any" if blank[i, j] else f"{value:+g}" if value else "0"
        ax.text(j, i, text, ha="center", va="center", fontsize=11, color=GREY if blank[i, j] else "black")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_xlabel(
        "blue: ink there speaks for the second class,\nred: for the first; any: no image has ink there", fontsize=7
    )
    bias = blocks[task.network.output_bias][0]
    ax.set_title(title or f"Weights of the best network\n(bias {f'{bias:+g}' if bias else '0'})", fontsize=10)


def plot_circuit(ax: Axes, ansatz: Ansatz, params: npt.ArrayLike | None = None) -> None:
    """The circuit, drawn by Qiskit; with angles if ``params`` are given."""
    ansatz.circuit(params).draw(output="mpl", ax=ax, fold=-1, style="iqp", plot_barriers=False)
    qubits = f"{ansatz.num_qubits} qubit{'' if ansatz.num_qubits == 1 else 's'}"
    ax.set_title(f"{ansatz.description['name']} ansatz, {qubits}, {ansatz.num_parameters} angles", fontsize=10)
