"""Settings that validate themselves, wherever they come from."""

from dataclasses import dataclass

import pytest

from walshqhn.support.errors import UsageError
from walshqhn.support.specs import Spec, option


@dataclass(frozen=True)
class Trip(Spec):
    where: str = option("sea", "Where to.", choices=("sea", "hills"))
    days: int = option(3, "How long.", least=1)
    budget: float | None = option(None, "What it may cost.", above=0)
    by_train: bool = option(True, "Not by car.")


def test_defaults_and_values():
    assert Trip() == Trip("sea", 3, None, True)
    assert Trip(days=5).as_dict() == {"where": "sea", "days": 5, "budget": None, "by_train": True}
    assert Trip.from_dict(Trip("hills", 2, 7.5).as_dict()) == Trip("hills", 2, 7.5)
    assert Trip("hills", budget=1).changed == {"where": "hills", "budget": 1.0}


def test_options_say_what_they_are():
    days = Trip.options()["days"]
    assert (days.help, days.kind, days.is_optional, days.default) == ("How long.", int, False, 3)
    assert Trip.options()["budget"].is_optional
    assert Trip.options()["where"].choices == ("sea", "hills")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"where": "see"}, "Unknown where 'see'. Did you mean 'sea'"),
        ({"where": 3}, "where must be text, got 3"),
        ({"days": 0}, "days must be a whole number of at least 1, got 0"),
        ({"days": None}, "days must be a whole number"),
        ({"budget": -2.0}, "budget must be positive and finite, got -2.0"),
        ({"budget": float("nan")}, "budget must be positive and finite, got nan"),
        ({"by_train": "yes"}, "by_train must be true or false, got 'yes'"),
    ],
)
def test_values_that_are_not_allowed(values, message):
    with pytest.raises(UsageError, match=message):
        Trip(**values)
    with pytest.raises(UsageError, match=message):
        Trip.from_dict(values, "a file")


def test_settings_that_are_no_table_or_unknown():
    with pytest.raises(UsageError, match="settings in a file must be a table of names and values, got int"):
        Trip.from_dict(3, "a file")
    with pytest.raises(UsageError, match=r"Unknown setting 'day' in a file\. Did you mean 'days'"):
        Trip.from_dict({"day": 1}, "a file")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("days", "7", 7),
        ("budget", " 2.5 ", 2.5),
        ("budget", "none", None),
        ("by_train", "False", False),
        ("where", "hills", "hills"),
    ],
)
def test_text_of_a_command_line(name, text, value):
    assert Trip.options()[name].parse(text) == value


@pytest.mark.parametrize(("name", "text"), [("days", "1.5"), ("days", "none"), ("budget", "much"), ("by_train", "1")])
def test_text_that_is_no_value(name, text):
    with pytest.raises(UsageError, match=f"{name} must be"):
        Trip.options()[name].parse(text)
