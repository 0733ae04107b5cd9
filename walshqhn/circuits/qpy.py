"""The one way to read QPY files: Qiskit's parser is partly native code, which a crafted file can crash."""

from __future__ import annotations

import io
import os
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from walshqhn.support.errors import FormatError
from walshqhn.support.files import check_source, first_line
from walshqhn.support.resources import available_memory, require_memory

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

_PATIENCE = 60  # seconds; parsers can be made to loop
_LEAST_MEMORY = 1 << 30  # bytes of address space that a child process has beyond its parent's


def read_qpy(path: str | Path) -> list[QuantumCircuit]:
    """The circuits in a QPY file, at least one.

    Where processes can fork, a child reads it first: what crashes, hangs or takes all memory there is not read here.
    InputError if there is no such file, FormatError if it cannot be read.
    """
    from qiskit import QuantumCircuit, qpy

    file = check_source(path)
    require_memory(20 * file.stat().st_size, str(file), "Use a smaller circuit.")
    content = file.read_bytes()
    if content[:6] != b"QISKIT":
        raise FormatError(f"{file}: not a QPY file that can be read (it does not begin like one).")
    if hasattr(os, "fork") and not _survives(content):
        raise FormatError(f"{file}: not a QPY file that can be read (Qiskit's parser crashes).")
    try:
        found = qpy.load(io.BytesIO(content))
    except Exception as error:  # of all kinds
        raise FormatError(f"{file}: not a QPY file that can be read ({_reason(error)}).") from error
    if not found or not all(isinstance(circuit, QuantumCircuit) for circuit in found):
        raise FormatError(f"{file}: a QPY file holds circuits, this one does not.")
    return list(found)


def _reason(error: Exception) -> str:
    """Qiskit's parser tells a whole story, with colours."""
    return first_line(error).split("\\n")[0].strip("\"' :")


def _survives(content: bytes) -> bool:
    """Whether a child process can parse ``content``, or says with an exception that it cannot."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of forking beside threads: the child starts none and waits for none
        child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    code = 1
    with suppress(BaseException):
        import faulthandler
        import resource
        import signal

        from qiskit import qpy

        faulthandler.disable()  # who crashes here, does so in silence
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(_PATIENCE)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        with suppress(OSError, ValueError):
            most = used + max(_LEAST_MEMORY, available_memory())
            resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))
        warnings.simplefilter("ignore")
        with suppress(Exception):  # the parent gets it, too
            qpy.load(io.BytesIO(content))
        code = 0
    os._exit(code)
