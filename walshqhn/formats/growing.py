"""Native files that grow while a training or study is running."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

from walshqhn.formats.access import open_image, write_image
from walshqhn.formats.hdf5 import Contents, write_contents
from walshqhn.formats.records import write_study, write_training
from walshqhn.study.plan import Study
from walshqhn.support.files import write_atomically
from walshqhn.training.result import RunResult, TrainingResult


class ResultFile:
    """A file that grows with a training or a study.

    Parameters
    ----------
    path
        The file; an existing one is replaced by the first `store`.
    contents
        Everything it holds besides the result.
    """

    def __init__(self, path: str | Path, contents: Contents) -> None:
        self.path, self.contents = Path(path), contents
        self._image = io.BytesIO()
        self._stored: dict[tuple[int, int], RunResult] = {}

    def store(self, result: TrainingResult | Study) -> None:
        """Add the runs that are not in the file yet; the file on disk is complete at any moment.

        OSError if that fails; the file is then unchanged, and the next call writes what is missing.
        """
        trainings = result.trainings if isinstance(result, Study) else {0: result}
        runs = {(v, run.index): run for v, training in trainings.items() for run in training.runs}
        grows = self._stored and all(runs.get(unit) is run for unit, run in self._stored.items())
        image, self._image = self._image if grows else io.BytesIO(), io.BytesIO()  # after an error, start afresh
        stored, self._stored = self._stored if grows else {}, {}
        new = {v: [run for run in t.runs if (v, run.index) not in stored] for v, t in trainings.items()}
        with open_image(image) as file:
            if not grows:
                part: dict[str, Any] = {"study" if isinstance(result, Study) else "training": result}
                write_contents(file, replace(self.contents, **part))
            elif isinstance(result, Study):
                write_study(file["study"], result, new)
            elif new[0]:
                write_training(file["training"], result, new[0])
        self._image, self._stored = image, runs
        write_atomically(self.path, lambda target: write_image(image, target), overwrite=True)
