"""The page about a file: what it says is what the file holds, and it stands alone."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest

import walshqhn as wq
from walshqhn.cli import main
from walshqhn.formats.hdf5 import Contents, save
from walshqhn.report.page import render
from walshqhn.support.errors import UsageError
from walshqhn.workspace import Workspace

OPTIONS = {"num_samples": 60, "num_validation": 0, "num_test": 40}


class Reader(HTMLParser):
    """Texts by element, identifiers and links of a page."""

    def __init__(self, page):
        super().__init__()
        self.ids, self.links, self.headings, self.cells, self.inside = [], [], [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.inside.append(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found[name] for name in ("src", "href", "xlink:href") if name in found]

    def handle_endtag(self, tag):
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data):
        kind = self.inside[-1] if self.inside else ""
        where = {"h2": self.headings, "td": self.cells, "dd": self.cells}.get(kind, [])
        where.append(data.strip())


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A training and a study, as the command line stores them."""
    folder = tmp_path_factory.mktemp("report")
    task = ["gaussian-activation", *(text for k, v in OPTIONS.items() for text in (f"--{k.replace('_', '-')}", str(v)))]
    main(["train", *task, "-o", str(folder / "one.h5"), "--runs", "2", "--layers", "0", "--max-iterations", "5"])
    several = ["--layers", "0,1", "--runs", "2", "--max-iterations", "3", "--workers", "1"]
    main(["train", *task, "-o", str(folder / "all.h5"), *several])
    return folder


def test_a_training(files):
    workspace = Workspace.open(str(files / "one.h5"))
    page = Reader(render(workspace))
    assert page.headings == [
        "What was asked", "Task", "Spectrum", "Hamiltonian", "Training", "Best network",
        "Where it comes from, and how to repeat it",
    ]  # fmt: skip
    found, weights = workspace.training, workspace.spectrum.degree_weights()
    shown = set(page.cells)
    assert {f"{found.best_run.energy:.9g}", f"{found.best_cost:.9g}", f"{weights[2]:.6g}"} <= shown
    assert {f"{workspace.task.accuracy(found.best_bits[None])[0]:.4f}", "linear, 0 layers"} <= shown
    assert f"{wq.WalshSpectrum(workspace.spectrum.coefficients).hamiltonian(max_degree=2).rms_error:.4g}" in shown
    assert {"W1[0,0]", "architecture", "60 train, 40 test"} <= shown


def test_a_study(files):
    workspace = Workspace.open(str(files / "all.h5"))
    page = Reader(render(workspace))
    assert page.headings[4:6] == ["Study", "Best network"]
    assert {"linear, 0 layers", "linear, 1 layer", "exact minimum", "simulated annealing"} <= set(page.cells)
    assert f"{workspace.training.best_cost:.9g}" in page.cells


def test_it_stands_alone(files):
    text = render(Workspace.open(str(files / "all.h5")))
    page = Reader(text)
    assert len(set(page.ids)) == len(page.ids)
    assert {link[0] for link in page.links} == {"#"}
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert not re.search(r"@import|url\((?!#)", text)


def test_past_the_table(tmp_path):
    terms = {(0,): 2.0, (3, 69): -1.0, (): 5.0}
    save(tmp_path / "h.h5", Contents(hamiltonian=wq.IsingHamiltonian.from_terms(terms, 70)))
    page = Reader(render(Workspace.open(str(tmp_path / "h.h5"))))
    assert page.headings[:3] == ["What was asked", "Spectrum", "Hamiltonian"]
    assert {"b[3] · b[69]", "Z3 Z69", "5"} <= set(page.cells)


def test_names_are_no_markup():
    names = ("<b>bold</b>", "a & b")
    cost = wq.TableCost(np.array([0.0, 1.0, 3.0, 2.0]), names)
    text = render(Workspace("<script>alert(1)</script>", cost))
    assert "<b>bold" not in text
    assert "<script>alert" not in text
    assert "<b>bold</b>" in Reader(text).cells


def test_the_command(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    save("one.h5", Contents(hamiltonian=wq.IsingHamiltonian.from_terms({(40,): 1.0})))
    assert main(["report", "one.h5"]) == 0
    assert (tmp_path / "one.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert capsys.readouterr().out == "one.html\n"
    assert main(["report", "one.h5"]) == 2
    assert "one.html exists" in capsys.readouterr().err
    assert main(["report", "one.h5", "-o", "page.pdf"]) == 2
    assert "must end in .html, got 'page.pdf'" in capsys.readouterr().err
    assert main(["report", "one.h5", "--force", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["output"] == "one.html"


def test_an_earlier_page_stays_where_there_is_one(files, tmp_path):
    from walshqhn.report.page import write

    (tmp_path / "p.html").write_text("mine")
    with pytest.raises(UsageError, match="exists"):
        write(tmp_path / "p.html", Workspace.open(str(files / "one.h5")))
    assert (tmp_path / "p.html").read_text() == "mine"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium")
def test_tables_are_sorted_in_a_browser(files, tmp_path):
    """By value, not by text; a second click turns the order round."""
    text = render(Workspace.open(str(files / "one.h5")))
    click = """<script>
        const captions = [...document.querySelectorAll('caption')];
        const table = captions.find(c => c.textContent === 'Weight of each degree').parentElement;
        const button = table.querySelectorAll('th button')[2];
        button.click(); button.click();
        document.body.dataset.sorted = [...table.tBodies[0].rows].map(r => r.cells[0].textContent).join();
    </script>"""
    (tmp_path / "page.html").write_text(text.replace("</body>", click + "</body>"), encoding="utf-8")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command += ["--disable-background-networking", "--dump-dom", (tmp_path / "page.html").as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    weights = Workspace.open(str(files / "one.h5")).spectrum.degree_weights()
    order = np.argsort(-weights[1:13], kind="stable") + 1
    assert re.search(r'data-sorted="([\d,]+)"', shown)[1] == ",".join(map(str, order))
