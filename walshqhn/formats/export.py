"""Hamiltonians in other people's formats, each in a file of its own."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from walshqhn.bits import mask_support
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.support.errors import FormatError, InputError
from walshqhn.support.files import first_line, write_atomically


def write_sparse_pauli_op(path: str | Path, hamiltonian: IsingHamiltonian, *, overwrite: bool = False) -> None:
    """Write a QPY file with the operator, constant included.

    QPY stores circuits: the file holds one circuit with one ``PauliEvolutionGate`` of time 1 whose
    operator is the SparsePauliOp (`read_sparse_pauli_op` takes it out again).
    """
    from qiskit import QuantumCircuit, qpy
    from qiskit.circuit.library import PauliEvolutionGate

    circuit = QuantumCircuit(hamiltonian.num_qubits, name="walshqhn")
    # the default label lists every term, and QPY cannot store labels of more than 65,535 bytes
    gate = PauliEvolutionGate(hamiltonian.to_sparse_pauli_op(), time=1.0, label="exp(-iH)")
    circuit.append(gate, range(hamiltonian.num_qubits))
    buffer = io.BytesIO()
    qpy.dump(circuit, buffer)
    write_atomically(path, lambda target: target.write_bytes(buffer.getvalue()), overwrite=overwrite)


def read_sparse_pauli_op(path: str | Path) -> IsingHamiltonian:
    """The Hamiltonian in a QPY file whose first circuit begins with a ``PauliEvolutionGate`` (of any time).

    InputError if there is no such file or another gate, FormatError if it is no QPY file.
    """
    from qiskit import qpy
    from qiskit.circuit.library import PauliEvolutionGate
    from qiskit.quantum_info import SparsePauliOp

    if not Path(path).is_file():
        raise InputError(f"no such file: {path}")
    try:
        with Path(path).open("rb") as file:
            circuit = qpy.load(file)[0]
        gate = circuit.data[0].operation
    except Exception as error:  # damaged files make Qiskit's parsers raise whatever comes
        raise FormatError(f"{path}: not a QPY file with a circuit ({first_line(error)}).") from error
    if not isinstance(gate, PauliEvolutionGate):
        raise InputError(f"{path}: the first gate must be a PauliEvolutionGate, found {gate.name!r}.")
    if not isinstance(gate.operator, SparsePauliOp):
        raise InputError(f"{path}: the gate must hold one SparsePauliOp, found {type(gate.operator).__name__}.")
    return IsingHamiltonian.from_sparse_pauli_op(gate.operator)


def write_sympy(
    path: str | Path,
    hamiltonian: IsingHamiltonian,
    *,
    names: Sequence[str] | None = None,
    max_terms: int | None = None,
    overwrite: bool = False,
) -> None:
    """Write the SymPy sum as text, a term a line, by decreasing size.

    ``sympy.sympify`` reads it back, as long as there are not thousands of terms.
    ``names`` replace Z_0, Z_1, ...; with names such as ``W1[0,2]`` the text is for people only.
    """
    import sympy

    expression = hamiltonian.to_sympy(names=names, max_terms=max_terms)
    terms = [sympy.sstr(term, order="none", full_prec=True) for term in sympy.Add.make_args(expression)]
    text = "(\n    " + "\n  + ".join(terms) + "\n)\n"
    write_atomically(path, lambda target: target.write_text(text), overwrite=overwrite)


def write_csv(
    path: str | Path,
    hamiltonian: IsingHamiltonian,
    *,
    names: Sequence[str] | None = None,
    overwrite: bool = False,
) -> None:
    """Write a table ``degree,qubits,bits,coefficient``: a line for the constant, then a line a term, as stored.

    Qubits and names of bits are separated by blanks; coefficients have all their digits.
    """
    labels = hamiltonian.labels(names)

    def write(target: Path) -> None:
        with target.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["degree", "qubits", "bits", "coefficient"])
            writer.writerow([0, "", "", repr(float(hamiltonian.constant))])
            for mask, value in zip(hamiltonian.masks, hamiltonian.coefficients, strict=True):
                qubits = mask_support(mask)
                row = [" ".join(map(str, qubits)), " ".join(labels[q] for q in qubits)]
                writer.writerow([len(qubits), *row, repr(float(value))])

    write_atomically(path, write, overwrite=overwrite)
