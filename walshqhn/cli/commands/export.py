"""walshqhn export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from walshqhn.cli import options as opt
from walshqhn.cli.output import number, plural, print_json, stdout
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
    output: Annotated[
        opt.Output, Parameter(help="Default: SOURCE with the format's ending, in the current folder.")
    ] = None,
    max_degree: Annotated[opt.OptionalWhole, Parameter(help="Keep only terms up to this degree.")] = None,
    tolerance: Annotated[float, Parameter(help="Drop terms with |f(S)| up to this value.")] = 0.0,
    max_terms: Annotated[opt.OptionalWhole, Parameter(help="Keep only this many of the largest terms.")] = None,
    names: Annotated[bool, opt.flag("SymPy: use bit names instead of Z_0, Z_1, ...")] = False,
    threads: opt.Threads = None,
    force: opt.Force = False,
    json: opt.Json = False,
    **options: opt.TaskOptions,
) -> None:
    """Write the Hamiltonian of a file or task in another format, optionally truncated."""
    check_truncation(max_degree, tolerance, max_terms)
    target = output or Path(Path(source).stem + FORMATS[format].ending)
    if format == "native":
        opt.check_native_name(target)
    check_target(target, overwrite=force, source=[source, *options.values()])
    workspace = opt.open_source(source, options, threads, export)
    hamiltonian = workspace.hamiltonian.truncate(max_degree, tolerance, max_terms)
    config = {"max_degree": max_degree, "tolerance": tolerance, "max_terms": max_terms}
    provenance = {"source": source, "config": config}
    contents = Contents.of(workspace, hamiltonian=hamiltonian, provenance=provenance)
    FORMATS[format].write(target, hamiltonian, contents, names, force)
    n, terms, error = hamiltonian.num_qubits, len(hamiltonian), hamiltonian.rms_error
    if json:
        facts = {"output": target, "format": format, "num_qubits": n, "terms": terms, "rms_error": error}
        print_json(facts | {"discarded_weight": hamiltonian.discarded_weight})
    else:
        size = f"{plural(terms, 'term')} on {plural(n, 'qubit')}"
        stdout().print(f"{target}: {size}, RMS error of the cost {number(error, 3)}", soft_wrap=True)
