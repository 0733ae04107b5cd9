"""walshqhn spectrum."""

from __future__ import annotations

from math import comb
from typing import Annotated

import numpy as np
from cyclopts import Parameter

from walshqhn.cli import options as opt
from walshqhn.cli.figures import check_figure_name, draw
from walshqhn.cli.output import number, plural, print_json, remark, stdout, table
from walshqhn.cost.truncation import check_truncation
from walshqhn.formats.hdf5 import Contents, save
from walshqhn.plotting.spectrum import plot_degree_weights
from walshqhn.plotting.style import literal
from walshqhn.report.figures import Drawing
from walshqhn.support.arrays import FloatArray
from walshqhn.support.files import check_target


def spectrum(
    source: opt.Source,
    /,
    *,
    output: Annotated[opt.Output, Parameter(help="Store cost, spectrum and Hamiltonian in this HDF5 file.")] = None,
    plot: Annotated[opt.OptionalPath, Parameter(help="Plot W(k) to this file (.png, .pdf, .svg).")] = None,
    max_degree: Annotated[opt.OptionalWhole, Parameter(help="Truncate the Hamiltonian to this degree.")] = None,
    tolerance: Annotated[
        float | None, Parameter(help="Drop its terms with |f(S)| up to this value; default: rounding errors.")
    ] = None,
    max_terms: Annotated[opt.OptionalWhole, Parameter(help="Keep only this many of its largest terms.")] = None,
    threads: opt.Threads = None,
    force: opt.Force = False,
    json: opt.Json = False,
    **options: opt.TaskOptions,
) -> None:
    """Compute the cost of all 2^N networks, its Walsh spectrum and Ising Hamiltonian; print the weights W(k)."""
    check_truncation(max_degree, tolerance or 0.0, max_terms)
    if output is not None:
        opt.check_native_name(output)
        check_target(output, overwrite=force, source=[source, *options.values()])
    if plot is not None:
        check_target(check_figure_name(plot), overwrite=force, source=[source, *options.values()])
    workspace = opt.open_source(source, options, threads, spectrum)
    costs, found = workspace.table, workspace.spectrum
    weights = found.degree_weights()
    stored = workspace.contents.hamiltonian
    if stored is not None and stored.is_truncated and workspace.contents.cost is None:
        hamiltonian = stored.truncate(max_degree, tolerance or 0.0, max_terms)  # it includes what was dropped before
    else:
        hamiltonian = found.hamiltonian(max_degree, tolerance, max_terms)
    low, variance, discarded = int(costs.argmin()), float(weights[1:].sum()), hamiltonian.discarded_weight
    if output is not None:
        config = {"max_degree": max_degree, "tolerance": tolerance, "max_terms": max_terms}
        parts = {"cost": costs, "spectrum": found, "hamiltonian": hamiltonian, "provenance": {"config": config}}
        save(output, Contents.of(workspace, **parts), overwrite=force)
    if plot is not None:
        title = literal(f"Weight spectrum: {workspace.name}")
        draw({plot: Drawing(lambda ax: plot_degree_weights(ax, weights, title=title))}, overwrite=force)
    if json:
        ising = {"terms": len(hamiltonian), "discarded_weight": discarded, "rms_error": hamiltonian.rms_error}
        facts = {"source": source, "num_bits": found.num_bits, "mean": found.mean, "variance": variance}
        facts |= {"minimum": {"index": low, "cost": float(costs[low])}, "degree_weights": weights}
        print_json(facts | {"hamiltonian": ising, "output": output, "plot": plot})
        return
    out = stdout()
    out.print(f"{workspace.name}: N = {found.num_bits}, {plural(costs.size, 'configuration')}")
    out.print(f"cost: mean {number(found.mean)}, variance {number(variance)}, minimum {number(costs[low], 9)}\n")
    _print_weights(weights, found.num_bits, variance)
    dropped = f", discarded weight {number(discarded, 3)}" if discarded > 1e-24 * weights.sum() else ""
    terms = plural(len(hamiltonian), "term")
    out.print(f"\nHamiltonian: {terms}{dropped}, RMS error {number(hamiltonian.rms_error, 3)}")
    for target, text in ((output, "stored in"), (plot, "figure:")):
        if target is not None:
            remark(f"{text} {target}")


def _print_weights(weights: FloatArray, num_bits: int, variance: float) -> None:
    shown = table(("k", "coefficients", "W(k)", "share of variance", "cumulative"), left=0)
    seen = weights > 1e-28 * weights.sum()
    shares = np.where(seen, weights, 0) / (variance or 1.0)
    for k in range(int(np.flatnonzero(seen).max(initial=0)) + 1):
        row = [f"{weights[k]:.6e}"] if seen[k] else ["0 (rounding)" if weights[k] else "0"]
        if k and seen[k]:
            row += [f"{shares[k]:.6f}", f"{shares[1 : k + 1].sum():.6f}"]
        shown.add_row(str(k), f"{comb(num_bits, k):,}", *row)
    stdout().print(shown)
