"""Shared by all figures: colours, an empty figure, titles and escaped text."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette, suitable for colour-blind readers
BLUE, ORANGE, GREEN, GREY, PINK = "#0072B2", "#D55E00", "#009E73", "#8C8C8C", "#CC79A7"
COLOURS = (GREY, BLUE, ORANGE, GREEN, PINK, "#56B4E9", "#E69F00", "#000000")


def new_figure(width: float = 6.0, height: float = 4.0) -> tuple[Any, Axes]:
    """A Figure (width and height in inches) and its Axes, without pyplot's global state."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", dpi=150)
    return figure, figure.add_subplot()


def save_figure(figure: Figure, path: Path, kind: str) -> None:
    """Write ``figure`` as "png", "pdf" or "svg"; PDFs hold TrueType fonts, which journals ask for."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    if kind == "png":  # savefig draws everything twice
        canvas: Any = FigureCanvasAgg(figure)
        canvas.print_png(path)
        return
    with rc_context({"pdf.fonttype": 42}):
        figure.savefig(path, format=kind)


def svg(draw: Callable[[Axes], None], size: tuple[float, float], name: str, label: str) -> str:
    """What ``draw`` draws as an SVG element for a page that may hold others: its identifiers begin with ``name``.

    ``size``: width and height, inches; ``label``: what it shows, for those who do not see it.
    """
    from matplotlib import rc_context

    with rc_context({"svg.hashsalt": name, "svg.fonttype": "path", "text.usetex": False}):
        figure, ax = new_figure(*size)
        draw(ax)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
    text = file.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r'(\bid="|"#|url\(#)', rf"\1{name}-", text)
    head = f'role="img" aria-label="{escape(label)}"'
    return re.sub(r'<svg ([^>]*?)width="([\d.]+)pt"', rf'<svg {head} style="width: \2pt" \1', text, count=1)


def without_tex() -> Any:
    """A context in which a user's settings do not have texts set by TeX, which reads _ and % in names as commands."""
    from matplotlib import rc_context

    return rc_context({"text.usetex": False})


def finish(ax: Axes, title: str) -> None:
    """Set the title and remove the top and right spines."""
    ax.set_title(title, fontsize=10)
    ax.spines[["top", "right"]].set_visible(False)


def signed(value: float) -> str:
    """A number with its sign, minus as on the axes; 0 has none."""
    return f"{value:+g}".replace("-", "\N{MINUS SIGN}") if value else "0"


def literal(text: str) -> str:
    """``text`` with dollar signs escaped, which Matplotlib would read as mathematics."""
    return text.replace("$", r"\$")
