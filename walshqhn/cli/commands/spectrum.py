"""walshqhn spectrum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Annotated, Any, Literal

import numpy as np
from cyclopts import Parameter

from walshqhn.binn.lowdegree import MOST_DEGREES, low_degree_hamiltonian
from walshqhn.binn.task import NetworkTask
from walshqhn.bits import bits_to_label, index_to_bits
from walshqhn.cli import options as opt
from walshqhn.cli.estimate import Estimated
from walshqhn.cli.estimate import estimate as estimated
from walshqhn.cli.figures import check_figure_name, draw
from walshqhn.cli.output import number, plural, print_json, progress_bar, remark, stdout, table
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.cost.truncation import check_truncation, known_weights
from walshqhn.formats.hdf5 import Contents, save
from walshqhn.plotting.spectrum import plot_degree_weights
from walshqhn.plotting.style import literal
from walshqhn.report.figures import Drawing
from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import InputError, UsageError
from walshqhn.support.files import targets
from walshqhn.workspace import Workspace

_RHOS = (0.5, 0.9, 0.99)
_SHOWN = 5  # bits


def spectrum(  # noqa: PLR0913  a command's arguments are its options
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
    no_table: Annotated[
        bool, Parameter(negative=(), help="Do as past 30 bits: compute the degrees up to --max-degree only.")
    ] = False,
    estimate: Annotated[
        Literal["pairs", "regression", "sparse"] | None,
        Parameter(
            help="Estimate W(k) up to --max-degree (default: 3) and of the rest, of any source and N, from random "
            "configurations: pairs of neighbours; a fit of all these terms; or the few large terms of any degree."
        ),
    ] = None,
    evaluations: Annotated[opt.Whole, Parameter(help="With --estimate: how often the cost may be evaluated.")] = 80_000,
    seed: Annotated[opt.Whole, Parameter(help="Of the random configurations.")] = 0,
    threads: opt.Threads = None,
    force: opt.Force = False,
    json: opt.Json = False,
    **options: opt.TaskOptions,
) -> None:
    """Compute the cost of all 2^N networks, its Walsh spectrum and Ising Hamiltonian; print the weights W(k).

    Past 30 bits a table of all networks is too large: --max-degree, at most 3, then gives the exact coefficients up to
    that degree, and the weight of all others is estimated from 2,000 random networks. --estimate needs neither a table
    nor a network: any function of N bits will do.
    """
    limits: dict[str, Any] = {"max_degree": max_degree, "tolerance": tolerance, "max_terms": max_terms}
    check_truncation(max_degree, tolerance or 0.0, max_terms)
    if estimate is not None and (tolerance is not None or max_terms is not None):
        raise UsageError("--tolerance and --max-terms choose among known terms; they do not go with --estimate.")
    if output is not None:
        opt.check_native_name(output)
    if plot is not None:
        check_figure_name(plot)
    with targets(output, plot, overwrite=force, source=[source, *options.values()]):
        workspace = opt.open_source(source, options, threads, spectrum)
        past_tables = no_table or workspace.num_bits > workspace.LARGEST_TABLE
        found: _Found | Estimated
        if estimate is not None:
            found = estimated(workspace, estimate, max_degree, evaluations, seed, output is not None)
        else:
            found = _without_table(workspace, **limits) if past_tables else _with_table(workspace, **limits)
        if output is not None:
            contents = Contents.of(workspace, **found.parts, provenance={"config": limits})
            save(output, contents, overwrite=force)
        if plot is not None:
            title = literal(f"Weight spectrum: {workspace.name}")
            drawing = Drawing(lambda ax: plot_degree_weights(ax, found.weights, rest=found.rest, title=title))
            draw({plot: drawing}, overwrite=force)
    if json:
        print_json({"source": source, **found.facts(), "output": output, "figures": [plot] if plot else []})
        return
    found.show(workspace.name, workspace.bit_names)
    for target, text in ((output, "stored in"), (plot, "figure:")):
        if target is not None:
            remark(f"{text} {target}")


@dataclass(frozen=True)
class _Found:
    hamiltonian: IsingHamiltonian
    weights: FloatArray
    """W(k) of the degrees that are known."""
    rest: float
    """The weight of all others."""
    mean: float
    influences: FloatArray
    """(N,), of the bits: how much the cost depends on each."""
    parts: dict[str, Any]
    """Of the file."""
    minimum: dict[str, Any] | None = None
    """Index and cost."""

    @property
    def variance(self) -> float:
        return float(self.weights[1:].sum()) + self.rest

    def facts(self) -> dict[str, Any]:
        h = self.hamiltonian
        ising = {"terms": len(h), "discarded_weight": h.discarded_weight, "discarded_error": h.discarded_error}
        ising |= {"coefficient_error": h.coefficient_error, "rms_error": h.rms_error}
        known: dict[str, Any] = {
            "num_bits": h.num_qubits,
            "mean": self.mean,
            "variance": self.variance,
            "exact_minimum": self.minimum and self.minimum["cost"],
            "best_bits": self.minimum and bits_to_label(index_to_bits(self.minimum["index"], h.num_qubits)),
        }
        known |= {"influences": self.influences, "noise_stability": {str(rho): self.stability(rho) for rho in _RHOS}}
        return known | {"degree_weights": self.weights, "rest": self.rest, "hamiltonian": ising}

    def stability(self, rho: float) -> float:
        """sum over k of rho^k W(k), without what is left out."""
        return float(self.weights @ rho ** np.arange(len(self.weights)))

    def show(self, name: str, bit_names: Sequence[str]) -> None:
        out, h = stdout(), self.hamiltonian
        count = f"{1 << h.num_qubits:,}" if h.num_qubits <= Workspace.LARGEST_TABLE else f"2^{h.num_qubits}"
        out.print(f"{name}: N = {h.num_qubits}, {count} configurations")
        lowest = f", minimum {number(self.minimum['cost'], 9)}" if self.minimum else ""
        out.print(f"cost: mean {number(self.mean)}, variance {number(self.variance)}{lowest}\n")
        self._show_weights()
        if len(bit_names) > 1 and self.influences.any():
            most = np.argsort(-self.influences, kind="stable")[:_SHOWN]
            words = ", ".join(f"{bit_names[j]} {self.influences[j] / self.variance:.1%}" for j in most)
            out.print(f"\nmost influence (weight of all terms with the bit, of the variance): {words}", soft_wrap=True)
        discarded = h.discarded_weight
        dropped = f", discarded weight {number(discarded, 3)}" if discarded > 1e-24 * self.weights.sum() else ""
        dropped += f" ± {number(h.discarded_error, 2)} (random configurations)" if h.discarded_error else ""
        bound = f", coefficients within {number(h.coefficient_error, 2)}" if h.coefficient_error else ""
        out.print(f"\nHamiltonian: {plural(len(h), 'term')}{dropped}, RMS error {number(h.rms_error, 3)}{bound}")

    def _show_weights(self) -> None:
        weights, shown = self.weights, table(("k", "coefficients", "W(k)", "share of variance", "cumulative"), left=0)
        seen = weights > 1e-28 * weights.sum()
        shares = np.where(seen, weights, 0) / (self.variance or 1.0)
        last = len(weights) - 1 if self.rest else int(np.flatnonzero(seen).max(initial=0))
        for k in range(last + 1):
            row = [f"{weights[k]:.6e}"] if seen[k] else ["0 (rounding)" if weights[k] else "0"]
            if k and seen[k]:
                row += [f"{shares[k]:.6f}", f"{shares[1 : k + 1].sum():.6f}"]
            shown.add_row(str(k), f"{comb(self.hamiltonian.num_qubits, k):,}", *row)
        if self.rest:
            shown.add_row(f"> {last}", "all others", f"{self.rest:.6e}", f"{self.rest / self.variance:.6f}")
        stdout().print(shown)


def _with_table(workspace: Workspace, max_degree: int | None, tolerance: float | None, max_terms: int | None) -> _Found:
    costs, found, stored = workspace.table, workspace.spectrum, workspace.contents.hamiltonian
    if stored is not None and stored.is_truncated and workspace.contents.cost is None:
        hamiltonian = stored.truncate(max_degree, tolerance or 0.0, max_terms)  # it includes what was dropped before
    else:
        hamiltonian = found.hamiltonian(max_degree, tolerance, max_terms)
    low = int(costs.argmin())
    parts = {"cost": costs, "spectrum": found, "hamiltonian": hamiltonian}
    minimum = {"index": low, "cost": float(costs[low])}
    return _Found(hamiltonian, found.degree_weights(), 0.0, found.mean, found.influences(), parts, minimum)


def _without_table(
    workspace: Workspace, max_degree: int | None, tolerance: float | None, max_terms: int | None
) -> _Found:
    hamiltonian, task = workspace.contents.hamiltonian, workspace.task
    if hamiltonian is None:
        if not isinstance(task, NetworkTask):
            raise InputError(
                f"{workspace.name} is not a task: computing degrees without a table needs a network and its data."
            )
        if max_degree is None:
            raise UsageError(
                f"{workspace.name} has 2^{workspace.num_bits} networks: without a table of them all, "
                f"give --max-degree, at most {MOST_DEGREES}, for the exact coefficients up to that degree."
            )
        with progress_bar(f"coefficients up to degree {max_degree}") as report:
            hamiltonian = low_degree_hamiltonian(task, max_degree, threads=workspace.threads, progress=report)
    hamiltonian = hamiltonian.truncate(max_degree, tolerance or 0.0, max_terms)
    parts = {"hamiltonian": hamiltonian}
    return _Found(hamiltonian, *known_weights(hamiltonian), hamiltonian.constant, hamiltonian.influences(), parts)
