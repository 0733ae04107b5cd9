"""Reading QPY files safely: Qiskit's parser is partly native code, which a crafted file can crash."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from walshqhn.support.errors import FormatError
from walshqhn.support.files import check_source, first_line
from walshqhn.support.parsers import survives
from walshqhn.support.resources import require_memory

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def read_qpy(path: str | Path) -> list[QuantumCircuit]:
    """The circuits in a QPY file, at least one.

    Where processes can fork, a child reads it first: a file that crashes it, hangs or exhausts memory is not read here.
    InputError if there is no such file, FormatError if it cannot be read.
    """
    from qiskit import QuantumCircuit, qpy

    file = check_source(path)
    require_memory(20 * file.stat().st_size, str(file), "Use a smaller circuit.")
    content = file.read_bytes()
    if content[:6] != b"QISKIT":
        raise FormatError(f"{file}: not a QPY file that can be read (it does not begin like one).")
    if not survives(lambda: qpy.load(io.BytesIO(content))):
        raise FormatError(f"{file}: not a QPY file that can be read (Qiskit's parser crashes).")
    try:
        found = qpy.load(io.BytesIO(content))
    except Exception as error:  # of all kinds
        raise FormatError(f"{file}: not a QPY file that can be read ({_reason(error)}).") from error
    if not found or not all(isinstance(circuit, QuantumCircuit) for circuit in found):
        raise FormatError(f"{file}: a QPY file holds circuits, this one does not.")
    return list(found)


def _reason(error: Exception) -> str:
    """The last line of Qiskit's error, which is long and coloured."""
    return first_line(error).split("\\n")[0].strip("\"' :")
