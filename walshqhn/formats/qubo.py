"""QUBOs as coordinate lists, which dimod calls COO: ``0 4 1.5`` a line, equal numbers for single variables."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.formats.format import BITS, Details, Format, of_terms, read_text, real
from walshqhn.support.errors import InputError, UsageError

_ENTRY = re.compile(r"(\d{1,6})\s+(\d{1,6})\s+(\S+)")
_VARTYPE = re.compile(r"^\s*#.*?vartype\s*[:=]\s*(SPIN|BINARY)\b", re.MULTILINE)
_OFFSET = re.compile(r"^\s*#\s*offset\s*[:=]\s*(\S+)", re.MULTILINE)
_SIZE = re.compile(r"^\s*#\s*num_variables\s*[:=]\s*(\d{1,7})\b", re.MULTILINE)


def _read(file: Path) -> IsingHamiltonian:
    text = read_text(file)
    kind, offset, size = _VARTYPE.search(text), _OFFSET.search(text), _SIZE.search(text)
    if kind is None:
        raise InputError(f"{file}: say # vartype=SPIN or # vartype=BINARY in a line of its own.")
    terms: list[tuple[tuple[int, ...], float]] = [((), real(file, offset[1], "offset"))] if offset else []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        entry = _ENTRY.fullmatch(line.strip())
        if entry is None:
            raise InputError(f"{file}: line {number} is not two variables and a number: {line.strip()[:80]!r}.")
        terms.append((tuple({int(entry[1]), int(entry[2])}), real(file, entry[3], f"line {number}")))
    return of_terms(file, terms, int(size[1]) if size else None, of="spins" if kind[1] == "SPIN" else "bits")


def _write(target: Path, hamiltonian: IsingHamiltonian, details: Details) -> None:
    degree = int(hamiltonian.degrees.max(initial=0))
    if degree > 2:
        advice = "truncate it (--max-degree 2), or use the format dimod or ommx"
        raise UsageError(f"a QUBO is quadratic, this Hamiltonian has degree {degree}: {advice}.")
    terms = hamiltonian.to_terms(of="bits")
    head = ["vartype=BINARY", BITS, f"num_variables={hamiltonian.num_qubits}", f"offset={terms.pop((), 0.0)!r}"]
    lines = [f"{term[0]} {term[-1]} {_plain(value)}" for term, value in sorted(terms.items())]
    target.write_text("\n".join([*(f"# {line}" for line in head), *lines, ""]), encoding="utf-8")


def _plain(value: float) -> str:
    """Without an exponent, which dimod does not read."""
    return np.format_float_positional(value, trim="-")


FORMAT = Format(
    name="qubo", suffix=".coo", holds="a QUBO as a coordinate list, for degree 2 at most; the constant is a comment",
    reader="`dimod.serialization.coo.load(file)`", convention=BITS, write=_write, reads=(".coo",), read=_read,
)  # fmt: skip
