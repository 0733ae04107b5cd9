"""walshqhn plot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from walshqhn.cli.figures import draw
from walshqhn.cli.options import Force, Json, OptionalPath, Source, TaskOptions, Threads, open_source
from walshqhn.cli.output import print_json, stdout
from walshqhn.report.figures import drawings
from walshqhn.support.errors import UsageError
from walshqhn.support.files import targets

Kind = Literal[
    "spectrum", "coefficients", "histogram", "training", "tails", "architecture", "circuit", "network", "success",
    "energies",
]  # fmt: skip


def plot(
    source: Source,
    /,
    *,
    kind: Annotated[
        list[Kind] | None,
        Parameter(
            negative=(),
            help="spectrum: W(k); coefficients: the largest ones; histogram: costs; training: E of every run; tails: "
            "mean cost of the cheapest shots; architecture: how often each is measured; circuit; network: weights of "
            "the best one; success, energies: all variants of a study (other kinds: the one with the lowest E). "
            "May be repeated; default: every kind that SOURCE has data for.",
        ),
    ] = None,
    output: Annotated[OptionalPath, Parameter(alias="-o", help="Output folder; default: the current one.")] = None,
    figure_format: Annotated[Literal["png", "pdf", "svg"], Parameter(help="File format.")] = "png",
    threads: Threads = None,
    force: Force = False,
    json: Json = False,
    **options: TaskOptions,
) -> None:
    """Plot whatever a file or task has data for; each figure is written to SOURCE-KIND.png."""
    possible = drawings(open_source(source, options, threads, plot))
    wanted: list[str] = list(possible) if kind is None else [*kind]
    for name in wanted:
        if name not in possible:
            raise UsageError(f"{source} has no data for the figure {name!r}, only for: {', '.join(possible)}.")
    folder, stem = output or Path(), Path(source).stem
    folder.mkdir(parents=True, exist_ok=True)
    figures = {folder / f"{stem}-{name}.{figure_format}": possible[name] for name in wanted}
    with targets(*figures, overwrite=force, source=source):
        written = draw(figures, overwrite=force)
    if json:
        print_json({"figures": written})
    else:
        for path in written:
            stdout().print(str(path), soft_wrap=True)
