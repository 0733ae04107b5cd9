"""Hamiltonians as CSV tables."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from walshqhn.bits import mask_support
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.support.files import write_atomically


def write_csv(
    path: str | Path, hamiltonian: IsingHamiltonian, *, names: Sequence[str] | None = None, overwrite: bool = False
) -> None:
    """Write a table ``degree,qubits,bits,coefficient``: one line for the constant, then one per term, in stored order.

    Qubits and bit names are separated by spaces; coefficients have full precision.
    """
    labels = hamiltonian.labels(names)

    def write(target: Path) -> None:
        with target.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["degree", "qubits", "bits", "coefficient"])
            writer.writerow([0, "", "", repr(float(hamiltonian.constant))])
            for mask, value in zip(hamiltonian.masks, hamiltonian.coefficients, strict=True):
                qubits = mask_support(mask)
                row = [" ".join(map(str, qubits)), " ".join(labels[q] for q in qubits)]
                writer.writerow([len(qubits), *row, repr(float(value))])

    write_atomically(path, write, overwrite=overwrite)
