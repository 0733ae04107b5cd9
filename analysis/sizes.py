"""How local the cost of real MNIST is at every size of its images, up to full size, where nothing can be enumerated.

Degrees up to 2 are exact (`walshqhn.low_degree_hamiltonian`); what all higher degrees weigh is the mean of (C - H)^2
over random networks. At 4x4, all networks are evaluated.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn import WalshSpectrum, load_task, low_degree_hamiltonian
from walshqhn.plotting.style import BLUE, GREY, ORANGE

from . import common
from .common import Finding, Settings
from .drawing import blank_figure, panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLE = "How local is the cost of full-size MNIST?"
CLAIM = (
    "The cost is nearly local at 4x4 pixels, where all networks can be enumerated. We know of no numbers for larger "
    "images."
)
ENUMERABLE = 20
"""Bits up to which all networks are evaluated."""
WEIGHTS = {"weights ±1": (-1, 1), "weights (-3, 1)": (-3, 1)}
_LINES = (("degree 1", BLUE, "o"), ("degree 2", ORANGE, "s"), ("all higher", GREY, "D"))


def run(settings: Settings) -> Finding:
    """Coefficients, what they leave out, a panel for each pair of weight values."""
    sizes, images = settings.pick((4, 8, 14, 28), (2, 4, 8)), settings.pick(None, 100)
    numbers: dict[str, dict[int, dict[str, Any]]] = {}
    for label, values in WEIGHTS.items():
        numbers[label] = {}
        for size in sizes:
            task = load_task("mnist-4x4", size=size, weight_values=values, num_samples=images)
            share = shares(task, settings.pick(6000, 500))
            numbers[label][size] = share | {"images": len(task.data.train)}
            common.say(f"{label}, {size}x{size}: degree 1, 2, higher: {share['share']} ± {share['error']:.1g}")
    figure = blank_figure(7.4, 3.1)
    axes = figure.subplots(1, 2, sharey=True)
    for ax, letter, (label, found) in zip(axes, "ab", numbers.items(), strict=True):
        draw(ax, found)
        panel(ax, letter, label)
    axes[0].set_ylabel("share of the variance of C")
    count = next(iter(next(iter(numbers.values())).values()))["images"]
    runs = (
        f"{count:,} images of 0 and 1; coefficients exact, higher degrees from random networks; bars: standard errors"
    )
    return Finding(figure, describe(numbers), runs, numbers)


def shares(task: Any, samples: int) -> dict[str, Any]:
    """Shares of degree 1, degree 2 and all higher ones in the variance, and the standard error of the last."""
    if task.num_bits <= ENUMERABLE:
        hamiltonian = WalshSpectrum.from_cost(task).hamiltonian(max_degree=2)
    else:
        hamiltonian = low_degree_hamiltonian(task, 2, samples=samples)
    known, rest = hamiltonian.degree_weights()[1:3], hamiltonian.discarded_weight
    variance = float(known.sum()) + rest
    error = hamiltonian.discarded_error * float(known.sum()) / variance**2
    return {
        "num_bits": task.num_bits, "terms": len(hamiltonian), "variance": variance,
        "share": [*(known / variance).tolist(), rest / variance], "error": error,
        "coefficient_error": hamiltonian.coefficient_error,
    }  # fmt: skip


def describe(numbers: dict[str, dict[int, dict[str, Any]]]) -> str:
    """Shares at all sizes, in words."""
    sentences = []
    for label, found in numbers.items():
        rest = [f"{100 * s['share'][2]:.2g} ± {100 * s['error']:.1g} % at {size}x{size}" for size, s in found.items()]
        sentences.append(f"{label}: degrees above 2 hold {', '.join(rest)} of the variance.")
    sentences.append(
        "With weights (-3, 1) most outputs on large images lie far on one side of 0 for nearly every network, where "
        "the loss is linear: C is then 1-local, and what remains is owed to networks rarer than those drawn here."
    )
    return " ".join(sentences)


def draw(ax: Axes, found: dict[int, dict[str, Any]]) -> None:
    """The three shares against the size of the images."""
    at = np.arange(len(found))
    values = np.array([s["share"] for s in found.values()])
    for k, (name, colour, marker) in enumerate(_LINES):
        errors = [s["error"] if k == 2 else 0.0 for s in found.values()]
        ax.errorbar(at, values[:, k], errors, color=colour, marker=marker, markersize=4, linewidth=1.2, label=name)
    ax.set_yscale("log")
    ax.set_xticks(at, [f"{size}x{size}\nN = {s['num_bits']}" for size, s in found.items()])
    ax.set_xlim(-0.4, len(found) - 0.6)
    ax.set_xlabel("pixels and bits")
    ax.legend(fontsize=7.5, frameon=False)


if __name__ == "__main__":
    sys.exit(common.main(sys.modules[__name__]))
