"""The demo, shortened."""

import numpy as np
import pytest

from walshqhn import read_hamiltonian
from walshqhn.formats import hdf5 as storage


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("demo")


def test_demo_does_the_whole_job(run, folder):
    short = ("-o", folder / "d", "--runs", "2", "--max-iterations", "12", "--shots", "300")
    facts = run.json("demo", *short)
    assert facts["num_bits"] == 17
    contents = storage.load(folder / "d" / "mnist-4x4.h5")
    assert contents.cost.min() == facts["exact_minimum"]
    np.testing.assert_allclose(contents.hamiltonian.energies(), contents.cost, atol=1e-12)
    assert len(contents.training.runs) == 2
    exact = read_hamiltonian(folder / "d" / "operator-exact.qpy")
    truncated = read_hamiltonian(folder / "d" / "operator-degree-2.qpy")
    assert len(exact) == len(contents.hamiltonian)
    assert truncated.degrees.max() == 2
    error = np.sqrt(np.mean((truncated.energies() - contents.cost) ** 2))
    assert error == pytest.approx(facts["truncated_rms_error"])
    assert abs(facts["aer"]["energy"] - facts["training"]["value"]) < 6 * facts["aer"]["energy_error"]
    assert 0 <= facts["configurations"][0]["excess"] == facts["configurations"][0]["cost"] - facts["exact_minimum"]
    assert 0.5 < facts["configurations"][0]["accuracy"]["test"] < 1
    for name in ("spectrum", "coefficients", "histogram", "training", "circuit", "network"):
        assert (folder / "d" / f"{name}.png").stat().st_size > 5000
    run("demo", *short, code=2)
    assert "--force" in run.err
    out = run("demo", "-o", folder / "d", "--runs", "1", "--max-iterations", "1", "--shots", "2", "--force")
    assert "[9/9]" in out
    assert "Everything is in" in out
