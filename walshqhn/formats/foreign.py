"""Hamiltonians from other people's files.

Everywhere z = (-1)^b: spin +1 is bit 0, as for Pauli Z in Qiskit. Binary variables are the bits themselves. Qubits have
at most six digits.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from walshqhn.bits import words_for
from walshqhn.cost.convert import as_cost
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.formats.qpy import read_sparse_pauli_op
from walshqhn.support.errors import InputError, missing_package
from walshqhn.support.files import check_source, first_line
from walshqhn.support.resources import require_memory

_OWN = ["degree", "qubits", "bits", "coefficient"]
_KEY = re.compile(r"\s*[(\[]?\s*((\d{1,6}\s*,\s*)*(\d{1,6})?)\s*[)\]]?\s*")
_TERM = re.compile(r"\s*\+?\s*(?P<value>[^\s\[\]+]*\([^()]*\)|[^\s\[\]()]+)\s*\[(?P<factors>[^\[\]]*)\]")
_ENTRY = re.compile(r"(\d{1,6})\s+(\d{1,6})\s+(\S+)")

Terms = Iterable[tuple[tuple[int, ...], float]]


def read_hamiltonian(path: str | Path) -> IsingHamiltonian:
    """The Hamiltonian in a file of one of these kinds.

    =========  ===================================================================================================
    ``.h5``    of walshqhn
    ``.csv``   ``degree,qubits,bits,coefficient``, as walshqhn exports it
    ``.qpy``   a Qiskit circuit that begins with a ``PauliEvolutionGate``
    ``.json``  ``{"(0, 4)": 1.5, "()": 2}``, coefficients by spins, as Qiskit Functions take them; ``[[1.5, [0, 4]],
               ...]``, the terms of QOKit; or a dimod ``BinaryQuadraticModel`` (``to_serializable``)
    ``.coo``   ``0 4 1.5`` a line, equal numbers for single variables, and ``# vartype=SPIN`` or ``BINARY``: dimod's
    ``.txt``   ``1.5 [Z0 Z4] +``, an OpenFermion ``QubitOperator`` as text
    =========  ===================================================================================================

    Equal terms are added up. InputError for a file that is missing, of another kind or not understood, and for X or Y
    in a term; FormatError for damaged HDF5 or QPY; TooLargeError for more than memory holds; MissingDependencyError
    for a dimod model without dimod.
    """
    file = Path(path)
    readers: dict[str, Callable[[Path], IsingHamiltonian]] = {
        ".h5": IsingHamiltonian.load, ".hdf5": IsingHamiltonian.load, ".csv": _csv, ".qpy": read_sparse_pauli_op,
        ".json": _json, ".coo": _coo, ".txt": _text,
    }  # fmt: skip
    if file.suffix.lower() not in readers:
        raise InputError(f"{file}: a Hamiltonian is a file of kind {', '.join(readers)}.")
    try:
        return readers[file.suffix.lower()](check_source(file))
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{file}: cannot be read ({first_line(error)}).") from error


def holds_hamiltonian(path: Path) -> bool:
    """Whether a file that exists is one of `read_hamiltonian`'s, rather than a table of costs."""
    kind = path.suffix.lower()
    if kind not in (".csv", ".txt"):
        return kind in (".qpy", ".json", ".coo")
    with path.open("rb") as file:
        head = file.read(1000)
    return head.startswith(",".join(_OWN).encode()) if kind == ".csv" else b"[" in head


def _made(file: Path, terms: Terms) -> IsingHamiltonian:
    """The sum of ``terms``."""
    found: Counter[tuple[int, ...]] = Counter()
    for qubits, value in terms:
        found[tuple(sorted(qubits))] += value  # type: ignore[assignment]
    size = 1 + max((q for term in found for q in term), default=0)
    needed = 8 * len(found) * (size + 8 * words_for(size))
    require_memory(needed, f"{file}: {len(found):,} terms on {size:,} qubits", "Number the qubits 0, 1, 2, ...")
    return IsingHamiltonian.from_terms(found, size)


def _number(file: Path, value: Any, where: str) -> float:
    try:
        number = complex(value)
    except (TypeError, ValueError):
        number = complex("nan")
    if isinstance(value, bool) or number.imag or not np.isfinite(number.real):
        raise InputError(f"{file}: the coefficient of {where} is a real number, got {value!r}.")
    return number.real


def _read(file: Path) -> str:
    require_memory(20 * file.stat().st_size, str(file), "Use a file of walshqhn (.h5).")
    return file.read_text(encoding="utf-8-sig")


