"""The settings of a training, as the command line, studies and files express them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from walshqhn.circuits.spec import FEWEST_LAYERS, CircuitSpec
from walshqhn.engines.objectives import Objective, make_objective
from walshqhn.engines.spec import EngineSpec
from walshqhn.support.errors import UsageError, unknown_name
from walshqhn.support.shown import Shown
from walshqhn.support.specs import Option, Spec, option
from walshqhn.training.optimizers import Optimizer, make_optimizer
from walshqhn.training.start import check_start

GROWING = ("linear", "qaoa")
"""Circuits that layers can be added to."""


@dataclass(frozen=True, repr=False)
class SearchSpec(Spec):
    """How the angles of a circuit are optimized."""

    optimizer: str | Optimizer | None = option(
        None,
        "L-BFGS-B, COBYLA, COBYQA, Nelder-Mead, Adam, SPSA, QN-SPSA, or another method of SciPy (BFGS, trust-constr, "
        "...), with settings as in SPSA:perturbation=0.1;blocking=true. Default: L-BFGS-B, with shots COBYLA.",
        convert=make_optimizer,
    )
    objective: str | Objective = option(
        "mean", "mean, cvar:ALPHA (mean of the cheapest fraction) or gibbs:ETA.", convert=make_objective
    )
    max_iterations: int = option(500, "Limit for each run.", least=1)
    max_shots: int | None = option(None, "Budget of measurements of each run.", least=1)
    max_seconds: float | None = option(None, "Time budget of each run.", above=0)
    gradient_tolerance: float = option(
        1e-6, "With gradients: largest gradient component to stop at, in standard deviations of the cost.", above=0
    )
    samples: int = option(1024, "Bit strings sampled at the end of each run.", least=1)
    tails: bool = option(
        False, "Record the mean of the cheapest 1, 5 and 10 % at every iteration; with shots always done."
    )
    grow: bool = option(False, "Train layer by layer, from the fewest up to the circuit's layers.")
    start: str | None = option(
        None,
        "Begin near a network (its bit string, last bit first), a product state (.npy, .txt: the probability of 1 of "
        "each bit) or the best angles of an earlier training (.h5), of as many layers or fewer.",
        convert=check_start,
    )
    start_noise: float = option(0.1, "With start: standard deviation of what is added to its angles, radians.", least=0)

    def decided(self, shots: int | None) -> SearchSpec:
        """With the default optimizer filled in: L-BFGS-B for exact values, COBYLA for values from ``shots``.

        UsageError if the search does not suit an engine with ``shots``.
        """
        found = replace(self, optimizer=self.optimizer or ("L-BFGS-B" if shots is None else "COBYLA"))
        if shots is None:
            if self.max_shots is not None:
                raise UsageError("max_shots limits measurements, this engine computes exact values; use max_seconds.")
            return found
        if found.method.exact_only:
            raise UsageError(
                f"{found.method.name} needs exact values, this engine estimates them from {shots:,} shots; "
                "use optimizer='COBYLA' or 'SPSA', or an engine without shots."
            )
        if self.max_shots is not None and self.max_shots < shots:
            raise UsageError(f"max_shots must be at least {shots:,}, the shots of one value, got {self.max_shots:,}.")
        return found

    @property
    def method(self) -> Optimizer:
        """The optimizer. UsageError where it is not `decided` yet."""
        if not isinstance(self.optimizer, Optimizer):
            raise UsageError("the optimizer depends on the engine's shots; use decided(shots).")
        return self.optimizer


@dataclass(frozen=True, repr=False)
class Variant(Shown):
    """One way to train: circuit, engine and search. UsageError for incompatible settings."""

    circuit: CircuitSpec = field(default_factory=CircuitSpec)
    engine: EngineSpec = field(default_factory=EngineSpec)
    search: SearchSpec = field(default_factory=SearchSpec)

    PARTS: ClassVar[dict[str, type[Spec]]] = {"circuit": CircuitSpec, "engine": EngineSpec, "search": SearchSpec}

    def __post_init__(self) -> None:
        for name, kind in self.PARTS.items():
            if not isinstance(found := getattr(self, name), kind):
                raise UsageError(
                    f"{name} of a variant is {kind.__name__}(...), got {found!r}; Variant.of takes single settings."
                )
        self.search.decided(self.engine.shots)
        if self.search.grow and (self.circuit.ansatz not in GROWING or self.circuit.layers < 1):
            raise UsageError(f"grow adds layers to linear and qaoa circuits, at least 1, got {self.label}.")

    def facts(self) -> dict[str, Any]:
        return self.settings

    def __repr__(self) -> str:
        changed = {name: v for part in self.PARTS for name, v in getattr(self, part).changed.items()}
        return f"Variant.of({', '.join(f'{name}={value!r}' for name, value in changed.items())})"

    @classmethod
    def of(cls, **settings: Any) -> Variant:
        """From single settings of any of the three parts: ``Variant.of(layers=1, optimizer="SPSA")``.

        The engine "product" has its own default circuit, "product".
        """
        if settings.get("engine") == "product" and "ansatz" not in settings and not settings.get("layers"):
            settings["ansatz"] = "product"
        for name in settings:
            if name not in cls.options():
                raise unknown_name("setting", name, cls.options())
        return cls.from_dict({
            part: {k: v for k, v in settings.items() if k in kind.options()} for part, kind in cls.PARTS.items()
        })  # fmt: skip

    @classmethod
    def options(cls) -> dict[str, Option]:
        """Every setting of the three parts by its name, in order."""
        return {name: found for kind in cls.PARTS.values() for name, found in kind.options().items()}

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """Part -> setting -> value, as JSON can hold it."""
        return {part: getattr(self, part).as_dict() for part in self.PARTS}

    @classmethod
    def from_dict(cls, values: Any, where: str = "") -> Variant:
        """The inverse of `as_dict`. UsageError, naming ``where`` they are from, for anything else."""
        place = f" in {where}" if where else ""
        if not isinstance(values, Mapping):
            raise UsageError(f"a variant{place} must be a table of its parts, got {type(values).__name__}.")
        for part in values:
            if part not in cls.PARTS:
                raise unknown_name("part of a variant", str(part), cls.PARTS, place)
        parts = {part: kind.from_dict(values.get(part, {}), where) for part, kind in cls.PARTS.items()}
        return cls(**parts)  # type: ignore[arg-type]

    @property
    def settings(self) -> dict[str, Any]:
        """Every setting by its name."""
        return {name: v for part in self.as_dict().values() for name, v in part.items()}

    @property
    def first_circuit(self) -> CircuitSpec:
        """The circuit that training starts with: if it grows, the one with the fewest layers."""
        if not self.search.grow:
            return self.circuit
        return replace(self.circuit, layers=FEWEST_LAYERS[self.circuit.ansatz])

    @property
    def label(self) -> str:
        """For tables and figures: 'product', 'linear, 2 layers', 'linear, 2 layers, aer, 1,000 shots, COBYLA'."""
        circuit, engine, search = self.circuit, self.engine, self.search
        has_layers = circuit.ansatz != "product" and not circuit.ansatz.endswith(".qpy")
        parts = (
            (circuit.ansatz, True),
            (f"{circuit.layers} layer{'' if circuit.layers == 1 else 's'}", has_layers),
            ("grown", search.grow),
            (f"degree {circuit.max_degree}", circuit.max_degree is not None),
            (f"mixer {circuit.mixer}", circuit.mixer != "x"),
            (engine.backend or engine.engine, engine.engine not in ("exact", circuit.ansatz)),
            (f"bond dimension {engine.bond_dimension}", engine.bond_dimension is not None),
            (f"noise {engine.noise}", engine.noise is not None),
            ("mitigated", engine.mitigate_readout),
            (f"{engine.shots or 0:,} shots", engine.shots is not None),
            (str(search.optimizer), search.optimizer is not None),
            (str(search.objective), str(search.objective) != "mean"),
            (f"from {(search.start or '').rpartition('/')[2]}", search.start is not None),
        )
        return ", ".join(part for part, is_said in parts if is_said)
