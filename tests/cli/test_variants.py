"""Options made from the specs, and variants made from options."""

import pytest

from walshqhn.cli.commands.train import train
from walshqhn.cli.options import own_options
from walshqhn.cli.variants import make_variants, variant_parameters, with_product
from walshqhn.support.errors import UsageError
from walshqhn.training.spec import Variant


def settings(variants, *names):
    return [tuple(variant.settings[name] for name in names) for variant in variants]


def test_every_setting_is_an_option_of_train_and_only_written_in_its_spec(run):
    assert {p.name for p in variant_parameters()} == set(Variant.options())
    assert {name.replace("_", "-") for name in Variant.options()} <= set(own_options(train))
    words = " ".join(run("train", "--help").replace("│", " ").split())
    for name, option in Variant.options().items():
        assert f"--{name.replace('_', '-')}" in words
        assert " ".join(option.help.split()[:4]) in words
    for shown in ("[default: linear]", "[default: 500]", "[default: 1e-06]", "[default: mean]"):
        assert shown in words
    assert [words.index(f"─ {group} ─") for group in ("Circuit", "Engine", "Search", "Studies")] == sorted(
        words.index(f"─ {group} ─") for group in ("Circuit", "Engine", "Search", "Studies")
    )


def test_nothing_given_is_the_default():
    assert make_variants({}) == (Variant(),)


def test_all_combinations_each_once():
    found = make_variants({"layers": "1,2,1", "optimizer": "Adam,SPSA:perturbation=0.1;blocking=true"})
    first, second = "Adam", "SPSA:blocking=true;perturbation=0.1"
    assert [layers for layers, _ in settings(found, "layers", "optimizer")] == [1, 1, 2, 2]
    assert {name.partition(":")[0] for _, name in settings(found, "layers", "optimizer")} == {first, second[:4]}
    assert len(found) == 4
    assert settings(make_variants({"samples": "10,20", "max_iterations": "5"}), "samples", "max_iterations") == [
        (10, 5), (20, 5),
    ]  # fmt: skip


def test_settings_go_to_the_circuits_and_engines_that_know_them():
    given = {"ansatz": "product,qaoa,linear", "layers": "1,2", "max_degree": "2", "grow": True}
    assert settings(make_variants(given), "ansatz", "layers", "max_degree", "grow") == [
        ("product", 0, None, False), ("qaoa", 1, 2, True), ("qaoa", 2, 2, True), ("linear", 1, None, True),
        ("linear", 2, None, True),
    ]  # fmt: skip
    given = {"engine": "exact,mps", "shots": "10", "bond_dimension": "2,4", "max_shots": "100"}
    assert settings(make_variants(given), "engine", "shots", "bond_dimension", "max_shots") == [
        ("exact", None, None, None), ("mps", 10, 2, 100), ("mps", 10, 4, 100),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"layers": "1,x"}, "layers must be a whole number of at least 0, got 'x'"),
        ({"layers": ""}, "layers must be"),
        ({"ansatz": "linear,laser"}, "'laser'"),
        ({"max_degree": "2"}, "max_degree truncates the phases of qaoa and ma-qaoa; 'linear' has none"),
        ({"ansatz": "linear,product", "max_degree": "2"}, "max_degree applies to none of these variants"),
        ({"shots": "5"}, "shots cannot be used with the exact engine"),
        ({"engine": "aer", "shots": "9", "optimizer": "L-BFGS-B"}, "COBYLA"),
    ],
)
def test_bad_values(given, says):
    with pytest.raises(UsageError, match=says):
        make_variants(given)


def test_the_product_state_joins_as_a_classical_method():
    found = with_product(make_variants({"engine": "aer", "shots": "20", "samples": "7", "objective": "cvar:0.5"}))
    assert settings(found, "ansatz", "engine", "shots", "samples", "objective")[1] == (
        "product", "exact", None, 7, "cvar:0.5",
    )  # fmt: skip
    for text in ("product", "linear"):
        there = make_variants({"ansatz": text, "layers": "0,1"})
        assert with_product(there) == there
