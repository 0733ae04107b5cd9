"""OMMX artifacts, whose objective is a polynomial of bits, and QPLIB files, which OMMX reads."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.formats.format import BITS, Details, Format, of_terms, parsed_by, real
from walshqhn.formats.programs import check_program
from walshqhn.support.errors import missing_package
from walshqhn.support.resources import require_memory


def _ommx(file: Path) -> Any:
    try:
        import ommx.artifact
    except ImportError:
        raise missing_package("ommx", f"{file}, an OMMX or QPLIB file,") from None
    return ommx


def _read(file: Path) -> IsingHamiltonian:
    """The objective; that of a maximization with the opposite sign. The order is that of the variables' numbers."""
    package = _ommx(file)
    require_memory(20 * file.stat().st_size, str(file), "Use a file of walshqhn (.h5).")
    if file.suffix.lower() == ".qplib":
        found = parsed_by("OMMX", file, lambda: package.v1.Instance.load_qplib(str(file)))
    else:
        found = parsed_by("OMMX", file, lambda: package.artifact.Artifact.load_archive(str(file)).instance)
    kinds = [(str(v.kind).rpartition(".")[2], v.bound.lower, v.bound.upper) for v in found.decision_variables]
    names = [v.name or f"x{v.id}" for v in found.decision_variables]
    check_program(
        file, names, [k in ("Binary", "Integer") and (a, b) == (0, 1) for k, a, b in kinds], len(found.constraints)
    )
    place = {v.id: k for k, v in enumerate(found.decision_variables)}
    sign = 1 if found.sense == package.v1.Instance.MINIMIZE else -1
    terms = [(tuple(place[i] for i in set(ids)), sign * real(file, x, ids)) for ids, x in found.objective.terms.items()]
    return of_terms(file, terms, names=names, of="bits")


def _write(target: Path, hamiltonian: IsingHamiltonian, details: Details) -> None:
    package = _ommx(target)
    v1 = package.v1
    names = hamiltonian.labels(details.names)
    instance = v1.Instance.from_components(
        decision_variables=[v1.DecisionVariable.binary(j, name=name) for j, name in enumerate(names)],
        objective=v1.Polynomial(terms=hamiltonian.to_terms(of="bits")), constraints=[], sense=v1.Instance.MINIMIZE,
        description=v1.Instance.Description(name="walshqhn", description=BITS),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:  # OMMX writes into no file that exists
        made = Path(folder) / "instance.ommx"
        builder = package.artifact.ArtifactBuilder.new_archive_unnamed(str(made))
        builder.add_instance(instance)
        builder.build()
        target.write_bytes(made.read_bytes())


FORMAT = Format(
    name="ommx", suffix=".ommx", holds="an OMMX artifact, the objective as a polynomial of binary variables",
    reader="`ommx.artifact.Artifact.load_archive(file)`", convention=BITS, write=_write, names="always",
    reads=(".ommx", ".qplib"), read=_read,
)  # fmt: skip
