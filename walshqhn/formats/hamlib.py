"""HamLib's HDF5 files (Sawaya et al., arXiv:2306.13126): data sets of OpenFermion's text, of any names."""

from __future__ import annotations

from pathlib import Path

import h5py

from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.formats import access, openfermion
from walshqhn.formats.format import Details, Format, convention, size_in
from walshqhn.formats.layout import Attribute
from walshqhn.support.errors import InputError
from walshqhn.support.hdf5 import is_text, members, open_hdf5, read_text, texts

_CONVENTION = Attribute("convention", "text", "number of qubits, and what Z means")


def keys(file: Path) -> list[str]:
    """The paths of all texts in an HDF5 file."""
    with open_hdf5(file) as h5:
        return texts(h5)


def is_hamlib(file: Path) -> bool:
    """Whether an HDF5 file holds texts, and no numbers beside them that might be a table of costs."""
    with open_hdf5(file) as h5:
        return bool(texts(h5)) and all(is_text(h5[name]) for name in members(h5))


def read(file: Path, key: str | None = None) -> IsingHamiltonian:
    """The Hamiltonian called ``key``, or the only one. InputError if there is none."""
    found = keys(file)
    if not found:
        raise InputError(f"{file} holds no Hamiltonian: it is not a walshqhn file, and has none of HamLib's texts.")
    if key is None and len(found) != 1:
        listed = ", ".join(found[:8]) + (", ..." if len(found) > 8 else "")
        raise InputError(f"{file} holds {len(found)} Hamiltonians, choose one with key: {listed}.")
    chosen = found[0] if key is None else key.strip("/")
    if chosen not in found:
        raise InputError(f"{file} holds no text {chosen!r}, but {', '.join(found[:8])}.")
    with open_hdf5(file) as h5:
        text, said = read_text(h5, chosen), ""
        if _CONVENTION.name in h5[chosen].attrs:
            said = access.read_attribute(h5[chosen], _CONVENTION)
    return openfermion.from_text(Path(f"{file}, {chosen}"), text, size_in(said))


def _write(target: Path, hamiltonian: IsingHamiltonian, details: Details) -> None:
    def fill(h5: h5py.File) -> None:
        key = f"walshqhn_n-{hamiltonian.num_qubits}"
        h5[key] = openfermion.as_text(hamiltonian)
        access.write_attributes(h5[key], [_CONVENTION], {_CONVENTION.name: convention(hamiltonian)})

    access.write_file(target, fill)


FORMAT = Format(
    name="hamlib", suffix=".hdf5", holds="HDF5 as HamLib has it, OpenFermion's text in a data set",
    reader="HamLib's `read_openfermion_hdf5`", write=_write,
    reads=(".h5", ".hdf5"), read=read,
)  # fmt: skip
