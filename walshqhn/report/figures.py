"""The figures that a task or file has data for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from walshqhn.binn.task import NetworkTask
from walshqhn.bits import index_to_bits
from walshqhn.cost.table import TableCost
from walshqhn.cost.truncation import known_weights
from walshqhn.plotting.circuit import circuit_size, plot_circuit
from walshqhn.plotting.network import has_weight_image, plot_weights
from walshqhn.plotting.spectrum import plot_cost_histogram, plot_degree_weights, plot_largest_coefficients
from walshqhn.plotting.study import plot_energies, plot_success
from walshqhn.plotting.training import has_tails, plot_architecture, plot_tails, plot_training
from walshqhn.support.errors import InputError, WalshqhnError
from walshqhn.training.result import TrainingResult
from walshqhn.workspace import Workspace

_LARGEST_DRAWING = 1000  # gates


@dataclass(frozen=True)
class Drawing:
    """A figure that can be drawn."""

    draw: Callable[[Any], None]
    """Draws into the Axes it is given."""
    size: tuple[float, float] = (6.0, 4.0)
    """Width and height, inches."""
    subject: str = ""
    """What the figure is of, above it: task or file, and N."""


def drawings(workspace: Workspace, training: TrainingResult | None = None) -> dict[str, Drawing]:
    """Every figure that there is data for, by kind; ``training`` replaces the one in the workspace."""
    names, study, task = workspace.bit_names, workspace.contents.study, workspace.task
    training = training or workspace.training
    found = None if training is None else training.best_cost
    table = None
    with suppress(InputError):  # raised where there is no cost
        table = workspace.cost.values if isinstance(workspace.cost, TableCost) else None
    possible: dict[str, Drawing] = {}
    if table is not None or workspace.contents.hamiltonian is not None:
        hamiltonian = workspace.hamiltonian if table is None else workspace.spectrum.hamiltonian()
        weights, rest = known_weights(hamiltonian) if table is None else (workspace.spectrum.degree_weights(), 0.0)
        possible["spectrum"] = Drawing(lambda ax: plot_degree_weights(ax, weights, rest=rest))
        possible["coefficients"] = Drawing(lambda ax: plot_largest_coefficients(ax, hamiltonian, names), (6.5, 5.0))
    if table is not None:
        possible["histogram"] = Drawing(lambda ax: plot_cost_histogram(ax, table, found=found))
    if training is not None:
        possible |= _of_training(workspace, training)
    if study is not None and study.done:
        possible["success"] = Drawing(lambda ax: plot_success(ax, study))
        size = (6.5, 1.6 + 0.6 * len(study.plan.variants))
        possible["energies"] = Drawing(lambda ax: plot_energies(ax, study, table), size)
    best = None if training is None else training.best_bits
    if best is None and table is not None:
        best = index_to_bits(int(table.argmin()), workspace.num_bits)
    if best is not None and isinstance(task, NetworkTask) and has_weight_image(task):
        possible["network"] = Drawing(lambda ax: plot_weights(ax, task, best), (3.2, 3.6))
    name = str(workspace.spec["name"]) if workspace.spec else Path(workspace.name).stem
    return {k: replace(one, subject=f"{name}, N = {workspace.num_bits}") for k, one in possible.items()}


def _of_training(workspace: Workspace, training: TrainingResult) -> dict[str, Drawing]:
    possible = {"training": Drawing(lambda ax: plot_training(ax, training))}
    if has_tails(training):
        possible["tails"] = Drawing(lambda ax: plot_tails(ax, training))
    options = sum(len(shares) for shares in training.best_run.architecture.values())
    if options:
        possible["architecture"] = Drawing(lambda ax: plot_architecture(ax, training), (6.0, 1.4 + 0.32 * options))
    with suppress(WalshqhnError):  # a user's circuit is not stored
        circuit = workspace.circuit(training)
        if len(circuit.program.gates) <= _LARGEST_DRAWING:
            possible["circuit"] = Drawing(lambda ax: plot_circuit(ax, circuit), circuit_size(circuit))
    return possible
