"""Words for people."""


def plural(count: int, noun: str) -> str:
    """'1 run', '2 runs', '4,055 terms'."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
