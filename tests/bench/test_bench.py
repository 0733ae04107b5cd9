"""The harness judges by what it measured; small editions of the rows agree with their peers."""

import json
import subprocess
import time
from dataclasses import replace
from functools import partial

import numpy as np
import psutil
import pytest

from walshqhn import bench as benchmarks
from walshqhn.bench import (
    costs,
    engine,
    formats,
    growth,
    harness,
    lowdegree,
    minima,
    mps,
    past_table,
    report,
    startup,
    transform,
)  # fmt: skip
from walshqhn.bench.row import Contender, Goal, Quoted, Row, Settings

FEW = Settings(threads=1, repeats=1)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    for name in ("_PAUSE", "_WAKING", "_SHORTEST"):
        monkeypatch.setattr(harness, name, 0.0)


def row(*contenders, **options):
    return Row("row", "a row", lambda settings: list(contenders), **options)


def clock(monkeypatch, durations):
    """Contenders whose calls take what ``durations`` says, in a time of their own; and the order of the calls."""
    now, calls = [0.0], []
    monkeypatch.setattr(harness.time, "perf_counter", lambda: now[0])

    def contender(name, kind="peer", **options):
        def call():
            calls.append(name)
            now[0] += durations[name]
            return name

        return Contender(name, call, kind, **options)

    return contender, calls


def test_rounds_are_interleaved_and_medians_per_unit_of_work(monkeypatch):
    contender, calls = clock(monkeypatch, {"we": 0.5, "they": 1.0})
    found = benchmarks.measure(row(contender("we", "ours", work=4.0), contender("they", work=2.0)), Settings(2, 3))
    assert calls == ["we", "they"] + ["we", "they"] + 3 * ["we", "they"]  # compared, warmed up, timed
    we, they = found.timings
    assert (we.median, we.per_unit, we.times_ours, we.rounds, we.threads) == (0.5, 0.125, 1.0, 3, 2)
    assert (they.median, they.per_unit, they.times_ours) == (1.0, 0.5, 4.0)


def test_short_calls_are_repeated_within_a_round(monkeypatch):
    monkeypatch.setattr(harness, "_SHORTEST", 1e-3)
    contender, calls = clock(monkeypatch, {"we": 1e-5})
    found = benchmarks.measure(row(contender("we", "ours")), Settings(1, 2))
    assert len(calls) == 2 + 2 * 100
    assert found.timings[0].median == pytest.approx(1e-5)


def test_slow_contenders_drop_out_of_later_rounds(monkeypatch):
    contender, _ = clock(monkeypatch, {"we": 0.1, "they": 5.0})
    we, they = benchmarks.measure(row(contender("we", "ours"), contender("they")), Settings(1, 7)).timings
    assert (we.rounds, they.rounds) == (7, 1)


def test_goals(monkeypatch):
    contender, _ = clock(monkeypatch, {"we": 1.0, "they": 3.0, "floor": 0.25})
    goals = (
        Goal(3.0, "they"),
        Goal(3.1, "they"),
        Goal(4.0, "floor", at_most=True),
        Goal(3.9, "floor", at_most=True),
        Goal(1.0),
        Goal(0.9),
        Goal(2.0, "quoted"),
        Goal(2.0, "not here"),
    )
    quoted = (Quoted("quoted", 2.5, "a paper"),)
    contenders = [contender("we", "ours"), contender("they"), contender("floor", "floor")]
    found = benchmarks.measure(row(*contenders, goals=goals, quoted=quoted), FEW)
    assert [v.met for v in found.goals] == [True, False, True, False, True, False, True]
    assert found.timings[-1].source == "a paper"
    assert found.timings[-1].times_ours == 2.5


