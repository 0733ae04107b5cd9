"""QAOA: in each layer one angle for the cost and one for the mixer, or one for every term and every qubit."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.parities import LARGEST_NETWORK, cheapest_network, term_masks
from walshqhn.circuits.program import Gate, Program, require_gates
from walshqhn.cost.base import Cost
from walshqhn.cost.convert import as_cost
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.spectrum.walsh import WalshSpectrum
from walshqhn.support.arrays import FloatArray
from walshqhn.support.checks import check_numbers, check_whole
from walshqhn.support.errors import InputError, UsageError, unknown_name

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


MIXERS = ("x", "xx")
"""sum X_j; and the same with sum X_j X_{j+1} over neighbours, at the same angle."""


def _units(hamiltonian: IsingHamiltonian, gammas: int, betas: int) -> FloatArray:
    """Of gammas, 1 / standard deviation of C, so that the units of C do not matter; of betas, 1."""
    return np.repeat([1.0 / hamiltonian.scale.spread, 1.0], [gammas, betas])


def _random_angles(rng: np.random.Generator, units: FloatArray, gammas: int, betas: int) -> FloatArray:
    """Each gamma uniform in [0, 2 / standard deviation of C), each beta in [0, pi / 2)."""
    return rng.uniform(0.0, np.repeat([2.0, np.pi / 2], [gammas, betas]) * units)


class QAOAAnsatz(Ansatz):
    """The quantum approximate optimization algorithm (Farhi et al., arXiv:1411.4028).

    |+>^N, then for each layer l exp(-i gamma_l C) and exp(-i beta_l sum X_j), with C the operator without its constant.
    Parameters: gamma_1 ... gamma_p, beta_1 ... beta_p.

    ``cost`` is a `Cost`, or anything that `as_cost` takes; ``layers`` is p >= 1. The phases of an `IsingHamiltonian`
    come from its terms, those of another cost from the table of all its values. ``mixer`` "xx" adds X_j X_{j+1} of all
    neighbours to the sum. ``start``, (N,), is a warm start (Egger et al., Quantum 5, 479 (2021)): Ry(start_j) on |0> in
    place of |+>, with the mixer X_j rotated to the axis of that state; pi / 2 is |+>. At 0 or pi a bit stays as it is.
    UsageError for no layers, a constant cost, or a start with another mixer than "x"; InputError for a start of another
    shape; TooLargeError if the table does not fit in memory.

    >>> QAOAAnsatz([0.0, 1.0, 1.0, 3.0], layers=2).num_parameters
    4
    """

    def __init__(
        self, cost: Cost | npt.ArrayLike, layers: int, *, mixer: str = "x", start: npt.ArrayLike | None = None
    ) -> None:
        self.layers = check_whole("layers of QAOA", layers, 1)
        if mixer not in MIXERS:
            raise unknown_name("mixer", str(mixer), MIXERS)
        source = as_cost(cost)
        self.mixer, self.start = mixer, None if start is None else check_start(start, source.num_bits)
        if self.start is not None and mixer != "x":
            raise UsageError("a warm start has a mixer of its own, made from the mixer 'x'.")
        require_gates(self.layers * (3 * source.num_bits + 1))
        self.num_qubits = source.num_bits
        self._hamiltonian = source if isinstance(source, IsingHamiltonian) else None
        self._table: FloatArray | None = None
        if self._hamiltonian is None:
            table = source.cost_table()
            self._table = table - table.mean()
            is_constant = bool(np.ptp(table) == 0)
        else:
            is_constant = not self._hamiltonian.coefficients.any()
        if self.num_qubits < 1:
            raise UsageError("an ansatz needs at least 1 qubit.")
        if is_constant:
            raise UsageError("QAOA needs a cost that is not constant.")

    def started(self, start: npt.ArrayLike) -> QAOAAnsatz:
        """The same circuit with a warm ``start``, (N,)."""
        source: Any = self.phase_table if self._hamiltonian is None else self._hamiltonian
        return QAOAAnsatz(source, self.layers, mixer=self.mixer, start=start)

    @property
    def phase_table(self) -> FloatArray:
        """C without its constant at every configuration: (2^N,)."""
        if self._table is None:
            assert self._hamiltonian is not None
            self._table = self._hamiltonian.energies() - self._hamiltonian.constant
        return self._table

    @property
    def hamiltonian(self) -> IsingHamiltonian:
        """C as a Hamiltonian, the same as `phase_hamiltonian`."""
        return self.phase_hamiltonian

    @cached_property
    def phase_hamiltonian(self) -> IsingHamiltonian:
        """C as a Hamiltonian."""
        if self._hamiltonian is not None:
            return self._hamiltonian
        return WalshSpectrum.from_cost(self.phase_table).hamiltonian()

    @cached_property
    def program(self) -> Program:
        gates = self._to_start(1.0)
        for layer in range(self.layers):
            gates.append(Gate("phase", (), layer))
            gates += self._mix(self.layers + layer)
        return Program(self.num_qubits, 2 * self.layers, tuple(gates), plus=self.start is None)

    def _to_start(self, sign: float) -> list[Gate]:
        """Ry on every qubit to its state in the warm start, or back."""
        if self.start is None:
            return []
        return [Gate("ry", (j,), scale=sign * angle) for j, angle in enumerate(self.start.tolist())]

    def _mix(self, parameter: int) -> list[Gate]:
        if self.start is not None:
            turns = [Gate("rz", (j,), parameter, 2.0) for j in range(self.num_qubits)]
            return [*self._to_start(-1.0), *turns, *self._to_start(1.0)]
        gates = [Gate("rx", (j,), parameter, 2.0) for j in range(self.num_qubits)]
        if self.mixer == "xx":  # CX takes X of its control to XX
            for j in range(self.num_qubits - 1):
                join = Gate("cx", (j, j + 1))
                gates += [join, Gate("rx", (j,), parameter, 2.0), join]
        return gates

    @property
    def description(self) -> dict[str, Any]:
        found: dict[str, Any] = {"name": "qaoa", "num_qubits": self.num_qubits, "layers": self.layers}
        if self.mixer != "x":
            found["mixer"] = self.mixer
        if self.start is not None:
            found["start"] = self.start.tolist()
        if self._hamiltonian is None:
            return found | {"terms": None}
        return found | {"terms": len(self._hamiltonian), "max_degree": self._hamiltonian.max_degree}

    @property
    def parameter_units(self) -> FloatArray:
        return _units(self.hamiltonian, self.layers, self.layers)

    def initial_parameters(self, rng: np.random.Generator) -> FloatArray:
        """Random: gamma uniform in [0, 2 / standard deviation of C), beta in [0, pi / 2)."""
        return _random_angles(rng, self.parameter_units, self.layers, self.layers)

    def _append_phase(self, circuit: QuantumCircuit, angle: Any, *, symbolic: bool) -> None:
        """One diagonal gate if C was given as a table and the angle is a number; else CX and Rz gates."""
        from qiskit.circuit.library import DiagonalGate

        if self._hamiltonian is not None or symbolic:
            super()._append_phase(circuit, angle, symbolic=symbolic)
        else:
            circuit.append(DiagonalGate(np.exp(-1j * angle * self.phase_table)), range(self.num_qubits))


def check_start(start: Any, num_qubits: int) -> FloatArray:
    """The angles of a warm start as float64; InputError unless they are ``num_qubits`` finite numbers."""
    values = check_numbers("the angles of a warm start", start, ndim=None)
    if values.shape != (num_qubits,) or not np.isfinite(values).all():
        raise InputError(f"a warm start has {num_qubits} angles, finite numbers, one a qubit; got {values.shape}.")
    return values


class MultiAngleQAOAAnsatz(Ansatz):
    """Multi-angle QAOA (Herrman et al., Sci. Rep. 12, 6781 (2022), arXiv:2109.11455).

    |+>^N, then for each layer l exp(-i sum_t gamma_lt f_t Z_t) over the terms f_t Z_t of the Hamiltonian, and
    exp(-i sum_j beta_lj X_j). Parameters: gamma of shape (layers, T), terms in the Hamiltonian's order, then
    beta of shape (layers, N), both flattened in C order. With all gamma_lt equal and all beta_lj equal it is QAOA.

    ``cost`` is a `Cost`, or anything that `as_cost` takes; ``layers`` is p >= 1. Each term takes CX and Rz gates, so an
    `IsingHamiltonian` of few terms serves best. UsageError for no layers, a constant cost, or one of more than 16,384
    terms; TooLargeError if the cost is not a Hamiltonian and its table does not fit in memory.
    """

    def __init__(self, cost: Cost | npt.ArrayLike, layers: int) -> None:
        self.layers = check_whole("layers of multi-angle QAOA", layers, 1)
        source = as_cost(cost)
        require_gates(self.layers * (source.num_bits + 1))
        operator = source if isinstance(source, IsingHamiltonian) else WalshSpectrum.from_cost(source).hamiltonian()
        if not operator.coefficients.any():
            raise UsageError("multi-angle QAOA needs a cost that is not constant.")
        if len(operator) > LARGEST_NETWORK:
            raise UsageError(
                f"multi-angle QAOA has an angle for each term, at most {LARGEST_NETWORK:,}; the operator has "
                f"{len(operator):,}. Truncate it, or use QAOAAnsatz."
            )
        self.hamiltonian, self.num_qubits = operator, operator.num_qubits

    @cached_property
    def program(self) -> Program:
        terms, n = len(self.hamiltonian), self.num_qubits
        network = cheapest_network(term_masks(self.hamiltonian), n)
        scales = (2.0 * self.hamiltonian.coefficients).tolist()
        gates: list[Gate] = []
        for layer in range(self.layers):
            gates += [
                Gate("cx", qubits) if t < 0 else Gate("rz", qubits, layer * terms + t, scales[t])
                for qubits, t in network
            ]
            first = self.layers * terms + layer * n
            gates += [Gate("rx", (j,), first + j, 2.0) for j in range(n)]
        return Program(n, self.layers * (terms + n), tuple(gates), plus=True)

    @property
    def description(self) -> dict[str, Any]:
        found = {"name": "ma-qaoa", "num_qubits": self.num_qubits, "layers": self.layers}
        return found | {"terms": len(self.hamiltonian), "max_degree": self.hamiltonian.max_degree}

    @property
    def parameter_units(self) -> FloatArray:
        return _units(self.hamiltonian, self.layers * len(self.hamiltonian), self.layers * self.num_qubits)

    def from_qaoa(self, params: npt.ArrayLike) -> FloatArray:
        """The angles that make this circuit QAOA with ``params`` (2 layers,): a point to start from."""
        values = np.asarray(params, dtype=np.float64)
        if values.shape != (2 * self.layers,):
            raise InputError(f"QAOA of {self.layers} layers has parameters ({2 * self.layers},), got {values.shape}.")
        gammas, betas = np.split(values, 2)
        return np.concatenate([np.repeat(gammas, len(self.hamiltonian)), np.repeat(betas, self.num_qubits)])

    def initial_parameters(self, rng: np.random.Generator) -> FloatArray:
        """Random: each gamma uniform in [0, 2 / standard deviation of C), each beta in [0, pi / 2)."""
        gammas, betas = self.layers * len(self.hamiltonian), self.layers * self.num_qubits
        return _random_angles(rng, self.parameter_units, gammas, betas)
