"""Compile exp(-i gamma H) for a diagonal H into CX and one-qubit gates, by several methods, and keep the smallest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn.bits import words_for
from walshqhn.circuits.parities import LARGEST_NETWORK, network, term_masks
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.support.errors import UsageError, unknown_name
from walshqhn.support.shown import Shown, Tabular

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

METHODS = ("ladders", "parities", "rustiq", "diagonal")
_LARGEST_RUSTIQ = 400  # terms
_LARGEST_DIAGONAL = 12  # qubits
_BASIS = ["cx", "rx", "ry", "rz", "h", "s", "sdg", "x", "sx", "sxdg"]


@dataclass(frozen=True)
class PhaseCount(Shown):
    """Gate counts of one way to compile exp(-i gamma H), with all-to-all connectivity."""

    method: str
    two_qubit_gates: int
    """Number of CX."""
    depth: int
    """Gates in a row, of any kind."""


@dataclass(frozen=True, repr=False)
class PhaseSynthesis(Tabular):
    """Gate counts of each method."""

    counts: tuple[PhaseCount, ...]
    """By two-qubit gates, then by depth, fewest first."""

    def facts(self) -> dict[str, Any]:
        return {"best": self.best.method, "two_qubit_gates": self.best.two_qubit_gates}

    def columns(self, count: int | None = None) -> dict[str, Any]:
        """A row for each method."""
        return {f.name: [getattr(one, f.name) for one in self.counts] for f in fields(PhaseCount)}

    @property
    def best(self) -> PhaseCount:
        """The method with the fewest two-qubit gates."""
        return self.counts[0]


def synthesize_phase(hamiltonian: IsingHamiltonian, methods: Sequence[str] | None = None) -> PhaseSynthesis:
    """Count the gates of exp(-i gamma H) compiled by each of the ``methods``, the fewest first.

    ========  ==============================================================================
    ladders   term by term, CX that cancel at the seams left out; the only one for any size
    parities  the recursive walk over the terms' parities (arXiv:1712.01859); 2^N - 2 CX if dense
    rustiq    Qiskit's Pauli-network synthesis (arXiv:2404.03280)
    diagonal  Qiskit's synthesis of one diagonal gate, numbers for angles only; 2^N - 2 CX
    ========  ==============================================================================

    Without ``methods``, all that suit the size: parities up to 16,384 terms, rustiq up to 400, diagonal up to 12 qubits
    with at least 2^N / 4 terms. UsageError for an unknown method, or a Hamiltonian without terms.
    """
    from qiskit import transpile

    if not len(hamiltonian):
        raise UsageError("there is nothing to compile: the Hamiltonian has no terms.")
    for name in methods or ():
        if name not in METHODS:
            raise unknown_name("method", name, METHODS)
    if methods is None:
        methods = _symbolic_methods(len(hamiltonian))
        if hamiltonian.num_qubits <= min(_LARGEST_DIAGONAL, 2 + len(hamiltonian).bit_length()):
            methods.append("diagonal")
    plain = {
        m: transpile(phase_circuit(hamiltonian, 1.0, m), basis_gates=_BASIS, optimization_level=0) for m in methods
    }
    counts = [PhaseCount(method, circuit.num_nonlocal_gates(), circuit.depth()) for method, circuit in plain.items()]
    return PhaseSynthesis(tuple(sorted(counts, key=lambda c: (c.two_qubit_gates, c.depth))))


def phase_circuit(hamiltonian: IsingHamiltonian, angle: Any, method: str | None = None) -> QuantumCircuit:
    """exp(-i ``angle`` H) without H's constant, up to a global phase; ``angle`` may be a Qiskit parameter.

    ``method`` as in `synthesize_phase`; None: the one with the fewest CX of those that take a parameter.
    """
    from qiskit import QuantumCircuit

    if method is None:
        method = _best(hamiltonian.num_qubits, hamiltonian.masks.tobytes(), hamiltonian.coefficients.tobytes())
    circuit = QuantumCircuit(hamiltonian.num_qubits)
    match method:
        case "ladders" | "parities":
            for qubits, term in network(method, tuple(term_masks(hamiltonian)), hamiltonian.num_qubits):
                if term < 0:
                    circuit.cx(*qubits)
                else:
                    circuit.rz(2 * float(hamiltonian.coefficients[term]) * angle, qubits[0])
        case "rustiq":
            _rustiq(circuit, hamiltonian, angle)
        case "diagonal":
            _diagonal(circuit, hamiltonian, angle)
        case _:
            raise unknown_name("method", method, METHODS)
    return circuit


def append_phase(circuit: QuantumCircuit, hamiltonian: IsingHamiltonian, angle: Any) -> None:
    """Append exp(-i ``angle`` H), H without its constant, by the method with the fewest CX."""
    if len(hamiltonian):
        circuit.compose(phase_circuit(hamiltonian, angle), inplace=True)


def _symbolic_methods(num_terms: int) -> list[str]:
    """Methods that take a parameter for the angle and can handle this many terms."""
    limits = {"ladders": num_terms, "parities": LARGEST_NETWORK, "rustiq": _LARGEST_RUSTIQ}
    return [name for name, limit in limits.items() if num_terms <= limit]


@lru_cache(maxsize=16)
def _best(num_qubits: int, masks: bytes, coefficients: bytes) -> str:
    """The best symbolic method for the terms of a Hamiltonian."""
    rows = np.frombuffer(masks, np.uint64).reshape(-1, words_for(num_qubits))
    hamiltonian = IsingHamiltonian(num_qubits, rows, np.frombuffer(coefficients))
    return synthesize_phase(hamiltonian, _symbolic_methods(len(hamiltonian))).best.method


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