@pytest.mark.parametrize(
    ("theirs", "says"),
    [([1.0, 2.0 + 1e-7], "differs from ours by 5e-08"), ([1.0], "shape"), ([1.0, np.nan], "differs from ours by nan")],
)
def test_different_results_are_not_timed(theirs, says):
    calls = []
    peer = Contender("they", lambda: calls.append(1) or theirs, result=np.array)
    ours = Contender("we", lambda: [1.0, 2.0], "ours", result=np.array)
    with pytest.raises(benchmarks.Disagreement, match=says):
        benchmarks.measure(row(ours, peer, tolerance=1e-8), FEW)
    assert len(calls) == 1


def test_the_largest_difference_is_relative_to_the_largest_entry():
    ours = Contender("we", lambda: [1.0, 2.0], "ours", result=np.array)
    peer = Contender("they", lambda: [1.0, 2.0 + 1e-7], result=np.array)
    assert benchmarks.measure(row(ours, peer, tolerance=1e-7), FEW).timings[1].difference == pytest.approx(5e-8)


def test_missing_peers_are_named_and_skipped():
    def never():
        raise AssertionError

    contenders = [Contender("we", time.time, "ours"), Contender("they", never)]
    found = benchmarks.measure(row(*contenders, peers={"they": "no_such_package"}, goals=(Goal(2, "they"),)), FEW)
    assert [t.name for t in found.timings] == ["we"]
    assert found.skipped == ["they: package no_such_package is not installed"]
    assert found.goals == []


WIDTHS = {"num_samples": 50, "hidden": (2,), "hidden_width": (1, 2)}
SMALL = {
    "wht": (lambda s: transform.growing(9, s), 1e-12),
    "wht complex": (lambda s: transform.contenders(16, "complex64", 1, True, s), 1e-5),
    "logistic": (lambda s: costs.contenders("mnist-4x4", {}, 3, 300, s), 1e-9),
    "architectures": (lambda s: costs.contenders("gaussian-width", WIDTHS, 40, 90, s), 1e-9),
    "encodings": (lambda s: costs.contenders("mnist-4x4-encoding", {}, 5, 40, s), 1e-9),
    "low degree": (lambda s: lowdegree.contenders("mnist-4x4", {"num_samples": 50, "size": 2}, 2, s), 1e-9),
    "minimum": (lambda s: minima.least_energy(9, s), 0.0),
    "descent": (lambda s: minima.descent(8, 900, s), 1e-9),
    "product": (lambda s: past_table.of_task("gaussian-width", {"num_samples": 30}, s), 1e-9),
    "quadratic": (lambda s: past_table.of_quadratic(6, s), 1e-9),
    "gradient": (lambda s: engine.gradient(4, s), 1e-9),
    "expectation": (lambda s: engine.expectation_value(5, s), 1e-9),
    "qaoa": (lambda s: engine.qaoa(5, 4, False, s), 1e-9),
    "qaoa gradient": (lambda s: engine.qaoa(4, 2, True, s), 1e-6),
    "sampling": (lambda s: engine.sampling(3, 20000, s), 0.01),
    "mps gradient": (lambda s: mps.gradient(7, True, s), 1e-9),
    "mps network": (lambda s: mps.network(2, s), 1e-9),
    "mps sampling": (lambda s: mps.sampling(5, 20000, s), 0.01),
    "operator": (lambda s: formats.operator(5, s), 0.0),
    "save": (lambda s: formats.save(4, s), 0.0),
    "load": (lambda s: formats.load(4, s), 0.0),
}  # fmt: skip
PEERS = {"fht-cpu": "fht_cpu", **engine.PEERS}


@pytest.mark.parametrize("name", SMALL)
def test_small_rows_agree_with_their_peers(name):
    prepare, tolerance = SMALL[name]
    found = benchmarks.measure(Row(name, name, prepare, tolerance=tolerance, peers=PEERS), FEW)
    assert found.timings[0].kind == "ours"
    assert len(found.timings) > 1 or found.skipped
    compared = [t for t in found.timings[1:] if t.kind != "floor"]
    assert [t.difference is not None for t in compared] == [name != "save"] * len(compared)


