"""Circuits compiled once, in symbols, for a set of gates and a connectivity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import InputError

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


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


def compile_circuit(circuit: QuantumCircuit, basis: Sequence[str], pairs: list[list[int]] | None) -> Compiled:
    """``circuit`` in the gates of ``basis``, as it stands; or, given ``pairs``, on qubits connected like that.

    InputError if the pairs connect fewer qubits than the circuit has.
    """
    from qiskit import transpile
    from qiskit.transpiler import CouplingMap

    if pairs is None:
        done = transpile(circuit, basis_gates=list(basis), optimization_level=0)
        return compiled_from(circuit, done)
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
    return compiled_from(circuit, done)


def compiled_from(circuit: QuantumCircuit, done: QuantumCircuit) -> Compiled:
    """``done`` is what a transpiler made of ``circuit``."""
    number = {parameter: k for k, parameter in enumerate(circuit.parameters)}
    columns = tuple(number[parameter] for parameter in done.parameters)
    if done.layout is None:
        return Compiled(done, columns, tuple(range(circuit.num_qubits)))
    return Compiled(done, columns, tuple(done.layout.final_index_layout(filter_ancillas=True)))
