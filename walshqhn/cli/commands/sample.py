"""walshqhn sample."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from cyclopts import Parameter

from walshqhn.bits import bits_to_label
from walshqhn.cli.options import Json, OptionalWhole, Threads, Whole, complete_source, open_source
from walshqhn.cli.output import number, plural, print_json, stdout, table
from walshqhn.engines.spec import EngineSpec
from walshqhn.support.checks import check_whole
from walshqhn.support.errors import InputError, UsageError
from walshqhn.training.result import TrainingResult
from walshqhn.workspace import Workspace


def sample(
    file: Annotated[
        str, Parameter(help="A walshqhn file (.h5) with a training or a study.", completer=complete_source)
    ],
    /,
    *,
    variant: Annotated[
        OptionalWhole,
        Parameter(help="Of a study: the number of the variant, as info counts them from 0; default: the lowest E."),
    ] = None,
    shots: Annotated[Whole, Parameter(help="Number of measurements.")] = 1024,
    engine: Annotated[
        Literal["exact", "product", "mps", "aer", "aer-mps"] | None,
        Parameter(help="Engine to run the circuit; default: exact up to 30 qubits, then mps (matrix product states)."),
    ] = None,
    top: Annotated[Whole, Parameter(help="Number of networks to list, cheapest first.")] = 10,
    seed: Annotated[Whole, Parameter(help="Seed of the measurements.")] = 0,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Measure a trained circuit and rank the distinct networks it returns by their cost."""
    for name, value, least in (("shots", shots, 1), ("seed", seed, 0), ("top", top, 0)):
        check_whole(name, value, least)
    workspace = open_source(file, {}, threads, sample)
    task, (training, label) = workspace.task, _chosen(workspace, variant)
    if training is None:
        raise InputError(f"{file} holds no training; create one with walshqhn train --output.")
    engine = engine or ("exact" if workspace.num_bits <= workspace.LARGEST_TABLE else "mps")
    spec = EngineSpec(engine, shots=None if engine == "exact" else shots)
    runner = spec.make(workspace.cost, seed=seed, threads=threads)
    bits = runner.sample(workspace.circuit(training), training.parameters, shots, np.random.default_rng(seed))
    all_costs = runner.costs(bits)
    distinct, counts = np.unique(bits, axis=0, return_counts=True)
    costs = runner.costs(distinct)
    order = np.lexsort((-counts, costs))[:top]
    splits = task.splits if task is not None else ()
    accuracies = {s: task.accuracy(distinct[order], s) for s in splits} if task is not None else {}
    known = runner.cost.minimum
    minimum = known.value if known is not None and known.is_exact else None
    rows: list[dict[str, Any]] = []
    for place, k in enumerate(order):
        rows.append({"bits": bits_to_label(distinct[k]), "count": int(counts[k]), "cost": float(costs[k])})
        rows[-1]["excess"] = None if minimum is None else float(costs[k]) - minimum
        rows[-1]["accuracy"] = {s: float(accuracies[s][place]) for s in splits}
    mean, error = float(all_costs.mean()), float(all_costs.std(ddof=1) / np.sqrt(shots)) if shots > 1 else None
    if json:
        facts = {
            "variant": label,
            "shots": shots,
            "engine": {"name": type(runner).__name__, "shots": runner.shots, **runner.settings},
            "seed": seed,
            "energy": mean,
            "energy_error": error,
        }
        print_json(facts | {"distinct": len(distinct), "exact_minimum": minimum, "configurations": rows})
        return
    out = stdout()
    if label is not None:
        out.print(f"variant: {label}", soft_wrap=True)
    spread = "" if error is None or len(distinct) == 1 else f" ± {number(error, 2)}"
    out.print(
        f"{plural(shots, 'shot')}, {plural(len(distinct), 'distinct network')}, mean cost {number(mean)}{spread}, "
        f"exact minimum {'unknown' if minimum is None else number(minimum)}",
        soft_wrap=True,
    )
    shown = table(("bits (last ... first)", "count", "cost", "above minimum", *(f"{s} accuracy" for s in splits)))
    shown.columns[0].overflow, shown.columns[0].min_width = "fold", min(40, workspace.num_bits)
    for row in rows:
        scores = (f"{row['accuracy'][s]:.4f}" for s in splits)
        shown.add_row(row["bits"], f"{row['count']:,}", number(row["cost"], 8), number(row["excess"], 3), *scores)
    out.print(shown)


def _chosen(workspace: Workspace, variant: int | None) -> tuple[TrainingResult | None, str | None]:
    """The training to measure, and its label if it is of a study."""
    study = workspace.contents.study
    if variant is None and (workspace.contents.training is not None or study is None or study.lowest is None):
        return workspace.training, None
    if study is None:
        raise UsageError(f"--variant is for studies; {workspace.name} holds none.")
    v = study.lowest if variant is None else variant
    if v not in study.trainings:
        done = ", ".join(map(str, study.trainings))
        raise UsageError(f"variant {v} of {workspace.name} has no finished run; these have: {done or 'none'}.")
    return study.trainings[v], study.plan.labels[v]
