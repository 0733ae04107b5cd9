"""QOKit's terms: ``[[1.5, [0, 4]], ...]``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.formats.format import (
    SPINS,
    Details,
    Format,
    are_qubits,
    every_term,
    is_object,
    of_terms,
    real,
    write_json,
)


def _from_json(file: Path, found: Any) -> IsingHamiltonian | None:
    members = dict(found) if is_object(found) else {"terms": found}
    terms = members.get("terms")
    if not terms or not isinstance(terms, list) or not all(map(_is_term, terms)):
        return None
    values = ((tuple(qubits), real(file, value, qubits)) for value, qubits in terms)
    return of_terms(file, values, members.get("N"))


def _is_term(found: Any) -> bool:
    return isinstance(found, list) and len(found) == 2 and are_qubits(found[1])


def _write(target: Path, hamiltonian: IsingHamiltonian, details: Details) -> None:
    terms = [[value, list(qubits)] for qubits, value in every_term(hamiltonian)]
    write_json(target, convention=SPINS, N=hamiltonian.num_qubits, terms=terms)


FORMAT = Format(
    name="qokit", suffix=".qokit.json", holds="QOKit's terms: coefficient and qubits",
    reader="`QAOAFURXSimulator(N, terms=terms)`", write=_write, from_json=_from_json,
)  # fmt: skip
