"""What a result says on top of its section of the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

REPRODUCED, PARTLY, NOT, NEW = "reproduced", "partly reproduced", "not reproduced", "new"
Numbers = dict[str, Any]


@dataclass(frozen=True)
class Summary:
    """What stands on top."""

    verdict: str
    """`REPRODUCED`, `PARTLY`, `NOT`, or `NEW` where the paper has nothing to compare with."""
    headline: str
    """A sentence."""
    table: tuple[tuple[str, ...], ...]
    """Its heading, and rows."""
