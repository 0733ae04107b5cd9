"""analysis/README.md from the committed figures and their JSON: python -m analysis.report."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from .summaries import SUMMARIES
from .verdict import Summary

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = tuple(SUMMARIES)
"""In the order in which they are shown."""

_HEAD = """# The paper, reproduced

One script a result of *Quantum HyperNetworks* (Carrasquilla et al., [arXiv:2301.08292](https://arxiv.org/abs/2301.08292)):

"""
_HOW = """
Each script takes its trainings from a study (seeds fixed, resumable: Ctrl-C loses at most the trainings that are
running), draws its figure to `figures/` and writes every number in it to the JSON beside it; this page is made of those
files by `python -m analysis.report`. In a clone, with the package installed (`pip install -e .`):

```
python -m analysis.NAME             # one result, with the settings of the figure shown here
python -m analysis --quick          # all of them with few runs, to analysis/quick
```

Intervals are 95 % Wilson intervals unless said otherwise. Circuits of different depth start from the same random
numbers, so they are compared run by run (McNemar's exact test), and all pairs of them (Holm's correction).
[`notebooks/tour.ipynb`](notebooks/tour.ipynb) is the job in ten cells; `walshqhn bench` measures speed.
"""


def render(figures: Path = ROOT / "figures") -> str:
    """The text, from the JSON files in ``figures``."""
    found = {name: json.loads(path.read_text()) for name in SCRIPTS if (path := figures / f"{name}.json").exists()}
    said = {name: SUMMARIES[name](facts["numbers"]) for name, facts in found.items()}
    overview = [("result", "verdict", "what we find")]
    overview += [
        (f"[{facts['title']}](#{anchor(facts['title'])})", said[name].verdict, said[name].headline)
        for name, facts in found.items()
    ]
    sections = [_section(name, facts, said[name]) for name, facts in found.items()]
    return "\n".join([_HEAD + _table(overview) + _HOW, *sections])


def _section(name: str, facts: dict[str, Any], said: Summary) -> str:
    minutes = facts["provenance"]["seconds"] / 60
    time = f"{minutes:.0f} min" if minutes >= 1.5 else f"{facts['provenance']['seconds']:.0f} s"
    return f"""## {facts["title"]}

**The paper:** {facts["paper"]}

**Verdict:** {said.verdict}. {said.headline}

{_table(said.table)}
![{facts["title"]}](../figures/{name}.png)

<details><summary>All numbers in words, and how they were made</summary>

{facts["found"]}

*{facts["runs"]}. `{facts["command"]}`, {time}; numbers in [{name}.json](../figures/{name}.json).*

</details>
"""


def _table(rows: Any) -> str:
    heading, *rest = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([heading, "|" + "---|" * len(rows[0]), *rest]) + "\n"


def anchor(title: str) -> str:
    """The place of a heading in a page, as GitHub names it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def write() -> None:
    """Write analysis/README.md."""
    (ROOT / "analysis" / "README.md").write_text(render())


if __name__ == "__main__":
    write()
