"""The formats that a Hamiltonian can be exported to, with help texts, file endings and writers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.formats.csv import write_csv
from walshqhn.formats.hdf5 import Contents, save
from walshqhn.formats.qpy import write_sparse_pauli_op
from walshqhn.formats.sympy import write_sympy

Writer = Callable[[Path, IsingHamiltonian, Contents, bool, bool], None]
"""(path, Hamiltonian, contents of a file with it, whether to use bit names where they are optional, overwrite)"""


@dataclass(frozen=True)
class Format:
    """A file format for Hamiltonians."""

    ending: str
    help: str
    write: Writer


FORMATS = {
    "native": Format(
        ".h5", "HDF5", lambda path, h, contents, named, overwrite: save(path, contents, overwrite=overwrite)
    ),
    "sparse-pauli-op": Format(
        ".qpy", "QPY, a circuit with one PauliEvolutionGate that holds the operator",
        lambda path, h, contents, named, overwrite: write_sparse_pauli_op(path, h, overwrite=overwrite),
    ),
    "sympy": Format(
        ".txt", "text, one term per line",
        lambda path, h, contents, named, overwrite: write_sympy(
            path, h, names=contents.bit_names if named else None, overwrite=overwrite
        ),
    ),
    "csv": Format(
        ".csv", "table of degree, qubits, bit names and coefficient",
        lambda path, h, contents, named, overwrite: write_csv(path, h, names=contents.bit_names, overwrite=overwrite),
    ),
}  # fmt: skip
