"""The options of `walshqhn train` for circuit, engine and search: generated from the specs, parsed into variants.

Each may have several values, separated by commas; every combination is one variant.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Group, Parameter

from walshqhn.circuits.spec import FEWEST_LAYERS, PHASES
from walshqhn.cli.options import flag
from walshqhn.cli.output import plural, remark
from walshqhn.engines.spec import TAKERS, EngineSpec
from walshqhn.support.errors import UsageError
from walshqhn.support.specs import Option
from walshqhn.training.spec import GROWING, Variant

_SEVERAL = "Options of circuit, engine and search accept comma-separated values; all combinations make a study."
CIRCUIT, ENGINE, SEARCH = (Group(name, sort_key=k) for k, name in enumerate(("Circuit", "Engine", "Search"), start=1))
STUDIES = Group("Studies", sort_key=4, help=_SEVERAL)
_GROUPS = {"circuit": CIRCUIT, "engine": ENGINE, "search": SEARCH}


def variant_parameters() -> list[inspect.Parameter]:
    """A keyword parameter for every setting of a variant. Values are text, or True for flags; None: not given."""
    found = []
    for part, kind in Variant.PARTS.items():
        for name, setting in kind.options().items():
            hint: Any = bool if setting.kind is bool else str
            annotation = Annotated[hint | None, _parameter(setting, _GROUPS[part])]
            found.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation))
    return found


def _parameter(setting: Option, group: Group) -> Parameter:
    if setting.kind is bool:
        return flag(setting.help, group=group)
    missing = [choice for choice in setting.choices if choice not in setting.help]
    text = setting.help + (f" One of {', '.join(setting.choices)}." if missing else "")
    shown = False if setting.default is None else str(setting.default)
    return Parameter(group=group, help=text, show_default=shown, allow_leading_hyphen=True)


def make_variants(given: Mapping[str, str | bool]) -> tuple[Variant, ...]:
    """The distinct variants, one for each combination of the values ``given``.

    With several circuits or engines, each setting is applied where it makes sense.
    UsageError for a value that is not allowed, or a setting that applies to no variant.
    """
    options = Variant.options()
    values = {
        name: [text] if isinstance(text, bool) else [options[name].parse(one) for one in _listed(name, text)]
        for name, text in given.items()
    }
    found: list[Variant] = []
    used: set[str] = set()
    skipped: set[str] = set()
    many = any(len(found) > 1 for found in values.values())
    several = any(len(values.get(name, ())) > 1 for name in ("ansatz", "engine", "shots"))
    for combination in product(*values.values()):
        settings = dict(zip(values, combination, strict=True))
        if several:
            settings = {name: value for name, value in settings.items() if _is_known(name, settings)}
        used |= set(settings)
        if many and (least := _fewest_layers(settings)) > settings.get("layers", least):
            skipped.add(f"{settings.get('ansatz', 'linear')} with {plural(settings['layers'], 'layer')}")
            continue
        variant = Variant.of(**settings)
        if variant not in found:
            found.append(variant)
    for name in values:
        if name not in used:
            raise UsageError(f"{name} applies to none of these variants.")
    if skipped and not found:
        raise UsageError(f"there is no {' and no '.join(sorted(skipped))}: nothing is left to train.")
    if skipped:
        remark(f"note: there is no {' and no '.join(sorted(skipped))}; left out")
    return tuple(found)


def _fewest_layers(settings: Mapping[str, Any]) -> int:
    """Of the circuit in ``settings``; where layers are to be added, one is."""
    return max(FEWEST_LAYERS.get(settings.get("ansatz", "linear"), 0), int(bool(settings.get("grow"))))


def _listed(name: str, text: str) -> list[str]:
    return [str(Path(one).expanduser()) if name == "ansatz" and one[:1] == "~" else one for one in text.split(",")]


def _is_known(name: str, settings: Mapping[str, Any]) -> bool:
    """Whether the setting ``name`` applies to the circuit and engine in ``settings``."""
    ansatz, engine = settings.get("ansatz", "linear"), settings.get("engine", "exact")
    if name == "layers":
        return engine != "product"
    if name == "max_degree":
        return ansatz in PHASES
    if name == "mixer":
        return ansatz == "qaoa"
    if name == "grow":
        return ansatz in GROWING
    if name == "max_shots":
        return settings.get("shots") is not None and engine in TAKERS["shots"]
    return engine in TAKERS.get(name, (engine,))


def with_product(variants: tuple[Variant, ...], engine: str = "exact") -> tuple[Variant, ...]:
    """Append the product state on an exact ``engine``, a classical method, unless it is included already."""
    states = (("product", 0), ("linear", 0))
    if any(
        (v.circuit.ansatz, v.circuit.layers) in states and v.engine.engine in ("exact", "product") for v in variants
    ):
        return variants
    search = replace(variants[0].search, optimizer=None, max_shots=None, tails=False, grow=False, start=None)
    if engine == "product":
        search = replace(search, objective="mean")  # the only one it knows exactly
    circuit = replace(variants[0].circuit, ansatz="product", max_degree=None, mixer="x")
    return (*variants, Variant(circuit, EngineSpec(engine), search))
