"""walshqhn report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from walshqhn.cli import options as opt
from walshqhn.cli.output import print_json, stdout
from walshqhn.report.page import write
from walshqhn.support.errors import UsageError
from walshqhn.support.files import targets


def report(
    source: opt.Source,
    /,
    *,
    output: Annotated[opt.Output, Parameter(help="The page (.html); default: SOURCE.html in this folder.")] = None,
    threads: opt.Threads = None,
    force: opt.Force = False,
    json: opt.Json = False,
    **options: opt.TaskOptions,
) -> None:
    """Write one HTML page about a file or task: the problem, its spectrum, trainings, the best network, provenance.

    The page is self-contained: figures are inside it, and nothing is fetched from a network.
    """
    target = output or Path(f"{Path(source).stem}.html")
    if target.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"the page is an HTML file and must end in .html, got {str(target)!r}.")
    with targets(target, overwrite=force, source=[source, *options.values()]):
        write(target, opt.open_source(source, options, threads, report), overwrite=force)
    if json:
        print_json({"source": source, "output": target})
    else:
        stdout().print(str(target), soft_wrap=True)
