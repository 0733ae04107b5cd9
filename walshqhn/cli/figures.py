"""Which figures there is data for, and saving them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from walshqhn.cli.common import Problem
from walshqhn.errors import UsageError, WalshqhnError
from walshqhn.files import check_target, write_atomically

if TYPE_CHECKING:
    from walshqhn.vqa.ansatz import Ansatz
    from walshqhn.vqa.result import TrainingResult

KINDS = (".png", ".pdf", ".svg")
_LARGEST_DRAWING = 1000  # gates


@dataclass(frozen=True)
class Drawing:
    """A figure that can be drawn."""

    draw: Callable[[Any], None]
    """Draws it into the Axes it is given."""
    size: tuple[float, float] = (6.0, 4.0)
    """Width and height, inches."""


def drawings(problem: Problem, training: TrainingResult | None) -> dict[str, Drawing]:
    """Every figure that ``problem`` and ``training`` have the data for, by kind."""
    from walshqhn import plotting
    from walshqhn.binn.task import NetworkTask
    from walshqhn.bits import index_to_bits

    names, hamiltonian = problem.bit_names, problem.contents.hamiltonian if problem.contents is not None else None
    if problem.num_bits > 30 and hamiltonian is not None:  # no table of costs to draw from
        return {
            "spectrum": Drawing(lambda ax: plotting.plot_degree_weights(ax, hamiltonian.degree_weights())),
            "coefficients": Drawing(lambda ax: plotting.plot_largest_coefficients(ax, hamiltonian, names), (6.5, 5.0)),
        }
    found = None if training is None else training.best_cost
    possible = {
        "spectrum": Drawing(lambda ax: plotting.plot_degree_weights(ax, problem.spectrum.degree_weights())),
        "coefficients": Drawing(
            lambda ax: plotting.plot_largest_coefficients(ax, problem.spectrum.hamiltonian(), names), (6.5, 5.0)
        ),
        "histogram": Drawing(lambda ax: plotting.plot_cost_histogram(ax, problem.cost, found=found)),
    }
    if training is not None:
        from walshqhn import plotting_training

        possible["training"] = Drawing(lambda ax: plotting.plot_training(ax, training))
        if plotting_training.has_tails(training):
            possible["tails"] = Drawing(lambda ax: plotting_training.plot_tails(ax, training))
        options = sum(len(shares) for shares in training.best_run.architecture.values())
        if options:
            size = (6.0, 1.4 + 0.32 * options)
            possible["architecture"] = Drawing(lambda ax: plotting_training.plot_architecture(ax, training), size)
        circuit = _circuit(training, problem)
        if circuit is not None:
            possible["circuit"] = Drawing(lambda ax: plotting.plot_circuit(ax, circuit), plotting.circuit_size(circuit))
    study = problem.contents.study if problem.contents is not None else None
    if study is not None and study.done:
        from walshqhn import plotting_study

        possible["success"] = Drawing(lambda ax: plotting_study.plot_success(ax, study))
        possible["energies"] = Drawing(
            lambda ax: plotting_study.plot_energies(ax, study, problem.cost),
            (6.5, 1.6 + 0.6 * len(study.plan.variants)),
        )
    task = problem.task
    if isinstance(task, NetworkTask) and plotting.has_weight_image(task):
        lowest = index_to_bits(int(problem.cost.argmin()), problem.num_bits)
        best = lowest if training is None else training.best_bits
        possible["network"] = Drawing(lambda ax: plotting.plot_weights(ax, task, best), (3.2, 3.6))
    return possible


def _circuit(training: TrainingResult, problem: Problem) -> Ansatz | None:
    """The circuit of a training; None if only its maker has it, or it is too large to be looked at."""
    from walshqhn.vqa.circuits import ansatz_like

    try:
        circuit = ansatz_like(training.ansatz, problem.cost)
    except WalshqhnError:
        return None
    return circuit if len(circuit.program.gates) <= _LARGEST_DRAWING else None


def draw(figures: Mapping[Path, Drawing], *, overwrite: bool) -> list[Path]:
    """Draw every figure to its path; nothing is drawn if one of them exists."""
    from walshqhn.plotting import new_figure

    for path in figures:
        check_target(check_figure_name(path), overwrite=overwrite)
    for path, drawing in figures.items():
        figure, ax = new_figure(*drawing.size)
        drawing.draw(ax)
        save = partial(figure.savefig, format=path.suffix.lower().removeprefix("."))
        write_atomically(path, save, overwrite=overwrite)
    return list(figures)


def check_figure_name(path: Path) -> Path:
    """``path`` if its ending is one of `KINDS`; UsageError otherwise."""
    if path.suffix.lower() not in KINDS:
        raise UsageError(f"a figure is a file of kind {', '.join(KINDS)}, got {str(path)!r}.")
    return path
