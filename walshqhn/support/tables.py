"""Text tables of all common kinds: commas, semicolons, tabs or blanks, with or without a header, decimal commas.

NumPy reads the values; this module only guesses their layout in the file, and reports errors.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import InputError, UsageError
from walshqhn.support.files import check_source, first_line
from walshqhn.support.resources import require_memory
from walshqhn.support.text import plural

_HEAD = 50  # rows that guesses are made from
_SEPARATORS = {"\t": "tabs", ";": "semicolons", "|": "bars", ",": "commas", " ": "blanks"}
_LONGEST_LINE = 1 << 22
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_DECIMAL_COMMA = re.compile(r"(?:^|[\t;| \"])[-+]?\d+,\d+(?:[eE][-+]?\d+)?\s*(?:[\t;| \"]|$)", re.MULTILINE)
_MISSING = {"", "na", "n/a", "nan", "null", "?", "<na>"}
_FLAGS = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True)
class Table:
    """A text file of rows of equally many cells."""

    file: Path
    text: str
    """Without what stands above the first row, be it the header."""
    separator: str
    names: tuple[str, ...]
    """Of the columns; empty: there is no header."""
    head: tuple[tuple[str, ...], ...]
    """The first rows below the header."""
    decimal_comma: bool
    lines_above: int
    """How many lines of the file stand above ``text``."""
    guesses: tuple[str, ...]
    """What was guessed, in words."""

    @property
    def width(self) -> int:
        """Columns."""
        return len(self.head[0])

    def describe(self, column: int) -> str:
        """A column's name, or its number, counted from 0."""
        return repr(self.names[column]) if self.names else str(column)

    def is_numeric(self, column: int) -> bool:
        """Whether the head of a column holds numbers, or true and false."""
        return all(is_number(row[column], self.decimal_comma) or row[column].lower() in _FLAGS for row in self.head)

    def numbers(self, columns: Sequence[int]) -> FloatArray:
        """Finite values of ``columns``, (S, D); true and false are 1 and 0. InputError naming a cell that has none."""
        flags = [c for c in columns if all(row[c].lower() in _FLAGS for row in self.head)]
        rest = [c for c in columns if c not in flags]
        try:
            values = self._load(rest, np.float64, self.text.replace(",", ".") if self.decimal_comma else self.text)
            if not np.isfinite(values).all():
                raise ValueError("a value is not finite")
            if not flags:
                return values
            found = np.empty((len(values) if rest else len(self.texts(flags[0])), len(columns)))
            found[:, [k for k, c in enumerate(columns) if c not in flags]] = values
            for c in flags:
                found[:, list(columns).index(c)] = [_FLAGS[cell.lower()] for cell in self.texts(c)]
            return found
        except (ValueError, KeyError) as error:
            if isinstance(error, InputError):
                raise
            raise self._complaint(columns, flags, error) from error

    def texts(self, column: int) -> npt.NDArray[np.str_]:
        """The cells of a column, (S,). InputError naming one that is missing."""
        try:
            cells = np.strings.strip(self._load([column], np.str_, self.text)[:, 0])
        except ValueError as error:
            raise self._complaint([], [], error) from error
        if np.isin(np.strings.lower(cells), list(_MISSING)).any():
            raise self._complaint([column], [], ValueError("a value is missing"), words=True)
        return cells

    def check_widths(self) -> None:
        """InputError unless all rows have equally many cells."""
        if '"' in self.text or self.separator == " ":
            bad = next((item for item in _rows(self.text, self.separator) if len(item[1]) != self.width), None)
        else:
            lines = enumerate(self.text.split("\n"), start=1)
            bad = next(
                ((k, s.split(self.separator)) for k, s in lines if s and s.count(self.separator) != self.width - 1),
                None,
            )
        if bad is not None:
            where = f"line {bad[0] + self.lines_above}"
            raise InputError(f"{self.file}: {where} has {plural(len(bad[1]), 'value')}, the others have {self.width}.")

    def _load(self, columns: list[int], dtype: Any, text: str) -> npt.NDArray[Any]:
        if not columns:
            return np.empty((0, 0), dtype)
        separator = None if self.separator == " " else self.separator
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Input line .* contained no data")
            return np.loadtxt(
                io.StringIO(text), dtype, comments=None, delimiter=separator, quotechar='"', usecols=columns, ndmin=2
            )

    def _complaint(
        self, columns: Sequence[int], flags: Sequence[int], error: Exception, words: bool = False
    ) -> InputError:
        """What is wrong with the first row that cannot be used."""
        for line, row in _rows(self.text, self.separator):
            place = f"{self.file}: line {line + self.lines_above}"
            for c in columns:
                cell = row[c]
                if cell.lower() in _MISSING:
                    return InputError(f"{place}, column {self.describe(c)}: the value is missing ({cell!r}).")
                allowed = words or (cell.lower() in _FLAGS if c in flags else is_number(cell, self.decimal_comma))
                if not allowed:
                    return InputError(f"{place}, column {self.describe(c)}: {cell[:40]!r} is not a number.")
        return InputError(f"{self.file}: cannot be read ({first_line(error)}).")


