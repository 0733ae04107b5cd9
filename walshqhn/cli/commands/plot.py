"""walshqhn plot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from walshqhn.cli.figures import draw, drawings
from walshqhn.cli.options import Force, Json, OptionalPath, Source, TaskOptions, Threads, open_source
from walshqhn.cli.output import print_json, stdout
from walshqhn.support.errors import UsageError

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
            help="spectrum: W(k); coefficients: the largest ones; histogram: costs; training: E along the runs; "
            "tails: likewise, of the cheapest shots; architecture: how often each is measured; circuit; network: "
            "weights of the best network as a picture; success, energies: of a study, which shows its variant of least "
            "E in the others. "
            "Default: all there is data for.",
        ),
    ] = None,
    output: Annotated[OptionalPath, Parameter(alias="-o", help="Folder for the figures; default: this one.")] = None,
    figure_format: Annotated[Literal["png", "pdf", "svg"], Parameter(help="Kind of file.")] = "png",
    threads: Threads = None,
    force: Force = False,
    json: Json = False,
    **options: TaskOptions,
) -> None:
    """Draw the figures that a file or task has the data for, each to SOURCE-KIND.png."""
    possible = drawings(open_source(source, options, threads, plot))
    wanted: list[str] = list(possible) if kind is None else [*kind]
    for name in wanted:
        if name not in possible:
            raise UsageError(f"{source} has no data for a figure of kind {name!r}; it has for {', '.join(possible)}.")
    folder = output or Path()
    folder.mkdir(parents=True, exist_ok=True)
    stem = Path(source).stem
    targets = {name: folder / f"{stem}-{name}.{figure_format}" for name in wanted}
    written = draw({targets[name]: possible[name] for name in wanted}, overwrite=force)
    if json:
        print_json({"figures": written})
    else:
        for path in written:
            stdout().print(str(path), soft_wrap=True)
