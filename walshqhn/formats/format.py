"""The definition of a file format, and what readers and writers of Hamiltonians share.

Everywhere z = (-1)^b: spin +1 is bit 0, as for Pauli Z in Qiskit. Binary variables are the bits themselves. Qubits have
at most six digits.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn.bits import words_for
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.support.errors import InputError
from walshqhn.support.files import first_line
from walshqhn.support.parsers import survives
from walshqhn.support.resources import require_memory

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from walshqhn.formats.hdf5 import Contents

SPINS = "z = (-1)^b: Z of qubit j is +1 where bit j is 0, and -1 where it is 1"
BITS = "variable j is bit j, 0 or 1"
LARGEST_QUBIT = 999_999
_TERM = 500  # bytes of a term in lists and text
_SIZE = re.compile(r"\bN = (\d{1,7})\b")

Terms = Iterable[tuple[tuple[int, ...], float]]


@dataclass(frozen=True)
class Details:
    """What a writer may need besides the Hamiltonian."""

    names: Sequence[str] | None = None
    """Of the N bits; None: numbers, where the format has the choice."""
    contents: Contents | None = None
    """What a native file holds besides; None: nothing."""
    qpy_version: int | None = None
    """None: the oldest that Qiskit still writes."""


@dataclass(frozen=True)
class Format:
    """A file format: how files are written, and which are recognized and read."""

    name: str
    suffix: str
    """Of the files that are written."""
    holds: str
    """In a few words, for help and documentation."""
    reader: str
    """What reads such a file, besides walshqhn."""
    convention: str = SPINS
    """Also said in the file itself."""
    write: Callable[[Path, IsingHamiltonian, Details], None] | None = None
    write_circuit: Callable[[Path, QuantumCircuit, Sequence[str]], None] | None = None
    """Of formats that hold a trained circuit in place of a Hamiltonian; takes the names of the bits."""
    names: str = "never"
    """Whether names of bits are written: "always", "never" or as is "asked"."""
    reads: tuple[str, ...] = ()
    """Endings of the files that ``read`` takes, in lower case."""
    read: Callable[[Path], IsingHamiltonian] | None = None
    from_json: Callable[[Path, Any], IsingHamiltonian | None] | None = None
    """Of formats in JSON, whose objects come as lists of pairs; None is returned for a file of another kind."""


def of_terms(
    file: Path, terms: Terms, num_qubits: Any = None, *, names: Sequence[str] = (), of: str = "spins"
) -> IsingHamiltonian:
    """The sum of ``terms``, which may be equal.

    ``num_qubits``: as the file says; None: the number of names, or as many as the terms need.
    """
    found: defaultdict[tuple[int, ...], float] = defaultdict(float)
    for qubits, value in terms:
        found[tuple(sorted(qubits))] += value
    size = len(names) or 1 + max((q for term in found for q in term), default=0)
    if num_qubits is not None:
        if type(num_qubits) is not int or not size <= num_qubits <= LARGEST_QUBIT + 1:
            raise InputError(f"{file}: terms on {size:,} qubits, but it says {num_qubits!r:.40}.")
        size = num_qubits
    needed = 8 * len(found) * (size + 8 * words_for(size))
    require_memory(needed, f"{file}: {len(found):,} terms on {size:,} qubits", "Number the qubits 0, 1, 2, ...")
    return IsingHamiltonian.from_terms(found, size, names=names, of=of)


def real(file: Path, value: Any, where: object) -> float:
    """``value`` or its text as a number. InputError that names ``where`` unless it is real and finite."""
    try:
        number = complex(value)
    except (OverflowError, TypeError, ValueError):
        number = complex("nan")
    if isinstance(value, bool) or number.imag or not np.isfinite(number.real):
        raise InputError(f"{file}: the coefficient of {where} is a real number, got {value!r:.80}.")
    return number.real


def are_qubits(found: Any) -> bool:
    """Whether ``found`` is a list of qubits' numbers."""
    return isinstance(found, list) and all(type(q) is int and 0 <= q <= LARGEST_QUBIT for q in found)


def read_text(file: Path) -> str:
    """The text of a file. TooLargeError if its parsed contents might not fit in memory."""
    require_memory(20 * file.stat().st_size, str(file), "Use a file of walshqhn (.h5).")
    return file.read_text(encoding="utf-8-sig")


def read_json(file: Path) -> Any:
    """The value of a JSON file, objects as lists of pairs: a key may occur twice. InputError if it is not JSON."""
    try:
        return json.loads(read_text(file), object_pairs_hook=list)
    except ValueError as error:
        raise InputError(f"{file}: not JSON ({first_line(error)}).") from error


def is_object(found: Any) -> bool:
    """Whether `read_json` found an object that is not empty."""
    return isinstance(found, list) and bool(found) and all(isinstance(pair, tuple) for pair in found)


def write_json(target: Path, **members: Any) -> None:
    """Write a JSON object, one member a line. Numbers keep their full precision."""
    lines = [f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in members.items()]
    target.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def convention(hamiltonian: IsingHamiltonian) -> str:
    """The text of a comment: the number of qubits, some of which may be in no term, and what Z means."""
    return f"N = {hamiltonian.num_qubits}; {SPINS}"


def size_in(comment: str) -> int | None:
    """The number of qubits stated by a `convention`, if it is one."""
    found = _SIZE.search(comment)
    return int(found[1]) if found else None


def every_term(hamiltonian: IsingHamiltonian) -> list[tuple[tuple[int, ...], float]]:
    """(qubits, coefficient) of the constant, which is always there, and all terms. TooLargeError."""
    require_memory(_TERM * len(hamiltonian), f"a list of {len(hamiltonian):,} terms", "Truncate it, or export native.")
    return [((), hamiltonian.constant), *hamiltonian]


def parsed_by(package: str, file: Path, parse: Callable[[], Any]) -> Any:
    """What another package's parser makes of a file; InputError for its errors, of all kinds, and its crashes."""
    if not survives(parse):
        raise InputError(f"{file}: {package} cannot read it (its parser crashes).")
    try:
        return parse()
    except Exception as error:
        raise InputError(f"{file}: {package} cannot read it ({first_line(error)}).") from error