def is_number(cell: str, decimal_comma: bool = False) -> bool:
    """Whether a cell holds a finite number."""
    return _NUMBER.fullmatch(cell.replace(",", ".") if decimal_comma else cell) is not None


def find_column(names: Sequence[str], width: int, column: str | int, what: str) -> int:
    """A column by name, or by its number from 0 (from the end if negative). UsageError if there is none."""
    if str(column) in names:
        return list(names).index(str(column))
    if re.fullmatch(r"-?\d{1,6}", str(column)) and -width <= int(column) < width:
        return int(column) % width
    known = ", ".join(names) if names else f"0 ... {width - 1}, without a header"
    raise UsageError(f"{what} {column!r} is none of the columns {known}.")


def read_table(path: str | Path, *, header: bool | None = None, label: str | int | None = None) -> Table:
    """The table in a text file.

    ``header`` (None: guessed) says whether its first row names the columns; ``label`` is the column that does not hold
    a measured number, by default the last. InputError for a file that is missing, is not text, or has rows of different
    lengths, and where it is ambiguous whether the first row is a header.
    """
    file = check_source(path)
    require_memory(20 * file.stat().st_size, str(file), "Save the numbers as .npz.")
    text, guesses = _decode(file, file.read_bytes())
    above = len(text) - len(text.lstrip("\n"))
    text = text.strip("\n")
    commented = re.match(r"#+ ?(?=[^#\n]*\n[^#])", text)  # as NumPy writes headers
    text = text[commented.end() :] if commented else text
    separator, rows = _split(file, text)
    if len(rows) < 2:
        raise InputError(f"{file}: needs at least two lines of values, has {len(rows)}.")
    width = len(rows[1])
    unnamed = len(rows[0]) == width - 1  # R does not name the column of row names
    decimal_comma = separator != "," and _DECIMAL_COMMA.search(text) is not None
    names = [""] * unnamed + rows[0]
    if header is None:
        numbered = label is None or re.fullmatch(r"-?\d{1,6}", str(label)) is not None
        header = unnamed or bool(commented) or not numbered
        if not header:
            column = -1 if label is None or not -width <= int(label) < width else int(label)
            header, guess = _guess_header(file, rows, column, decimal_comma)
            guesses.append(guess)
    if header:
        if len(set(names)) < width:
            raise InputError(f"{file}: two columns are called {Counter(names).most_common(1)[0][0]!r}.")
        above += 1
        rows, text = rows[1:], text.partition("\n")[2]
    if separator != ",":
        guesses.append(f"values stand between {_SEPARATORS[separator]}" + ", with decimal commas" * decimal_comma)
    found = Table(
        file,
        text,
        separator,
        tuple(names) if header else (),
        tuple(map(tuple, rows)),
        decimal_comma,
        above,
        tuple(guesses),
    )
    found.check_widths()
    return found


