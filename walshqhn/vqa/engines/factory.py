"""Engines by name, as the command line and studies name them."""

from __future__ import annotations

from walshqhn.arrays import FloatArray
from walshqhn.errors import UsageError, unknown_name
from walshqhn.vqa.engines.base import Engine

ENGINES = ("exact", "aer")


def make_engine(
    name: str, cost: FloatArray, *, shots: int | None = None, seed: int = 0, threads: int | None = None
) -> Engine:
    """The engine called ``name`` for a cost table (2^N,). UsageError if it is unknown or cannot take ``shots``."""
    if name == "exact":
        if shots is not None:
            raise UsageError("the exact engine takes no shots: use --engine aer --shots, or --samples.")
        from walshqhn.vqa.engines.exact import ExactEngine

        return ExactEngine(cost, threads=threads)
    if name == "aer":
        from walshqhn.vqa.engines.aer import AerEngine

        return AerEngine(cost, shots=shots, seed=seed, threads=threads)
    raise unknown_name("engine", name, ENGINES)
