"""Hamiltonians as SymPy text."""

from __future__ import annotations

from pathlib import Path

from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.formats.format import Details, Format, convention


def _write(target: Path, hamiltonian: IsingHamiltonian, details: Details) -> None:
    """One term per line, largest first.

    ``sympy.sympify`` reads it back, unless there are thousands of terms; names such as ``W1[0,2]`` it cannot parse.
    """
    import sympy

    expression = hamiltonian.to_sympy(names=details.names)
    terms = [sympy.sstr(term, order="none", full_prec=True) for term in sympy.Add.make_args(expression)]
    target.write_text("(\n    " + "\n  + ".join(terms) + f"\n)\n# {convention(hamiltonian)}\n", encoding="utf-8")


FORMAT = Format(
    name="sympy", suffix=".txt", holds="the polynomial in Z_0, Z_1, ... as text, one term a line",
    reader="people, `sympy.sympify`", write=_write, names="asked",
)  # fmt: skip
