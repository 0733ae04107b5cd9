"""The formats that a Hamiltonian can be exported to: help, endings and writers come from here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.formats.csv import write_csv
from walshqhn.formats.hdf5 import Contents, save
from walshqhn.formats.qpy import write_sparse_pauli_op
from walshqhn.formats.sympy import write_sympy


@dataclass(frozen=True)
class Export:
    """What a file is to hold."""

    hamiltonian: IsingHamiltonian
    contents: Contents
    """The Hamiltonian again, and for our own files what there is besides it."""
    names: Sequence[str]
    """Of the bits."""
    use_names: bool
    """In place of numbers, where a format can do either."""


@dataclass(frozen=True)
class Format:
    """A format of files with Hamiltonians."""

    ending: str
    """Of a file's name."""
    help: str
    write: Callable[[Path, Export, bool], None]
    """Writes a file; the last argument says whether one that exists is replaced."""


FORMATS = {
    "native": Format(".h5", "HDF5", lambda path, e, overwrite: save(path, e.contents, overwrite=overwrite)),
    "sparse-pauli-op": Format(
        ".qpy",
        "QPY, one PauliEvolutionGate that holds the operator",
        lambda path, e, overwrite: write_sparse_pauli_op(path, e.hamiltonian, overwrite=overwrite),
    ),
    "sympy": Format(
        ".txt",
        "text, a term a line",
        lambda path, e, overwrite: write_sympy(
            path, e.hamiltonian, names=e.names if e.use_names else None, overwrite=overwrite
        ),
    ),
    "csv": Format(
        ".csv",
        "degree, qubits, names of bits, coefficient",
        lambda path, e, overwrite: write_csv(path, e.hamiltonian, names=e.names, overwrite=overwrite),
    ),
}
