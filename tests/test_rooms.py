"""The tests stand in the rooms of what they test, and lend each other nothing but named helpers."""

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
# Folders that test no package: what is generated, killed, or run as a whole.
OF_NO_ROOM = {Path("strategy/data"), Path("optimize/stress"), Path("rorq_pipeline/live")}


def test_no_test_module_is_imported_by_another_file() -> None:
    borrowed = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sorted([*TESTS.rglob("*.py"), *(ROOT / "design").rglob("*.py")])
        for name in imported(path)
        if name.startswith("tests.") and name.rsplit(".", 1)[-1].startswith("test_")
    ]
    assert borrowed == []


def test_folders_of_tests_are_folders_of_the_program() -> None:
    folders = {path.parent.relative_to(TESTS) for path in TESTS.rglob("test_*.py")}
    strangers = {folder for folder in folders - OF_NO_ROOM if not (ROOT / folder).is_dir()}
    assert strangers == set()


def test_what_the_pipeline_hands_on_is_fixed_once_made_and_built_by_name() -> None:
    told = {
        f"{path.relative_to(ROOT)}:{node.name}": ast.unparse(mark)
        for path in sorted((ROOT / "rorq_pipeline").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        for mark in node.decorator_list
        if "dataclass" in ast.unparse(mark)
    }
    usual = "dataclass(frozen=True, kw_only=True)"
    of_arrays = "dataclass(frozen=True, eq=False, kw_only=True)"  # which have no one equality
    assert {name: mark for name, mark in told.items() if mark not in (usual, of_arrays)} == {}


def imported(path: Path) -> Iterator[str]:
    """Full names of the modules that a file imports, and of what it takes from them."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
