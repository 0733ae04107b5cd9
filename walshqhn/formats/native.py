"""walshqhn's own HDF5 file, see `walshqhn.formats.hdf5`."""

from __future__ import annotations

from pathlib import Path

from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.formats import access, layout
from walshqhn.formats.format import Details, Format
from walshqhn.formats.hdf5 import Contents, write_contents
from walshqhn.support.hdf5 import open_hdf5


def is_native(file: Path) -> bool:
    """Whether an HDF5 file says that it is one of walshqhn's. Errors as for `open_hdf5`."""
    with open_hdf5(file) as h5:
        return layout.HEADER[0].name in h5.attrs and access.read_attribute(h5, layout.HEADER[0]) == layout.FORMAT


def _write(target: Path, hamiltonian: IsingHamiltonian, details: Details) -> None:
    contents = details.contents or Contents(hamiltonian=hamiltonian, bit_names=details.names)
    access.write_file(target, lambda file: write_contents(file, contents))


FORMAT = Format(
    name="native", suffix=".h5", holds="walshqhn's HDF5, with task, bit names and provenance",
    reader="any HDF5 library", convention=layout.CONVENTIONS["spin"],
    write=_write, names="always", reads=(".h5", ".hdf5"), read=IsingHamiltonian.load,
)  # fmt: skip
