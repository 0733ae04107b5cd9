"""Hamiltonians as SymPy text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.support.files import write_atomically


def write_sympy(
    path: str | Path, hamiltonian: IsingHamiltonian, *, names: Sequence[str] | None = None,
    max_terms: int | None = None, overwrite: bool = False,
) -> None:  # fmt: skip
    """Write the SymPy sum as text, one term per line, largest first.

    ``sympy.sympify`` reads it back, unless there are thousands of terms.
    ``names`` replace Z_0, Z_1, ...; SymPy cannot parse names such as ``W1[0,2]``.
    """
    import sympy

    expression = hamiltonian.to_sympy(names=names, max_terms=max_terms)
    terms = [sympy.sstr(term, order="none", full_prec=True) for term in sympy.Add.make_args(expression)]
    text = "(\n    " + "\n  + ".join(terms) + "\n)\n"
    write_atomically(path, lambda target: target.write_text(text, encoding="utf-8"), overwrite=overwrite)
