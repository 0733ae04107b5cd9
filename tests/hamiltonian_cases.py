"""Hamiltonians for the tests of formats."""

import numpy as np
import pytest
from quantum_oracles import random_table

from walshqhn import IsingHamiltonian, WalshSpectrum
from walshqhn.bits import mask_support, masks_from_supports


def small(num_qubits=3, **truncation):
    return WalshSpectrum.from_cost(random_table(num_qubits)).hamiltonian(**truncation)


def wide():
    """70 qubits, awkward numbers."""
    masks = masks_from_supports([(69,), (0, 64), (1, 2, 3)], 70)
    return IsingHamiltonian(70, masks, np.array([1 / 3, -1e-17, 2.5e130]), constant=0.1)


def terms_of(hamiltonian):
    return {mask_support(m): c for m, c in zip(hamiltonian.masks, hamiltonian.coefficients, strict=True)}


EVERY_KIND = pytest.mark.parametrize(
    "hamiltonian",
    [small(1), small(4), small(4, max_degree=1), small(2, max_terms=0), wide()],
    ids=["1", "4", "truncated", "constant", "wide"],
)
