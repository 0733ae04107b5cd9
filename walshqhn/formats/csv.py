"""Hamiltonians as CSV tables ``degree,qubits,bits,coefficient,convention``."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.formats.format import Details, Format, convention, every_term, of_terms, read_text, real, size_in
from walshqhn.support.errors import InputError

HEAD = ["degree", "qubits", "bits", "coefficient"]


def _write(target: Path, hamiltonian: IsingHamiltonian, details: Details) -> None:
    """One line for the constant, which also tells the convention, then one per term, in stored order."""
    labels = hamiltonian.labels(details.names)
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*HEAD, "convention"])
        for qubits, value in every_term(hamiltonian):
            words = [" ".join(map(str, qubits)), " ".join(labels[q] for q in qubits)]
            writer.writerow([len(qubits), *words, repr(value), "" if qubits else convention(hamiltonian)])


def _read(file: Path) -> IsingHamiltonian:
    rows = list(csv.reader(read_text(file).splitlines()))
    if not rows or rows[0][:4] != HEAD:
        raise InputError(f"{file}: a Hamiltonian's table begins with {','.join(HEAD)}.")
    names: dict[int, str] = {}
    terms = []
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(rows[0]) or not re.fullmatch(r"(\d{1,6}( |$))*", row[1]):
            raise InputError(f"{file}: line {number} is not a term: {','.join(row)[:80]!r}.")
        qubits = tuple(map(int, row[1].split()))
        words = [row[2]] if len(qubits) == 1 else row[2].split()  # a name may hold blanks
        names |= zip(qubits, words, strict=True) if len(words) == len(qubits) else ()
        terms.append((qubits, real(file, row[3], f"line {number}")))
    told = size_in(rows[1][4]) if len(rows) > 1 and len(rows[0]) > len(HEAD) else None
    size = told or 1 + max((q for qubits, _ in terms for q in qubits), default=0)
    named = set(names) == set(range(size)) and len(set(names.values())) == size
    return of_terms(file, terms, told, names=tuple(names[q] for q in range(size)) if named else ())


FORMAT = Format(
    name="csv", suffix=".csv", holds="a table of degree, qubits, bit names and coefficient",
    reader="spreadsheets, `pandas.read_csv`", write=_write, names="always", reads=(".csv",), read=_read,
)  # fmt: skip
