"""Where a result comes from."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = "from walshqhn.support.provenance import provenance; print(provenance()['git_commit'])"


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs a checkout")
def test_the_commit_is_ours_whatever_git_is_told(tmp_path):
    """As in a hook of another repository, from which a training is started."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    own, other = (
        subprocess.run(
            [sys.executable, "-c", CODE], env=os.environ | {"PYTHONPATH": str(ROOT)} | more, check=True,
            capture_output=True, text=True,
        ).stdout
        for more in ({}, {"GIT_DIR": str(tmp_path / ".git"), "GIT_WORK_TREE": str(tmp_path)})
    )  # fmt: skip
    assert own == other
    assert len(own.strip().removesuffix("-dirty")) == 40
