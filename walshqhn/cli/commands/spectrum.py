"""walshqhn spectrum."""

from __future__ import annotations

from math import comb
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from walshqhn.cli.common import (
    Force,
    Json,
    OptionalWhole,
    Output,
    Source,
    TaskOptions,
    Threads,
    check_native_name,
    number,
    open_problem,
    plural,
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
    max_degree: Annotated[OptionalWhole, Parameter(help="Truncate the Hamiltonian to this degree.")] = None,
    tolerance: Annotated[
        float | None, Parameter(help="Drop its terms with |f(S)| up to this; default: what is rounding.")
    ] = None,
    max_terms: Annotated[OptionalWhole, Parameter(help="Keep only its largest so many terms.")] = None,
    threads: Threads = None,
    force: Force = False,
    json: Json = False,
    **options: TaskOptions,
) -> None:
    """Cost of all 2^N networks, its Walsh spectrum and Ising Hamiltonian; prints the weights W(k)."""
    from walshqhn.cli.figures import Drawing, check_figure_name, draw
    from walshqhn.cost.truncation import check_truncation
    from walshqhn.plotting.spectrum import plot_degree_weights
    from walshqhn.support.files import check_target

    check_truncation(max_degree, tolerance or 0.0, max_terms)
    if output is not None:
        check_native_name(output)
        check_target(output, overwrite=force)
    if plot is not None:
        check_target(check_figure_name(plot), overwrite=force)
    problem = open_problem(source, options, threads, command=spectrum)
    found = problem.spectrum
    weights = found.degree_weights()
    stored = problem.contents.hamiltonian if problem.contents is not None else None
    if stored is not None and stored.is_truncated and problem.contents is not None and problem.contents.cost is None:
        hamiltonian = stored.truncate(max_degree, tolerance or 0.0, max_terms)  # it knows what was dropped before
    else:
        hamiltonian = found.hamiltonian(max_degree, tolerance, max_terms)
    low = int(problem.cost.argmin())
    variance = float(weights[1:].sum())
    if output is not None:
        from walshqhn.formats.hdf5 import Contents, save

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
    out.print(f"{problem.name}: N = {found.num_bits}, {plural(problem.cost.size, 'configuration')}", markup=False)
    out.print(f"cost: mean {number(found.mean)}, variance {number(variance)}, minimum {number(problem.cost[low], 9)}\n")
    _print_weights(weights, found.num_bits, variance)
    discarded = hamiltonian.discarded_weight
    dropped = f", dropped weight {number(discarded, 3)}" if discarded > 1e-24 * weights.sum() else ""
    terms = plural(len(hamiltonian), "term")
    out.print(f"\nHamiltonian: {terms}{dropped}, RMS error {number(hamiltonian.rms_error, 3)}")
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
        if k not in seen:
            table.add_row(str(k), f"{comb(num_bits, k):,}", "0 (rounding)" if values[k] else "0")
            continue
        share = values[k] / variance if k and variance else 0.0
        cumulated += share
        shares = (f"{share:.6f}", f"{cumulated:.6f}") if k else ("", "")
        table.add_row(str(k), f"{comb(num_bits, k):,}", f"{values[k]:.6e}", *shares)
    stdout().print(table)
