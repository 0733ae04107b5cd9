"""What tasks are."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy.typing as npt

from walshqhn.cost.base import Cost
from walshqhn.support.arrays import FloatArray


class Task(Cost):
    """A cost that comes from learning: its configurations can be tested on samples, too."""

    name: str
    spec: dict[str, Any]
    """All that is needed to make the task again: name, options, data source and checksum."""

    @abstractmethod
    def accuracy(self, bits: npt.ArrayLike, split: str = "test") -> FloatArray:
        """Fraction of samples of ``split`` classified correctly, bits (M, N): shape (M,)."""

    @abstractmethod
    def predict(self, bits: npt.ArrayLike, x: npt.ArrayLike) -> FloatArray:
        """Probabilities of the classes, bits (M, N), samples (S, inputs): shape (M, S, classes).

        Samples are as they were given to make the task: they are scaled here, as those to train on were.
        """

    @property
    @abstractmethod
    def splits(self) -> tuple[str, ...]:
        """The splits there are samples for, of "train", "validation" and "test"."""
