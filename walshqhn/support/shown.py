"""How objects are displayed: a one-line text; in a notebook, a table with a picture; their rows as a data frame."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn.support.errors import missing_package
from walshqhn.support.hooks import drawings
from walshqhn.support.text import number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_LINE = 60  # characters of a text that a line has room for
_ROWS = 10  # of a table in a notebook
_CELL = "text-align:left;padding:1px 10px 1px 0"


class Shown:
    """Has a short ``repr``, and a table of its facts in a notebook."""

    def facts(self) -> dict[str, Any]:
        """What describes it, by name; here its public fields."""
        names = [f.name for f in fields(self) if f.repr] if is_dataclass(self) else list(vars(self))
        return {name: getattr(self, name) for name in names if not name.startswith("_")}

    def __repr__(self) -> str:
        said = (f"{k}={v!r}" if isinstance(v, str) else f"{k}={_text(v)}" for k, v in self.facts().items() if _fits(v))
        return f"{type(self).__name__}({', '.join(said)})"

    def _repr_html_(self) -> str:
        facts = "".join(_row((name.replace("_", " "), _text(v))) for name, v in self.facts().items() if v is not None)
        parts = [f"<b>{escape(type(self).__name__)}</b>", f"<table>{facts}</table>"]
        if isinstance(self, Drawn) and (picture := drawings().as_svg(self)):
            parts.append(picture)
        if isinstance(self, Tabular):
            parts.append(_table(self.columns(_ROWS + 1)))
        return '<div style="overflow-x:auto">' + "".join(parts) + "</div>"


class Tabular(Shown):
    """Also has rows."""

    @abstractmethod
    def columns(self, count: int | None = None) -> dict[str, Any]:
        """The rows by column, name -> values; with ``count`` only the first ones are needed."""

    def to_dataframe(self) -> pd.DataFrame:
        """The rows as a pandas data frame. MissingDependencyError without pandas."""
        try:
            import pandas as pd
        except ImportError:
            raise missing_package("pandas", "to_dataframe") from None
        return pd.DataFrame({name: list(values) for name, values in self.columns().items()})


class Drawn(Shown):
    """Also has a figure."""

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw into ``ax``, by default a new figure of pyplot, and return the axes; nothing is saved or shown."""
        found: Axes = drawings().draw(self, ax)
        return found


class ByValue:
    """Objects of one type are equal if their fields are: arrays by content, NaN equal to NaN."""

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(_same(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))  # type: ignore[arg-type]

    def __hash__(self) -> int:
        return hash(repr(self))


def _same(one: Any, two: Any) -> bool:
    if isinstance(one, np.ndarray) or isinstance(two, np.ndarray):
        one, two = np.asarray(one), np.asarray(two)
        return one.shape == two.shape and np.array_equal(one, two, equal_nan=one.dtype.kind == "f" == two.dtype.kind)
    if isinstance(one, Mapping) and isinstance(two, Mapping):
        return one.keys() == two.keys() and all(_same(one[key], two[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(two, list | tuple):
        return len(one) == len(two) and all(map(_same, one, two))
    return bool(one == two) or (one != one and two != two)


def _fits(value: Any) -> bool:
    """Whether a line has room for ``value``."""
    return isinstance(value, bool | int | float | np.number) or (isinstance(value, str) and len(value) <= _LINE)


def _text(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"array {value.shape}"
    if isinstance(value, float | np.floating):
        return number(float(value)) if np.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {_text(v)}" for k, v in value.items() if v is not None)
    text = str(value)
    return text if len(text) <= 4 * _LINE else f"{text[: 4 * _LINE]} ..."


def _row(cells: Sequence[str], tag: str = "td") -> str:
    return "<tr>" + "".join(f'<{tag} style="{_CELL}">{escape(cell)}</{tag}>' for cell in cells) + "</tr>"


def _table(columns: Mapping[str, Sequence[Any]]) -> str:
    """The first rows."""
    count = min(map(len, columns.values()))
    rows = "".join(_row([_text(values[k]) for values in columns.values()]) for k in range(min(count, _ROWS)))
    more = f"<div>the first {_ROWS} rows; to_dataframe() has all</div>" if count > _ROWS else ""
    return f"<table>{_row([*columns], 'th')}{rows}</table>{more}"
