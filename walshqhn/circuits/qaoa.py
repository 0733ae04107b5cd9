"""QAOA: one angle a layer for the cost and one for the mixer, or one for every term and every qubit."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.parities import LARGEST_NETWORK, cheapest_network, term_masks
from walshqhn.circuits.program import Gate, Program
from walshqhn.circuits.synthesis import append_phase
from walshqhn.cost.base import Cost
from walshqhn.cost.convert import as_cost
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.spectrum.walsh import WalshSpectrum
from walshqhn.support.arrays import FloatArray
from walshqhn.support.checks import check_whole
from walshqhn.support.errors import InputError, UsageError

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


class QAOAAnsatz(Ansatz):
    """The quantum approximate optimization algorithm (Farhi et al., arXiv:1411.4028).

    |+>^N, then for each layer l exp(-i gamma_l C) and exp(-i beta_l sum X_j), with C the operator
    without its constant. Parameters: gamma_1 ... gamma_p, beta_1 ... beta_p.

    Parameters
    ----------
    cost
        A `Cost`, or a cost table (2^N,). The phases of an `IsingHamiltonian` come from its terms, those of another
        cost from the table of all its values.
    layers
        p >= 1.

    Raises
    ------
    UsageError
        No layers, or a constant cost.
    TooLargeError
        The table does not fit in memory.
    """

    def __init__(self, cost: Cost | npt.ArrayLike, layers: int) -> None:
        self.layers = check_whole("layers of QAOA", layers, 1)
        self._hamiltonian: IsingHamiltonian | None = None
        self._table: FloatArray | None = None
        source = as_cost(cost)
        self.num_qubits = source.num_bits
        if isinstance(source, IsingHamiltonian):
            self._hamiltonian = source
            constant = not source.coefficients.any()
        else:
            table = source.cost_table()
            self._table = table - table.mean()
            constant = bool(np.ptp(table) == 0)
        if self.num_qubits < 1:
            raise UsageError("an ansatz needs at least 1 qubit.")
        if constant:
            raise UsageError("QAOA needs a cost that is not constant.")

    @property
    def phase_table(self) -> FloatArray:
        """C without its constant at every configuration: (2^N,)."""
        if self._table is None:
            assert self._hamiltonian is not None
            self._table = self._hamiltonian.energies() - self._hamiltonian.constant
        return self._table

    @cached_property
    def hamiltonian(self) -> IsingHamiltonian:
        """C as a Hamiltonian."""
        if self._hamiltonian is not None:
            return self._hamiltonian
        return WalshSpectrum.from_cost(self.phase_table).hamiltonian()

    @cached_property
    def program(self) -> Program:
        gates = []
        for layer in range(self.layers):
            gates.append(Gate("phase", (), layer))
            gates += [Gate("rx", (j,), self.layers + layer, 2.0) for j in range(self.num_qubits)]
        return Program(self.num_qubits, 2 * self.layers, tuple(gates), plus=True)

    @property
    def description(self) -> dict[str, Any]:
        found = {"name": "qaoa", "num_qubits": self.num_qubits, "layers": self.layers}
        if self._hamiltonian is None:
            return found | {"terms": None}
        return found | {"terms": len(self._hamiltonian), "max_degree": self._hamiltonian.max_degree}

    def initial_parameters(self, rng: np.random.Generator) -> FloatArray:
        """Random: gamma uniform in [0, 2 / standard deviation of C), beta in [0, pi / 2)."""
        spread = float(np.sqrt(np.square(self.hamiltonian.coefficients).sum())) or 1.0
        high = np.repeat([2.0 / spread, np.pi / 2], self.layers)
        return rng.uniform(0.0, high)

    @property
    def phase_hamiltonian(self) -> IsingHamiltonian:
        """C as a Hamiltonian."""
        return self.hamiltonian

    def _append_phase(self, circuit: QuantumCircuit, angle: Any, *, symbolic: bool) -> None:
        """As one diagonal gate where it was given as a table and the angle is a number; else in CX and Rz gates."""
        from qiskit.circuit.library import DiagonalGate

        if self._hamiltonian is None and not symbolic:
            circuit.append(DiagonalGate(np.exp(-1j * angle * self.phase_table)), range(self.num_qubits))
        else:
            append_phase(circuit, self.hamiltonian, angle)


class MultiAngleQAOAAnsatz(Ansatz):
    """Multi-angle QAOA (Herrman et al., Sci. Rep. 12, 6781 (2022), arXiv:2109.11455).

    |+>^N, then for each layer l exp(-i sum_t gamma_lt f_t Z_t) over the terms f_t Z_t of the Hamiltonian, and
    exp(-i sum_j beta_lj X_j). Parameters: gamma of shape (layers, T), terms in the Hamiltonian's order, then
    beta of shape (layers, N), both flattened in C order. All gamma_lt alike and all beta_lj alike it is QAOA.

    Parameters
    ----------
    cost
        An `IsingHamiltonian` with few terms (it takes CX and Rz gates for each), another `Cost`, or a cost table
        (2^N,).
    layers
        p >= 1.

    Raises
    ------
    UsageError
        No layers, a constant cost, or one of more than 16,384 terms.
    TooLargeError
        The table of a cost that is no Hamiltonian does not fit in memory.
    """

    def __init__(self, cost: Cost | npt.ArrayLike, layers: int) -> None:
        self.layers = check_whole("layers of multi-angle QAOA", layers, 1)
        source = as_cost(cost)
        operator = source if isinstance(source, IsingHamiltonian) else WalshSpectrum.from_cost(source).hamiltonian()
        if not operator.coefficients.any():
            raise UsageError("multi-angle QAOA needs a cost that is not constant.")
        if len(operator) > LARGEST_NETWORK:
            raise UsageError(
                f"multi-angle QAOA has an angle for each term, at most {LARGEST_NETWORK:,}; the operator has "
                f"{len(operator):,}. Truncate it, or use QAOAAnsatz."
            )
        self.hamiltonian = operator
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
