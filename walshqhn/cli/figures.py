"""Saving figures."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from walshqhn.plotting.style import GREY, literal, new_figure, save_figure, without_tex
from walshqhn.report.figures import Drawing
from walshqhn.support.errors import UsageError
from walshqhn.support.files import check_target, write_atomically

_ENDINGS = (".png", ".pdf", ".svg")


def draw(figures: Mapping[Path, Drawing], *, overwrite: bool) -> list[Path]:
    """Draw every figure to its path. UsageError, before anything is drawn, if one exists, unless ``overwrite``."""
    for path in figures:
        check_target(check_figure_name(path), overwrite=overwrite)
    for path, drawing in figures.items():
        with without_tex():
            figure, ax = new_figure(*drawing.size)
            drawing.draw(ax)
            figure.suptitle(literal(drawing.subject), fontsize=8, color=GREY, x=0.01, ha="left")
            save = partial(save_figure, figure, kind=path.suffix.lower().removeprefix("."))
            write_atomically(path, save, overwrite=overwrite)
    return list(figures)


def check_figure_name(path: Path) -> Path:
    """``path`` if it has the ending of a figure; UsageError otherwise."""
    if path.suffix.lower() not in _ENDINGS:
        raise UsageError(f"figures are {', '.join(_ENDINGS)} files, got {str(path)!r}.")
    return path
