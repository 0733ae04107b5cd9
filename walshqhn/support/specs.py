"""Settings as frozen dataclasses that validate themselves.

A setting is written once: as a field made by `option`, with its meaning and what it may be. Python, files and the
command line all go through the same check; the command line's options are made from `Spec.options`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from typing import Any, Self, get_args, get_type_hints

from walshqhn.support.checks import check_flag, check_real, check_text, check_whole
from walshqhn.support.errors import UsageError, unknown_name
from walshqhn.support.shown import Shown


@dataclass(frozen=True)
class Option:
    """The meaning of one setting and its allowed values."""

    name: str
    help: str
    """One sentence."""
    kind: type
    """int, float, bool or str."""
    is_optional: bool
    """Whether None is allowed."""
    default: Any
    limits: Mapping[str, float] = field(default_factory=dict)
    """Of numbers: ``least``, ``most``, ``above``, ``below``."""
    choices: tuple[str, ...] = ()
    """Of text; empty: any."""
    convert: Callable[[Any], Any] | None = None
    """Checks a value, and brings it to the one form that is kept."""

    def check(self, value: Any) -> Any:
        """``value`` in the form that is kept; its ``str`` is text to make it from. UsageError if it is not allowed."""
        if value is None and self.is_optional:
            return None
        if self.convert is not None:
            return self.convert(value)
        if self.kind is bool:
            return check_flag(self.name, value)
        if self.kind is int:
            return check_whole(self.name, value, **{k: int(v) for k, v in self.limits.items()})
        if self.kind is float:
            return check_real(self.name, value, **self.limits)
        text = check_text(self.name, value)
        if self.choices and text not in self.choices:
            raise unknown_name(self.name, text, self.choices)
        return text

    def parse(self, text: str) -> Any:
        """The value that ``text`` stands for, as on a command line; UsageError if there is none."""
        word = text.strip()
        if self.is_optional and word.lower() == "none":
            return None
        if self.kind is bool and word.lower() in ("true", "false"):
            return word.lower() == "true"
        if self.kind in (int, float):
            try:
                number = self.kind(word)
            except ValueError:
                return self.check(text)  # raises, naming what is allowed
            return self.check(number)
        return self.check(word)


def option(
    default: Any, help: str, *, choices: tuple[str, ...] = (), convert: Callable[[Any], Any] | None = None,
    **limits: float,
) -> Any:  # fmt: skip
    """A field of a `Spec`; parameters as in `Option`."""
    return field(default=default, metadata={"help": help, "choices": choices, "convert": convert, "limits": limits})


class Spec(Shown):
    """Base of frozen dataclasses whose fields are made by `option`. UsageError if a value is not allowed."""

    def __post_init__(self) -> None:
        for name, setting in self.options().items():
            object.__setattr__(self, name, setting.check(getattr(self, name)))

    @classmethod
    @cache
    def options(cls) -> dict[str, Option]:
        """Every setting by its name, in order."""
        hints, found = get_type_hints(cls), {}
        for f in fields(cls):  # type: ignore[arg-type]
            if "help" in f.metadata:
                kinds = get_args(hints[f.name]) or (hints[f.name],)  # of a union, or the type itself
                default = None if f.default is MISSING else f.default
                optional = type(None) in kinds
                found[f.name] = Option(f.name, kind=kinds[0], is_optional=optional, default=default, **f.metadata)
        return found

    def facts(self) -> dict[str, Any]:
        return self.as_dict()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.changed.items())})"

    def as_dict(self) -> dict[str, Any]:
        """The settings, as JSON can hold them."""
        values = {name: getattr(self, name) for name in self.options()}
        return {k: v if isinstance(v, int | float | str | None) else str(v) for k, v in values.items()}

    @classmethod
    def from_dict(cls, values: Any, where: str = "") -> Self:
        """The inverse of `as_dict`. UsageError, naming ``where`` they are from, for anything else."""
        place = f" in {where}" if where else ""
        if not isinstance(values, Mapping):
            raise UsageError(f"settings{place} must be a table of names and values, got {type(values).__name__}.")
        for name in values:
            if name not in cls.options():
                raise unknown_name("setting", str(name), cls.options(), place)
        return cls(**values)

    @property
    def changed(self) -> dict[str, Any]:
        """Settings that differ from their defaults."""
        return {name: v for name, o in self.options().items() if (v := getattr(self, name)) != o.check(o.default)}
