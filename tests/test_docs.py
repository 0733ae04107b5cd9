"""The examples in README, docs and docstrings run, and print what is said there."""

import contextlib
import doctest
import importlib
import io
import math
import pkgutil
import re
import shlex
import sys
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

import walshqhn
from walshqhn.cli import main
from walshqhn.formats.layout import describe

ROOT = Path(__file__).parent.parent
PACKAGE = Path(walshqhn.__file__).parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
REFERENCE = (ROOT / "docs" / "api.md").read_text()
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROMPT = re.compile(r"^\s*>>> ", re.MULTILINE)
NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")
DOCTEST_OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def examples(text):
    """Of a page: (language, code, what it prints or None), in order.

    Languages are ``python``, and ``console`` for command lines after ``$``. A block of ``text`` after one of these is
    what it prints. A block that cannot run here is of another language (``py``, ``sh``).
    """
    for (language, code), (following, printed) in pairwise([*FENCE.findall(text), ("", "")]):
        if language in ("python", "console"):
            yield language, code, printed if following == "text" else None


def call(lines):
    """Run the ``walshqhn`` commands in ``lines``, in this process; each has to succeed."""
    for line in re.findall(r"^\$ (.*(?:\\\n.*)*)", lines, re.MULTILINE):
        program, *arguments = shlex.split(line, comments=True)
        assert program == "walshqhn", line
        assert main(arguments) == 0, line


def same(printed, expected):
    """Whether the words agree (blanks apart), and the numbers as far as they are printed or to a relative 1e-6."""
    words = [NUMBER.sub("#", text).split() for text in (printed, expected)]
    numbers = [NUMBER.findall(text) for text in (printed, expected)]
    return words[0] == words[1] and all(
        math.isclose(float(found), float(said), rel_tol=1e-6, abs_tol=1.01 * unit(said))
        for found, said in zip(*numbers, strict=True)
    )


def unit(number):
    """One in the last digit printed; none for whole numbers."""
    digits, _, exponent = number.lower().partition("e")
    _, point, decimals = digits.partition(".")
    return 10.0 ** (int(exponent or 0) - len(decimals)) if point or exponent else 0.0


@pytest.mark.parametrize("page", [p for p in PAGES if any(examples(p.read_text()))], ids=lambda p: p.name)
def test_page(page, tmp_path, monkeypatch):
    """The blocks of a page run one after the other, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("WALSHQHN_THREADS", "1")  # small examples are done before threads have met
    names = ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", names)  # what is defined on a page can be pickled
    for language, code, expected in examples(page.read_text()):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            if language == "console":
                call(code)
            else:
                exec(compile(code, f"{page.name}: {code[:60]!r}", "exec"), vars(names))
        agrees = expected is None or same(output.getvalue(), expected)
        assert agrees, f"{page.name}:\n{code}\nprints\n{output.getvalue()}"


@pytest.mark.parametrize(
    ("printed", "expected", "agree"),
    [
        ("a 1.2345", "a 1.23", True),
        ("a  1.2345\n", "a 1.23", True),
        ("a 1.2345", "b 1.23", False),
        ("a 1.2545", "a 1.23", False),
        ("12", "13", False),
        ("1 2", "1", False),
        ("1.0000001e-9", "1e-9", True),
    ],
)
def test_what_counts_as_the_same(printed, expected, agree):
    assert same(printed, expected) == agree


def test_examples_of_a_page():
    page = "```python\n1\n```\nprints\n```text\n2\n```\n```text\n3\n```\n```sh\n4\n```\n```console\n$ 5\n```\n"
    assert list(examples(page)) == [("python", "1\n", "2\n"), ("console", "$ 5\n", None)]


def test_the_file_format_is_specified_as_it_is_written():
    assert describe().strip() in (ROOT / "docs" / "file-format.md").read_text()


@pytest.mark.parametrize("path", re.findall(r"^\.\. auto\w+:: (\S+)$", REFERENCE, re.MULTILINE))
def test_what_the_reference_names_is_there(path):
    assert pkgutil.resolve_name(path).__doc__


def test_the_reference_has_every_public_name_once():
    listed = re.findall(r"^\.\. auto(?:class|function):: walshqhn\.(\w+)$", REFERENCE, re.MULTILINE)
    assert sorted(listed) == sorted(set(walshqhn.__all__) - {"__version__"})


MODULES = [
    ".".join(("walshqhn", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
    for path in sorted(PACKAGE.rglob("*.py"))
    if PROMPT.search(path.read_text())
]


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name, tmp_path, monkeypatch):
    """And none stands where doctest does not find it."""
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    found = doctest.DocTestFinder(exclude_empty=True).find(module, name)
    for test in found:
        report = io.StringIO()
        runner = doctest.DocTestRunner(optionflags=DOCTEST_OPTIONS, verbose=False)
        runner.run(test, out=report.write)
        assert runner.failures == 0, report.getvalue()
    source = Path(module.__file__).read_text()
    assert sum(len(test.examples) for test in found) == len(PROMPT.findall(source))


@pytest.mark.parametrize("path", re.findall(r"^\.\. autoclass:: (\S+)$", REFERENCE, re.MULTILINE))
def test_every_public_method_has_a_docstring_of_its_own_or_of_its_base(path):
    kind = pkgutil.resolve_name(path)
    members = {name for base in kind.__mro__[:-1] for name in vars(base) if not name.startswith("_")}
    members -= {name for base in kind.__mro__ for name in vars(base).get("__annotations__", ())}  # fields
    undocumented = {m for m in members if not any(getattr(vars(b).get(m), "__doc__", None) for b in kind.__mro__)}
    assert undocumented == set()
