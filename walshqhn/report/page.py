"""One self-contained HTML page: figures are inside it, and nothing is fetched."""

from __future__ import annotations

import re
from pathlib import Path

from walshqhn.plotting.style import svg
from walshqhn.report.contents import sections
from walshqhn.report.figures import drawings
from walshqhn.support.files import write_atomically
from walshqhn.workspace import Workspace

DESCRIPTIONS = {
    "spectrum": "Weight W(k) of each degree",
    "coefficients": "The largest Fourier coefficients, by the bits in them",
    "histogram": "How many configurations have which cost",
    "training": "Mean cost of every run against iterations",
    "tails": "Mean cost of all shots and of the cheapest",
    "architecture": "How often each option of the architecture is measured",
    "circuit": "The circuit",
    "network": "Weights of the best network, on the pixels they belong to",
    "success": "Probability of success against the tolerated excess",
    "energies": "Energies that the runs of each variant ended with",
}
"""Kind of a figure -> what it shows, in words for those who do not see it."""


def render(workspace: Workspace) -> str:
    """The page about a task or a file, as HTML. Errors as for `Workspace`.

    >>> render(Workspace.open("gaussian", {"num_samples": 50})).count("<h2")
    6
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    told = list(sections(workspace))
    wanted = [kind for section in told for kind in section.figures]
    possible = {kind: drawing for kind, drawing in drawings(workspace).items() if kind in wanted}
    figures = {kind: svg(d.draw, d.size, kind, DESCRIPTIONS[kind]) for kind, d in possible.items()}
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["anchor"] = lambda title: re.sub(r"\W+", "-", title.lower()).strip("-")
    template = environment.get_template("page.html.j2")
    return template.render(title=workspace.name, sections=told, figures=figures, descriptions=DESCRIPTIONS)


def write(path: str | Path, workspace: Workspace, *, overwrite: bool = False) -> None:
    """Write the page to ``path``, whole or not at all. UsageError if it exists, unless ``overwrite``."""
    page = render(workspace)
    write_atomically(Path(path), lambda target: target.write_text(page, encoding="utf-8"), overwrite=overwrite)
