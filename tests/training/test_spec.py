"""Search specs and variants: what they allow, and that text and dictionaries give them back."""

import json

import pytest

from walshqhn.circuits.spec import CircuitSpec
from walshqhn.engines.objectives import CVaR
from walshqhn.engines.spec import EngineSpec
from walshqhn.support.errors import UsageError
from walshqhn.training.optimizers import SPSA, make_optimizer
from walshqhn.training.spec import SearchSpec, Variant

VARIANTS = {
    "linear, 2 layers": {},
    "product, cvar:0.2": {"ansatz": "product", "objective": "cvar:0.2"},
    "qaoa, 3 layers, grown, degree 2": {"ansatz": "qaoa", "layers": 3, "grow": True, "max_degree": 2},
    "linear, 1 layer, aer, noise 0.01, 1,000 shots, COBYLA": {
        "layers": 1, "engine": "aer", "noise": 0.01, "shots": 1000, "optimizer": "COBYLA", "max_shots": 5000,
    },
    "linear, 2 layers, mps, bond dimension 4, 9 shots, SPSA:alpha=0.7": {
        "engine": "mps", "bond_dimension": 4, "shots": 9, "optimizer": SPSA(alpha=0.7),
    },
    "linear, 2 layers, fake_oslo, mitigated, 9 shots": {
        "engine": "backend", "backend": "fake_oslo", "shots": 9, "mitigate_readout": True,
    },
}  # fmt: skip


def test_a_search_is_made_of_checked_values():
    search = SearchSpec("SPSA:alpha=0.7", "cvar:0.25")
    assert (search.optimizer, search.objective) == (SPSA(alpha=0.7), CVaR(0.25))
    assert search == SearchSpec(SPSA(alpha=0.7), CVaR(0.25))
    assert json.loads(json.dumps(search.as_dict()))["objective"] == "cvar:0.25"
    assert SearchSpec.from_dict(search.as_dict()) == search


def test_the_optimizer_is_decided_by_the_shots():
    assert SearchSpec().decided(None).method == make_optimizer("L-BFGS-B")
    assert SearchSpec().decided(10).method == make_optimizer("COBYLA")
    assert SearchSpec("Adam").decided(10).method == SearchSpec("Adam").method
    with pytest.raises(UsageError, match=r"use decided\(shots\)"):
        _ = SearchSpec().method


@pytest.mark.parametrize("label", VARIANTS)
def test_variants_from_single_settings(label):
    variant = Variant.of(**VARIANTS[label])
    assert variant.label == label
    again = Variant.from_dict(json.loads(json.dumps(variant.as_dict())))
    assert again == variant
    assert hash(again) == hash(variant)
    assert Variant.of(**variant.settings) == variant


def test_a_variant_is_three_specs():
    variant = Variant(CircuitSpec("qaoa"), EngineSpec("aer", shots=4), SearchSpec("SPSA"))
    assert variant == Variant.of(ansatz="qaoa", engine="aer", shots=4, optimizer="SPSA")
    options = Variant.options()
    names = [name for kind in (CircuitSpec, EngineSpec, SearchSpec) for name in kind.options()]
    assert list(options) == names
    assert len(set(names)) == len(names)
    assert options["shots"].help == EngineSpec.options()["shots"].help


@pytest.mark.parametrize(("ansatz", "fewest"), [("linear", 0), ("qaoa", 1)])
def test_growth_begins_with_the_fewest_layers(ansatz, fewest):
    grown, plain = (Variant.of(ansatz=ansatz, layers=3, grow=grow) for grow in (True, False))
    assert grown.first_circuit == CircuitSpec(ansatz, fewest)
    assert plain.first_circuit == CircuitSpec(ansatz, 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Variant.of(layer=1), "Unknown setting 'layer'. Did you mean 'layers'"),
        (lambda: Variant.of(ansatz="linaer"), "Did you mean 'linear'"),
        (lambda: Variant.of(layers=-1), "layers must be a whole number of at least 0, got -1"),
        (lambda: Variant.of(shots=10), "shots cannot be used with the exact engine"),
        (lambda: Variant.of(max_shots=10), "this engine computes exact values; use max_seconds"),
        (lambda: Variant.of(engine="aer", shots=10, max_shots=9), "at least 10, the shots of one value, got 9"),
        (lambda: Variant.of(engine="aer", shots=10, optimizer="L-BFGS-B"), "L-BFGS-B needs exact values"),
        (lambda: Variant.of(ansatz="product", grow=True), "grow adds layers to linear and qaoa circuits.*product"),
        (lambda: Variant.of(layers=0, grow=True), "at least 1, got linear, 0 layers, grown"),
        (lambda: Variant.of(max_seconds=float("inf")), "max_seconds must be positive and finite, got inf"),
        (lambda: Variant.of(gradient_tolerance=0.0), "gradient_tolerance must be positive and finite, got 0.0"),
        (lambda: Variant.of(objective="best"), "Unknown objective 'best'"),
        (lambda: Variant("linear"), "circuit of a variant is CircuitSpec.*got 'linear'; Variant.of takes"),
        (lambda: Variant.from_dict([], "f.h5"), "a variant in f.h5 must be a table of its parts, got list"),
        (lambda: Variant.from_dict({"motor": {}}, "f.h5"), "Unknown part of a variant 'motor' in f.h5"),
        (lambda: Variant.from_dict({"search": {"rate": 1}}, "f.h5"), "Unknown setting 'rate' in f.h5"),
        (lambda: Variant.from_dict({"search": {"max_iterations": "9"}}), "max_iterations must be a whole number"),
    ],
)
def test_what_is_not_allowed(make, message):
    with pytest.raises(UsageError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
