"""deploy/compose.yaml as compose reads it: with variables filled in."""

import re
from collections.abc import Mapping

_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def filled_in(text: str, variables: Mapping[str, str]) -> str:
    """Put in the variables, or their defaults; one that is required raises where it is not set."""

    def value(found: re.Match[str]) -> str:
        name, kind, rest = found.groups()
        if variables.get(name):
            return variables[name]
        if kind == "?":
            raise KeyError(f"{name}: {rest}")
        return rest or ""

    return _VARIABLE.sub(value, text)
