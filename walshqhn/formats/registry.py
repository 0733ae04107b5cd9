"""The formats of Hamiltonians, from which help, documentation, writing and reading follow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.formats import (
    csv,
    dimod,
    hamlib,
    native,
    ommx,
    openfermion,
    pennylane,
    programs,
    qasm3,
    qiskit_function,
    qokit,
    qpy,
    qubo,
    sympy,
)
from walshqhn.formats.format import Details, Format, read_json
from walshqhn.support.errors import InputError, UsageError, unknown_name
from walshqhn.support.files import check_source, first_line, write_atomically

_MODULES = (
    native, qpy, sympy, csv, openfermion, hamlib, dimod, qubo, ommx, qokit, pennylane, qiskit_function, qasm3, programs,
)  # fmt: skip
FORMATS: dict[str, Format] = {module.FORMAT.name: module.FORMAT for module in _MODULES}
WRITTEN = tuple(name for name, f in FORMATS.items() if f.write or f.write_circuit)


def write_hamiltonian(
    path: str | Path, hamiltonian: IsingHamiltonian, format: str, *, names: Sequence[str] | None = None,
    qpy_version: int | None = None, overwrite: bool = False,
) -> None:  # fmt: skip
    """Write a Hamiltonian in one of these formats; the file appears whole or not at all.

    ``native``, ``sparse-pauli-op``, ``sympy``, ``csv``, ``openfermion``, ``hamlib``, ``dimod``, ``qubo``, ``ommx``,
    ``qokit``, ``pennylane``, ``qiskit-function``. Each file states how bits, spins and qubits correspond.

    ``names`` of the N bits are written if the format supports them, by default numbers. ``qpy_version``: by default
    the oldest that Qiskit writes. UsageError for an unknown format, a file that exists (unless ``overwrite``), and a
    degree that the format does not support (``qubo``); MissingDependencyError if a package is missing (``ommx``).

    >>> import walshqhn as wq
    >>> ring = wq.IsingHamiltonian.from_terms({(0, 1): 1.0, (1, 2): -0.5})
    >>> wq.write_hamiltonian("ring.dimod.json", ring, "dimod")
    >>> wq.read_hamiltonian("ring.dimod.json") == ring
    True
    """
    write(Path(path), hamiltonian, format, Details(names, qpy_version=qpy_version), overwrite=overwrite)


def write(path: Path, hamiltonian: IsingHamiltonian, format: str, details: Details, *, overwrite: bool) -> None:
    """As `write_hamiltonian`."""
    found = FORMATS.get(format)
    if found is None or found.write is None:
        raise unknown_name("format", format, [name for name, f in FORMATS.items() if f.write])
    write_function = found.write
    write_atomically(path, lambda target: write_function(target, hamiltonian, details), overwrite=overwrite)


def read_hamiltonian(path: str | Path, *, key: str | None = None) -> IsingHamiltonian:
    """The Hamiltonian in a file, of walshqhn or another program.

    ==================  ============================================================================================
    ``.h5``, ``.hdf5``  walshqhn's own
    ``.hdf5``, ``.h5``  HamLib's: OpenFermion's text in a data set; ``key`` names it where there are several
    ``.csv``            ``degree,qubits,bits,coefficient``, as walshqhn exports it
    ``.qpy``            a Qiskit circuit that begins with a ``PauliEvolutionGate``
    ``.json``           ``{"(0, 4)": 1.5, "()": 2}``, coefficients by spins, as Qiskit Functions take them, also as
                        ``problem`` beside ``problem_type``; ``[[1.5, [0, 4]], ...]``, the terms of QOKit; a dimod
                        ``BinaryQuadraticModel`` (``to_serializable``); walshqhn's exports for dimod and PennyLane
    ``.coo``            ``0 4 1.5`` a line, equal numbers for single variables, and ``# vartype=SPIN`` or ``BINARY``
    ``.txt``            ``1.5 [Z0 Z4] +``, an OpenFermion ``QubitOperator`` as text
    ``.lp``, ``.mps``   the objective of binary variables, as the package highspy reads it
    ``.qplib``          likewise, as the package ommx reads it
    ``.ommx``           likewise, of any degree
    ==================  ============================================================================================

    Equal terms are added up. Bits are in the order of the variables in the file, whose names are kept. An objective to
    be maximized has its sign changed. InputError for a file that is missing, of another kind or not understood, for X
    or Y in a term, and for constraints; FormatError for damaged HDF5 or QPY; TooLargeError for more than fits in
    memory; MissingDependencyError if dimod, highspy or ommx is needed and missing.
    """
    file = Path(path)
    suffix = file.suffix.lower()
    if suffix not in endings():
        raise InputError(f"{file}: a Hamiltonian is a file of kind {', '.join(endings())}.")
    if key is not None and suffix not in hamlib.FORMAT.reads:
        raise UsageError(f"{file}: only HDF5 files have keys.")
    check_source(file)
    try:
        if suffix == ".json":
            return _from_json(file)
        if suffix in hamlib.FORMAT.reads:
            return IsingHamiltonian.load(file) if native.is_native(file) else hamlib.read(file, key)
        read = next(f.read for f in FORMATS.values() if f.read and suffix in f.reads)
        return read(file)
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{file}: cannot be read ({first_line(error)}).") from error


def _from_json(file: Path) -> IsingHamiltonian:
    found = read_json(file)
    for read in (f.from_json for f in FORMATS.values() if f.from_json):
        if (hamiltonian := read(file, found)) is not None:
            return hamiltonian
    raise InputError(f'{file}: JSON of a Hamiltonian is {{"(0, 4)": 1.5}}, [[1.5, [0, 4]]] or a dimod model.')


def endings() -> tuple[str, ...]:
    """Of the files that `read_hamiltonian` reads."""
    return tuple(dict.fromkeys([".json", *(ending for f in FORMATS.values() for ending in f.reads)]))


def holds_hamiltonian(path: Path) -> bool:
    """Whether a file that exists, and is not native, is one of `read_hamiltonian`'s, not a table of costs."""
    suffix = path.suffix.lower()
    if suffix in hamlib.FORMAT.reads:
        return hamlib.is_hamlib(path)
    if suffix not in (".csv", ".txt"):
        return suffix in endings()
    with path.open("rb") as file:
        head = file.read(1000)
    return head.startswith(",".join(csv.HEAD).encode()) if suffix == ".csv" else b"[" in head


def describe() -> str:
    """The table of formats in the documentation."""
    lines = ["| format | file | holds | read by | read here |", "|---|---|---|---|---|"]
    for f in FORMATS.values():
        written = f"`{f.suffix}`" if f.name in WRITTEN else ", ".join(f"`{ending}`" for ending in f.reads)
        here = "yes" if f.read or f.from_json else "no"
        name = f"`{f.name}`" if f.name in WRITTEN else "not written"
        lines.append(f"| {name} | {written} | {f.holds} | {f.reader} | {here} |")
    return "\n".join(lines)
