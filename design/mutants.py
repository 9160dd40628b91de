"""Whether tests notice a fault in the glue: random mutants, each against the tests of its line.

    .venv/bin/pip install cosmic-ray coverage
    .venv/bin/python design/mutants.py --seed 3 --count 150 --workers 2

Mutants are cosmic-ray's, of places drawn from the rooms at random; one of the mutants of a place is
drawn too, so that no place counts more than another. It has none that change a text only; `|`,
which stands in annotations, is left out. All happens in copies, one a worker (`.mutants/0`). First
the fast tests run once, which tells the tests of each line (`.mutants/0.json`, kept); then every
mutant meets the tests of its line, or of its module where no function has the line, those of its
own room first and then the quickest, until one fails. What was found is kept in
`.mutants/seed_SEED.jsonl`, and gone on with.

A mutant of `cli/leftovers.py` can end every process of a user: `unshare --pid --fork --mount-proc`
before the command keeps it in.
"""

import argparse
import ast
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate, takewhile
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NoReturn

import pytest
from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names
from coverage import CoverageData
from lines_of_tests import SHARED

ROOMS = ("results", "assets", "checks", "report", "cli")
FOLDER = Path(".mutants").resolve()
FAST = "not (slow or stress or browser or calibration)"
PYTEST = ["-q", "-m", FAST, "-n", "0", "-p", "no:cacheprovider",
          "-W", "ignore::pytest.PytestAssertRewriteWarning"]  # fmt: skip
NO_MUTANT = "no other program"
NAMES = ("module", "line", "operator", "number")
Mutant = tuple[str, int, str, int]  # as they are named
_tree = Path()  # of this worker


@dataclass
class Tests:
    """How long each test takes, and the tests that run each line of a module."""

    seconds: dict[str, float] = field(default_factory=dict)
    lines: dict[str, dict[str, set[str]]] = field(default_factory=dict)

    def of_line(self, module: str, line: int, limit_seconds: float) -> list[str]:
        """The tests of a line, or of its module where an import runs it, within a time."""
        lines = self.lines.get(module, {})
        alone = lines.get(str(line)) if line in lines_of_functions(module) else None
        found = alone or set[str]().union(*lines.values())
        files: dict[str, float] = {}
        for test in found:
            file = test.partition("::")[0]
            files[file] = files.get(file, 0.0) + self.seconds[test]

        def order(test: str) -> tuple[Any, ...]:
            file = test.partition("::")[0]
            return -likeness(file, module), files[file], file, self.seconds[test]

        ordered = sorted(found, key=order)
        until = accumulate(self.seconds[test] for test in ordered)
        within = sum(1 for _ in takewhile(lambda total: total <= limit_seconds, until))
        return ordered[: max(within, 1)]


