"""What is measured: a row of contenders, goals and quoted figures; and its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

Kind = Literal["ours", "peer", "floor", "reference", "quoted"]


@dataclass(frozen=True)
class Settings:
    """What all rows share."""

    threads: int = 2
    repeats: int = 7
    folder: Path = Path()
    """Where a row may leave files while it is measured; set by `measure`, and removed."""


@dataclass(frozen=True)
class Contender:
    """One way to do the work of a row."""

    name: str
    call: Callable[[], Any]
    kind: Kind = "peer"
    threads: int | None = None
    """How many threads it uses; None: as set for the run."""
    work: float = 1.0
    """How much of the row's work a call does."""
    result: Callable[[Any], Any] | None = None
    """What to compare of a call's result; None: nothing."""
    expected: Callable[[Any], Any] | None = None
    """The part of our result it must equal; None: all of it."""
    seconds_of: Callable[[Any], float] | None = None
    """The time that a call reports itself, where it is not the time it takes (a process that measures)."""


@dataclass(frozen=True)
class Quoted:
    """A figure from elsewhere, for a peer that cannot be installed from a package index."""

    name: str
    seconds: float
    source: str
    threads: int = 0
    """0: not stated."""


@dataclass(frozen=True)
class Goal:
    """``against`` another contender: it takes at least (or, for a floor, we take at most) ``factor`` times as long.

    Without one: our time, per unit of work, is at most ``factor`` seconds.
    """

    factor: float
    against: str = ""
    at_most: bool = False


@dataclass(frozen=True)
class Row:
    """One line of the table. ``prepare`` makes the contenders, ours first, just before they are measured."""

    name: str
    title: str
    prepare: Callable[[Settings], list[Contender]]
    goals: tuple[Goal, ...] = ()
    quoted: tuple[Quoted, ...] = ()
    tolerance: float = 1e-9
    """Largest difference of results, relative to the largest entry."""
    unit: str = ""
    """What `Contender.work` counts; empty: calls."""
    peers: dict[str, str] = field(default_factory=dict)
    """Contenders that need a package: name -> what to import."""
    quantity: Literal["seconds", "ratio"] = "seconds"
    """What is measured; "ratio": a pure number, such as memory per size of the array."""
    operations: float = 0.0
    """Additions in a call, for GOp/s; 0: not counted."""


@dataclass(frozen=True)
class Timing:
    """Of one contender."""

    name: str
    kind: Kind
    threads: int
    median: float
    """Per call; seconds, or the row's quantity."""
    shortest: float
    longest: float
    rounds: int
    per_unit: float
    """``median`` per unit of work."""
    times_ours: float
    """``per_unit`` over ours: how many times as long it takes."""
    difference: float | None = None
    """Largest difference of its result from ours, relative; None: not compared."""
    source: str = ""
    """Of a quoted figure."""
    gops: float | None = None
    """10^9 operations a second; None: not counted."""


@dataclass(frozen=True)
class Verdict:
    """A goal and whether it is met."""

    text: str
    value: float
    met: bool


@dataclass(frozen=True)
class Measured:
    """A row that was measured."""

    name: str
    title: str
    unit: str
    quantity: str
    timings: list[Timing]
    goals: list[Verdict]
    skipped: list[str]
    """Peers that are not installed."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def is_installed(package: str) -> bool:
    """Whether ``package`` can be imported."""
    return find_spec(package) is not None
