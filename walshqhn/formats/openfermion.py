"""OpenFermion's text of a QubitOperator: ``1.5 [Z0 Z4] +``."""

from __future__ import annotations

import re
from pathlib import Path

from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.formats.format import Details, Format, convention, every_term, of_terms, read_text, real, size_in
from walshqhn.support.errors import InputError

_TERM = re.compile(r"(?P<value>[^\[\]]*)\[(?P<factors>[^\[\]]*)\]")
_COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)


def as_text(hamiltonian: IsingHamiltonian) -> str:
    """One term per line, the constant first."""
    return " +\n".join(f"{value!r} [{' '.join(f'Z{q}' for q in term)}]" for term, value in every_term(hamiltonian))


def from_text(file: Path, text: str, num_qubits: int | None = None) -> IsingHamiltonian:
    """The sum of Z in ``text``, as OpenFermion reads it. InputError for X and Y, and for text that is not a term.

    ``num_qubits`` applies if no comment states it; None: as many as the terms need.
    """
    num_qubits = next(filter(None, map(size_in, _COMMENT.findall(text))), num_qubits)
    text, place, terms = _COMMENT.sub("", text).strip(), 0, []
    while place < len(text):
        term = _TERM.match(text, place)
        if term is None:
            raise InputError(f"{file}: expected a term such as 1.5 [Z0 Z4], got {text[place : place + 40]!r}.")
        factors = [factor for factor in term["factors"].split() if not re.fullmatch(r"I\d{1,6}", factor)]
        if not all(re.fullmatch(r"Z\d{1,6}", factor) for factor in factors):
            raise InputError(f"{file}: an Ising Hamiltonian holds I and Z only, got [{term['factors']:.80}].")
        terms.append((tuple(int(factor[1:]) for factor in factors), _value(file, term)))
        place = term.end()
    return of_terms(file, terms, num_qubits)


def _value(file: Path, term: re.Match[str]) -> float:
    """The number before a bracket; its sign may stand apart, and 1 is left out."""
    text = "".join(term["value"].split()).removeprefix("+")
    number = text.removeprefix("-") or "1"
    return real(file, number, f"[{term['factors']:.80}]") * (-1 if text.startswith("-") else 1)


def _write(target: Path, hamiltonian: IsingHamiltonian, details: Details) -> None:
    # OpenFermion passes over what stands behind the last term
    target.write_text(f"{as_text(hamiltonian)}\n# {convention(hamiltonian)}\n", encoding="utf-8")


FORMAT = Format(
    name="openfermion", suffix=".openfermion.txt", holds="OpenFermion's text of a QubitOperator",
    reader="`openfermion.QubitOperator(text)`", write=_write,
    reads=(".txt",), read=lambda file: from_text(file, read_text(file)),
)  # fmt: skip
