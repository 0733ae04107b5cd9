"""Draw figures/demo.png from the file that ``walshqhn demo`` leaves behind.

walshqhn demo
python -m analysis.demo_figure walshqhn-demo/mnist-4x4.h5 figures/demo.png
"""

import argparse
import sys
from pathlib import Path

from walshqhn.binn.task import NetworkTask
from walshqhn.plotting.network import plot_weights
from walshqhn.plotting.spectrum import plot_degree_weights, plot_largest_coefficients
from walshqhn.plotting.training import plot_training
from walshqhn.support.errors import WalshqhnError
from walshqhn.workspace import Workspace

from .drawing import blank_figure


def main() -> None:
    """Four panels: weight spectrum, largest coefficients, training, the network found."""
    parser = argparse.ArgumentParser(description="Draw figures/demo.png from the file that walshqhn demo leaves.")
    parser.add_argument("file", type=Path, help="mnist-4x4.h5 of a demo")
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    demo = Workspace.open(arguments.file)
    training, task = demo.training, demo.task
    if training is None or not isinstance(task, NetworkTask):
        raise SystemExit(f"{arguments.file} is not the file of a demo")
    figure = blank_figure(11, 7)
    axes = figure.subplots(2, 2)
    plot_degree_weights(axes[0, 0], demo.spectrum.degree_weights())
    plot_largest_coefficients(axes[0, 1], demo.hamiltonian, demo.bit_names, count=15)
    plot_training(axes[1, 0], training)
    plot_weights(axes[1, 1], task, training.best_bits)
    for ax, letter in zip(axes.ravel(), "abcd", strict=True):
        ax.set_title(letter, loc="left", fontweight="bold")
    figure.savefig(arguments.output, dpi=130)


if __name__ == "__main__":
    try:
        main()
    except WalshqhnError as error:
        sys.exit(str(error))
