"""Compile exp(-i gamma H) for a diagonal H into CX and one-qubit gates, in several ways, and keep the smallest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn.circuits.parities import LARGEST_NETWORK, Step, ladders, parities, term_masks
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.support.errors import UsageError, unknown_name

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

METHODS = ("ladders", "parities", "rustiq", "diagonal")
_LARGEST_RUSTIQ = 400  # terms
_LARGEST_DIAGONAL = 12  # qubits
_BASIS = ["cx", "rx", "ry", "rz", "h", "s", "sdg", "x", "sx", "sxdg"]


@dataclass(frozen=True)
class PhaseCount:
    """What one way to compile exp(-i gamma H) takes, on qubits that are all connected."""

    method: str
    two_qubit_gates: int
    """Number of CX."""
    depth: int
    """Gates in a row, of any kind."""


@dataclass(frozen=True)
class PhaseSynthesis:
    """All the ways that were counted."""

    counts: tuple[PhaseCount, ...]
    """By two-qubit gates, then by depth, fewest first."""

    @property
    def best(self) -> PhaseCount:
        """The way with the fewest two-qubit gates."""
        return self.counts[0]


def synthesize_phase(hamiltonian: IsingHamiltonian, methods: Sequence[str] | None = None) -> PhaseSynthesis:
    """Count what exp(-i gamma H) takes, compiled in each of the ``methods``, the smallest first.

    ========  ==============================================================================
    ladders   term by term, CX that meet at the seams left out; the only one for any size
    parities  the recursive walk over the terms' parities (arXiv:1712.01859); 2^N - 2 CX if dense
    rustiq    Qiskit's Pauli-network synthesis (arXiv:2404.03280)
    diagonal  Qiskit's synthesis of one diagonal gate, numbers for angles only; 2^N - 2 CX
    ========  ==============================================================================

    Without ``methods``, all that suit the size: parities up to 16,384 terms, rustiq up to 400, diagonal up to
    12 qubits with at least 2^N / 4 terms.

    Raises
    ------
    UsageError
        An unknown method, or a Hamiltonian without terms.
    """
    if not len(hamiltonian):
        raise UsageError("there is nothing to compile: the Hamiltonian has no terms.")
    for name in methods or ():
        if name not in METHODS:
            raise unknown_name("method", name, METHODS)
    if methods is None:
        suits = {
            "ladders": True,
            "parities": len(hamiltonian) <= LARGEST_NETWORK,
            "rustiq": len(hamiltonian) <= _LARGEST_RUSTIQ,
            "diagonal": hamiltonian.num_qubits <= min(_LARGEST_DIAGONAL, 2 + len(hamiltonian).bit_length()),
        }
        methods = [name for name in METHODS if suits[name]]
    counts = [_count(name, phase_circuit(hamiltonian, 1.0, name)) for name in methods]
    return PhaseSynthesis(tuple(sorted(counts, key=lambda c: (c.two_qubit_gates, c.depth))))


def phase_circuit(hamiltonian: IsingHamiltonian, angle: Any, method: str | None = None) -> QuantumCircuit:
    """exp(-i ``angle`` H) without H's constant, up to a global phase; ``angle`` may be a Qiskit parameter.

    ``method`` as in `synthesize_phase`; None: the one with the fewest CX of those that take a parameter.
    """
    from qiskit import QuantumCircuit

    if method is None:
        method = _best_symbolic(_Key(hamiltonian))
    if method not in _COMPILERS:
        raise unknown_name("method", method, METHODS)
    circuit = QuantumCircuit(hamiltonian.num_qubits)
    _COMPILERS[method](circuit, hamiltonian, angle)
    return circuit


def append_phase(circuit: QuantumCircuit, hamiltonian: IsingHamiltonian, angle: Any) -> None:
    """Append exp(-i ``angle`` H), H without its constant, in the way with the fewest CX."""
    if len(hamiltonian):
        circuit.compose(phase_circuit(hamiltonian, angle), inplace=True)


class _Key:
    """A Hamiltonian that can be looked up: by its terms and coefficients."""

    def __init__(self, hamiltonian: IsingHamiltonian) -> None:
        self.hamiltonian = hamiltonian
        self._terms = (hamiltonian.num_qubits, hamiltonian.masks.tobytes(), hamiltonian.coefficients.tobytes())

    def __hash__(self) -> int:
        return hash(self._terms)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._terms == other._terms


@lru_cache(maxsize=16)
def _best_symbolic(key: _Key) -> str:
    terms = len(key.hamiltonian)
    methods = ["ladders"]
    if terms <= LARGEST_NETWORK:
        methods.append("parities")
    if terms <= _LARGEST_RUSTIQ:
        methods.append("rustiq")
    return synthesize_phase(key.hamiltonian, methods).best.method


@lru_cache(maxsize=16)
def _steps(method: str, masks: tuple[int, ...], num_qubits: int) -> tuple[Step, ...]:
    return tuple((ladders if method == "ladders" else parities)(masks, num_qubits))


def _network(method: str) -> Callable[[QuantumCircuit, IsingHamiltonian, Any], None]:
    def compile_steps(circuit: QuantumCircuit, hamiltonian: IsingHamiltonian, angle: Any) -> None:
        for step in _steps(method, tuple(term_masks(hamiltonian)), hamiltonian.num_qubits):
            if step.term < 0:
                circuit.cx(*step.qubits)
            else:
                circuit.rz(2 * float(hamiltonian.coefficients[step.term]) * angle, step.qubits[0])

    return compile_steps


def _rustiq(circuit: QuantumCircuit, hamiltonian: IsingHamiltonian, angle: Any) -> None:
    from qiskit import QuantumCircuit
    from qiskit.circuit.library import PauliEvolutionGate
    from qiskit.transpiler import PassManager
    from qiskit.transpiler.passes import HighLevelSynthesis, HLSConfig

    evolution = QuantumCircuit(hamiltonian.num_qubits)
    operator = hamiltonian.to_sparse_pauli_op(constant=False)
    evolution.append(PauliEvolutionGate(operator, time=angle, label="exp(-itC)"), range(hamiltonian.num_qubits))
    # all terms commute, so any order will do
    options = {"optimize_count": True, "preserve_order": False, "upto_phase": True}
    passes = PassManager([HighLevelSynthesis(hls_config=HLSConfig(PauliEvolution=[("rustiq", options)]))])
    circuit.compose(passes.run(evolution), inplace=True)


def _diagonal(circuit: QuantumCircuit, hamiltonian: IsingHamiltonian, angle: Any) -> None:
    from qiskit.circuit import ParameterExpression
    from qiskit.circuit.library import DiagonalGate

    if isinstance(angle, ParameterExpression):
        raise UsageError("the method 'diagonal' takes a number for the angle; a parameter needs another method.")
    energies = hamiltonian.energies() - hamiltonian.constant
    circuit.append(DiagonalGate(np.exp(-1j * angle * energies)), range(hamiltonian.num_qubits))


_COMPILERS: dict[str, Callable[[QuantumCircuit, IsingHamiltonian, Any], None]] = {
    "ladders": _network("ladders"),
    "parities": _network("parities"),
    "rustiq": _rustiq,
    "diagonal": _diagonal,
}


def _count(method: str, circuit: QuantumCircuit) -> PhaseCount:
    from qiskit import transpile

    plain = transpile(circuit, basis_gates=_BASIS, optimization_level=0)
    return PhaseCount(method, plain.num_nonlocal_gates(), plain.depth())
