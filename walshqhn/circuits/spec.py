"""Circuits by name, as the command line, studies and stored results use them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from walshqhn.circuits.ansatz import Ansatz, LinearAnsatz, ProductAnsatz
from walshqhn.circuits.qaoa import MIXERS, MultiAngleQAOAAnsatz, QAOAAnsatz, check_start
from walshqhn.circuits.qpy import read_qpy
from walshqhn.circuits.user import CircuitAnsatz
from walshqhn.cost.base import Cost
from walshqhn.cost.convert import as_cost
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.spectrum.walsh import WalshSpectrum
from walshqhn.support.checks import check_text, check_whole
from walshqhn.support.errors import InputError, UsageError, unknown_name
from walshqhn.support.specs import Spec, option

ANSATZES = ("linear", "product", "qaoa", "ma-qaoa", "FILE.qpy")
PHASES = ("qaoa", "ma-qaoa")
FEWEST_LAYERS = {"linear": 0, "qaoa": 1, "ma-qaoa": 1}
"""Of circuits that are made of layers."""


def _known(name: Any) -> str:
    if not isinstance(name, str) or not (name in ANSATZES[:-1] or name.endswith(".qpy")):
        raise unknown_name("ansatz", str(name), ANSATZES)
    return name


@dataclass(frozen=True, repr=False)
class CircuitSpec(Spec):
    """Which circuit. UsageError for incompatible settings.

    >>> CircuitSpec("linear", layers=1).make([0.0, 1.0, 1.0, 3.0])
    LinearAnsatz(num_qubits=2, layers=1)
    """

    ansatz: str = option("linear", "linear, product, qaoa, ma-qaoa, or a QPY file with a circuit.", convert=_known)
    layers: int = option(2, "Layers of linear and QAOA circuits.", least=0)
    max_degree: int | None = option(None, "qaoa, ma-qaoa: make phases from terms up to this degree.", least=0)
    mixer: str = option("x", "qaoa: x mixes qubit by qubit, xx joins neighbours, too.", choices=MIXERS)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_degree is not None and self.ansatz not in PHASES:
            raise UsageError(f"max_degree truncates the phases of qaoa and ma-qaoa; {self.ansatz!r} has none.")
        if self.mixer != "x" and self.ansatz != "qaoa":
            raise UsageError(f"a mixer is a part of qaoa; {self.ansatz!r} has none to choose.")
        if self.ansatz == "product" or self.ansatz.endswith(".qpy"):
            object.__setattr__(self, "layers", 0)  # they have none to count

    def make(self, cost: Cost | npt.ArrayLike) -> Ansatz:
        """The circuit for a cost, or for anything that `as_cost` takes.

        UsageError for settings that the circuit refuses; InputError or FormatError for a QPY file that is missing or
        cannot be read; TooLargeError for QAOA from a cost table that does not fit in memory.
        """
        source = as_cost(cost)
        match self.ansatz:
            case "product":
                return ProductAnsatz(source.num_bits)
            case "linear":
                return LinearAnsatz(source.num_bits, self.layers)
            case "qaoa":
                return QAOAAnsatz(self.phases(source), self.layers, mixer=self.mixer)
            case "ma-qaoa":
                return MultiAngleQAOAAnsatz(self.phases(source), self.layers)
        return CircuitAnsatz(_read_circuit(Path(self.ansatz)), source=str(Path(self.ansatz).resolve()))

    def phases(self, source: Cost) -> Cost:
        """What the phases of QAOA are made from: ``source``, truncated or not."""
        return source if self.max_degree is None else _truncated(source, self.max_degree)


def remake_ansatz(description: Mapping[str, Any], cost: Cost | npt.ArrayLike) -> Ansatz:
    """The circuit of an `Ansatz.description`, for the cost it was made for.

    UsageError if it was made from a circuit or a Hamiltonian that is not in a file; InputError if the circuit's file
    has changed.
    """
    name = str(description["name"])
    if name == "circuit":
        if "file" not in description:
            raise UsageError("the circuit was made in Python and is in no file; only there can it be used again.")
        ansatz = CircuitSpec(description["file"]).make(cost)
        if ansatz.description["sha256"] != description["sha256"]:
            raise InputError(f"{description['file']} holds another circuit than when this was made.")
        return ansatz
    spec = CircuitSpec(name, description["layers"], description.get("max_degree"), description.get("mixer", "x"))
    ansatz = spec.make(cost)
    start: dict[str, Any] = {"mixer": spec.mixer, "start": description.get("start")}  # of QAOA
    if start["start"] is not None:
        ansatz = QAOAAnsatz(spec.phases(as_cost(cost)), spec.layers, **start)
    if description.get("terms") not in (None, ansatz.description.get("terms")):
        if name == "qaoa" and ansatz.description["terms"] is None:  # made from a Hamiltonian, but one of all terms
            ansatz = QAOAAnsatz(_truncated(as_cost(cost), None), description["layers"], **start)
        if ansatz.description["terms"] != description["terms"]:
            raise UsageError(
                f"the {name} ansatz was made from a separate Hamiltonian, of {description['terms']:,} terms; "
                "only in Python, with that Hamiltonian, can it be used again."
            )
    return ansatz


def check_description(description: Any, num_qubits: int, num_parameters: int) -> None:
    """UsageError unless an `Ansatz.description` fits a circuit with these numbers of qubits and angles.

    Circuits whose name is not one of ours may be described in any other way.
    """
    if not isinstance(description, Mapping):
        raise UsageError(f"the description of a circuit must be a table, got {type(description).__name__}.")
    name = check_text("the name of a circuit", description.get("name"))
    check_whole("num_qubits", description.get("num_qubits", num_qubits), num_qubits, num_qubits)
    if name == "circuit":
        for key in ("sha256", *({"file"} & set(description))):
            check_text(key, description.get(key))
        if len(description.get("parameters", ())) != num_parameters:
            raise UsageError(f"the circuit must have {num_parameters} parameters.")
    elif name in ANSATZES:
        layers = check_whole("layers", description.get("layers"), 0, num_parameters)
        CircuitSpec(name, layers, description.get("max_degree"), description.get("mixer", "x"))
        if description.get("start") is not None:
            check_start(description["start"], num_qubits)
        if description.get("terms") is not None:
            check_whole("terms", description["terms"], 0)
        angles = {"qaoa": 2 * layers, "ma-qaoa": num_parameters}.get(name, 2 * num_qubits * max(1, 2 * layers))
        if angles != num_parameters:
            raise UsageError(f"the {name} ansatz with {layers} layers has {angles} angles, got {num_parameters}.")


def _truncated(cost: Cost, max_degree: int | None) -> IsingHamiltonian:
    if isinstance(cost, IsingHamiltonian):
        return cost if max_degree is None else cost.truncate(max_degree=max_degree)
    return WalshSpectrum.from_cost(cost).hamiltonian(max_degree=max_degree)


def _read_circuit(path: Path) -> Any:
    circuits = read_qpy(path)
    if len(circuits) != 1:
        raise InputError(f"{path}: holds {len(circuits)} circuits; one is needed.")
    return circuits[0]