def main() -> None:
    """Draw, run and count."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=60, help="of tests a mutant at most")
    given = parser.parse_args()
    context = get_context("forkserver")
    context.set_forkserver_preload(["dagster", "hypothesis", "numba", "optuna", "scipy.stats"])
    trees = context.SimpleQueue()
    for number in range(given.workers):
        trees.put(copy_tree(FOLDER / str(number)))
    with ProcessPoolExecutor(given.workers, context, _take_tree, (trees,)) as pool:
        tests = all_tests(pool, given.workers)
        kept = FOLDER / f"seed_{given.seed}.jsonl"
        done = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
        random_ = random.Random(given.seed)
        places = list(all_places(FOLDER / "0"))
        drawn = [
            (module, line, *random_.choice(mutants))
            for module, line, mutants in random_.sample(places, min(given.count, len(places)))
        ]
        print(f"{len(places):,} places, {len(drawn)} drawn, {len(done)} done", flush=True)
        known = {tuple(one[name] for name in NAMES) for one in done}
        asked = [
            pool.submit(meets, one, tests.of_line(one[0], one[1], given.seconds))
            for one in drawn
            if one not in known
        ]
        for answer in as_completed(asked):
            found = answer.result()
            done.append(found)
            with kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps(found) + "\n")
            if found["caught_by"] is None:
                told = "{module}:{line} {operator} ({n_tests} tests)\n{change}"
                print(f"survived {told.format(**found)}")
            different = [one for one in done if one["caught_by"] != NO_MUTANT]
            n_caught = sum(one["caught_by"] is not None for one in different)
            print(f"{n_caught} of {len(different)} caught", flush=True)


def copy_tree(tree: Path) -> Path:
    """Copy what git has, so that a mutant is never in the checkout."""
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=True
    )
    for name in names.stdout.splitlines():
        if Path(name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(name, tree / name)
    return tree


def _take_tree(trees: Any) -> None:
    """A worker has a copy of its own."""
    globals()["_tree"] = trees.get()


def all_tests(pool: ProcessPoolExecutor, n_parts: int) -> Tests:
    """The tests above the domain, and the lines that they run; kept once measured."""
    root = FOLDER / "0"
    files = [
        name
        for path in sorted((root / "tests").rglob("test_*.py"))
        if not (name := str(path.relative_to(root))).startswith(("tests/strategy", "tests/opt"))
    ]
    parts = [files[number::n_parts] for number in range(n_parts)]
    runs = [
        json.loads(Path(kept).read_text(encoding="utf-8"))
        for kept in pool.map(measure, parts, range(n_parts))
    ]
    tests = Tests()
    takers: dict[str, set[str]] = {}
    for run in runs:
        for test, told in run["tests"].items():
            tests.seconds[test] = told["seconds"]
            for fixture in told["fixtures"]:
                takers.setdefault(SHARED + fixture, set()).add(test)
    for run in runs:
        for module, lines in run["lines"].items():
            for line, contexts in lines.items():
                of_line = tests.lines.setdefault(module, {}).setdefault(line, set())
                for context in contexts:
                    of_line |= takers.get(context, {context} & tests.seconds.keys())
    return tests


def measure(files: list[str], number: int) -> Path:
    """Run some test files, and keep what each took and the contexts of each line."""
    kept = FOLDER / f"{number}.json"
    if kept.exists():
        return kept
    told, covered = FOLDER / f"{number}.tests", FOLDER / f"{number}.coverage"
    source = ",".join(f"rorq_pipeline/{room}" for room in ROOMS)
    command = [
        sys.executable, "-m", "coverage", "run", f"--data-file={covered}",
        f"--source={source}", "-m", "pytest", *PYTEST, "-p", "design.lines_of_tests", *files,
    ]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(_tree), "LINES_OF_TESTS": str(told)}
    subprocess.run(command, cwd=_tree, env=environment, stdout=subprocess.DEVNULL, check=False)
    data = CoverageData(str(covered))
    data.read()
    lines = {
        str(Path(path).relative_to(_tree)): data.contexts_by_lineno(path)
        for path in data.measured_files()
    }
    tests = json.loads(told.read_text(encoding="utf-8"))
    kept.write_text(json.dumps({"tests": tests, "lines": lines}), encoding="utf-8")
    return kept


def all_places(root: Path) -> Iterator[tuple[str, int, list[tuple[str, int]]]]:
    """Module, line and mutants (operator, number) of every place that can be changed."""
    names = [
        name for name in sorted(operator_names()) if "Variable" not in name and "BitOr" not in name
    ]
    for room in ROOMS:
        for path in sorted((root / "rorq_pipeline" / room).rglob("*.py")):
            tree = get_ast_from_path(path)
            places: dict[tuple[int, int], list[tuple[str, int]]] = {}
            for name in names:
                operator = get_operator(name)()
                positions = [
                    position for node in ast_nodes(tree)
                    for position in operator.mutation_positions(node)
                ]  # fmt: skip
                for number, (start, _) in enumerate(positions):
                    places.setdefault(start, []).append((name, number))
            module = str(path.relative_to(root))
            yield from ((module, start[0], found) for start, found in sorted(places.items()))


@cache
def lines_of_functions(module: str) -> frozenset[int]:
    """The lines that run when a function is called, not when the module is imported."""
    tree = ast.parse(Path(module).read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return frozenset(
        line
        for one in functions
        for line in range(one.body[0].lineno, (one.end_lineno or one.lineno) + 1)
    )


def likeness(test: str, module: str) -> int:
    """How many words of the one's path the other has: tests mirror the rooms."""
    words = [set(Path(name).with_suffix("").as_posix().replace("_", "/").split("/"))
             for name in (test, module)]  # fmt: skip
    return len(words[0] & words[1])


def meets(mutant: Mutant, tests: list[str]) -> dict[str, Any]:
    """What became of a mutant: the first test that fails on it, or None."""
    module, _, operator, number = mutant
    path = _tree / module
    source = path.read_text(encoding="utf-8")
    changed = mutate_code(source, get_operator(operator)(), number)
    pairs = zip(source.splitlines(), changed.splitlines(), strict=False)
    caught = None
    begun = time.monotonic()
    try:
        if not _is_other(source, changed):
            caught = NO_MUTANT
        elif tests:
            path.write_text(changed, encoding="utf-8")
            caught = run_pytest(tests)
    finally:
        path.write_text(source, encoding="utf-8")
    return dict(zip(NAMES, mutant, strict=True)) | {
        "caught_by": caught,
        "n_tests": len(tests),
        "seconds": round(time.monotonic() - begun, 1),
        "change": next((f"- {a.strip()}\n+ {b.strip()}" for a, b in pairs if a != b), ""),
    }


def _is_other(source: str, changed: str) -> bool:
    """Whether a mutant is a program, and another."""
    try:
        return ast.dump(ast.parse(source)) != ast.dump(ast.parse(changed))
    except SyntaxError:  # a bare * among arguments is no product
        return False


def run_pytest(tests: list[str], limit_seconds: float = 900) -> str | None:
    """The first of some tests that fails in this worker's copy, in their order; None if none does.

    pytest runs in a fork of the worker, which has imported the libraries, and nothing of the copy.
    """
    told = _tree.with_suffix(".told")
    child = os.fork()
    if child == 0:
        _be_pytest(told, ["-x", *tests])
    until = time.monotonic() + limit_seconds
    while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0):
        if time.monotonic() > until:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.05)
    code = os.waitstatus_to_exitcode(ended[1])
    lines = told.read_text(encoding="utf-8").splitlines()
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return None if code in (0, 5) else (failed or [f"ended by {code}"])[0]


def _be_pytest(told: Path, arguments: list[str]) -> NoReturn:
    """Turn this process into pytest, which writes to a file."""
    os.chdir(_tree)
    sys.path.insert(0, str(_tree))
    os.environ["PYTHONPATH"] = str(_tree)
    with told.open("w", encoding="utf-8") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    code = 1
    try:
        code = pytest.main([*PYTEST, "--tb=no", *arguments])
    finally:
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
