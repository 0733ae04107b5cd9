"""walshqhn export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from walshqhn.cli import options as opt
from walshqhn.cli.output import plural, print_json, stdout
from walshqhn.cost.truncation import check_truncation
from walshqhn.formats.hdf5 import Contents
from walshqhn.formats.registry import FORMATS
from walshqhn.support.files import check_target

_HELP = "; ".join(f"{name}: {format.help}" for name, format in FORMATS.items()) + "."


def export(
    source: opt.Source,
    /,
    *,
    format: Annotated[Literal[tuple(FORMATS)], Parameter(help=_HELP)],  # type: ignore[valid-type]
    output: Annotated[opt.Output, Parameter(help="Default: SOURCE with the format's ending, in this folder.")] = None,
    max_degree: Annotated[opt.OptionalWhole, Parameter(help="Truncate to this degree.")] = None,
    tolerance: Annotated[float, Parameter(help="Drop terms with |f(S)| up to this.")] = 0.0,
    max_terms: Annotated[opt.OptionalWhole, Parameter(help="Keep only the largest so many terms.")] = None,
    names: Annotated[bool, opt.flag("In SymPy text, names of bits for Z_0, Z_1, ...")] = False,
    threads: opt.Threads = None,
    force: opt.Force = False,
    json: opt.Json = False,
    **options: opt.TaskOptions,
) -> None:
    """Write the Hamiltonian of a file or task in another format, truncated if wanted."""
    check_truncation(max_degree, tolerance, max_terms)
    target = output or Path(Path(source).stem + FORMATS[format].ending)
    if format == "native":
        opt.check_native_name(target)
    check_target(target, overwrite=force, source=source)
    workspace = opt.open_source(source, options, threads, export)
    hamiltonian = workspace.hamiltonian.truncate(max_degree, tolerance, max_terms)
    contents = Contents(
        hamiltonian=hamiltonian,
        task=workspace.spec,
        bit_names=workspace.bit_names,
        provenance={
            "source": source,
            "config": {"max_degree": max_degree, "tolerance": tolerance, "max_terms": max_terms},
        },
    )
    FORMATS[format].write(target, hamiltonian, contents, names, force)
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
        return
    qubits = plural(hamiltonian.num_qubits, "qubit")
    text = (
        f"{target}: {plural(len(hamiltonian), 'term')} on {qubits}, RMS error of the cost {hamiltonian.rms_error:.3g}"
    )
    stdout().print(text, soft_wrap=True)
