"""walshqhn spectrum."""

from __future__ import annotations

from math import comb
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from walshqhn.cli.common import (
    Force,
    Json,
    Output,
    Source,
    TaskOptions,
    Threads,
    number,
    open_problem,
    print_json,
    remark,
    stdout,
)


def spectrum(
    source: Source,
    /,
    *,
    output: Annotated[Output, Parameter(help="Store cost, spectrum and Hamiltonian in this HDF5 file.")] = None,
    plot: Annotated[Path | None, Parameter(help="Draw W(k) to this file (.png, .pdf, .svg).")] = None,
    max_degree: Annotated[int | None, Parameter(help="Truncate the Hamiltonian to this degree.")] = None,
    tolerance: Annotated[float, Parameter(help="Drop its terms with |f(S)| up to this.")] = 0.0,
    max_terms: Annotated[int | None, Parameter(help="Keep only its largest so many terms.")] = None,
    threads: Threads = None,
    force: Force = False,
    json: Json = False,
    **options: TaskOptions,
) -> None:
    """Cost of all 2^N networks, its Walsh spectrum and Ising Hamiltonian; prints the weights W(k)."""
    from walshqhn.cli.figures import Drawing, check_figure_name, draw
    from walshqhn.files import check_target
    from walshqhn.plotting import plot_degree_weights
    from walshqhn.truncation import check_truncation

    check_truncation(max_degree, tolerance, max_terms)
    if output is not None:
        check_target(output, overwrite=force)
    if plot is not None:
        check_target(check_figure_name(plot), overwrite=force)
    problem = open_problem(source, options, threads, command=spectrum)
    found = problem.spectrum
    weights = found.degree_weights()
    hamiltonian = found.hamiltonian(max_degree, tolerance, max_terms)
    low = int(problem.cost.argmin())
    variance = float(weights[1:].sum())
    if output is not None:
        from walshqhn.storage import Contents, save

        contents = Contents(
            cost=problem.cost,
            spectrum=found,
            hamiltonian=hamiltonian,
            task=problem.spec,
            bit_names=problem.bit_names,
            provenance={"config": {"max_degree": max_degree, "tolerance": tolerance, "max_terms": max_terms}},
        )
        save(output, contents, overwrite=force)
    if plot is not None:
        title = f"Weight spectrum: {problem.name}"
        draw({plot: Drawing(lambda ax: plot_degree_weights(ax, weights, title=title))}, overwrite=force)
    if json:
        print_json(
            {
                "source": source,
                "num_bits": found.num_bits,
                "minimum": {"index": low, "cost": float(problem.cost[low])},
                "mean": found.mean,
                "variance": variance,
                "degree_weights": weights,
                "hamiltonian": {
                    "terms": len(hamiltonian),
                    "discarded_weight": hamiltonian.discarded_weight,
                    "rms_error": hamiltonian.rms_error,
                },
                "output": output,
                "plot": plot,
            }
        )
        return
    out = stdout()
    out.print(f"{problem.name}: N = {found.num_bits}, {problem.cost.size:,} networks", markup=False)
    out.print(f"cost: mean {number(found.mean)}, variance {number(variance)}, minimum {number(problem.cost[low], 9)}\n")
    _print_weights(weights, found.num_bits, variance)
    dropped = f", dropped weight {number(hamiltonian.discarded_weight, 3)}" if hamiltonian.discarded_weight else ""
    out.print(f"\nHamiltonian: {len(hamiltonian):,} terms{dropped}, RMS error {number(hamiltonian.rms_error, 3)}")
    for target, text in ((output, "stored in"), (plot, "drawn to")):
        if target is not None:
            remark(f"{text} {target}")


def _print_weights(weights: object, num_bits: int, variance: float) -> None:
    import numpy as np
    from rich.table import Table

    values = np.asarray(weights, dtype=np.float64)
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("k", "coefficients", "W(k)", "of the variance", "cumulated"):
        table.add_column(heading, justify="right")
    seen = np.flatnonzero(values > 1e-28 * values.sum())
    cumulated = 0.0
    for k in range(int(seen.max(initial=0)) + 1):
        share = values[k] / variance if k and variance else 0.0
        cumulated += share
        shares = (f"{share:.6f}", f"{cumulated:.6f}") if k else ("", "")
        table.add_row(str(k), f"{comb(num_bits, k):,}", f"{values[k]:.6e}", *shares)
    stdout().print(table)
