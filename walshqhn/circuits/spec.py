"""Circuits by name, as the command line, studies and stored results name them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt

from walshqhn.bits import log2_exact
from walshqhn.circuits.ansatz import Ansatz, LinearAnsatz, ProductAnsatz, QAOAAnsatz
from walshqhn.circuits.multi_angle import MultiAngleQAOAAnsatz
from walshqhn.circuits.user import CircuitAnsatz
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.cost.table import check_cost_table
from walshqhn.spectrum.walsh import WalshSpectrum
from walshqhn.support.errors import InputError, UsageError, unknown_name
from walshqhn.support.files import first_line

ANSATZES = ("linear", "product", "qaoa", "ma-qaoa", "FILE.qpy")


def make_ansatz(
    name: str, layers: int, cost: npt.ArrayLike | IsingHamiltonian, *, max_degree: int | None = None
) -> Ansatz:
    """The circuit called ``name`` for a cost.

    Parameters
    ----------
    name
        "linear", "product", "qaoa", "ma-qaoa", or the path of a QPY file (.qpy) with one circuit of one's own.
    layers
        Of linear and QAOA circuits.
    cost
        A cost table (2^N,), or a Hamiltonian.
    max_degree
        QAOA's phases come from the terms up to this degree only. None: from all of C.

    Raises
    ------
    UsageError
        An unknown name, ``max_degree`` for a circuit that knows nothing of the cost, or what the circuit refuses.
    InputError
        A QPY file that cannot be read, or a cost that is none.
    """
    operator = cost if isinstance(cost, IsingHamiltonian) else check_cost_table(cost)
    if max_degree is not None and name not in ("qaoa", "ma-qaoa"):
        raise UsageError(f"max_degree truncates the phases of qaoa and ma-qaoa; the ansatz {name!r} has none.")
    if name in ("linear", "product"):
        if isinstance(operator, IsingHamiltonian):
            num_qubits = operator.num_qubits
        else:
            num_qubits = log2_exact(operator.size, "a cost table")
        return ProductAnsatz(num_qubits) if name == "product" else LinearAnsatz(num_qubits, layers)
    if name in ("qaoa", "ma-qaoa"):
        if max_degree is not None:
            operator = _truncated(operator, max_degree)
        return QAOAAnsatz(operator, layers) if name == "qaoa" else MultiAngleQAOAAnsatz(operator, layers)
    if name.endswith(".qpy"):
        return CircuitAnsatz(_read_circuit(Path(name)), source=str(Path(name).resolve()))
    raise unknown_name("ansatz", name, ANSATZES)


def ansatz_like(description: Mapping[str, Any], cost: npt.ArrayLike | IsingHamiltonian) -> Ansatz:
    """The circuit that `Ansatz.description` says, for the cost it was made for.

    UsageError if it cannot be made again: a circuit or a Hamiltonian of one's own that is in no file.
    InputError if the file of the circuit has changed.
    """
    name = str(description["name"])
    if name == "circuit":
        if "file" not in description:
            raise UsageError("the circuit was made in Python and is in no file; only there can it be used again.")
        ansatz = make_ansatz(description["file"], 0, cost)
        if ansatz.description["sha256"] != description["sha256"]:
            raise InputError(f"{description['file']} holds another circuit than when this was made.")
        return ansatz
    ansatz = make_ansatz(name, description["layers"], cost, max_degree=description.get("max_degree"))
    if description.get("terms") not in (None, ansatz.description.get("terms")):
        if name == "qaoa" and ansatz.description["terms"] is None:  # made from a Hamiltonian, but one of all terms
            ansatz = QAOAAnsatz(_truncated(cost, None), description["layers"])
        if ansatz.description["terms"] != description["terms"]:
            raise UsageError(
                f"the {name} ansatz was made from a Hamiltonian of {description['terms']:,} terms of its own; "
                "only in Python, with that, can it be used again."
            )
    return ansatz


def _truncated(operator: npt.ArrayLike | IsingHamiltonian, max_degree: int | None) -> IsingHamiltonian:
    if isinstance(operator, IsingHamiltonian):
        return operator if max_degree is None else operator.truncate(max_degree=max_degree)
    return WalshSpectrum.from_cost_table(operator).hamiltonian(max_degree=max_degree)


def _read_circuit(path: Path) -> Any:
    from qiskit import qpy

    try:
        with path.open("rb") as file:
            circuits = qpy.load(file)
    except Exception as error:  # QPY raises what it likes on damaged files
        raise InputError(f"{path}: no QPY file that can be read ({first_line(error)}).") from error
    if len(circuits) != 1:
        raise InputError(f"{path}: holds {len(circuits)} circuits; one is needed.")
    return circuits[0]