def _csv(file: Path) -> IsingHamiltonian:
    rows = list(csv.reader(_read(file).splitlines()))
    if not rows or rows[0] != _OWN:
        raise InputError(f"{file}: a Hamiltonian's table begins with {','.join(_OWN)}.")
    names: dict[int, str] = {}
    terms = []
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(_OWN) or not re.fullmatch(r"(\d{1,6}( |$))*", row[1]):
            raise InputError(f"{file}: line {number} is no term: {','.join(row)[:80]!r}.")
        qubits = tuple(map(int, row[1].split()))
        names |= zip(qubits, row[2].split(), strict=False) if len(row[2].split()) == len(qubits) else ()
        terms.append((qubits, _number(file, row[3], f"line {number}")))
    found = _made(file, terms)
    if set(names) == set(range(found.num_qubits)) and len(set(names.values())) == len(names):
        labels = tuple(names[q] for q in range(found.num_qubits))
        return IsingHamiltonian(found.num_qubits, found.masks, found.coefficients, found.constant, names=labels)
    return found


def _json(file: Path) -> IsingHamiltonian:
    try:
        found = json.loads(_read(file), object_pairs_hook=lambda pairs: pairs)  # a key may occur twice
    except ValueError as error:
        raise InputError(f"{file}: not JSON ({first_line(error)}).") from error
    if isinstance(found, list) and ("type", "BinaryQuadraticModel") in found:
        return _dimod(file)
    if isinstance(found, list) and found and isinstance(found[0], tuple):
        return _made(file, ((_key(file, name), _number(file, value, name)) for name, value in found))
    if isinstance(found, list) and all(
        isinstance(term, list) and len(term) == 2 and isinstance(term[1], list)
        and all(type(q) is int and 0 <= q < 10**6 for q in term[1]) for term in found
    ):  # fmt: skip
        return _made(file, ((tuple(qubits), _number(file, value, str(qubits))) for value, qubits in found))
    raise InputError(f'{file}: JSON of a Hamiltonian is {{"(0, 4)": 1.5}}, [[1.5, [0, 4]]] or a dimod model.')


def _key(file: Path, text: str) -> tuple[int, ...]:
    if not _KEY.fullmatch(text):
        raise InputError(f'{file}: a term is named by its spins, as in "(0, 4)", got {text!r}.')
    return tuple(map(int, re.findall(r"\d+", text)))


def _dimod(file: Path) -> IsingHamiltonian:
    try:
        import dimod
    except ImportError:
        raise missing_package("dimod", f"{file}, a dimod model,") from None
    try:
        model = dimod.BinaryQuadraticModel.from_serializable(json.loads(_read(file)))
    except Exception as error:  # dimod raises all sorts of errors on what it does not understand
        raise InputError(f"{file}: not a dimod model that can be read ({first_line(error)}).") from error
    found = as_cost(model)
    assert isinstance(found, IsingHamiltonian)
    return found


def _coo(file: Path) -> IsingHamiltonian:
    text = _read(file)
    kind = re.search(r"^\s*#\s*vartype\s*=\s*(SPIN|BINARY)\s*$", text, re.MULTILINE)
    if kind is None:
        raise InputError(f"{file}: say # vartype=SPIN or # vartype=BINARY in a line of its own.")
    terms: list[tuple[tuple[int, ...], float]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        entry = _ENTRY.fullmatch(line.strip())
        if entry is None:
            raise InputError(f"{file}: line {number} is not two variables and a number: {line.strip()[:80]!r}.")
        qubits = tuple({int(entry[1]), int(entry[2])})
        value = _number(file, entry[3], f"line {number}")
        terms += [(qubits, value)] if kind[1] == "SPIN" else _of_bits(qubits, value)
    return _made(file, terms)


def _of_bits(bits: tuple[int, ...], value: float) -> list[tuple[tuple[int, ...], float]]:
    """A product of bits, b = (1 - z) / 2, as terms of spins."""
    terms: list[tuple[tuple[int, ...], float]] = [((), value)]
    for j in bits:
        terms = [term for spins, x in terms for term in ((spins, x / 2), ((*spins, j), -x / 2))]
    return terms


def _text(file: Path) -> IsingHamiltonian:
    text, place, terms = _read(file).strip(), 0, []
    while place < len(text):
        term = _TERM.match(text, place)
        if term is None:
            raise InputError(f"{file}: expected a term such as 1.5 [Z0 Z4], got {text[place : place + 40]!r}.")
        factors = term["factors"].split()
        if not all(re.fullmatch(r"Z\d{1,6}", factor) for factor in factors):
            raise InputError(f"{file}: an Ising Hamiltonian holds I and Z only, got [{term['factors']}].")
        value = _number(file, term["value"], f"[{term['factors']}]")
        terms.append((tuple(int(factor[1:]) for factor in factors), value))
        place = term.end()
    return _made(file, terms)
