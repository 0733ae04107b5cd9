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
    """A compiled circuit; it may have fewer parameters than the original, in another order."""

    circuit: QuantumCircuit
    columns: tuple[int, ...]
    """For each parameter of ``circuit``, its number among the original's."""
    positions: tuple[int, ...]
    """The qubit of ``circuit`` that holds each of the original's qubits at the end."""

    @classmethod
    def of(cls, original: QuantumCircuit, done: QuantumCircuit) -> Compiled:
        """``done`` is what a transpiler made of ``original``."""
        number = {parameter: k for k, parameter in enumerate(original.parameters)}
        layout = done.layout and done.layout.final_index_layout(filter_ancillas=True)
        return cls(done, tuple(number[p] for p in done.parameters), tuple(layout or range(original.num_qubits)))

    def values(self, params: FloatArray) -> FloatArray:
        """Those of ``params`` (..., num_parameters) that ``circuit`` takes, in its order."""
        return params[..., list(self.columns)]

    def bind(self, params: FloatArray) -> QuantumCircuit:
        """A copy at ``params`` (num_parameters,)."""
        return self.circuit.assign_parameters(self.values(params))


@dataclass(frozen=True)
class CompiledReport:
    """The resources that a circuit needs on a device."""

    depth: int
    """Including measurements."""
    two_qubit_gates: int
    gates: dict[str, int]
    """The number of each kind."""
    qubits: tuple[int, ...]
    """The device's qubit that is read for each qubit of the ansatz."""

    @classmethod
    def of(cls, circuit: QuantumCircuit) -> CompiledReport:
        """Of a circuit with measurements."""
        place = circuit.find_bit
        reads = {place(g.clbits[0]).index: place(g.qubits[0]).index for g in circuit.get_instructions("measure")}
        qubits = tuple(reads[bit] for bit in range(len(reads)))
        return cls(circuit.depth(), circuit.num_nonlocal_gates(), dict(circuit.count_ops()), qubits)


def compile_circuit(circuit: QuantumCircuit, basis: Sequence[str], pairs: list[list[int]] | None) -> Compiled:
    """``circuit`` in the gates of ``basis``, otherwise unchanged; or, given ``pairs``, routed to these pairs of qubits.

    InputError if the pairs connect fewer qubits than the circuit has.
    """
    from qiskit import transpile
    from qiskit.transpiler import CouplingMap

    edges, level = (None, 0) if pairs is None else (CouplingMap(pairs), 1)
    if edges is not None and edges.size() < circuit.num_qubits:
        raise InputError(f"the noise model is one of {edges.size()} qubits, the circuit has {circuit.num_qubits}.")
    done = transpile(circuit, basis_gates=list(basis), coupling_map=edges, optimization_level=level, seed_transpiler=0)
    return Compiled.of(circuit, done)


def compile_for_device(circuit: QuantumCircuit, backend: BackendV2, level: int, seed: int) -> Compiled:
    """``circuit`` with a measurement of every qubit, compiled for the device."""
    from qiskit.transpiler import generate_preset_pass_manager

    built = add_measurements(circuit.copy(), range(circuit.num_qubits))  # no barrier: the last Rz may go
    passes = generate_preset_pass_manager(level, backend=backend, seed_transpiler=seed)
    return Compiled.of(built, passes.run(built))


def readout_circuit(qubits: Sequence[int], backend: BackendV2, *, flipped: bool) -> QuantumCircuit:
    """All of the device's ``qubits`` prepared in 0, or, ``flipped``, in 1, and read."""
    from qiskit import QuantumCircuit, transpile

    circuit = QuantumCircuit(len(qubits))
    if flipped:
        circuit.x(range(len(qubits)))
    circuit.measure_all()
    return transpile(circuit, backend, initial_layout=list(qubits), optimization_level=0)


def add_measurements(circuit: QuantumCircuit, qubits: Sequence[int]) -> QuantumCircuit:
    """``circuit`` itself, its ``qubits`` measured into a new register "meas"."""
    from qiskit import ClassicalRegister

    circuit.add_register(ClassicalRegister(len(qubits), "meas"))
    circuit.measure(qubits, range(len(qubits)))
    return circuit
