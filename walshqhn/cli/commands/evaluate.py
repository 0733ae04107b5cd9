"""walshqhn evaluate."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from cyclopts import Parameter

from walshqhn.binn.architecture import chosen_options, named_weights
from walshqhn.binn.task import NetworkTask
from walshqhn.bits import bits_to_label, configuration
from walshqhn.cli import options as opt
from walshqhn.cli.output import number, print_json, stdout, table
from walshqhn.support.errors import UsageError


def evaluate(
    source: opt.Source,
    /,
    *bits: Annotated[
        str, Parameter(help="Strings of N zeros and ones; default: the cheapest one measured by the file's training.")
    ],
    order: Annotated[
        Literal["label", "bits"],
        Parameter(help="label: b[N-1] ... b[0], the last bit first, as every command prints; bits: b[0] ... b[N-1]."),
    ] = "label",
    threads: opt.Threads = None,
    json: opt.Json = False,
    **options: opt.TaskOptions,
) -> None:
    """Evaluate bit strings: cost, accuracies on the splits of the task, and the value of each weight.

    Without a task (a cost table, a Hamiltonian, a function), only the cost.
    """
    workspace = opt.open_source(source, options, threads, evaluate)
    training, task, cost, n = workspace.training, workspace.task, workspace.source, workspace.num_bits
    if not bits and training is None:
        raise UsageError(f"{source} holds no training to take a bit string from: give {n:,} zeros and ones.")
    rows = np.stack([configuration(text if order == "label" else text[::-1], n) for text in bits]) if bits else None
    if rows is None:
        assert training is not None
        rows = training.best_bits[None]
    known, splits = cost.minimum, () if task is None else task.splits
    minimum = known.value if known is not None and known.is_exact else None
    costs, accuracies = cost.costs(rows), {s: task.accuracy(rows, s) for s in splits} if task is not None else {}
    networks: list[dict[str, Any]] = []
    for k, row in enumerate(rows):
        found: dict[str, Any] = {"bits": bits_to_label(row), "cost": float(costs[k])}
        found["excess"] = None if minimum is None else float(costs[k]) - minimum
        found["accuracy"] = {s: float(values[k]) for s, values in accuracies.items()}
        if isinstance(task, NetworkTask):
            weights = named_weights(task.network, row, task.bit_names)
            found |= {"weights": weights, "architecture": chosen_options(task.network, row)}
        networks.append(found)
    if json:
        print_json({"source": source, "num_bits": n, "exact_minimum": minimum, "configurations": networks})
        return
    for found in networks:
        _show(found)


def _show(found: dict[str, Any]) -> None:
    out = stdout()
    out.print(f"bits (last ... first)  {found['bits']}", soft_wrap=True)
    above = "" if found["excess"] is None else f"  ({number(found['excess'], 3)} above the minimum)"
    out.print(f"cost                   {number(found['cost'], 9)}{above}")
    for split, value in found["accuracy"].items():
        out.print(f"{split + ' accuracy':<22} {value:.4f}")
    for name, option in found.get("architecture", {}).items():
        out.print(f"{name:<22} {option}")
    if weights := found.get("weights"):
        shown = table(("weight", "value"))
        for name, value in weights.items():
            shown.add_row(name, f"{value:+g}")
        out.print(shown)
