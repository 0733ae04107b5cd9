"""analysis/README.md from the committed figures and their JSON: python -m analysis.report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = (
    "success_mnist",
    "success_gaussian",
    "fourier",
    "locality",
    "model_selection",
    "noise",
    "qaoa",
    "posterior",
)
"""In the order in which they are shown."""

_HEAD = """# The paper, reproduced

One script a result of *Quantum HyperNetworks* (Carrasquilla et al., [arXiv:2301.08292](https://arxiv.org/abs/2301.08292)).
Each takes its trainings from a study (seeds fixed, resumable: Ctrl-C loses at most the trainings that are running),
draws its figure to `figures/` and writes every number in it to the JSON beside it. What we find is quoted from those
files by `python -m analysis.report`. In a clone, with the package installed (`pip install -e .`):

```
python -m analysis.NAME             # one result, with the settings of the figure shown here
python -m analysis --quick          # all of them with few runs, to analysis/quick
```

Intervals are 95 % Wilson intervals unless said otherwise. [`notebooks/tour.ipynb`](notebooks/tour.ipynb) is the job
in ten cells; `walshqhn bench` measures speed.

**Being renewed:** figures on MNIST below were made when 10,000 of its images were bundled, not all of them; so they show
another instance than the paper's.
"""

_OPEN = """## 8x8 MNIST by matrix product states

The paper's later figure (QN-SPSA on matrix product states, N in the hundreds) goes here when costs of so many bits
can be evaluated without their table.
"""


def render(figures: Path = ROOT / "figures") -> str:
    """The text, from the JSON files in ``figures``."""
    parts = [_HEAD]
    for name in SCRIPTS:
        path = figures / f"{name}.json"
        if path.exists():
            parts.append(_section(name, json.loads(path.read_text())))
    return "\n".join([*parts, _OPEN])


def _section(name: str, facts: dict[str, Any]) -> str:
    minutes = facts["provenance"]["seconds"] / 60
    time = f"{minutes:.0f} min" if minutes >= 1.5 else f"{facts['provenance']['seconds']:.0f} s"
    return f"""## {facts["title"]}

![{facts["title"]}](../figures/{name}.png)

**The paper:** {facts["paper"]}
**We find:** {facts["found"]}

*{facts["runs"]}. `{facts["command"]}`, {time}; numbers in [{name}.json](../figures/{name}.json).*
""".replace("\n**We find", "  \n**We find")


def write() -> None:
    """Write analysis/README.md."""
    (ROOT / "analysis" / "README.md").write_text(render())


if __name__ == "__main__":
    write()
