"""QAOA with an angle for every term and every qubit."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.parities import LARGEST_NETWORK, cheapest_network, term_masks
from walshqhn.circuits.program import Gate, Program
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.spectrum.walsh import WalshSpectrum
from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import InputError, UsageError


class MultiAngleQAOAAnsatz(Ansatz):
    """Multi-angle QAOA (Herrman et al., Sci. Rep. 12, 6781 (2022), arXiv:2109.11455).

    |+>^N, then for each layer l exp(-i sum_t gamma_lt f_t Z_t) over the terms f_t Z_t of the Hamiltonian, and
    exp(-i sum_j beta_lj X_j). Parameters: gamma of shape (layers, T), terms in the Hamiltonian's order, then
    beta of shape (layers, N), both flattened in C order. All gamma_lt alike and all beta_lj alike it is QAOA.

    Parameters
    ----------
    operator
        An `IsingHamiltonian` with few terms (it takes CX and Rz gates for each), or a cost table (2^N,).
    layers
        p >= 1.

    Raises
    ------
    UsageError
        No layers, an operator without terms, or one of more than 16,384.
    """

    def __init__(self, operator: IsingHamiltonian | npt.ArrayLike, layers: int) -> None:
        if isinstance(layers, bool) or not isinstance(layers, int | np.integer) or layers < 1:
            raise UsageError(f"multi-angle QAOA needs at least 1 layer, got {layers!r}.")
        if not isinstance(operator, IsingHamiltonian):
            operator = WalshSpectrum.from_cost_table(operator).hamiltonian()
        if not operator.coefficients.any():
            raise UsageError("multi-angle QAOA needs a cost that is not constant.")
        if len(operator) > LARGEST_NETWORK:
            raise UsageError(
                f"multi-angle QAOA has an angle for each term, at most {LARGEST_NETWORK:,}; the operator has "
                f"{len(operator):,}. Truncate it, or use QAOAAnsatz."
            )
        self.hamiltonian, self.layers = operator, int(layers)
        self.num_qubits = operator.num_qubits

    @cached_property
    def program(self) -> Program:
        terms, n = len(self.hamiltonian), self.num_qubits
        network = cheapest_network(term_masks(self.hamiltonian), n)
        scales = 2.0 * self.hamiltonian.coefficients
        gates: list[Gate] = []
        for layer in range(self.layers):
            for step in network:
                if step.term < 0:
                    gates.append(Gate("cx", step.qubits))
                else:
                    gates.append(Gate("rz", step.qubits, layer * terms + step.term, float(scales[step.term])))
            first = self.layers * terms + layer * n
            gates += [Gate("rx", (j,), first + j, 2.0) for j in range(n)]
        return Program(n, self.layers * (terms + n), tuple(gates), plus=True)

    @property
    def description(self) -> dict[str, Any]:
        return {
            "name": "ma-qaoa",
            "num_qubits": self.num_qubits,
            "layers": self.layers,
            "terms": len(self.hamiltonian),
            "max_degree": self.hamiltonian.max_degree,
        }

    def from_qaoa(self, params: npt.ArrayLike) -> FloatArray:
        """The angles that make this circuit QAOA with ``params`` (2 layers,): a point to start from."""
        values = np.asarray(params, dtype=np.float64)
        if values.shape != (2 * self.layers,):
            raise InputError(f"QAOA of {self.layers} layers has parameters ({2 * self.layers},), got {values.shape}.")
        gammas, betas = np.split(values, 2)
        return np.concatenate([np.repeat(gammas, len(self.hamiltonian)), np.repeat(betas, self.num_qubits)])

    def initial_parameters(self, rng: np.random.Generator) -> FloatArray:
        """Random: each gamma uniform in [0, 2 / standard deviation of C), each beta in [0, pi / 2)."""
        spread = float(np.sqrt(np.square(self.hamiltonian.coefficients).sum()))
        counts = [self.layers * len(self.hamiltonian), self.layers * self.num_qubits]
        return rng.uniform(0.0, np.repeat([2.0 / spread, np.pi / 2], counts))
