"""Any Qiskit circuit as an ansatz."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.program import Gate, Program
from walshqhn.support.errors import InputError, UsageError
from walshqhn.support.files import first_line

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

_BASIS = ["rx", "ry", "rz", "cx"]


class CircuitAnsatz(Ansatz):
    """Any Qiskit circuit of unitary gates with parameters, on |0...0>.

    Qiskit's engines run the circuit itself, of which a copy is made; the exact engine runs what Qiskit's transpiler
    makes of it in Rx, Ry, Rz and CX, equal up to a global phase. Parameters are in the order of ``circuit.parameters``:
    by name, those of a ParameterVector by number; see `parameter_names`. ``source`` is the file that it comes from,
    kept in the description so that results can be used again.

    UsageError for no qubits or no parameters, and for measurements, resets, control flow or anything else but unitary
    gates. InputError for an angle that is not linear in the parameters, such as a product of two.
    """

    def __init__(self, circuit: QuantumCircuit, *, source: str | None = None) -> None:
        from qiskit import QuantumCircuit

        if not isinstance(circuit, QuantumCircuit):
            raise UsageError(f"a circuit must be a Qiskit QuantumCircuit, got {type(circuit).__name__}.")
        if circuit.num_qubits < 1 or circuit.num_parameters < 1:
            found = f"{circuit.num_qubits} and {circuit.num_parameters}"
            raise UsageError(f"an ansatz needs at least 1 qubit and 1 parameter, this circuit has {found}.")
        self._circuit, self._source = circuit.copy(), source
        self.num_qubits = int(circuit.num_qubits)
        self.parameter_names: tuple[str, ...] = tuple(p.name for p in circuit.parameters)
        """(num_parameters,), what each angle is called in the circuit."""
        _ = self.program  # raises now what would be raised later

    @cached_property
    def program(self) -> Program:
        number = {parameter: k for k, parameter in enumerate(self._circuit.parameters)}
        gates: list[Gate] = []
        plain = self._in_basis()
        for instruction in plain.data:
            name = instruction.operation.name
            qubits = tuple(plain.find_bit(q).index for q in instruction.qubits)
            if name == "cx":
                gates.append(Gate("cx", qubits))
            elif name != "barrier":
                offset, slopes = _affine(instruction.operation.params[0])
                # rotations about one axis add up: a sum of angles is a row of gates
                gates += [Gate(name, qubits, number[p], scale) for p, scale in slopes if scale]
                if offset or not slopes:
                    gates.append(Gate(name, qubits, scale=offset))
        return Program(self.num_qubits, len(number), tuple(gates))

    def _in_basis(self) -> QuantumCircuit:
        from qiskit import transpile

        for instruction in self._circuit.data:
            if instruction.clbits or instruction.operation.name in ("reset", "initialize", "store"):
                raise UsageError(
                    f"an ansatz is made of unitary gates, this circuit has {instruction.operation.name!r}; leave final "
                    "measurements to the engine (circuit.remove_final_measurements(inplace=False))."
                )
        try:
            plain = transpile(self._circuit, basis_gates=_BASIS, optimization_level=0)
        except Exception as error:  # of many kinds
            raise UsageError(f"this circuit cannot be written in Rx, Ry, Rz and CX ({first_line(error)}).") from error
        if left := {i.operation.name for i in plain.data} - {*_BASIS, "barrier"}:
            raise UsageError(f"this circuit cannot be written in Rx, Ry, Rz and CX: {', '.join(sorted(left))}.")
        return plain

    @property
    def description(self) -> dict[str, Any]:
        found = {"name": "circuit", "num_qubits": self.num_qubits, "parameters": list(self.parameter_names)}
        return found | {"sha256": self.program.fingerprint} | ({} if self._source is None else {"file": self._source})

    def circuit(self, params: npt.ArrayLike | None = None) -> QuantumCircuit:
        """A copy of the circuit, with its own symbols if ``params`` is None, else with numbers for angles."""
        if params is None:
            return self._circuit.copy()
        return self._circuit.assign_parameters(self.check_parameters(params))


def _affine(angle: Any) -> tuple[float, list[tuple[Any, float]]]:
    """(offset, slope of each parameter); InputError if the angle is not linear."""
    from qiskit.circuit import ParameterExpression

    if not isinstance(angle, ParameterExpression):
        return float(angle), []
    parameters = sorted(angle.parameters, key=lambda p: (p.name, getattr(p, "index", 0)))
    try:
        slopes = [float(angle.gradient(p)) for p in parameters]
        offset = float(angle.bind(dict.fromkeys(parameters, 0.0)))
    except Exception as error:  # a slope that holds parameters is not a number; abs() has none
        raise InputError(
            f"the angle {angle} is not linear in its parameters: use one parameter for it, and compute its value."
        ) from error
    if not np.isfinite([offset, *slopes]).all():
        raise InputError(f"the angle {angle} is not finite where its parameters are 0.")
    return offset, list(zip(parameters, slopes, strict=True))
