"""Hamiltonians as CSV tables."""

import csv

import numpy as np
import pytest
from hamiltonian_cases import EVERY_KIND, small, terms_of

from walshqhn import IsingHamiltonian, write_hamiltonian
from walshqhn.bits import mask_support, masks_from_supports
from walshqhn.formats.format import SPINS
from walshqhn.support.errors import InputError


@EVERY_KIND
def test_it_reads_back_exactly(tmp_path, hamiltonian):
    write_hamiltonian(tmp_path / "h.csv", hamiltonian, "csv")
    with (tmp_path / "h.csv").open(newline="") as file:
        constant, *rows = csv.DictReader(file)
    assert (constant["degree"], constant["qubits"], constant["bits"]) == ("0", "", "")
    assert float(constant["coefficient"]) == hamiltonian.constant
    found = {tuple(map(int, row["qubits"].split())): float(row["coefficient"]) for row in rows}
    assert found == terms_of(hamiltonian)
    assert [int(row["degree"]) for row in rows] == hamiltonian.degrees.tolist()
    assert list(found) == [mask_support(mask) for mask in hamiltonian.masks]
    assert all(row["bits"] == " ".join(f"b[{q}]" for q in row["qubits"].split()) for row in rows)


def test_names(tmp_path):
    masks = masks_from_supports([(1,), (0, 1)], 2)
    hamiltonian = IsingHamiltonian(2, masks, np.array([0.1, -2.0]), constant=3.0)
    write_hamiltonian(tmp_path / "h.csv", hamiltonian, "csv", names=["W1[0,0]", "größe"])
    assert (tmp_path / "h.csv").read_bytes().decode().splitlines() == [
        "degree,qubits,bits,coefficient,convention", f"0,,,3.0,\"N = 2; {SPINS}\"", "1,1,größe,0.1,",
        '2,0 1,"W1[0,0] größe",-2.0,',
    ]  # fmt: skip
    with pytest.raises(InputError, match="3 different names"):
        write_hamiltonian(tmp_path / "i.csv", small(3), "csv", names=["a"])
    assert not (tmp_path / "i.csv").exists()
