"""Reads `config.py` of the project root: plain assignments, parsed and never executed.

What the values mean belongs to the readers: `database_settings` for PG_*, the command line for
the key of the data provider.
"""

import ast
from pathlib import Path

from strategy.errors import ParameterError

CONFIG_FILE_NAME = "config.py"


def read_config_values(project_root: Path, names: tuple[str, ...]) -> dict[str, str]:
    """Return those of `names` that `config.py` assigns, as texts; None counts as not assigned.

    Raises:
        ParameterError: the file is no Python, or one of `names` is not a plain text or number.
            The message tells the line and never its content, which may be a secret.
    """
    path = project_root / CONFIG_FILE_NAME
    if not path.is_file():
        return {}
    values: dict[str, str] = {}
    for line, name, node in _assignments(path):
        if name not in names:
            continue
        value = _plain_value(node)
        if value is _NOT_PLAIN:
            raise ParameterError(
                f"{path} line {line}: {name} is not a plain value",
                expected=f'a quoted text or a number, such as {name} = "..."',
                remedy="the file is read, not run; write the value itself, or use the environment",
            )
        values.pop(name, None)
        if value is not None:
            values[name] = str(value)
    return values


_NOT_PLAIN = object()
TOO_DEEP = (RecursionError, MemoryError)  # what Python's parser makes of thousands of brackets


def _assignments(path: Path) -> list[tuple[int, str, ast.expr]]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError, *TOO_DEEP) as error:
        line = getattr(error, "lineno", None) or 1
        raise ParameterError(
            f"{path} cannot be read as Python, line {line}",
            expected='plain assignments such as PG_HOST = "127.0.0.1"',
            remedy="see config.example.py",
        ) from None
    found: list[tuple[int, str, ast.expr]] = []
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            found += [
                (statement.lineno, target.id, statement.value)
                for target in statement.targets
                if isinstance(target, ast.Name)
            ]
        elif (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and statement.value is not None
        ):
            found.append((statement.lineno, statement.target.id, statement.value))
    return found


def _plain_value(node: ast.expr) -> object:
    try:
        value = ast.literal_eval(node)
    except (ValueError, *TOO_DEEP):
        return _NOT_PLAIN
    is_plain = value is None or (isinstance(value, str | int) and not isinstance(value, bool))
    return value if is_plain else _NOT_PLAIN
