"""walshqhn spectrum."""

from __future__ import annotations

from math import comb
from typing import Annotated

import numpy as np
from cyclopts import Parameter

from walshqhn.cli import options as opt
from walshqhn.cli.figures import Drawing, check_figure_name, draw
from walshqhn.cli.output import number, plural, print_json, remark, stdout, table
from walshqhn.cost.truncation import check_truncation
from walshqhn.formats.hdf5 import Contents, save
from walshqhn.plotting.spectrum import plot_degree_weights
from walshqhn.plotting.style import literal
from walshqhn.support.arrays import FloatArray
from walshqhn.support.files import check_target


def spectrum(
    source: opt.Source,
    /,
    *,
    output: Annotated[opt.Output, Parameter(help="Store cost, spectrum and Hamiltonian in this HDF5 file.")] = None,
    plot: Annotated[opt.OptionalPath, Parameter(help="Draw W(k) to this file (.png, .pdf, .svg).")] = None,
    max_degree: Annotated[opt.OptionalWhole, Parameter(help="Truncate the Hamiltonian to this degree.")] = None,
    tolerance: Annotated[
        float | None, Parameter(help="Drop its terms with |f(S)| up to this; default: what is rounding.")
    ] = None,
    max_terms: Annotated[opt.OptionalWhole, Parameter(help="Keep only its largest so many terms.")] = None,
    threads: opt.Threads = None,
    force: opt.Force = False,
    json: opt.Json = False,
    **options: opt.TaskOptions,
) -> None:
    """Cost of all 2^N networks, its Walsh spectrum and Ising Hamiltonian; prints the weights W(k)."""
    check_truncation(max_degree, tolerance or 0.0, max_terms)
    if output is not None:
        opt.check_native_name(output)
        check_target(output, overwrite=force, source=source)
    if plot is not None:
        check_target(check_figure_name(plot), overwrite=force, source=source)
    workspace = opt.open_source(source, options, threads, spectrum)
    costs, found = workspace.table, workspace.spectrum
    weights = found.degree_weights()
    stored = workspace.contents.hamiltonian
    if stored is not None and stored.is_truncated and workspace.contents.cost is None:
        hamiltonian = stored.truncate(max_degree, tolerance or 0.0, max_terms)  # it knows what was dropped before
    else:
        hamiltonian = found.hamiltonian(max_degree, tolerance, max_terms)
    low = int(costs.argmin())
    variance = float(weights[1:].sum())
    if output is not None:
        contents = Contents(
            cost=costs,
            spectrum=found,
            hamiltonian=hamiltonian,
            task=workspace.spec,
            bit_names=workspace.bit_names,
            provenance={"config": {"max_degree": max_degree, "tolerance": tolerance, "max_terms": max_terms}},
        )
        save(output, contents, overwrite=force)
    if plot is not None:
        title = literal(f"Weight spectrum: {workspace.name}")
        draw({plot: Drawing(lambda ax: plot_degree_weights(ax, weights, title=title))}, overwrite=force)
    if json:
        print_json(
            {
                "source": source,
                "num_bits": found.num_bits,
                "minimum": {"index": low, "cost": float(costs[low])},
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
    out.print(f"{workspace.name}: N = {found.num_bits}, {plural(costs.size, 'configuration')}")
    out.print(f"cost: mean {number(found.mean)}, variance {number(variance)}, minimum {number(costs[low], 9)}\n")
    _print_weights(weights, found.num_bits, variance)
    discarded = hamiltonian.discarded_weight
    dropped = f", dropped weight {number(discarded, 3)}" if discarded > 1e-24 * weights.sum() else ""
    terms = plural(len(hamiltonian), "term")
    out.print(f"\nHamiltonian: {terms}{dropped}, RMS error {number(hamiltonian.rms_error, 3)}")
    for target, text in ((output, "stored in"), (plot, "drawn to")):
        if target is not None:
            remark(f"{text} {target}")


def _print_weights(weights: FloatArray, num_bits: int, variance: float) -> None:
    shown = table(("k", "coefficients", "W(k)", "of the variance", "cumulated"), left=0)
    seen = np.flatnonzero(weights > 1e-28 * weights.sum())
    cumulated = 0.0
    for k in range(int(seen.max(initial=0)) + 1):
        if k not in seen:
            shown.add_row(str(k), f"{comb(num_bits, k):,}", "0 (rounding)" if weights[k] else "0")
            continue
        share = weights[k] / variance if k and variance else 0.0
        cumulated += share
        shares = (f"{share:.6f}", f"{cumulated:.6f}") if k else ("", "")
        shown.add_row(str(k), f"{comb(num_bits, k):,}", f"{weights[k]:.6e}", *shares)
    stdout().print(shown)
