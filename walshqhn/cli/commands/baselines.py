"""walshqhn baselines."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from walshqhn.cli import options as opt
from walshqhn.cli.output import number, plural, print_json, stdout, table
from walshqhn.study.summary import baselines_report
from walshqhn.support.checks import check_real, check_whole
from walshqhn.training.result import check_runs


def baselines(
    source: opt.Source,
    /,
    *,
    evaluations: Annotated[opt.Whole, Parameter(help="Configurations that each run may evaluate.")] = 10_000,
    runs: Annotated[opt.Whole, Parameter(help="Runs of each method.")] = 20,
    seed: Annotated[opt.Whole, Parameter(help="Seed of the searches.")] = 0,
    epsilon: Annotated[
        float | None, Parameter(help="Excess that counts as success; default: 1 % of C's standard deviation.")
    ] = None,
    threads: opt.Threads = None,
    json: opt.Json = False,
    **options: opt.TaskOptions,
) -> None:
    """Run classical methods on the cost of a task or file: rounding, random search, 1-flip descent from random starts,
    simulated annealing, and, for networks of at most one hidden layer, straight-through training.

    Studies by walshqhn train show the same methods beside the circuits. On a Hamiltonian, descent and annealing keep
    track of the energy change of every flip, which makes them fast at hundreds of bits.
    """  # noqa: D205  the help shows the first paragraph as a whole
    if epsilon is not None:
        check_real("epsilon", epsilon, least=0)
    check_whole("seed", seed, 0)
    check_runs(runs)
    workspace = opt.open_source(source, options, threads, baselines)
    facts = baselines_report(workspace.cost, evaluations, runs, seed, epsilon, workspace.task)
    if json:
        print_json({"source": source, "num_bits": workspace.num_bits, "seed": seed} | facts)
        return
    headings = ("runs", "P(success)", "95 % interval", "best cost", "median excess", "evaluations", "time of a run")
    shown = table(("method", *headings))
    for row in facts["baselines"]:
        low, high = row["interval"]
        evaluated = row["mean_evaluations"]
        shown.add_row(
            row["variant"], str(row["runs"]), number(row["success_probability"], 3),
            f"{low:.3f} to {high:.3f}" if low < high else "-", number(row["best_cost"], 9),
            number(row["median_excess"], 3), "-" if evaluated is None else f"{evaluated:,}",
            f"{number(row['mean_seconds'], 2)} s",
        )  # fmt: skip
    out = stdout()
    out.print(f"{workspace.name}: N = {workspace.num_bits:,}, {plural(evaluations, 'evaluation')} a run")
    out.print(shown)
    named = (
        "the exact minimum" if facts["exact_minimum"] is not None else "the lowest cost found; the minimum is unknown"
    )
    out.print(f"Success: cost - {number(facts['reference'], 9)} <= {facts['epsilon']:.3g}. That is {named}.")
