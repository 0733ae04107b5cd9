"""walshqhn sample."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from cyclopts import Parameter

from walshqhn.bits import bits_to_label
from walshqhn.cli.options import Json, Threads, Whole, open_source
from walshqhn.cli.output import number, plural, print_json, stdout, table
from walshqhn.engines.spec import EngineSpec
from walshqhn.support.checks import check_whole
from walshqhn.support.errors import InputError


def sample(
    file: Annotated[str, Parameter(help="A training, or a study, of which the variant with the lowest E is used.")],
    /,
    *,
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
    training, task = workspace.training, workspace.task
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
        facts = {"shots": shots, "engine": engine, "seed": seed, "mean_cost": mean, "standard_error": error}
        print_json(facts | {"distinct": len(distinct), "exact_minimum": minimum, "networks": rows})
        return
    out = stdout()
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
