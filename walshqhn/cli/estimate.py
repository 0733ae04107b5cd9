"""What `walshqhn spectrum --estimate` does: weights of any cost of any number of bits, from random configurations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np

from walshqhn.binn.lowdegree import low_degree_hamiltonian
from walshqhn.binn.multilinear import has_exact_mean
from walshqhn.binn.task import NetworkTask
from walshqhn.cli.output import number, plural, progress_bar, remark, stdout, table
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.spectrum.estimate import SpectrumEstimate
from walshqhn.spectrum.sampled import Method, estimate_spectrum
from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import UsageError
from walshqhn.workspace import Workspace

_SHOWN = 5  # terms
_EXACT = 2  # degrees of a network that need not be estimated


@dataclass(frozen=True)
class Estimated:
    """An estimate, as the command shows it."""

    found: SpectrumEstimate
    parts: dict[str, Any]
    """Of the file."""

    @property
    def weights(self) -> FloatArray:
        return np.maximum(self.found.weights, 0.0)

    @property
    def rest(self) -> float:
        return max(0.0, self.found.rest)

    def facts(self) -> dict[str, Any]:
        """For machines."""
        f = self.found
        facts = {"num_bits": f.num_bits, "method": f.method, "evaluations": f.evaluations, "variance": f.variance}
        facts |= {"variance_error": f.variance_error, "degree_weights": f.weights, "errors": f.errors, "bias": f.bias}
        return facts | {"rest": f.rest, "rest_error": f.rest_error, "shares": f.shares} | _of_terms(f.hamiltonian)

    def show(self, name: str, bit_names: Sequence[str]) -> None:
        """For people."""
        out, f = stdout(), self.found
        out.print(f"{name}: N = {f.num_bits}, {f.evaluations:,} evaluations ({f.method})")
        out.print(f"variance {number(f.variance)} ± {number(f.variance_error, 2)}\n")
        shown = table(("k", "coefficients", "W(k)", "standard error", "share of variance"), left=0)
        shares = ["", *(f"{share:.6f}" for share in f.shares)]
        for k, (weight, error) in enumerate(zip(f.weights, f.errors, strict=True)):
            shown.add_row(
                str(k), f"{comb(f.num_bits, k):,}", f"{weight:.6e}", f"{error:.1e}" if error else "exact", shares[k]
            )
        shown.add_row(f"> {len(f.weights) - 1}", "all others", f"{f.rest:.6e}", f"{f.rest_error:.1e}", shares[-1])
        out.print(shown)
        if f.hamiltonian is not None:
            out.print(f"\nHamiltonian: {plural(len(f.hamiltonian), 'term')}")
            for bits, value in f.hamiltonian.largest(_SHOWN):
                out.print(f"{number(value):>12} {' '.join(bit_names[j] for j in bits)}", soft_wrap=True)


def _of_terms(hamiltonian: IsingHamiltonian | None) -> dict[str, Any]:
    return {} if hamiltonian is None else {"hamiltonian": {"terms": len(hamiltonian)}}


def estimate(
    workspace: Workspace, method: Method, max_degree: int | None, evaluations: int, seed: int, stored: bool
) -> Estimated:
    """Estimate W(k); the number of evaluations is said before. UsageError if nothing can be ``stored``."""
    cost, degree = workspace.source, 3 if max_degree is None else max_degree
    known, note = None, ""
    if method == "pairs" and isinstance(cost, NetworkTask) and has_exact_mean(cost):
        known = low_degree_hamiltonian(cost, min(_EXACT, degree), threads=workspace.threads)
        note = f"; degrees up to {min(_EXACT, degree)} are exact"
    elif method == "pairs" and stored:
        raise UsageError("pairs find weights, no terms that could be stored: use --estimate regression or sparse.")
    remark(f"up to {evaluations:,} evaluations of {workspace.name} ({method}){note}")
    with progress_bar("evaluations") as report:
        found = estimate_spectrum(
            cost, degree, evaluations=evaluations, method=method, known=known, rng=seed, progress=report
        )
    return Estimated(found, {"hamiltonian": found.hamiltonian})