def test_every_row_has_a_name_of_its_own_and_every_goal_a_contender():
    rows = benchmarks.all_rows()
    assert len({r.name for r in rows}) == len(rows)
    assert set(report.HEADLINES) <= {r.name for r in rows}
    assert [r.name for r in benchmarks.find_rows(["wht-*-24", "startup"])] == [
        "wht-float64-24", "wht-float32-24", "help", "demo-cold", "demo-compiling", "demo-warm", "spectrum-cold",
        "train-cold", "busy",
    ]  # fmt: skip


def test_commands_run_in_processes_of_their_own():
    spectrum = partial(startup.command, ("spectrum", "c.npy"), False, bits=3)
    (ours,) = benchmarks.measure(Row("spectrum", "a command", spectrum), FEW).timings
    assert ours.median > 0.05  # an interpreter starts
    with pytest.raises(subprocess.CalledProcessError):
        benchmarks.measure(Row("x", "a mistake", partial(startup.command, ("no-such-command",), False)), FEW)


def test_other_cores_are_busy_while_a_training_is_timed(monkeypatch):
    seen = []
    monkeypatch.setattr(startup, "cpu_count", lambda: 3)
    monkeypatch.setattr(startup, "train_circuit", lambda *_, **__: seen.append(len(psutil.Process().children())))
    row = Row("busy", "busy", partial(startup.training_among_others, 3, 1), (Goal(1.3, "single-threaded", True),))
    found = benchmarks.measure(row, FEW)
    assert set(seen) == {2}
    assert psutil.Process().children() == []
    assert [t.name for t in found.timings] == ["walshqhn", "single-threaded"]
    assert len(found.goals) == 1


def test_peak_memory_is_seen():
    assert 1 <= transform.peak_memory(18) < 3


# --- what is shown ------------------------------------------------------------------------------


def test_the_figure_of_growth_names_every_line():
    lines = {"walshqhn": [[4, 1e-3], [5, 2e-3]], "NumPy": [[4, 0.5]]}
    figure = growth.draw_growth({panel.name: lines for panel in growth.panels()}, "a machine")
    assert len(figure.axes) == len(growth.panels())
    for ax in figure.axes:
        assert [line.get_xydata().tolist() for line in ax.lines] == [*lines.values()]
        assert [text.get_text() for text in ax.texts] == [*lines]


def test_growth_stops_asking_slow_contenders(monkeypatch):
    contender, _ = clock(monkeypatch, {"walshqhn": 0.1, "NumPy": 3.0})
    panel = growth.Panel(
        "qaoa", "title", (4, 6), lambda n, settings: [contender("walshqhn", "ours"), contender("NumPy")], {}
    )
    monkeypatch.setattr(growth, "panels", lambda: [panel])
    found = list(growth.measure_growth(FEW))
    assert [(name, n, set(seconds)) for name, n, seconds in found] == [
        ("qaoa", 4, {"walshqhn", "NumPy"}),
        ("qaoa", 6, {"walshqhn"}),
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.15e-9, "0.15 ns"), (12.34e-3, "12.3 ms"), (1.5, "1.5 s"), (9.996e-4, "1 ms"), (2e-6, "2 us"), (61.2, "61.2 s")],
)
def test_times_for_people(seconds, text):
    assert harness.format_seconds(seconds) == text


@pytest.mark.parametrize(("ratio", "text"), [(0.968, "0.97"), (9.9, "9.9"), (9.96, "10"), (1386.4, "1,390")])
def test_ratios_for_people(ratio, text):
    assert report.format_ratio(ratio) == text


def test_cells():
    result = replace(
        benchmarks.measure(row(Contender("we", time.time, "ours"), peers={"x": "no_such_package"}), FEW), goals=[]
    ).as_dict()
    (what, who, shown, speed, ratio, goal), (_, skipped, *_rest) = report.cells(json.loads(json.dumps(result)))
    assert (what, who, speed, ratio, goal) == ("a row", "we (1 thread)", "", "", "")
    assert shown.endswith((" ns", " us"))
    assert "no_such_package" in skipped
