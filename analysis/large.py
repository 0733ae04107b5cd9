"""Training every weight of a classifier of 8x8 and of full-size images: 65 and 785 qubits, exactly.

The circuit is a matrix product state, the cost its exact Hamiltonian of degree 2. What is found is judged by the
full cost, on all training images, and by the test images.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn import LinearAnsatz, MPSEngine, load_task, low_degree_hamiltonian, train
from walshqhn.plotting.style import BLUE, GREY, ORANGE
from walshqhn.study.baselines import one_flip_descent, simulated_annealing

from . import common
from .common import Finding, Settings
from .depths import depth_name
from .drawing import blank_figure, panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLE = "Training circuits on full-size MNIST"
CLAIM = "Circuits of 17 qubits are trained, for 4x4 pixels. We know of none that were trained for full-size images."
STARTS = 20
"""Of descents, each to where no flip lowers the energy, and of annealings."""
FLIPS = 300
"""That these may try, for each bit."""
_COLOURS = {0: GREY, 1: BLUE, 2: ORANGE}
_CLASSICAL = {"descent": one_flip_descent, "annealing": simulated_annealing}


def run(settings: Settings) -> Finding:
    """A panel for each size: E against iterations, for each depth; and what networks were found."""
    sizes, images = settings.pick((8, 28), (3, 4)), settings.pick(None, 60)
    runs, limit = settings.pick(3, 1), settings.pick(300, 20)
    numbers: dict[str, Any] = {}
    for size in sizes:
        task = load_task("mnist-4x4", size=size, num_samples=images)
        hamiltonian = low_degree_hamiltonian(task, 2, samples=settings.pick(2000, 100))
        found: dict[str, Any] = {"num_bits": task.num_bits, "images": len(task.data.train), "depths": {}}
        for layers in _COLOURS:
            result = train(
                LinearAnsatz(task.num_bits, layers), MPSEngine(hamiltonian), runs=runs, max_iterations=limit
            )  # fmt: skip
            found["depths"][layers] = judged(task, result.best_bits) | {
                "angles": len(result.parameters), "least": result.best_cost,
                "energies": [run.energy for run in result.runs],
                "seconds": sum(run.seconds for run in result.runs),
                "histories": [run.best_so_far.tolist() for run in result.runs],
            }  # fmt: skip
            common.say(f"{size}x{size}, {layers} layers: E = {min(run.energy for run in result.runs):.4g}")
        for name, method in _CLASSICAL.items():
            found[name] = float(np.min(method(hamiltonian, FLIPS * task.num_bits, STARTS).costs))
        numbers[f"{size}x{size}"] = found
    figure = blank_figure(7.4, 3.2)
    for ax, letter, (label, found) in zip(figure.subplots(1, 2), "ab", numbers.items(), strict=True):
        draw(ax, found)
        panel(ax, letter, f"{label} pixels, {found['num_bits']} qubits")
    figure.axes[0].set_ylabel("E above the least energy that was found")
    for ax, place in zip(figure.axes, ((0.66, 0.3), (0.02, 0.02)), strict=True):
        ax.legend(fontsize=7, frameon=False, loc=place)
    count = next(iter(numbers.values()))["images"]
    text = f"{count:,} images of 0 and 1; {runs} runs a depth, up to {limit} iterations of L-BFGS-B"
    return Finding(figure, describe(numbers), text, numbers)


def judged(task: Any, bits: np.ndarray) -> dict[str, float]:
    """A network's full cost, and its accuracy."""
    return {"cost": float(task.costs(bits[None])[0]), "accuracy": float(task.accuracy(bits[None], "test")[0])}


def describe(numbers: dict[str, Any]) -> str:
    """Energies, costs and accuracies at both sizes, in words."""
    sentences = []
    for label, found in numbers.items():
        for layers, one in found["depths"].items():
            sentences.append(
                f"{label}, {layers} layers ({one['angles']:,} angles): least E = {min(one['energies']):.4g}, the best "
                f"network has cost {one['cost']:.4g} and recognizes {100 * one['accuracy']:.2f} % of the test images."
            )
        sentences.append(
            f"Of the same Hamiltonian, 1-flip descent finds {found['descent']:.4g} and simulated annealing "
            f"{found['annealing']:.4g}, the best of {STARTS} each."
        )
    return " ".join(sentences)


def draw(ax: Axes, found: dict[str, Any]) -> None:
    """Every run's least E so far, against iterations, and what classical methods find, above the least of all."""
    least = min(*(found[name] for name in _CLASSICAL), *(one["least"] for one in found["depths"].values()))
    for layers, one in found["depths"].items():
        for k, history in enumerate(one["histories"]):
            label = depth_name(int(layers)) if k == 0 else None
            ax.plot(np.array(history) - least, color=_COLOURS[int(layers)], linewidth=1, label=label)
    for name, style in zip(_CLASSICAL, (":", "--"), strict=True):
        ax.axhline(found[name] - least, color="black", linewidth=0.9, linestyle=style, label=name)
    above = np.concatenate([line.get_ydata() for line in ax.lines])
    unit = 0.3 * float(above[above > 0].min())
    ax.set_yscale("symlog", linthresh=unit)  # has 0, where one of them is the least itself
    ax.set_ylim(bottom=-0.3 * unit)
    ax.set_xlabel("iterations")


if __name__ == "__main__":
    sys.exit(common.main(sys.modules[__name__]))
