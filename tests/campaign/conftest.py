"""A campaign: hostile files, signals, full disks, odd command lines, in numbers. Seeded and bounded; `-m campaign`.

Every case ends with a verdict: refused, right (as it should be), or wrong (a crash, an internal error, a hang, other
numbers). A test of a campaign asserts that nothing was wrong; the summary prints how often each verdict was given.
CAMPAIGN_SEED chooses other cases, CAMPAIGN_SCALE more or fewer of them.
"""

import os
from collections import Counter, defaultdict

import numpy as np
import pytest

REFUSED, RIGHT = "refused", "right"
_COUNTS: dict[str, Counter] = defaultdict(Counter)


class Tally:
    """The verdicts of one campaign."""

    def __init__(self, name: str) -> None:
        self.name, self.wrong = name, {}

    def add(self, case: object, verdict: str) -> None:
        """``verdict``: REFUSED, RIGHT, or what is wrong."""
        known = verdict if verdict in (REFUSED, RIGHT) else "wrong"
        _COUNTS[self.name][known] += 1
        if known == "wrong":
            self.wrong[str(case)] = verdict

    def close(self, least: int = 1) -> None:
        """Assert that nothing was wrong, and that at least so many cases were tried."""
        assert sum(_COUNTS[self.name].values()) >= least
        assert not self.wrong, "\n".join(f"{case}\n    {verdict}" for case, verdict in self.wrong.items())


@pytest.fixture
def tally(request):
    return Tally(request.node.name.removeprefix("test_"))


@pytest.fixture
def rng():
    return np.random.default_rng(int(os.environ.get("CAMPAIGN_SEED", "0")))


@pytest.fixture
def scaled():
    """A number of cases, times CAMPAIGN_SCALE."""
    return lambda count: max(1, round(count * float(os.environ.get("CAMPAIGN_SCALE", "1"))))


def pytest_terminal_summary(terminalreporter):
    if _COUNTS:
        terminalreporter.section("campaign")
    for name, counts in _COUNTS.items():
        tried = sum(counts.values())
        verdicts = ", ".join(f"{counts[kind]:,} {kind}" for kind in (REFUSED, RIGHT, "wrong"))
        terminalreporter.write_line(f"{name}: {tried:,} tried, {verdicts}")
