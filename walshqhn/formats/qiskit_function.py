"""Problems as Qiskit Functions take them: ``{"(0, 4)": 1.5, "()": 2}``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.formats.format import SPINS, Details, Format, every_term, is_object, of_terms, real, write_json
from walshqhn.support.errors import InputError

_KEY = re.compile(r"\s*[(\[]?\s*((\d{1,6}\s*,\s*)*(\d{1,6})?)\s*[)\]]?\s*")
_KINDS = {"spin": "spins", "binary": "bits"}


def _from_json(file: Path, found: Any) -> IsingHamiltonian | None:
    if not is_object(found):
        return None
    members = dict(found)
    if "problem" not in members:
        return of_terms(file, _terms(file, found))
    kind, problem = members.get("problem_type", "spin"), members["problem"]
    if kind not in _KINDS or not isinstance(problem, list) or not all(isinstance(pair, tuple) for pair in problem):
        kinds = " or ".join(_KINDS)
        raise InputError(f"{file}: problem is a table of terms and problem_type {kinds}, got {kind!r:.40}.")
    terms = _terms(file, members["problem"])
    return of_terms(file, terms, members.get("num_qubits"), of=_KINDS[kind])


def _terms(file: Path, pairs: Any) -> list[tuple[tuple[int, ...], float]]:
    return [(_key(file, name), real(file, value, name)) for name, value in pairs]


def _key(file: Path, text: str) -> tuple[int, ...]:
    if not _KEY.fullmatch(text):
        raise InputError(f'{file}: a term is named by its spins, as in "(0, 4)", got {text!r:.80}.')
    return tuple(map(int, re.findall(r"\d+", text)))


def _write(target: Path, hamiltonian: IsingHamiltonian, details: Details) -> None:
    problem = {str(qubits): value for qubits, value in every_term(hamiltonian)}
    write_json(target, convention=SPINS, num_qubits=hamiltonian.num_qubits, problem_type="spin", problem=problem)


FORMAT = Format(
    name="qiskit-function", suffix=".qiskit.json", holds='problem and problem_type: {"(0, 4)": 1.5}, by spins',
    reader="`function.run(problem=..., problem_type=...)`", write=_write, from_json=_from_json,
)  # fmt: skip
