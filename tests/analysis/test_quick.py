"""python -m analysis --quick: every script runs, and leaves its figure and its numbers behind (.ci/run asks for it)."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from analysis.report import SCRIPTS, render

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent.parent
FIELDS = {"title", "paper", "found", "runs", "command", "quick", "numbers", "provenance"}


def everything(folder):
    """What is in a folder of the checkout: path -> when it was last written."""
    return {path: path.stat().st_mtime_ns for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """The folder that one run of all scripts filled."""
    folder = tmp_path_factory.mktemp("quick")
    before = everything(ROOT / "figures")
    strict = ["-W", "error::RuntimeWarning", "-W", "error::UserWarning"]  # no logarithm of 0, nothing cut in a figure
    run = subprocess.run(
        [sys.executable, *strict, "-m", "analysis", "--quick", "--output", str(folder)],
        cwd=ROOT, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    print(run.stderr)  # shown if a test below fails
    assert everything(ROOT / "figures") == before  # the committed figures stay as they are
    (folder / "exit-code").write_text(str(run.returncode))
    (folder / "stderr").write_text(run.stderr)
    return folder


def test_every_script_ran(quick):
    complaint = (quick / "stderr").read_text()
    assert (quick / "exit-code").read_text() == "0", complaint
    assert "Traceback" not in complaint


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_leaves_its_figure_and_its_numbers(quick, name):
    picture = imread(quick / f"{name}.png")
    height, width = picture.shape[:2]
    assert width >= 900  # 6 inches at 150 dots
    assert height >= 400
    ink = (picture[:, :, :3] < 0.95).any(axis=2).mean()
    assert 0.005 < ink < 0.9
    facts = json.loads((quick / f"{name}.json").read_text(), parse_constant=pytest.fail)  # no NaN
    assert set(facts) == FIELDS
    assert facts["quick"] is True
    assert facts["command"] == f"python -m analysis.{name} --quick"
    assert facts["provenance"]["argv"] == facts["command"].split()
    assert facts["provenance"]["seconds"] > 0
    for field in ("title", "paper", "found", "runs"):
        assert len(facts[field]) > 10, field
        assert "nan" not in facts[field].lower().split(), field
    assert any(math.isfinite(number) for number in numbers_in(facts["numbers"]))
    assert np.isfinite(numbers_in(facts["numbers"])).all()


def test_the_page_shows_every_script(quick):
    page = render(quick)
    for name in SCRIPTS:
        assert f"(../figures/{name}.png)" in page


def numbers_in(value):
    """All numbers in a JSON value."""
    if isinstance(value, dict):
        return [n for part in value.values() for n in numbers_in(part)]
    if isinstance(value, list):
        return [n for part in value for n in numbers_in(part)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []
