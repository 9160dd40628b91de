"""An import inside a function has a reason beside it, or its module says why it has such."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
WHOLE_MODULE = "# Imported where it is used: "


def unexplained(path: Path) -> list[str]:
    """Imports inside functions without a comment on the first line of their block."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    if WHOLE_MODULE in text:
        return []
    found = []
    for function in ast.walk(ast.parse(text)):
        if not isinstance(function, ast.FunctionDef):
            continue
        inner = [n for n in ast.walk(function) if isinstance(n, ast.Import | ast.ImportFrom)]
        if inner and "#" not in lines[inner[0].lineno - 1] and "except ImportError" not in text:
            found.append(f"{path.relative_to(ROOT)}:{inner[0].lineno}")
    return found


def test_an_import_inside_a_function_has_a_reason() -> None:
    rooms = [ROOT / room for room in ("strategy", "optimize", "rorq_pipeline")]
    paths = [path for room in rooms for path in sorted(room.rglob("*.py"))]
    assert len(paths) > 200
    places = [place for path in paths for place in unexplained(path)]
    assert not places, (
        "import at the top what design/import_times.py gives under 50 ms, else say why"
    )
