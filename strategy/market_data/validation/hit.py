"""Where a rule is broken: what rules give, before it is known of which session."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Hit:
    """Where a rule is broken: in which file, how often, and the first example."""

    file: str
    count: int
    example: str
