"""PennyLane: coefficients, and the wires that Z acts on."""

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
from walshqhn.support.errors import InputError

_USE = "qml.dot(coefficients, [qml.prod(*map(qml.Z, w)) if w else qml.Identity(0) for w in wires])"


def _from_json(file: Path, found: Any) -> IsingHamiltonian | None:
    members = dict(found) if is_object(found) else {}
    values, wires = members.get("coefficients"), members.get("wires")
    if not isinstance(values, list) or not isinstance(wires, list) or not all(map(are_qubits, wires)):
        return None
    if len(values) != len(wires):
        raise InputError(f"{file}: {len(values):,} coefficients and {len(wires):,} products do not match.")
    terms = ((tuple(w), real(file, value, w)) for value, w in zip(values, wires, strict=True))
    return of_terms(file, terms, members.get("num_wires"))


def _write(target: Path, hamiltonian: IsingHamiltonian, details: Details) -> None:
    terms = every_term(hamiltonian)
    values, wires = [value for _, value in terms], [list(qubits) for qubits, _ in terms]
    facts = {"convention": f"{SPINS}; wire j is qubit j", "use": _USE, "num_wires": hamiltonian.num_qubits}
    write_json(target, **facts, coefficients=values, wires=wires)


FORMAT = Format(
    name="pennylane", suffix=".pennylane.json", holds="coefficients, and the wires of each product of Z",
    reader="PennyLane, with the line in the file", write=_write, from_json=_from_json,
)  # fmt: skip
