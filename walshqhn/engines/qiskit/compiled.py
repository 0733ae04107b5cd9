"""Circuits compiled once, in symbols, for a set of gates and a connectivity, or for a device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import InputError

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.providers import BackendV2


@dataclass(frozen=True, eq=False)
class Compiled:
    """A circuit whose parameters may be fewer than those it was compiled from, and in another order."""

    circuit: QuantumCircuit
    columns: tuple[int, ...]
    """For each parameter of ``circuit``, its number among the original's."""
    positions: tuple[int, ...]
    """The qubit of ``circuit`` that holds each of the original's qubits at the end."""

    def values(self, params: FloatArray) -> FloatArray:
        """Of ``params`` (..., num_parameters) those that ``circuit`` takes, in its order."""
        return params[..., list(self.columns)]

    def bind(self, params: FloatArray) -> QuantumCircuit:
        """A copy with numbers for angles, from ``params`` (num_parameters,)."""
        return self.circuit.assign_parameters(self.values(params))


@dataclass(frozen=True)
class CompiledReport:
    """What a circuit has become on a device."""

    depth: int
    """Gates in a row, measurements included."""
    two_qubit_gates: int
    gates: dict[str, int]
    """How many of each kind."""
    qubits: tuple[int, ...]
    """The device's qubit that is read for each of the ansatz's."""

    @classmethod
    def of(cls, circuit: QuantumCircuit) -> CompiledReport:
        """Of a circuit with measurements."""
        found = {
            circuit.find_bit(gate.clbits[0]).index: circuit.find_bit(gate.qubits[0]).index
            for gate in circuit.data
            if gate.operation.name == "measure"
        }
        qubits = tuple(found[bit] for bit in range(len(found)))
        return cls(circuit.depth(), circuit.num_nonlocal_gates(), dict(circuit.count_ops()), qubits)


def compile_circuit(circuit: QuantumCircuit, basis: Sequence[str], pairs: list[list[int]] | None) -> Compiled:
    """``circuit`` in the gates of ``basis``, as it stands; or, given ``pairs``, on qubits connected like that.

    InputError if the pairs connect fewer qubits than the circuit has.
    """
    from qiskit import transpile
    from qiskit.transpiler import CouplingMap

    if pairs is None:
        done = transpile(circuit, basis_gates=list(basis), optimization_level=0)
        return _compiled_from(circuit, done)
    width = 1 + max(max(pair) for pair in pairs)
    if width < circuit.num_qubits:
        raise InputError(f"the noise model is one of {width} qubits, the circuit has {circuit.num_qubits}.")
    done = transpile(
        circuit,
        basis_gates=list(basis),
        coupling_map=CouplingMap(pairs),
        optimization_level=1,
        seed_transpiler=0,
    )
    return _compiled_from(circuit, done)


def compile_for_device(circuit: QuantumCircuit, backend: BackendV2, level: int, seed: int) -> Compiled:
    """``circuit`` with a measurement of every qubit, in the device's gates and on its qubits."""
    from qiskit import ClassicalRegister
    from qiskit.transpiler import generate_preset_pass_manager

    built, number = circuit.copy(), circuit.num_qubits
    built.add_register(ClassicalRegister(number, "meas"))
    built.measure(range(number), range(number))  # no barrier: the last Rz may go
    passes = generate_preset_pass_manager(level, backend=backend, seed_transpiler=seed)
    return _compiled_from(built, passes.run(built))


def readout_circuit(qubits: Sequence[int], backend: BackendV2, *, flipped: bool) -> QuantumCircuit:
    """All of the device's ``qubits`` read as 0, or, ``flipped``, as 1."""
    from qiskit import QuantumCircuit, transpile

    circuit = QuantumCircuit(len(qubits))
    if flipped:
        circuit.x(range(len(qubits)))
    circuit.measure_all()
    return transpile(circuit, backend, initial_layout=list(qubits), optimization_level=0)


def _compiled_from(circuit: QuantumCircuit, done: QuantumCircuit) -> Compiled:
    """``done`` is what a transpiler made of ``circuit``."""
    number = {parameter: k for k, parameter in enumerate(circuit.parameters)}
    columns = tuple(number[parameter] for parameter in done.parameters)
    if done.layout is None:
        return Compiled(done, columns, tuple(range(circuit.num_qubits)))
    return Compiled(done, columns, tuple(done.layout.final_index_layout(filter_ancillas=True)))
