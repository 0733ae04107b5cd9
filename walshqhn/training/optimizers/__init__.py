"""Optimizers, one method (or library) a file."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from walshqhn.support.errors import UsageError, unknown_name
from walshqhn.training.optimizers.adam import Adam
from walshqhn.training.optimizers.base import Optimizer
from walshqhn.training.optimizers.qnspsa import QNSPSA
from walshqhn.training.optimizers.scipy_methods import COBYLA, COBYQA, LBFGSB, NelderMead
from walshqhn.training.optimizers.spsa import SPSA

_METHODS: tuple[type[Optimizer], ...] = (LBFGSB, COBYLA, COBYQA, NelderMead, Adam, SPSA, QNSPSA)
OPTIMIZERS = tuple(method.name for method in _METHODS)

__all__ = [
    "COBYLA", "COBYQA", "LBFGSB", "OPTIMIZERS", "QNSPSA", "SPSA", "Adam", "NelderMead", "Optimizer", "make_optimizer",
]  # fmt: skip


def make_optimizer(name: str, **settings: Any) -> Optimizer:
    """The method called ``name`` with ``settings``: its fields.

    UsageError for an unknown name or setting, or a value out of range.
    """
    for method in _METHODS:
        if method.name == name:
            known = [field.name for field in fields(method)]  # type: ignore[arg-type]
            for setting in settings:
                if setting not in known:
                    raise unknown_name(f"setting of {name}", setting, known)
            return method(**settings)
    if not isinstance(name, str):
        raise UsageError(f"an optimizer is one of {', '.join(OPTIMIZERS)} or an Optimizer, got {name!r}.")
    raise unknown_name("optimizer", name, OPTIMIZERS)
