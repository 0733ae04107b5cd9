"""walshqhn plot, and which figures there is data for."""

import pytest
from storage_cases import a_training

from walshqhn.formats.hdf5 import Contents, save

QUICK = ("--runs", 2, "--max-iterations", 5)


def test_all_there_is_data_for(run, costs, tmp_path):
    run("train", "costs.npy", "-o", "run.h5", "--layers", 1, *QUICK)
    figures = run.json("plot", "run.h5", "--figure-format", "svg", "-o", "figs")["figures"]
    names = ("spectrum", "coefficients", "histogram", "training", "circuit")
    assert figures == [f"figs/run-{k}.svg" for k in names]
    assert all((tmp_path / f).read_text().lstrip().startswith("<?xml") for f in figures)


def test_a_study(run, costs, tmp_path):
    run("train", "costs.npy", "--layers", "0,1", *QUICK, "--workers", 1, "-o", "s.h5")
    figures = run.json("plot", "s.h5", "--kind", "success", "--kind", "energies")["figures"]
    assert figures == ["s-success.png", "s-energies.png"]
    assert all((tmp_path / f).stat().st_size > 5000 for f in figures)
    figures = run.json("plot", "s.h5", "--kind", "training", "-o", "more")["figures"]  # of the better variant
    assert figures == ["more/s-training.png"]


def test_a_result_without_its_cost(run, tmp_path):
    save(tmp_path / "t.h5", Contents(training=a_training()))
    assert run.json("plot", "t.h5")["figures"] == ["t-training.png", "t-tails.png"]


@pytest.mark.parametrize("kind", ["training", "success", "network"])
def test_no_data(run, costs, kind):
    assert f"no data for the figure '{kind}'" in run.complaint("plot", "costs.npy", "--kind", kind)


def test_a_pdf_has_truetype_fonts_and_names_what_it_shows(run, costs, tmp_path):
    """Type 3 fonts are what journals refuse."""
    run("plot", "costs.npy", "--kind", "histogram", "--figure-format", "pdf")
    content = (tmp_path / "costs-histogram.pdf").read_bytes()
    assert b"/CIDFontType2" in content
    assert b"/Type3" not in content
    run("plot", "costs.npy", "--kind", "histogram", "--figure-format", "svg")
    assert "costs, N = " in (tmp_path / "costs-histogram.svg").read_text()
