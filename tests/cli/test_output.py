"""What commands print."""

import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from walshqhn.cli import output
from walshqhn.cli.output import (
    ProgressDisplay,
    number,
    plural,
    print_json,
    remark,
    saying_how_far,
    saying_what_compiles,
    stderr,
    stdout,
    table,
)
from walshqhn.kernels.compiling import PARTS, announce


def test_json_is_plain_and_knows_no_nan(capsys):
    print_json({"a": np.float64("nan"), 3: np.arange(2), "p": Path("x"), "t": (1, np.True_, float("inf"))})
    assert json.loads(capsys.readouterr().out) == {"a": None, "3": [0, 1], "p": "x", "t": [1, True, None]}


def test_nothing_is_taken_for_markup_or_a_smiley(capsys):
    stdout().print("[/b] a:x:b [red]")
    shown = table(("[bold]", ":x:"))
    shown.add_row("[/i]", "1")
    stdout().print(shown)
    stderr().print("[/b]")
    found = capsys.readouterr()
    assert found.out.splitlines()[0] == "[/b] a:x:b [red]"
    assert "[bold]" in found.out
    assert "[/i]" in found.out
    assert found.err == "[/b]\n"


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (float("inf"), "-"), (float("nan"), "-"), (0.0, "0"), (1 / 3, "0.333")]
)
def test_numbers(value, text):
    assert number(value, 3) == text


def test_plurals():
    assert [plural(n, "run") for n in (0, 1, 4055)] == ["0 runs", "1 run", "4,055 runs"]


class Timers:
    """In place of `threading.Timer`: time passes when we say so."""

    def __init__(self, monkeypatch):
        self.waits, self.now = [], 0.0
        monkeypatch.setattr(output.threading, "Timer", self.make)
        monkeypatch.setattr(output.time, "monotonic", lambda: self.now)

    def make(self, seconds, call, arguments):
        timer = type("Timer", (), {"daemon": False})()
        timer.start = lambda: self.waits.append((self.now + seconds, call, arguments))
        timer.cancel = self.waits.clear
        return timer

    def pass_by(self, seconds):
        self.now += seconds
        for when, call, arguments in self.waits.copy():
            if when <= self.now:
                self.waits.clear()
                call(*arguments)


def test_what_compiles_for_two_seconds_in_all_is_said_once_a_part(capsys, monkeypatch):
    timers, said = Timers(monkeypatch), []
    with saying_what_compiles():
        for part, seconds in [("costs", 1.9), ("engine", 1.5), ("engine", 1.5), ("engine", 9.0), ("costs", 0.2)]:
            announce(part, True)
            timers.pass_by(seconds)
            announce(part, False)
            said.append(capsys.readouterr())
    announce("transform", True)
    timers.pass_by(5)
    assert [found.out for found in said] == [""] * 5
    assert [found.err for found in said] == [
        "", "", "compiling the exact engine, once per machine ...\n", "",
        "compiling the evaluation of costs, once per machine ...\n",
    ]  # fmt: skip
    assert capsys.readouterr().err == ""


def test_remarks_go_above_the_progress_bar_that_is_shown(monkeypatch):
    """Another console would write into the bar."""
    with ProgressDisplay("working", 2) as display:
        said = []
        monkeypatch.setattr(display.console, "print", lambda text, **_: said.append(text))
        thread = threading.Thread(target=remark, args=["from another thread"])
        thread.start()
        thread.join()
    remark("after it")
    assert said == ["from another thread"]


def test_where_no_bar_moves_lines_tell_how_far_it_is(capsys):
    """On stderr, at least one in so many seconds, whatever the computation itself says."""
    with saying_how_far(every=0.02), ProgressDisplay("training", 8) as display:
        display.update(2, "run 1", "2 min left")
        lines = []
        while len(lines) < 3:
            time.sleep(0.02)
            lines += capsys.readouterr().err.splitlines()
    assert lines[-1].endswith(" s: run 1, 25 %, 2 min left")
    with saying_how_far(every=0.02):
        while not (said := capsys.readouterr()).err:
            time.sleep(0.02)
    assert said.err.splitlines()[0].endswith(": working")
    assert said.out == ""


def test_every_part_that_compiles_has_a_name(capsys):
    with saying_what_compiles():
        for part in PARTS:
            announce(part, True)
            announce(part, False)
    assert capsys.readouterr().err == ""


def test_what_would_act_on_a_terminal_is_shown_as_text(capsys):
    """It may come out of a file, or be a file's name."""
    stdout().print("a\x1b[31mb \u202e [bold]c[/]\tü")
    shown = table(("\x1b]0;title\x07",))
    shown.add_row("\x1b[2J")
    stdout().print(shown)
    remark("\x9b5n")
    out, err = capsys.readouterr()
    assert "a\\x1b[31mb \\u202e [bold]c[/]" in out
    assert "ü" in out
    assert "\\x1b]0;title\\x07" in out
    assert "\\x1b[2J" in out
    assert err == "\\x9b5n\n"
