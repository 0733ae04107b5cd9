"""The interface of tasks."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy.typing as npt

from walshqhn.cost.base import Cost
from walshqhn.support.arrays import FloatArray


class Task(Cost):
    """A cost that comes from learning: its configurations can also be tested on samples."""

    name: str
    spec: dict[str, Any]
    """All that is needed to make the task again: name, options, data source and checksum."""

    @abstractmethod
    def accuracy(self, bits: npt.ArrayLike, split: str = "test") -> FloatArray:
        """Fraction of samples of ``split`` classified correctly, bits (M, N): shape (M,)."""

    @abstractmethod
    def predict(self, bits: npt.ArrayLike, x: npt.ArrayLike) -> FloatArray:
        """Probabilities of the classes, bits (M, N), samples (S, inputs): shape (M, S, classes).

        Samples are in the original units: they are scaled here, as the training samples were.
        """

    @property
    @abstractmethod
    def splits(self) -> tuple[str, ...]:
        """The splits that have samples, among "train", "validation" and "test"."""
