"""walshqhn bench."""

import pytest

from walshqhn import bench as benchmarks
from walshqhn.bench import growth


def test_list(run):
    names = run.json("bench", "--list", "formats")
    assert list(names) == ["operator-17", "save-20", "load-20"]
    assert "to_sparse_pauli_op" in run("bench", "--list")


def test_one_row(run):
    document = run.json("bench", "wht-overhead", "--repeats", 2, "--threads", 1)
    (row,) = document["rows"]
    assert row["name"] == "wht-overhead"
    assert row["timings"][0]["rounds"] == document["repeats"] == 2
    assert document["threads"] == 1
    assert document["machine"]["cores"] >= 1
    assert row["goals"][0]["text"] == "at most 5 us"
    assert "[1/1] wht, N = 1" in run.err
    shown = run("bench", "wht-overhead", "--repeats", 1)
    assert "walshqhn (1 thread)" in shown
    assert "Medians of 1 round;" in shown


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("wht-ovrhead",), "Did you mean 'wht-overhead'?"),
        (("--repeats", "0"), "at least 1"),
        (("--threads", "0"), "at least 1"),
        (("wht-overhead", "--growth", "x.txt"), ".png, .pdf, .svg"),
    ],
)
def test_bad_input(run, arguments, says):
    run("bench", *arguments, code=2)
    assert run.out == ""
    assert run.err.startswith("walshqhn: ")
    assert says in run.err


def test_ctrl_c_prints_what_there_is(run, monkeypatch):
    measured = []

    def measure(row, settings):
        if measured:
            raise KeyboardInterrupt
        measured.append(row.name)
        return benchmarks.harness.measure(row, settings)

    monkeypatch.setattr(benchmarks, "measure", measure)
    document = run.json("bench", "wht-overhead", "operator-17", "--repeats", 1, code=130)
    assert [row["name"] for row in document["rows"]] == ["wht-overhead"]
    assert "interrupted" in run.err


def test_a_disagreement_is_one_line(run, monkeypatch):
    def measure(row, settings):
        raise benchmarks.Disagreement("they differ")

    monkeypatch.setattr(benchmarks, "measure", measure)
    run("bench", "wht-overhead", code=1)
    assert run.err.splitlines()[-1] == "walshqhn: they differ"


def test_growth_is_drawn_and_not_over_a_file(run, monkeypatch, tmp_path):
    found = [(p.name, n, {"walshqhn": 1e-3 * n}) for p in growth.panels() for n in (4, 5)]
    monkeypatch.setattr(growth, "measure_growth", lambda settings: iter(found))
    document = run.json("bench", "wht-overhead", "--repeats", 1, "--growth", "g.png")
    assert document["growth"]["transform"] == {"walshqhn": [[4, 0.004], [5, 0.005]]}
    assert (tmp_path / "g.png").stat().st_size > 1000
    run("bench", "wht-overhead", "--growth", "g.png", code=2)
    assert "exists" in run.err
