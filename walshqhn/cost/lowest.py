"""The lowest costs seen in a long search, and how far it has come, kept in a file."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import InputError
from walshqhn.support.files import check_source, check_target, first_line, write_atomically

_NOWHERE = np.iinfo(np.int64).max
_SAVE_EVERY = 5.0  # seconds


class Lowest:
    """The ``keep`` lowest costs and their indices, ascending, and how many configurations attain the minimum.

    Costs that differ by up to ``tie`` count as equal. A search resumes from its ``checkpoint`` file; InputError if that
    belongs to another ``search``.
    """

    def __init__(self, keep: int, tie: float, search: str, checkpoint: str | Path | None = None) -> None:
        self.tie, self.search, self.path = tie, search, None if checkpoint is None else Path(checkpoint)
        self.costs: FloatArray = np.full(keep, np.inf)
        self.index: npt.NDArray[np.int64] = np.full(keep, _NOWHERE)
        self.best, self.ties, self.done = np.inf, 0, 0
        self._lock, self._saved = threading.Lock(), time.monotonic()
        if self.path is not None:
            check_target(self.path, overwrite=True)
            if self.path.exists():
                self._load(self.path)
        self._state = self._snapshot()

    def _load(self, path: Path) -> None:
        try:
            found = json.loads(check_source(path).read_text(encoding="utf-8"))
            search, costs, index = found["search"], np.array(found["costs"]), np.array(found["index"], dtype=np.int64)
            best, ties, done = float(found["best"]), int(found["ties"]), int(found["done"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} does not hold a search for a minimum ({first_line(error)}).") from error
        if search != self.search or costs.shape != self.costs.shape or index.shape != costs.shape:
            raise InputError(f"{path} belongs to another search (cost, keep or memory): remove it or name another.")
        self.costs, self.index, self.best, self.ties, self.done = costs, index, best, ties, done

    def merge(self, costs: FloatArray, index: npt.NDArray[np.int64], best: float, ties: int) -> None:
        """Take over what another part of the search has found. May be called by several threads."""
        with self._lock:
            if best < self.best - self.tie:
                self.ties = ties
            elif best <= self.best + self.tie:
                self.ties += ties
            self.best = min(self.best, best)
            all_costs, all_index = np.append(self.costs, costs), np.append(self.index, index)
            order = np.lexsort((all_index, all_costs))[: self.costs.size]
            self.costs, self.index = all_costs[order], all_index[order]

    def reached(self, done: int) -> None:
        """``done`` parts of the search are complete, and no other is begun; written down every few seconds."""
        self.done = done
        self._state = self._snapshot()
        if time.monotonic() - self._saved > _SAVE_EVERY:
            self.save()

    def _snapshot(self) -> dict[str, Any]:
        state = {"search": self.search, "costs": self.costs.tolist(), "index": self.index.tolist()}
        return state | {"best": self.best, "ties": self.ties, "done": self.done}

    def save(self) -> None:
        """Write the state down, as of the last `reached`: parts that were only begun would be counted twice."""
        if self.path is not None:
            text = json.dumps(self._state)
            write_atomically(self.path, lambda part: part.write_text(text, encoding="utf-8"), overwrite=True)
            self._saved = time.monotonic()

    def close(self) -> None:
        """The search is complete: remove its file."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
