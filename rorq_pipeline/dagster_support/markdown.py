"""Tables in Markdown, for Dagster's metadata."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_OPEN_BAR = re.compile(r"(?<!\\)\|")  # not escaped yet


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; a column whose name ends in one of `#` is aligned right, without the mark.

    What a cell holds cannot end it.
    """
    right = [name.endswith("#") for name in head]
    rules = ["---:" if is_right else "---" for is_right in right]
    lines = [
        [name.removesuffix("#") for name in head],
        rules,
        *([_cell(c) for c in r] for r in rows),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def value_table(name: str, values: Mapping[str, Any]) -> str:
    """Return a table with one row a value."""
    return markdown_table((name, "value#"), values.items())


def _cell(value: object) -> str:
    return _OPEN_BAR.sub(r"\\|", str(value)).replace("\n", " ")
