"""The formats that a Hamiltonian can be exported to: help, endings and writers come from here."""

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
"""(target, what is exported, the same with all there is besides, whether to use names of bits where a format can do
with or without, whether to replace a file that exists)"""


@dataclass(frozen=True)
class Format:
    """A format of files with Hamiltonians."""

    ending: str
    """Of a file's name."""
    help: str
    write: Writer


FORMATS = {
    "native": Format(".h5", "HDF5", lambda path, h, all_, named, over: save(path, all_, overwrite=over)),
    "sparse-pauli-op": Format(
        ".qpy",
        "QPY, one PauliEvolutionGate that holds the operator",
        lambda path, h, all_, named, over: write_sparse_pauli_op(path, h, overwrite=over),
    ),
    "sympy": Format(
        ".txt",
        "text, a term a line",
        lambda path, h, all_, named, over: write_sympy(
            path, h, names=all_.bit_names if named else None, overwrite=over
        ),
    ),
    "csv": Format(
        ".csv",
        "degree, qubits, names of bits, coefficient",
        lambda path, h, all_, named, over: write_csv(path, h, names=all_.bit_names, overwrite=over),
    ),
}
