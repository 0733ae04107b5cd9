"""walshqhn export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from walshqhn.cli.common import (
    Force,
    Json,
    OptionalWhole,
    Output,
    Source,
    TaskOptions,
    Threads,
    check_native_name,
    open_problem,
    plural,
    print_json,
    stdout,
)

Format = Literal["native", "sparse-pauli-op", "sympy", "csv"]
_ENDINGS = {"native": ".h5", "sparse-pauli-op": ".qpy", "sympy": ".txt", "csv": ".csv"}


def export(
    source: Source,
    /,
    *,
    format: Annotated[
        Format,
        Parameter(
            help="native: HDF5; sparse-pauli-op: QPY, one PauliEvolutionGate that holds the operator; "
            "sympy: text, a term a line; csv: degree, qubits, names of bits, coefficient."
        ),
    ],
    output: Annotated[Output, Parameter(help="Default: SOURCE with the format's ending, in this folder.")] = None,
    max_degree: Annotated[OptionalWhole, Parameter(help="Truncate to this degree.")] = None,
    tolerance: Annotated[float, Parameter(help="Drop terms with |f(S)| up to this.")] = 0.0,
    max_terms: Annotated[OptionalWhole, Parameter(help="Keep only the largest so many terms.")] = None,
    names: Annotated[
        bool, Parameter(negative="", show_default=False, help="In SymPy text, names of bits for Z_0, Z_1, ...")
    ] = False,
    threads: Threads = None,
    force: Force = False,
    json: Json = False,
    **options: TaskOptions,
) -> None:
    """Write the Hamiltonian of a file or task in another format, truncated if wanted."""
    from walshqhn.cost.truncation import check_truncation
    from walshqhn.formats import export as formats
    from walshqhn.support.files import check_target

    check_truncation(max_degree, tolerance, max_terms)
    target = output or Path(Path(source).stem + _ENDINGS[format])
    if format == "native":
        check_native_name(target)
    check_target(target, overwrite=force)
    problem = open_problem(source, options, threads, command=export)
    hamiltonian = problem.hamiltonian.truncate(max_degree, tolerance, max_terms)
    if format == "native":
        from walshqhn.formats.hdf5 import Contents, save

        truncation = {"max_degree": max_degree, "tolerance": tolerance, "max_terms": max_terms}
        contents = Contents(
            hamiltonian=hamiltonian,
            task=problem.spec,
            bit_names=problem.bit_names,
            provenance={"config": truncation, "source": source},
        )
        save(target, contents, overwrite=force)
    elif format == "sparse-pauli-op":
        formats.write_sparse_pauli_op(target, hamiltonian, overwrite=force)
    elif format == "sympy":
        formats.write_sympy(target, hamiltonian, names=problem.bit_names if names else None, overwrite=force)
    else:
        formats.write_csv(target, hamiltonian, names=problem.bit_names, overwrite=force)
    facts = {
        "output": target,
        "format": format,
        "num_qubits": hamiltonian.num_qubits,
        "terms": len(hamiltonian),
        "discarded_weight": hamiltonian.discarded_weight,
        "rms_error": hamiltonian.rms_error,
    }
    if json:
        print_json(facts)
    else:
        stdout().print(
            f"{target}: {plural(len(hamiltonian), 'term')} on {plural(hamiltonian.num_qubits, 'qubit')}, "
            f"RMS error of the cost {hamiltonian.rms_error:.3g}",
            markup=False,
            soft_wrap=True,
        )
