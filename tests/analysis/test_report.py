"""The page of results: made of the committed numbers, every result with a verdict and a table."""

import json
import re
from pathlib import Path

import pytest

from analysis import report, summaries
from analysis.report import SCRIPTS, render

ROOT = Path(__file__).parent.parent.parent
SHOWN = [name for name in SCRIPTS if (ROOT / "figures" / f"{name}.json").exists()]


def test_the_committed_page_is_what_the_committed_numbers_say():
    assert (ROOT / "analysis" / "README.md").read_text() == render()


def test_the_overview_leads_to_every_result():
    page = render()
    headings = [report.anchor(line.removeprefix("## ")) for line in page.splitlines() if line.startswith("## ")]
    links = re.findall(r"^\| \[[^|]*\]\(#(\S+)\) \| (\w[\w ]+) \|", page, re.MULTILINE)
    assert [link for link, _ in links] == headings[: len(SHOWN)]
    assert len(links) > 8
    assert {verdict for _, verdict in links} <= {summaries.REPRODUCED, summaries.PARTLY, summaries.NOT, summaries.NEW}


@pytest.mark.parametrize("name", SHOWN)
def test_tables_are_whole(name):
    facts = json.loads((ROOT / "figures" / f"{name}.json").read_text())
    said = summaries.SUMMARIES[name](facts["numbers"])
    assert len({len(row) for row in said.table}) == 1
    assert len(said.table) > 2
    assert all(cell or k == 0 for row in said.table for k, cell in enumerate(row))
    assert said.headline.endswith(".")
