"""Whether tests notice a fault in the glue: random mutants, each against the tests of its line.

    .venv/bin/pip install cosmic-ray coverage
    .venv/bin/python design/mutants.py --seed 3 --count 150

Mutants are cosmic-ray's, of places drawn from the rooms at random; one of the mutants of a place is
drawn too, so that no place counts more than another. It has none that change a text only; `|`,
which stands in annotations, is left out. All happens in a copy, `.mutants/tree`. First each test
file is run alone, which tells the lines that it runs (`.mutants/lines.json`, kept); then every
mutant meets the files of its line, the quickest first, until one fails. What was found is kept in
`.mutants/SEED.jsonl`, and gone on with.
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
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names
from coverage import CoverageData

ROOMS = ("results", "assets", "checks", "report", "cli")
FOLDER = Path(".mutants").resolve()
TREE = FOLDER / "tree"
FAST = "not (slow or stress or browser or calibration)"
Lines = Mapping[str, Mapping[str, list[str]]]  # module -> line -> test files


def main() -> None:
    """Draw, run and count."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=150)
    given = parser.parse_args()
    copy_tree()
    lines, seconds = lines_of_tests()
    kept = FOLDER / f"{given.seed}.jsonl"
    done = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    random_ = random.Random(given.seed)
    places = list(all_places())
    drawn = random_.sample(places, min(given.count, len(places)))
    print(f"{len(places):,} places, {len(drawn)} drawn, {len(done)} done", flush=True)
    for module, line, mutants in drawn:
        operator, number = random_.choice(mutants)
        if (module, line, operator, number) in {_same(one) for one in done}:
            continue
        tests = sorted(lines.get(module, {}).get(str(line), []), key=lambda one: seconds[one])
        caught, diff = meets(module, operator, number, tests)
        found = {
            "module": module, "line": line, "operator": operator, "number": number,
            "caught_by": caught, "files": len(tests), "change": diff,
        }  # fmt: skip
        done.append(found)
        with kept.open("a", encoding="utf-8") as file:
            file.write(json.dumps(found) + "\n")
        if caught is None:
            print(f"survived {module}:{line} {operator} ({len(tests)} test files)\n{diff}")
        n_caught = sum(one["caught_by"] is not None for one in done)
        print(f"{n_caught} of {len(done)} caught", flush=True)


def copy_tree() -> None:
    """Copy what git has, so that a mutant is never in the checkout."""
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=True
    )
    for name in names.stdout.splitlines():
        if Path(name).is_file():
            (TREE / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(name, TREE / name)


def lines_of_tests() -> tuple[Lines, Mapping[str, float]]:
    """The test files that run each line, and how long each file takes; kept once measured."""
    kept = FOLDER / "lines.json"
    if kept.exists():
        known = json.loads(kept.read_text())
        return known["lines"], known["seconds"]
    lines: dict[str, dict[str, list[str]]] = {}
    seconds = {}
    files = sorted(
        str(path.relative_to(TREE)) for path in (TREE / "tests/rorq_pipeline").rglob("test_*.py")
    )
    for number, name in enumerate(files, start=1):
        begun = time.monotonic()
        data_file = FOLDER / "coverage"
        data_file.unlink(missing_ok=True)
        source = ",".join(f"rorq_pipeline/{room}" for room in ROOMS)
        run = run_pytest(
            [name], "-m", "coverage", "run", f"--data-file={data_file}", f"--source={source}"
        )
        seconds[name] = time.monotonic() - begun
        print(f"{number} of {len(files)} {name} {seconds[name]:.0f} s, {run}", flush=True)
        data = CoverageData(str(data_file))
        data.read()
        for path in data.measured_files():
            module = lines.setdefault(str(Path(path).relative_to(TREE)), {})
            for line in data.lines(path) or ():
                module.setdefault(str(line), []).append(name)
    kept.write_text(json.dumps({"lines": lines, "seconds": seconds}))
    return lines, seconds


def all_places() -> Iterator[tuple[str, int, list[tuple[str, int]]]]:
    """Module, line and mutants (operator, number) of every place that can be changed."""
    names = [
        name for name in sorted(operator_names()) if "Variable" not in name and "BitOr" not in name
    ]
    for room in ROOMS:
        for path in sorted((TREE / "rorq_pipeline" / room).rglob("*.py")):
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
            module = str(path.relative_to(TREE))
            yield from ((module, start[0], found) for start, found in sorted(places.items()))


def meets(module: str, operator: str, number: int, tests: list[str]) -> tuple[str | None, str]:
    """The first test file that fails on a mutant, or None, and the change."""
    path = TREE / module
    source = path.read_text(encoding="utf-8")
    mutant = mutate_code(source, get_operator(operator)(), number)
    pairs = zip(source.splitlines(), mutant.splitlines(), strict=False)
    diff = next((f"- {a.strip()}\n+ {b.strip()}" for a, b in pairs if a != b), "")
    if ast.dump(ast.parse(source)) == ast.dump(ast.parse(mutant)):
        return "the same program", diff
    try:
        path.write_text(mutant, encoding="utf-8")
        return next((name for name in tests if run_pytest([name]) not in (0, 5)), None), diff
    finally:
        path.write_text(source, encoding="utf-8")


def run_pytest(files: list[str], *before: str) -> int:
    """The exit code of the fast tests of some files in the copy; 1 after ten minutes."""
    command = [
        sys.executable, *before, "-m", "pytest", "-q", "-x", "-m", FAST, "-n", "0",
        "-p", "no:cacheprovider", *files,
    ]  # fmt: skip
    try:
        return subprocess.run(
            command, cwd=TREE, capture_output=True, timeout=600, check=False,
            env=os.environ | {"PYTHONPATH": str(TREE)},
        ).returncode  # fmt: skip
    except subprocess.TimeoutExpired:
        return 1


def _same(found: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(found[name] for name in ("module", "line", "operator", "number"))


if __name__ == "__main__":
    main()
