"""What the scripts share."""

import pytest

from analysis.common import _Spent


def test_time_adds_up_over_sittings(tmp_path):
    spent = _Spent(tmp_path / "studies" / "script-seconds.json")
    assert spent.add(12.5) == pytest.approx(12.5)
    assert _Spent(spent.path).add(2.0) == pytest.approx(14.5)
    spent.path.unlink()  # with its studies
    assert spent.add(1.0) == pytest.approx(1.0)
