"""Draw figures/demo.png from the file that ``walshqhn demo`` leaves behind.

walshqhn demo
python analysis/demo_figure.py walshqhn-demo/mnist-4x4.h5 figures/demo.png
"""

import argparse
from pathlib import Path

from matplotlib.figure import Figure

from walshqhn.binn.catalog import load_task_from_spec
from walshqhn.formats import hdf5 as storage
from walshqhn.plotting import spectrum as plotting


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="mnist-4x4.h5 of a demo")
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    contents = storage.load(arguments.file)
    training = contents.training
    if contents.spectrum is None or contents.hamiltonian is None or contents.task is None or training is None:
        raise SystemExit(f"{arguments.file} is not the file of a demo")
    task = load_task_from_spec(contents.task)
    figure = Figure(figsize=(11, 7), layout="constrained", dpi=130)
    axes = figure.subplots(2, 2)
    plotting.plot_degree_weights(axes[0, 0], contents.spectrum.degree_weights())
    plotting.plot_largest_coefficients(axes[0, 1], contents.hamiltonian, task.bit_names, count=15)
    plotting.plot_training(axes[1, 0], training)
    plotting.plot_weights(axes[1, 1], task, training.best_bits)
    for ax, letter in zip(axes.ravel(), "abcd", strict=True):
        ax.set_title(letter, loc="left", fontweight="bold")
    figure.savefig(arguments.output)


if __name__ == "__main__":
    main()
