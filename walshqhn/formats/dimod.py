"""dimod's models as JSON: BinaryQuadraticModel where it is quadratic, else the terms of a BinaryPolynomial."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from walshqhn.cost.convert import as_cost
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.formats.format import SPINS, Details, Format, every_term, is_object, of_terms, parsed_by, real, write_json
from walshqhn.support.errors import InputError, missing_package

_KINDS = {"SPIN": "spins", "BINARY": "bits"}
_SPINS = f"{SPINS}; a spin is this z (dimod's own change to bits, s = 2 x - 1, has all of them flipped)"


def _from_json(file: Path, found: Any) -> IsingHamiltonian | None:
    members = dict(found) if is_object(found) else {}
    if members.get("type") == "BinaryPolynomial":
        return _polynomial(file, members)
    if members.get("type") != "BinaryQuadraticModel":
        return None
    try:
        import dimod
    except ImportError:
        raise missing_package("dimod", f"{file}, a dimod model,") from None
    text = file.read_text(encoding="utf-8-sig")
    model = parsed_by("dimod", file, lambda: dimod.BinaryQuadraticModel.from_serializable(json.loads(text)))
    made = as_cost(model)
    assert isinstance(made, IsingHamiltonian)
    return made


def _polynomial(file: Path, members: dict[str, Any]) -> IsingHamiltonian:
    labels: Any = members.get("variable_labels")
    terms: Any = members.get("terms")
    try:
        place = {label: k for k, label in enumerate(labels)}
        pairs = [(tuple(place[v] for v in variables), real(file, x, variables)) for variables, x in terms]
        of = _KINDS[str(members.get("vartype"))]
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{file}: a polynomial has variable_labels, vartype and terms [[variables], value]."
        ) from error
    names = () if labels == list(range(len(place))) else tuple(map(str, place))
    return of_terms(file, pairs, len(place) or None, names=names, of=of)


def _write(target: Path, hamiltonian: IsingHamiltonian, details: Details) -> None:
    labels = list(range(hamiltonian.num_qubits)) if details.names is None else hamiltonian.labels(details.names)
    if hamiltonian.degrees.max(initial=0) <= 2:
        _write_quadratic(target, hamiltonian, labels)
        return
    terms = [[[labels[q] for q in qubits], value] for qubits, value in every_term(hamiltonian)]
    use = "dimod.BinaryPolynomial({tuple(v): x for v, x in terms}, vartype)"
    facts = {"type": "BinaryPolynomial", "convention": _SPINS, "use": use, "vartype": "SPIN"}
    write_json(target, **facts, variable_labels=labels, terms=terms)


def _write_quadratic(target: Path, hamiltonian: IsingHamiltonian, labels: list[Any]) -> None:
    """As ``BinaryQuadraticModel.to_serializable`` does."""
    linear = [0.0] * len(labels)
    pairs = []
    for qubits, value in hamiltonian:
        if len(qubits) == 1:
            linear[qubits[0]] = value
        else:
            pairs.append((*qubits, value))
    heads, tails, values = ([pair[k] for pair in pairs] for k in range(3))
    write_json(
        target, type="BinaryQuadraticModel", version={"bqm_schema": "3.0.0"}, info={"convention": _SPINS},
        use_bytes=False, index_type="int32", bias_type="float64", num_variables=len(labels),
        num_interactions=len(pairs), variable_labels=labels, variable_type="SPIN", offset=hamiltonian.constant,
        linear_biases=linear, quadratic_biases=values, quadratic_head=heads, quadratic_tail=tails,
    )  # fmt: skip


FORMAT = Format(
    name="dimod", suffix=".dimod.json", holds="a dimod BinaryQuadraticModel; past degree 2, a BinaryPolynomial's terms",
    reader="`BinaryQuadraticModel.from_serializable(json.load(file))`", convention=_SPINS,
    write=_write, names="asked", from_json=_from_json,
)  # fmt: skip
