"""Parameterised circuits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from walshqhn.arrays import FloatArray
from walshqhn.binn.tables import check_cost_table
from walshqhn.bits import log2_exact
from walshqhn.errors import InputError, UsageError
from walshqhn.hamiltonian import IsingHamiltonian
from walshqhn.kernels.schedule import CompiledCircuit
from walshqhn.spectrum import WalshSpectrum
from walshqhn.vqa.program import Gate, Program, compile_program
from walshqhn.vqa.synthesis import append_phase

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


class Ansatz(ABC):
    """A parameterised circuit, described once by `program`."""

    num_qubits: int

    @cached_property
    @abstractmethod
    def program(self) -> Program:
        """The circuit as data."""

    @property
    @abstractmethod
    def description(self) -> dict[str, Any]:
        """Name and settings, as JSON can hold them."""

    @property
    def num_parameters(self) -> int:
        """Number of angles."""
        return self.program.num_parameters

    @cached_property
    def compiled(self) -> CompiledCircuit:
        """The circuit as the exact engine runs it."""
        return compile_program(self.program)

    @property
    def phase_table(self) -> FloatArray | None:
        """The diagonal of the "phase" gates, (2^N,); None if there are none."""
        return None

    @property
    def phase_hamiltonian(self) -> IsingHamiltonian | None:
        """The same as a Hamiltonian: what the gates of a circuit are made from."""
        if self.phase_table is None:
            return None
        return WalshSpectrum.from_cost_table(self.phase_table).hamiltonian()

    def initial_parameters(self, rng: np.random.Generator) -> FloatArray:
        """Random angles to start from: uniform in [0, 2 pi), shape (num_parameters,)."""
        return rng.uniform(0.0, 2 * np.pi, self.num_parameters)

    def check_parameters(self, params: npt.ArrayLike) -> FloatArray:
        """``params`` as float64; InputError unless they are finite and of shape (num_parameters,)."""
        values = np.asarray(params, dtype=np.float64)
        if values.shape != (self.num_parameters,):
            raise InputError(f"parameters must have shape ({self.num_parameters},), got {values.shape}.")
        if not np.isfinite(values).all():
            raise InputError("parameters must be finite.")
        return values

    def circuit(self, params: npt.ArrayLike | None = None) -> QuantumCircuit:
        """The Qiskit circuit, without measurements; symbolic (a ParameterVector "t") if ``params`` is None."""
        from qiskit import QuantumCircuit
        from qiskit.circuit import ParameterVector

        values: Any = ParameterVector("t", self.num_parameters) if params is None else self.check_parameters(params)
        circuit = QuantumCircuit(self.num_qubits)
        if self.program.plus:
            circuit.h(range(self.num_qubits))
        for gate in self.program.gates:
            if gate.name == "cx":
                circuit.cx(*gate.qubits)
                continue
            angle: Any = gate.scale
            if gate.parameter >= 0:
                angle = values[gate.parameter] if gate.scale == 1.0 else gate.scale * values[gate.parameter]
            if gate.name == "phase":
                self._append_phase(circuit, angle, symbolic=params is None)
            else:
                getattr(circuit, gate.name)(angle, gate.qubits[0])
        return circuit

    def _append_phase(self, circuit: QuantumCircuit, angle: Any, *, symbolic: bool) -> None:
        """Append exp(-i angle D); an ansatz that has a `phase_table` says how."""
        hamiltonian = self.phase_hamiltonian
        if hamiltonian is None:
            raise UsageError(f"the {self.description['name']} ansatz has a phase gate, but no diagonal for it.")
        append_phase(circuit, hamiltonian, angle)


@dataclass(frozen=True)
class LinearAnsatz(Ansatz):
    """The linear-connectivity circuit of Carrasquilla et al. (arXiv:2301.08292).

    From |0...0>, ``layers`` = L means 2L sub-layers d = 1 ... 2L. Sub-layer d: CX from qubit j to
    j + 1 for j = d mod 2, d mod 2 + 2, ... <= N - 2; then Ry on every qubit; then Rz on every
    qubit. L = 0 is the product state: one sub-layer without CX. Parameters have shape
    (sub-layers, 2, N), [d, 0, j] for Ry and [d, 1, j] for Rz, flattened in C order.
    """

    num_qubits: int
    layers: int

    def __post_init__(self) -> None:
        if not all(isinstance(v, int | np.integer) for v in (self.num_qubits, self.layers)):
            raise UsageError(f"qubits and layers are whole numbers, got {self.num_qubits!r} and {self.layers!r}.")
        if self.num_qubits < 1 or self.layers < 0:
            raise UsageError(
                f"an ansatz needs at least 1 qubit and 0 layers, got {self.num_qubits} qubits, {self.layers} layers."
            )

    @cached_property
    def program(self) -> Program:
        n = self.num_qubits
        sublayers = max(1, 2 * self.layers)
        gates = []
        for d in range(1, sublayers + 1):
            if self.layers:
                gates += [Gate("cx", (j, j + 1)) for j in range(d % 2, n - 1, 2)]
            first = (d - 1) * 2 * n
            gates += [Gate("ry", (j,), first + j) for j in range(n)]
            gates += [Gate("rz", (j,), first + n + j) for j in range(n)]
        return Program(n, 2 * n * sublayers, tuple(gates))

    @property
    def description(self) -> dict[str, Any]:
        return {"name": "linear", "num_qubits": self.num_qubits, "layers": self.layers}


@dataclass(frozen=True)
class ProductAnsatz(LinearAnsatz):
    """Ry and Rz on every qubit: the linear ansatz with 0 layers."""

    layers: int = field(default=0, init=False)

    @property
    def description(self) -> dict[str, Any]:
        return {"name": "product", "num_qubits": self.num_qubits, "layers": 0}


class QAOAAnsatz(Ansatz):
    """The quantum approximate optimization algorithm (Farhi et al., arXiv:1411.4028).

    |+>^N, then for each layer l exp(-i gamma_l C) and exp(-i beta_l sum X_j), with C the operator
    without its constant. Parameters: gamma_1 ... gamma_p, beta_1 ... beta_p.

    Parameters
    ----------
    operator
        An `IsingHamiltonian`, or a cost table (2^N,).
    layers
        p >= 1.

    Raises
    ------
    UsageError
        No layers, or an operator without terms.
    """

    def __init__(self, operator: IsingHamiltonian | npt.ArrayLike, layers: int) -> None:
        if layers < 1:
            raise UsageError(f"QAOA needs at least 1 layer, got {layers}.")
        self.layers = layers
        self._hamiltonian: IsingHamiltonian | None = None
        self._table: FloatArray | None = None
        if isinstance(operator, IsingHamiltonian):
            self._hamiltonian = operator
            self.num_qubits = operator.num_qubits
            constant = not operator.coefficients.any()
        else:
            table = check_cost_table(operator)
            self._table = table - table.mean()
            self.num_qubits = log2_exact(table.size, "a cost table")
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
        return WalshSpectrum.from_cost_table(self.phase_table).hamiltonian()

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
