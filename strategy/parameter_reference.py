"""The parameter reference of the documentation, made from StrategyParams itself.

`python -m strategy.parameter_reference` prints docs/parameters.md; a test compares the two.
"""

import sys
from typing import get_args

from pydantic.fields import FieldInfo

from strategy.params import StrategyParams

_HEAD = """# Strategy parameters

Made from `strategy/params.py` by `python -m strategy.parameter_reference`; change it there.

Clock times are New York wall time, prices US dollars per share. The unit is the last word of a
name where the type does not say it. On an early close, `late_entry_cutoff_time`,
`end_of_day_exit_time` and `emergency_exit_time` move earlier by as much as the close did.

| parameter | meaning | admitted | default |
|---|---|---|---|
"""
_SIGNS = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}


def parameter_reference() -> str:
    """Return the reference as Markdown, one row a parameter."""
    rows = [
        f"| `{name}` | {field.description} | {_admitted(field)} | `{_default(field)}` |"
        for name, field in StrategyParams.model_fields.items()
    ]
    return _HEAD + "\n".join(rows) + "\n"


def _admitted(field: FieldInfo) -> str:
    if choices := get_args(field.annotation):
        return ", ".join(f"`{choice}`" for choice in choices)
    kind = getattr(field.annotation, "__name__", str(field.annotation))
    words = {"int": "whole number", "float": "number", "time": "HH:MM:SS", "str": "text"}
    bounds = [
        f"{sign} {getattr(rule, bound):g}"
        for rule in field.metadata
        for bound, sign in _SIGNS.items()
        if getattr(rule, bound, None) is not None
    ]
    return " ".join([words.get(kind, kind), ", ".join(bounds)]).strip()


def _default(field: FieldInfo) -> str:
    return str(field.default)


if __name__ == "__main__":
    sys.stdout.write(parameter_reference())
