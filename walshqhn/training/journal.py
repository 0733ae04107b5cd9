"""The evaluations of an unfinished run, on disk, so that it can resume.

A run is determined by its settings and its seed. Started again, it asks for the same values in the same order, and gets
the recorded ones until they are used up: so it ends as if it had never been interrupted, whatever the optimizer.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from walshqhn.engines.base import Evaluation
from walshqhn.support.arrays import FloatArray
from walshqhn.support.files import check_source

_ENDING = ".run"
_EVERY = 1.0  # seconds between flushes


class Outdated(Exception):
    """The record is of another run, or the run takes another course on this machine or with these versions."""


@dataclass(frozen=True)
class Recalled(Evaluation):
    """A recorded evaluation; bit strings and costs are not kept."""

    tails: tuple[float, ...] = ()
    """Means of its cheapest costs, as `Evaluator.report` records them."""


class Journal:
    """The record of one run, in a file of ``folder`` that the ``identity`` of the run names; without a folder, none.

    If nothing can be written there, nothing is recorded; the run goes on without a record.
    """

    def __init__(self, folder: str | Path | None = None, identity: Any = None) -> None:
        text = json.dumps(identity, sort_keys=True, default=str)
        name = hashlib.sha256(text.encode()).hexdigest()
        self.path = None if folder is None else Path(folder) / f"{name[:24]}{_ENDING}"
        self.seconds = 0.0
        """Time that the recorded part of the run took."""
        self._start = self._chain = name
        self._known = self._read()[::-1]
        self._file: Any = None
        self._flushed = time.monotonic()
        if self.path is not None:
            with suppress(OSError):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self.path.open("ab")

    def forget(self) -> None:
        """Begin anew."""
        self._known, self._chain = [], self._start
        with suppress(OSError):
            if self._file is not None:
                self._file.truncate(0)

    @property
    def is_replaying(self) -> bool:
        """Whether there are recorded answers left."""
        return bool(self._known)

    def evaluations(
        self, points: Sequence[FloatArray], ask: Callable[[], list[Evaluation]],
        tails: Callable[[Evaluation], tuple[float, ...]], rng: np.random.Generator | None, seconds: float,
    ) -> list[Evaluation]:  # fmt: skip
        """The objective at ``points``: recorded, or asked for and then recorded with the state of ``rng``."""
        place = float(np.sum(points))
        if (known := self._next("values", rng)) is not None:
            with _readable():
                if not np.isclose(known["place"], place, rtol=1e-6, atol=1e-6) or len(known["found"]) != len(points):
                    raise Outdated
                return [_recalled(x.copy(), values) for x, values in zip(points, known["found"], strict=True)]
        found = ask()
        self._write(rng, seconds, kind="values", place=place, found=[_plain(one, tails(one)) for one in found])
        return found

    def numbers(
        self, kind: str, ask: Callable[[], FloatArray], rng: np.random.Generator | None, seconds: float
    ) -> FloatArray:
        """Any other numbers, by their ``kind``: recorded, or asked for and then recorded."""
        if (known := self._next(kind, rng)) is not None:
            with _readable():
                return _array(known["numbers"])
        found = ask()
        self._write(rng, seconds, kind=kind, numbers=_text(found))
        return found

    def close(self, *, remove: bool = False) -> None:
        """Write what is buffered; or ``remove`` the record, and its folder if it was the last."""
        with suppress(OSError):
            if self._file is not None:
                self._file.close()
        self._file = None
        if remove and self.path is not None:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)
                self.path.parent.rmdir()

    def _next(self, kind: str, rng: np.random.Generator | None) -> dict[str, Any] | None:
        if not self._known:
            return None
        known = self._known.pop()
        if known["kind"] != kind:
            raise Outdated
        if not self._known:
            with _readable():
                self.seconds = float(known["seconds"])
                if rng is not None:
                    rng.bit_generator.state = known["rng"]
        return known

    def _write(self, rng: np.random.Generator | None, seconds: float, **entry: Any) -> None:
        if self._file is None:
            return
        state = None if rng is None else rng.bit_generator.state
        line = json.dumps(entry | {"rng": state, "seconds": seconds})
        self._chain = _linked(self._chain, line)
        with suppress(OSError):
            self._file.write(f"{self._chain} {line}\n".encode())
            if time.monotonic() > self._flushed + _EVERY:
                self._file.flush()
                self._flushed = time.monotonic()
            return
        self._file = None  # what is there is a beginning, and serves as one

    def _read(self) -> list[dict[str, Any]]:
        """The entries up to the first that is truncated or damaged; the file is cut off there."""
        found: list[dict[str, Any]] = []
        length = 0
        if self.path is None:
            return found
        with suppress(Exception):
            with check_source(self.path).open("rb") as file:
                for line in file:
                    checksum, _, text = line.decode().rstrip("\n").partition(" ")
                    if not line.endswith(b"\n") or checksum != _linked(self._chain, text):
                        break
                    found.append(json.loads(text))
                    self._chain, length = checksum, length + len(line)
            os.truncate(self.path, length)
        return found


def hand_over(result: Any, on_run: Callable[[Any], object], done: list[Any], forget: Callable[[Any], object]) -> None:
    """Give ``result`` to ``on_run``, and ``forget`` the records of what is ``done`` unless it was not stored: False."""
    if on_run(result) is not False:
        while done:
            forget(done.pop())


def clear(folder: str | Path | None, *parts: str) -> None:
    """Forget all unfinished runs recorded in ``folder`` or a part of it, if it exists."""
    if folder is not None:
        with suppress(OSError):
            within = Path(folder, *parts)
            for path in within.rglob(f"*{_ENDING}"):
                path.unlink()
            for inner in (*sorted(within.rglob("*"), reverse=True), within):
                inner.rmdir()


@contextmanager
def _readable() -> Iterator[None]:
    """A record that holds anything that was not written here is outdated."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Outdated from error


def _linked(before: str, text: str) -> str:
    return hashlib.sha256(f"{before}{text}".encode()).hexdigest()[:16]


def _text(array: Any) -> str:
    return base64.b64encode(np.ascontiguousarray(array, dtype="<f8").tobytes()).decode()


def _array(text: str) -> FloatArray:
    return np.frombuffer(base64.b64decode(text, validate=True), dtype="<f8").astype(np.float64)


def _plain(found: Evaluation, tails: tuple[float, ...]) -> dict[str, Any]:
    cheapest = found.cheapest
    return {
        "value": found.value, "error": found.error, "rest": found.rest, "tails": tails,
        "gradient": None if found.gradient is None else _text(found.gradient),
        "cheapest": None if cheapest is None else ["".join(map(str, cheapest[0].tolist())), cheapest[1]],
    }  # fmt: skip


def _recalled(x: FloatArray, values: Mapping[str, Any]) -> Recalled:
    gradient = None if values["gradient"] is None else _array(values["gradient"])
    if gradient is not None and gradient.shape != x.shape:
        raise Outdated
    cheapest = None
    if values["cheapest"] is not None:
        bits, cost = values["cheapest"]
        cheapest = np.array([int(bit, 2) for bit in bits], dtype=np.uint8), float(cost)
    tails = tuple(float(mean) for mean in values["tails"])
    value, error, rest = (float(values[name]) for name in ("value", "error", "rest"))
    return Recalled(x, value, error, gradient, cheapest=cheapest, rest=rest, tails=tails)
