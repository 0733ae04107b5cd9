"""Handing a Hamiltonian over: Qiskit's operator, and HDF5."""

from __future__ import annotations

from functools import cache, partial

import numpy as np

from walshqhn import IsingHamiltonian, WalshSpectrum
from walshqhn.bench.row import Contender, Goal, Row, Settings
from walshqhn.bits import mask_support


@cache
def _hamiltonian(num_qubits: int) -> IsingHamiltonian:
    """With a random coefficient for every subset of the qubits."""
    return WalshSpectrum(np.random.default_rng(num_qubits).normal(size=1 << num_qubits)).hamiltonian(tolerance=0)


def operator(num_qubits: int, settings: Settings) -> list[Contender]:
    """Every term of a Hamiltonian as Qiskit's operator: ours, and Qiskit's own way."""
    from qiskit.quantum_info import SparsePauliOp

    hamiltonian = _hamiltonian(num_qubits)
    terms: list[tuple[str, list[int], float]] = [("", [], hamiltonian.constant)]
    for mask, value in zip(hamiltonian.masks, hamiltonian.coefficients, strict=True):
        qubits = mask_support(mask)
        terms.append(("Z" * len(qubits), list(qubits), value))

    def numbers(op: SparsePauliOp) -> np.ndarray:
        order = np.lexsort(op.paulis.z.T)
        return np.column_stack([op.paulis.z[order], op.coeffs[order].real])

    build = partial(SparsePauliOp.from_sparse_list, terms, num_qubits)
    return [
        Contender("walshqhn", hamiltonian.to_sparse_pauli_op, "ours", 1, result=numbers),
        Contender("SparsePauliOp.from_sparse_list", build, "reference", 1, result=numbers),
    ]


def save(num_qubits: int, settings: Settings) -> list[Contender]:
    """Writing all terms to a file: ours, and NumPy."""
    h, folder = _hamiltonian(num_qubits), settings.folder
    ours = partial(h.save, folder / "h.h5", overwrite=True)
    numpy = partial(np.savez_compressed, folder / "h.npz", m=h.masks, c=h.coefficients)
    return [Contender("walshqhn", ours, "ours", 1), Contender("numpy.savez_compressed", numpy, "reference", 1)]


def load(num_qubits: int, settings: Settings) -> list[Contender]:
    """Reading them: ours, with its checks, and NumPy."""
    for contender in save(num_qubits, settings):
        contender.call()

    def numpy() -> np.ndarray:
        with np.load(settings.folder / "h.npz") as file:
            file["m"]
            return file["c"]

    ours = partial(IsingHamiltonian.load, settings.folder / "h.h5")
    return [
        Contender("walshqhn", ours, "ours", 1, result=lambda h: h.coefficients),
        Contender("numpy.load", numpy, "reference", 1, result=np.asarray),
    ]


def rows() -> list[Row]:
    """The rows of this module."""
    return [
        Row("operator-17", "to_sparse_pauli_op, 2^17 terms", partial(operator, 17), (Goal(0.1),), tolerance=0.0),
        Row("save-20", "save a Hamiltonian of 2^20 terms (HDF5)", partial(save, 20), (Goal(1.0),)),
        Row("load-20", "load a Hamiltonian of 2^20 terms (HDF5)", partial(load, 20), (Goal(1.0),), tolerance=0.0),
    ]
