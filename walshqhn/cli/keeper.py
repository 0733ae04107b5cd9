"""Storing a training or a study while it is running."""

from __future__ import annotations

import math
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from walshqhn.cli.output import remark
from walshqhn.cost.table import TableCost
from walshqhn.formats.growing import ResultFile
from walshqhn.formats.hdf5 import Contents
from walshqhn.study.plan import Study
from walshqhn.support.errors import WalshqhnError
from walshqhn.support.files import first_line
from walshqhn.training.result import TrainingResult
from walshqhn.workspace import Workspace

_REST = 9  # times as long as storing took


class Keeper:
    """Stores results together with their cost. If the disk is full, the computation continues; see `finish`.

    ``with_spectrum``: store the spectrum as well. ``facts``: for the provenance. ``held``: what the file
    holds, which is kept. Without ``output`` nothing is stored. ``recorded``: results are on disk otherwise, too; then
    storing, which takes longer the longer the file is, may wait, and takes a tenth of the time at most.
    """

    def __init__(
        self, output: Path | None, workspace: Workspace, facts: dict[str, Any], *, with_spectrum: bool,
        held: Contents | None = None, recorded: bool = False,
    ) -> None:  # fmt: skip
        self.output = output
        self._file: ResultFile | None = None
        self._kept: TrainingResult | Study | None = None
        self._failure: Exception | None = None
        self._recorded, self._due = recorded, -math.inf
        if output is not None:
            parts: dict[str, Any] = {"hamiltonian": workspace.contents.hamiltonian, "provenance": facts}
            if isinstance(workspace.cost, TableCost):
                parts |= {"cost": workspace.table, "spectrum": workspace.spectrum if with_spectrum else None}
            for name in ("spectrum", "hamiltonian", "training", "study"):
                parts[name] = getattr(held, name, None) if parts.get(name) is None else parts[name]
            self._contents = Contents.of(workspace, **parts)
            self._file = ResultFile(output, self._contents)

    def keep(self, result: TrainingResult | Study) -> bool:
        """Store ``result``, if it is time to; print a remark if that fails. Whether it is stored."""
        start = time.monotonic()
        if self._recorded and start < self._due:
            return False
        try:
            if self._file is not None:
                self._file.store(result)
            self._kept, self._failure = result, None
            self._due = time.monotonic() + _REST * (time.monotonic() - start)
            return True
        except (OSError, RuntimeError, WalshqhnError) as error:  # h5py raises RuntimeError for some I/O errors
            self._failure = error
            remark(f"warning: could not write {self.output} ({_reason(error)}); the computation continues")
            return False

    def finish(self, result: TrainingResult | Study) -> None:
        """Store ``result`` unless that is done already; if it fails, elsewhere, which a WalshqhnError then names."""
        if result is not self._kept:
            self._due = -math.inf
            self.keep(result)
        if self._failure is not None:
            place = self._rescued(result)
            elsewhere = "" if place is None else f"; the result is in {place}"
            raise WalshqhnError(f"could not write {self.output}: {_reason(self._failure)}{elsewhere}")

    def _rescued(self, result: TrainingResult | Study) -> Path | None:
        """Store ``result`` at home or in the folder for temporary files; return where."""
        assert self.output is not None
        for folder in ("~", tempfile.gettempdir()):
            with suppress(OSError, RuntimeError, WalshqhnError):
                place = Path(folder).expanduser() / f"{self.output.stem[:200]}-{os.getpid()}{self.output.suffix}"
                if not place.exists():
                    ResultFile(place, self._contents).store(result)
                    return place
        return None


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or first_line(error)
