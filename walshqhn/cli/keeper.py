"""Storing a training or a study while it goes on."""

from __future__ import annotations

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


class Keeper:
    """Stores results beside the cost they are of; a full disk costs the file, not the work.

    ``with_spectrum``: and its spectrum. ``facts``: for the provenance. Without ``output`` nothing is stored.
    """

    def __init__(
        self, output: Path | None, workspace: Workspace, facts: dict[str, Any], *, with_spectrum: bool
    ) -> None:
        self.output = output
        self._file: ResultFile | None = None
        self._kept: TrainingResult | Study | None = None
        self._failure: Exception | None = None
        if output is None:
            return
        is_table = isinstance(workspace.cost, TableCost)
        contents = Contents(
            cost=workspace.table if is_table else None,
            spectrum=workspace.spectrum if is_table and with_spectrum else None,
            hamiltonian=workspace.contents.hamiltonian,
            task=workspace.spec,
            bit_names=workspace.bit_names,
            provenance=facts,
        )
        self._file = ResultFile(output, contents)

    def keep(self, result: TrainingResult | Study) -> None:
        """Store ``result``; a remark if that fails."""
        if self._file is None:
            return
        try:
            self._file.store(result)
            self._kept, self._failure = result, None
        except (OSError, RuntimeError, WalshqhnError) as error:  # HDF5 reports as it likes
            self._failure = error
            remark(f"warning: {self.output} could not be written ({_reason(error)}); the work goes on")

    def finish(self, result: TrainingResult | Study) -> None:
        """Store ``result`` if it is not yet. WalshqhnError if it cannot be."""
        if result is not self._kept:
            self.keep(result)
        if self._failure is not None:
            raise WalshqhnError(f"{self.output} could not be written: {_reason(self._failure)}")


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or first_line(error)