def _decode(file: Path, content: bytes) -> tuple[str, list[str]]:
    """Text with lines that end in a newline only, and a note if it is not Unicode."""
    wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text, notes = content.decode("utf-16" if wide else "utf-8-sig"), []
    except UnicodeDecodeError as error:
        try:
            text, notes = content.decode("cp1252"), ["it is not UTF-8, so it was read as Windows text (cp1252)"]
        except UnicodeDecodeError:
            raise InputError(f"{file}: not a text file in UTF-8 ({first_line(error)}).") from error
    if "\0" in text:
        raise InputError(f"{file}: not a text file: it holds zero bytes.")
    return text.replace("\r\n", "\n").replace("\r", "\n"), notes


def _rows(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Number of the line, from 1, and cells of each row; lines without any are skipped."""
    lines: Iterator[str] = io.StringIO(text)
    if separator == " ":
        lines = (" ".join(line.split()) for line in lines)
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True)
    for row in reader:
        if row:
            yield reader.line_num, [cell.strip() for cell in row]


def _split(file: Path, text: str) -> tuple[str, list[list[str]]]:
    """The separator with which the first rows have equally many cells, more than one if possible, and those rows."""
    start = "".join(islice(io.StringIO(text), _HEAD))
    if max(map(len, start.split("\n"))) > _LONGEST_LINE:
        raise InputError(f"{file}: a line is longer than {_LONGEST_LINE:,} characters.")
    found = {}
    try:
        for separator in _SEPARATORS:
            found[separator] = list(_rows(start, separator))
    except csv.Error as error:
        raise InputError(f"{file}: cannot be read ({first_line(error)}).") from error
    usual = {s: Counter(len(row) for _, row in rows).most_common(1)[0][0] for s, rows in found.items() if rows}
    even = [
        s
        for s in usual
        if {len(row) for _, row in found[s][1:]} <= {usual[s]} and len(found[s][0][1]) in (usual[s], usual[s] - 1)
    ]
    separator = next(
        (s for s in even if usual[s] > 1), "," if "," in even else max(usual, key=lambda s: usual[s], default=",")
    )
    rows = found[separator]
    for line, row in rows:
        if separator not in even and len(row) != usual[separator]:
            raise InputError(
                f"{file}: line {line} has {plural(len(row), 'value')}, the others have {usual[separator]}."
            )
    return separator, [row for _, row in rows]


def _guess_header(file: Path, rows: list[list[str]], label: int, decimal_comma: bool) -> tuple[bool, str]:
    """Whether the first row names the columns, and what to say of it. InputError where it could be either."""
    first, rest = rows[0], rows[1:]

    def number(cell: str) -> bool:
        return is_number(cell, decimal_comma)

    columns = [c for c in range(len(first)) if all(number(row[c]) or row[c].lower() in _MISSING for row in rest)]
    columns = [c for c in columns if any(number(row[c]) for row in rest)]
    words = [c for c in columns if not number(first[c]) and first[c].lower() not in _MISSING]
    values = [float(first[c].replace(",", ".")) for c in columns if number(first[c])]
    others = [row[label] for row in rest]
    lonely = first[label] not in others and 2 * len(set(others)) <= len(others)  # of no class that there is
    counting = len(values) > 1 and set(np.diff(values).tolist()) == {1.0} and values[0].is_integer()
    indexed = not first[0] and [row[0] for row in rest] == [str(k) for k in range(len(rest))]
    if indexed or (words and (not values or counting)):
        return True, "line 1 is a header"
    if counting and lonely:
        return True, f"line 1 is taken for a header, as it counts: {', '.join(first)[:60]}"
    if words or lonely or (counting and label % len(first) in columns):
        raise InputError(
            f"{file}: is line 1 a header, or a sample? {', '.join(first)[:60]!r}; say header=true or header=false."
        )
    return False, "line 1 is a sample, there is no header"
