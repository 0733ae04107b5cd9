"""Which figures there is data for, and saving them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from walshqhn.cli.common import Problem
from walshqhn.cli.training import LARGEST_TABLE, operator_of
from walshqhn.support.errors import UsageError, WalshqhnError
from walshqhn.support.files import check_target, write_atomically

if TYPE_CHECKING:
    from walshqhn.circuits.ansatz import Ansatz
    from walshqhn.study.plan import Study
    from walshqhn.training.result import TrainingResult

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
    from walshqhn.binn.task import NetworkTask
    from walshqhn.bits import index_to_bits
    from walshqhn.plotting import spectrum as plotting

    names, hamiltonian = problem.bit_names, problem.contents.hamiltonian if problem.contents is not None else None
    study = problem.contents.study if problem.contents is not None else None
    if training is None and study is not None and study.done:
        training = _best_training(study)
    found = None if training is None else training.best_cost
    possible: dict[str, Drawing] = {}
    if problem.num_bits <= LARGEST_TABLE:
        possible = {
            "spectrum": Drawing(lambda ax: plotting.plot_degree_weights(ax, problem.spectrum.degree_weights())),
            "coefficients": Drawing(
                lambda ax: plotting.plot_largest_coefficients(ax, problem.spectrum.hamiltonian(), names), (6.5, 5.0)
            ),
            "histogram": Drawing(lambda ax: plotting.plot_cost_histogram(ax, problem.cost, found=found)),
        }
    elif hamiltonian is not None:
        possible = {
            "spectrum": Drawing(lambda ax: plotting.plot_degree_weights(ax, hamiltonian.degree_weights())),
            "coefficients": Drawing(lambda ax: plotting.plot_largest_coefficients(ax, hamiltonian, names), (6.5, 5.0)),
        }
    if training is not None:
        from walshqhn.plotting import training as plotting_training

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
    if study is not None and study.done:
        from walshqhn.plotting import study as plotting_study

        possible["success"] = Drawing(lambda ax: plotting_study.plot_success(ax, study))
        possible["energies"] = Drawing(
            lambda ax: plotting_study.plot_energies(ax, study, problem.cost),
            (6.5, 1.6 + 0.6 * len(study.plan.variants)),
        )
    task = problem.task
    if isinstance(task, NetworkTask) and plotting.has_weight_image(task):
        best = index_to_bits(int(problem.cost.argmin()), problem.num_bits) if training is None else training.best_bits
        possible["network"] = Drawing(lambda ax: plotting.plot_weights(ax, task, best), (3.2, 3.6))
    return possible


def _best_training(study: Study) -> TrainingResult:
    """The variant whose best run has the least energy: what figures of one training show of a study."""
    return study.trainings[min(study.trainings, key=lambda v: float(study.energies(v).min()))]


def _circuit(training: TrainingResult, problem: Problem) -> Ansatz | None:
    """The circuit of a training; None if only its maker has it, or it is too large to be looked at."""
    from walshqhn.circuits.spec import ansatz_like

    try:
        circuit = ansatz_like(training.ansatz, operator_of(problem, training.ansatz["name"]))
    except WalshqhnError:
        return None
    return circuit if len(circuit.program.gates) <= _LARGEST_DRAWING else None


def draw(figures: Mapping[Path, Drawing], *, overwrite: bool) -> list[Path]:
    """Draw every figure to its path; nothing is drawn if one of them exists."""
    from walshqhn.plotting.spectrum import new_figure

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
