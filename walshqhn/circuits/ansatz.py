"""Parameterised circuits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from walshqhn.circuits.program import Gate, Program, compile_program, require_gates
from walshqhn.circuits.synthesis import append_phase
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.kernels.schedule import CompiledCircuit
from walshqhn.spectrum.walsh import WalshSpectrum
from walshqhn.support.arrays import FloatArray
from walshqhn.support.checks import check_numbers, check_whole
from walshqhn.support.errors import InputError, UsageError
from walshqhn.support.shown import Drawn

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


class Ansatz(Drawn, ABC):
    """A parameterised circuit on ``num_qubits`` qubits, defined by its `program`."""

    num_qubits: int

    @cached_property
    @abstractmethod
    def program(self) -> Program:
        """The gates in order."""

    @property
    @abstractmethod
    def description(self) -> dict[str, Any]:
        """Name and settings, as JSON can hold them."""

    def facts(self) -> dict[str, Any]:
        return {k: v for k, v in self.description.items() if v is not None} | {"parameters": self.num_parameters}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ansatz) or type(self) is not type(other):
            return NotImplemented
        if (self.description, self.program) != (other.description, other.program):
            return False
        has_phases = any(gate.name == "phase" for gate in self.program.gates)
        return not has_phases or self.phase_hamiltonian == other.phase_hamiltonian

    def __hash__(self) -> int:
        return hash(repr(self))

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

    @cached_property
    def phase_hamiltonian(self) -> IsingHamiltonian:
        """The same as a Hamiltonian, from which circuits are made. UsageError if there are no "phase" gates."""
        if self.phase_table is None:
            raise UsageError(f"the {self.description['name']} ansatz has a phase gate, but no diagonal for it.")
        return WalshSpectrum.from_cost(self.phase_table).hamiltonian()

    @property
    def parameter_units(self) -> FloatArray:
        """The natural unit of each parameter, (num_parameters,): optimizers see multiples of it. Here 1 radian."""
        return np.ones(self.num_parameters)

    def initial_parameters(self, rng: np.random.Generator) -> FloatArray:
        """Random angles to start from: uniform in [0, 2 pi), shape (num_parameters,)."""
        return rng.uniform(0.0, 2 * np.pi, self.num_parameters)

    def check_parameters(self, params: npt.ArrayLike) -> FloatArray:
        """``params`` as float64; InputError unless they are finite and of shape (num_parameters,)."""
        values = check_numbers("parameters", params, ndim=None)
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
            angle: Any = gate.scale
            if gate.parameter >= 0:
                angle = values[gate.parameter] if gate.scale == 1.0 else gate.scale * values[gate.parameter]
            if gate.name == "cx":
                circuit.cx(*gate.qubits)
            elif gate.name == "phase":
                self._append_phase(circuit, angle, symbolic=params is None)
            else:
                getattr(circuit, gate.name)(angle, gate.qubits[0])
        return circuit

    def _append_phase(self, circuit: QuantumCircuit, angle: Any, *, symbolic: bool) -> None:
        append_phase(circuit, self.phase_hamiltonian, angle)


@dataclass(frozen=True)
class LinearAnsatz(Ansatz):
    """The linear-connectivity circuit of Carrasquilla et al. (arXiv:2301.08292).

    From |0...0>, ``layers`` = L means 2L sub-layers d = 1 ... 2L. Sub-layer d: CX from qubit j to j + 1 for
    j = d mod 2, d mod 2 + 2, ... <= N - 2; then Ry on every qubit; then Rz on every qubit. L = 0 is the product state:
    one sub-layer without CX. Parameters have shape (sub-layers, 2, N), [d, 0, j] for Ry and [d, 1, j] for Rz, flattened
    in C order. UsageError unless N >= 1 and L >= 0; TooLargeError for more gates than fit in memory.

    >>> LinearAnsatz(num_qubits=3, layers=2).num_parameters
    24
    """

    num_qubits: int
    layers: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "num_qubits", check_whole("num_qubits of an ansatz", self.num_qubits, 1))
        object.__setattr__(self, "layers", check_whole("layers of an ansatz", self.layers, 0))
        require_gates(5 * self.num_qubits * max(1, self.layers))

    @cached_property
    def program(self) -> Program:
        n = self.num_qubits
        sublayers = max(1, 2 * self.layers)
        gates: list[Gate] = []
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
