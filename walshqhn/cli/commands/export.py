"""walshqhn export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from walshqhn.cli import options as opt
from walshqhn.cli.output import number, plural, print_json, stdout
from walshqhn.cost.truncation import check_truncation
from walshqhn.formats.format import Details
from walshqhn.formats.hdf5 import Contents
from walshqhn.formats.registry import FORMATS, WRITTEN, write
from walshqhn.support.errors import UsageError
from walshqhn.support.files import targets, write_atomically
from walshqhn.workspace import Workspace

_HELP = "; ".join(f"{name}: {FORMATS[name].holds}" for name in WRITTEN) + "."
_NAMED = ", ".join(name for name in WRITTEN if FORMATS[name].names == "asked")


def export(  # noqa: PLR0913  a command's arguments are its options
    source: opt.Source,
    /,
    *,
    format: Annotated[Literal[WRITTEN], Parameter(help=_HELP)],  # type: ignore[valid-type]
    output: Annotated[
        opt.Output, Parameter(help="Default: SOURCE with the format's ending, in the current folder.")
    ] = None,
    max_degree: Annotated[opt.OptionalWhole, Parameter(help="Keep only terms up to this degree.")] = None,
    tolerance: Annotated[float, Parameter(help="Drop terms with |f(S)| up to this value.")] = 0.0,
    max_terms: Annotated[opt.OptionalWhole, Parameter(help="Keep only this many of the largest terms.")] = None,
    names: Annotated[bool, opt.flag(f"Bit names in place of numbers, in the formats {_NAMED}.")] = False,
    qpy_version: Annotated[
        opt.OptionalWhole,
        Parameter(
            help="sparse-pauli-op: version of QPY; default: the oldest that Qiskit writes, for the most readers."
        ),
    ] = None,
    threads: opt.Threads = None,
    force: opt.Force = False,
    json: opt.Json = False,
    **options: opt.TaskOptions,
) -> None:
    """Write the Hamiltonian of a file or task, or its trained circuit, in another format, optionally truncated."""
    check_truncation(max_degree, tolerance, max_terms)
    found = FORMATS[format]
    target = output or Path(Path(source).stem + found.suffix)
    if format == "native":
        opt.check_native_name(target)
    if names and found.names != "asked":
        raise UsageError(f"--names is for the formats {_NAMED}; {format} has names {found.names}.")
    if qpy_version is not None and format != "sparse-pauli-op":
        raise UsageError(f"--qpy-version is for the format sparse-pauli-op, not for {format}.")
    with targets(target, overwrite=force, source=[source, *options.values()]):
        workspace = opt.open_source(source, options, threads, export)
        if found.write_circuit is not None:
            return _write_circuit(target, workspace, format, force, json)
        hamiltonian = workspace.hamiltonian.truncate(max_degree, tolerance, max_terms)
        config = {"max_degree": max_degree, "tolerance": tolerance, "max_terms": max_terms}
        provenance = {"source": source, "config": config}
        contents = Contents.of(workspace, hamiltonian=hamiltonian, provenance=provenance)
        labels = workspace.bit_names if names or found.names == "always" else None
        write(target, hamiltonian, format, Details(labels, contents, qpy_version), overwrite=force)
    n, terms, error = hamiltonian.num_qubits, len(hamiltonian), hamiltonian.rms_error
    if json:
        facts = {"output": target, "format": format, "num_bits": n, "terms": terms, "rms_error": error}
        return print_json(facts | {"discarded_weight": hamiltonian.discarded_weight})
    size = f"{plural(terms, 'term')} on {plural(n, 'qubit')}"
    return stdout().print(f"{target}: {size}, RMS error of the cost {number(error, 3)}", soft_wrap=True)


def _write_circuit(target: Path, workspace: Workspace, format: str, force: bool, json: bool) -> None:
    """The circuit of the best run of a training."""
    training = workspace.training
    if training is None:
        raise UsageError(
            f"{workspace.name} holds no training, and {format} a trained circuit: walshqhn train, then export."
        )
    circuit = workspace.circuit(training).circuit(training.best_run.parameters)
    write_circuit = FORMATS[format].write_circuit
    assert write_circuit is not None
    write_atomically(target, lambda path: write_circuit(path, circuit, workspace.bit_names), overwrite=force)
    facts = {"num_bits": circuit.num_qubits, "gates": circuit.size(), "value": training.best_run.value}
    if json:
        return print_json({"output": target, "format": format, **facts})
    size = f"{plural(circuit.size(), 'gate')} on {plural(circuit.num_qubits, 'qubit')}"
    return stdout().print(f"{target}: {size}, with the angles of the best run", soft_wrap=True)
