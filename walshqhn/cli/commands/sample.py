"""walshqhn sample."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyclopts import Parameter

from walshqhn.cli.common import Json, Threads, Whole, number, open_problem, print_json, stdout
from walshqhn.support.errors import InputError


def sample(
    file: Annotated[str, Parameter(help="A file stored by walshqhn train.")],
    /,
    *,
    shots: Annotated[Whole, Parameter(help="Measurements.")] = 1024,
    engine: Annotated[
        Literal["exact", "aer", "mps"] | None,
        Parameter(help="What runs the circuit; default: exact, beyond 30 qubits mps, matrix product states."),
    ] = None,
    top: Annotated[Whole, Parameter(help="How many of the cheapest networks to list.")] = 10,
    seed: Annotated[Whole, Parameter(help="Seed of the measurements.")] = 0,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Measure a trained circuit and rank the distinct networks it returns by their cost."""
    import numpy as np

    from walshqhn.bits import bits_to_label
    from walshqhn.circuits.spec import ansatz_like
    from walshqhn.cli.training import cost_of, operator_of
    from walshqhn.engines.base import check_shots
    from walshqhn.engines.spec import make_engine

    problem = open_problem(file, {}, threads)
    training = problem.contents.training if problem.contents is not None else None
    if training is None:
        raise InputError(f"{file} holds no training; walshqhn train --output makes such a file.")
    cost, num_qubits = cost_of(problem)
    if engine is None:
        engine = "exact" if num_qubits is None else "mps"
    check_shots(shots)
    circuit = ansatz_like(training.ansatz, operator_of(problem, training.ansatz["name"]))
    sampled = None if engine == "exact" else shots
    runner = make_engine(engine, cost, num_qubits=num_qubits, seed=seed, threads=threads, shots=sampled)
    bits = runner.sample(circuit, training.parameters, shots, np.random.default_rng(seed))
    all_costs = runner.costs(bits)
    distinct, counts = np.unique(bits, axis=0, return_counts=True)
    costs = runner.costs(distinct)
    order = np.lexsort((-counts, costs))[: max(0, top)]
    splits = [s for s in ("train", "validation", "test") if problem.task is not None and problem.task.has_split(s)]
    accuracies = {s: problem.task.accuracy(distinct[order], s) for s in splits} if problem.task is not None else {}
    minimum = runner.exact_minimum
    rows: list[dict[str, Any]] = [
        {
            "bits": bits_to_label(distinct[k]),
            "count": int(counts[k]),
            "cost": float(costs[k]),
            "excess": None if minimum is None else float(costs[k]) - minimum,
            "accuracy": {s: float(accuracies[s][place]) for s in splits},
        }
        for place, k in enumerate(order)
    ]
    facts: dict[str, Any] = {
        "shots": shots,
        "engine": engine,
        "seed": seed,
        "mean_cost": float(all_costs.mean()),
        "standard_error": float(all_costs.std(ddof=1) / np.sqrt(shots)) if shots > 1 else None,
        "distinct": len(distinct),
        "exact_minimum": minimum,
        "networks": rows,
    }
    if json:
        print_json(facts)
        return
    from rich.table import Table

    out = stdout()
    error = "" if facts["standard_error"] is None else f" ± {number(facts['standard_error'], 2)}"
    out.print(
        f"{shots:,} shots, {len(distinct):,} distinct networks, mean cost {number(facts['mean_cost'])}{error}, "
        f"exact minimum {'unknown' if minimum is None else number(minimum)}",
        soft_wrap=True,
    )
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("bits (last ... first)", overflow="fold", min_width=min(40, problem.num_bits))
    for heading in ("count", "cost", "above minimum", *(f"{s} accuracy" for s in splits)):
        table.add_column(heading, justify="right")
    for row in rows:
        scores = (f"{row['accuracy'][s]:.4f}" for s in splits)
        table.add_row(row["bits"], f"{row['count']:,}", number(row["cost"], 8), number(row["excess"], 3), *scores)
    out.print(table)
