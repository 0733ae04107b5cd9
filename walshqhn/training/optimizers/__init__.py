"""Optimizers, one file per family of methods."""

from __future__ import annotations

from typing import Any

from walshqhn.support.errors import UsageError, unknown_name
from walshqhn.training.optimizers.adam import Adam
from walshqhn.training.optimizers.base import Optimizer
from walshqhn.training.optimizers.scipy_methods import (
    COBYLA,
    COBYQA,
    GRADIENT_METHODS,
    LBFGSB,
    Gradients,
    NelderMead,
    Powell,
    ScipyMethod,
)
from walshqhn.training.optimizers.spsa import QNSPSA, SPSA

_METHODS: dict[str, type[Optimizer]] = {
    m.name: m for m in (LBFGSB, COBYLA, COBYQA, NelderMead, Powell, Adam, SPSA, QNSPSA)
} | dict.fromkeys(GRADIENT_METHODS, Gradients)
OPTIMIZERS = tuple(_METHODS)

__all__ = [
    "COBYLA", "COBYQA", "LBFGSB", "OPTIMIZERS", "QNSPSA", "SPSA", "Adam", "Gradients", "NelderMead", "Optimizer",
    "Powell", "make_optimizer",
]  # fmt: skip


def make_optimizer(text: str | Optimizer) -> Optimizer:
    """The optimizer named by ``text``, one of `OPTIMIZERS`; settings follow a colon, separated by semicolons.

    A SciPy method also takes its SciPy options; it sees costs in units of the standard deviation, and angles in radians
    (phase angles divided by the standard deviation). UsageError for an unknown name or setting, or a value out of
    range.

    >>> make_optimizer("SPSA:perturbation=0.1;blocking=true").blocking
    True
    """
    if isinstance(text, Optimizer):
        return text
    if not isinstance(text, str):
        raise UsageError(f"an optimizer is one of {', '.join(OPTIMIZERS)} or an Optimizer, got {text!r}.")
    name, _, rest = (part.strip() for part in text.partition(":"))
    if name not in _METHODS:
        raise unknown_name("optimizer", name, OPTIMIZERS)
    method, settings, further = _METHODS[name], dict[str, Any](), []
    if method is Gradients:
        settings["name"] = name
    for one in filter(None, rest.split(";")):
        setting, equals, value = (part.strip() for part in one.partition("="))
        if not equals:
            raise UsageError(f"settings of {name} are written as in {name}:NAME=VALUE;NAME=VALUE, got {text!r}.")
        if setting not in method.options() and issubclass(method, ScipyMethod):
            further.append(one)
            continue
        if setting not in method.options():
            raise unknown_name(f"setting of {name}", setting, method.options())
        try:
            settings[setting] = method.options()[setting].parse(value)
        except UsageError as error:
            raise UsageError(f"{name}: {error}") from None
    return method(**settings, **({"scipy": ";".join(further)} if further else {}))
