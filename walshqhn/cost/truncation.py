"""Which terms a truncation keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from walshqhn.support.arrays import FloatArray
from walshqhn.support.checks import check_real, check_whole

if TYPE_CHECKING:
    from walshqhn.cost.hamiltonian import IsingHamiltonian


def check_truncation(max_degree: int | None, tolerance: float, max_terms: int | None) -> None:
    """UsageError unless the arguments of a truncation make sense."""
    check_real("tolerance", tolerance, least=0)
    for name, value in (("max_degree", max_degree), ("max_terms", max_terms)):
        if value is not None:
            check_whole(name, value, 0)


def select_terms(
    coefficients: FloatArray, degrees: npt.NDArray[np.integer],
    max_degree: int | None, tolerance: float, max_terms: int | None,
) -> tuple[npt.NDArray[np.int64], float]:  # fmt: skip
    """Positions of the terms kept, ascending, and the weight (sum of squares) of those dropped.

    Terms of degree up to ``max_degree`` with |coefficient| > ``tolerance`` are kept; of these, the ``max_terms``
    largest (ties: the first ones).
    """
    check_truncation(max_degree, tolerance, max_terms)
    magnitude = np.abs(coefficients)
    keep = magnitude > tolerance
    if max_degree is not None:
        keep &= degrees <= max_degree
    kept = np.flatnonzero(keep)
    if max_terms is not None and max_terms < len(kept):
        kept = np.sort(kept[np.argsort(-magnitude[kept], kind="stable")[:max_terms]])
    return kept, float(np.square(np.delete(coefficients, kept)).sum())


def known_weights(hamiltonian: IsingHamiltonian) -> tuple[FloatArray, float]:
    """W(k) up to the degree ``hamiltonian`` was truncated to, (that degree + 1,), and the weight that was dropped.

    Of all degrees, (N + 1,), and 0 if it was not truncated by degree.
    """
    weights = hamiltonian.degree_weights()
    if hamiltonian.max_degree is None or not hamiltonian.is_truncated:
        return weights, 0.0
    return weights[: hamiltonian.max_degree + 1], hamiltonian.discarded_weight
