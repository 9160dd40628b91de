"""Whether tests notice a fault in the glue: random mutants, each against the tests of its line.

    .venv/bin/pip install cosmic-ray coverage
    .venv/bin/python design/mutants.py --seed 3 --count 150 --workers 2

Mutants are cosmic-ray's, of places drawn from the rooms at random; one of the mutants of a place is
drawn too, so that no place counts more than another. It has none that change a text only; `|`,
which stands in annotations, is left out. All happens in copies, one a worker (`.mutants/0`). First
each test file is run alone, which tells the lines that it runs (`.mutants/lines.json`, kept); then
every mutant meets the files of its line, those of its own room first and then the quickest, until
one test fails. What was found is kept in `.mutants/SEED.jsonl`, and gone on with.
"""

import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names
from coverage import CoverageData

ROOMS = ("results", "assets", "checks", "report", "cli")
FOLDER = Path(".mutants").resolve()
FAST = "not (slow or stress or browser or calibration)"
NO_MUTANT = "no other program"
NAMES = ("module", "line", "operator", "number")
Mutant = tuple[str, int, str, int]  # as they are named
Lines = Mapping[str, Mapping[str, list[str]]]  # module -> line -> test files


def main() -> None:
    """Draw, run and count."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--files", type=int, default=12, help="test files a mutant meets at most")
    given = parser.parse_args()
    trees: SimpleQueue[Path] = SimpleQueue()
    for number in range(given.workers):
        trees.put(copy_tree(FOLDER / str(number)))
    with ThreadPoolExecutor(given.workers) as pool:
        lines, seconds = lines_of_tests(pool, trees)
        kept = FOLDER / f"{given.seed}.jsonl"
        done = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
        random_ = random.Random(given.seed)
        places = list(all_places(FOLDER / "0"))
        drawn = [
            (module, line, *random_.choice(mutants))
            for module, line, mutants in random_.sample(places, min(given.count, len(places)))
        ]
        print(f"{len(places):,} places, {len(drawn)} drawn, {len(done)} done", flush=True)
        known = {tuple(one[name] for name in NAMES) for one in done}
        asked = []
        for one in drawn:
            if one not in known:
                tests = lines.get(one[0], {}).get(str(one[1]), [])
                tests.sort(key=lambda name: (-likeness(name, one[0]), seconds[name]))
                asked.append(pool.submit(meets, trees, one, tests[: given.files]))
        for answer in as_completed(asked):
            found = answer.result()
            done.append(found)
            with kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps(found) + "\n")
            if found["caught_by"] is None:
                told = "{module}:{line} {operator} ({files} test files)\n{change}"
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


def lines_of_tests(
    pool: ThreadPoolExecutor, trees: SimpleQueue[Path]
) -> tuple[Lines, Mapping[str, float]]:
    """The test files that run each line, and how long each file takes; kept once measured."""
    kept = FOLDER / "lines.json"
    if kept.exists():
        known = json.loads(kept.read_text())
        return known["lines"], known["seconds"]
    lines: dict[str, dict[str, list[str]]] = {}
    seconds = {}
    root = FOLDER / "0"
    names = sorted(
        str(path.relative_to(root)) for path in (root / "tests/rorq_pipeline").rglob("test_*.py")
    )
    measured = {pool.submit(measure, trees, name): name for name in names}
    for answer in as_completed(measured):
        name = measured[answer]
        seconds[name], ran = answer.result()
        print(f"{len(seconds)} of {len(names)} {name} {seconds[name]:.0f} s", flush=True)
        for module, numbers in ran.items():
            for number in numbers:
                lines.setdefault(module, {}).setdefault(str(number), []).append(name)
    kept.write_text(json.dumps({"lines": lines, "seconds": seconds}))
    return lines, seconds


def measure(trees: SimpleQueue[Path], name: str) -> tuple[float, Mapping[str, list[int]]]:
    """How many seconds a test file takes, and the lines of each module that it runs."""
    tree = trees.get()
    try:
        begun = time.monotonic()
        data_file = FOLDER / f"coverage-{tree.name}"
        data_file.unlink(missing_ok=True)
        source = ",".join(f"rorq_pipeline/{room}" for room in ROOMS)
        run_pytest(
            tree, [name], "-m", "coverage", "run", f"--data-file={data_file}", f"--source={source}"
        )
        data = CoverageData(str(data_file))
        data.read()
        return time.monotonic() - begun, {
            str(Path(path).relative_to(tree)): list(data.lines(path) or ())
            for path in data.measured_files()
        }
    finally:
        trees.put(tree)


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


def likeness(test: str, module: str) -> int:
    """How many words of the one's path the other has: tests mirror the rooms."""
    words = [set(Path(name).with_suffix("").as_posix().replace("_", "/").split("/"))
             for name in (test, module)]  # fmt: skip
    return len(words[0] & words[1])


def meets(trees: SimpleQueue[Path], mutant: Mutant, tests: list[str]) -> dict[str, Any]:
    """What became of a mutant: the first test file that fails on it, or None."""
    module, _, operator, number = mutant
    tree = trees.get()
    path = tree / module
    source = path.read_text(encoding="utf-8")
    changed = mutate_code(source, get_operator(operator)(), number)
    pairs = zip(source.splitlines(), changed.splitlines(), strict=False)
    caught = None
    try:
        if not _is_other(source, changed):
            caught = NO_MUTANT
        else:
            path.write_text(changed, encoding="utf-8")
            caught = run_pytest(tree, tests) if tests else None
    finally:
        path.write_text(source, encoding="utf-8")
        trees.put(tree)
    return dict(zip(NAMES, mutant, strict=True)) | {
        "caught_by": caught,
        "files": len(tests),
        "change": next((f"- {a.strip()}\n+ {b.strip()}" for a, b in pairs if a != b), ""),
    }


def _is_other(source: str, changed: str) -> bool:
    """Whether a mutant is a program, and another."""
    try:
        return ast.dump(ast.parse(source)) != ast.dump(ast.parse(changed))
    except SyntaxError:  # a bare * among arguments is no product
        return False


def run_pytest(tree: Path, files: list[str], *before: str) -> str | None:
    """The first fast test of some files that fails in a copy, in their order; None if none does."""
    command = [
        sys.executable, *before, "-m", "pytest", "-q", "-x", "-m", FAST, "-n", "0",
        "-p", "no:cacheprovider", "--tb=no", *files,
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, cwd=tree, capture_output=True, text=True, timeout=900, check=False,
            env=os.environ | {"PYTHONPATH": str(tree)},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "not done in 900 s"
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return None if done.returncode in (0, 5) else (failed or ["not run"])[0]


if __name__ == "__main__":
    main()
