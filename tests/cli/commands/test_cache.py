"""The folder of compiled kernels, shown and cleared."""

import pytest

from walshqhn.kernels import cache


@pytest.fixture
def kernels(tmp_path, monkeypatch):
    """Two versions' kernels, and what does not count as one."""
    for name in ("new/walsh.blocks-1.nbi", "new/circuit.run-2.nbi", "old/walsh.blocks-3.nbi", "new/x.nbi.lock"):
        path = tmp_path / "kernels" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"" if path.suffix == ".lock" else b"1234567890")
    monkeypatch.setattr(cache, "root", lambda: tmp_path / "kernels")
    return tmp_path / "kernels"


def test_it_is_shown_and_cleared(run, kernels):
    assert run("cache") == f"{kernels}: 3 compiled kernels, 30 bytes\n"
    assert run.json("cache") == {"folder": str(kernels), "kernels": 3, "bytes": 30, "cleared": False}
    assert run("cache", "--clear") == f"{kernels}: 3 compiled kernels, 30 bytes removed\n"
    assert list(kernels.iterdir()) == []
    assert run.json("cache", "--clear") == {"folder": str(kernels), "kernels": 0, "bytes": 0, "cleared": True}
