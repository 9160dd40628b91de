"""Draw mutants that mutmut has made, to be run by name: one in every so many, by a seed.

Run after `mutmut run` has filled the folder `mutants`; see CONTRIBUTING.md:

    .venv/bin/mutmut run --max-children 1 $(python design/sample_mutants.py --seed 1 --count 170)

Mutants that change nothing but texts are left out: those whose syntax tree is that of the original
but for string constants.
"""

import argparse
import ast
import json
import random
from pathlib import Path

MADE = Path("mutants/rorq_pipeline")


def main() -> None:
    """Print the names of the drawn mutants, one a line, in random order: the first are a sample."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=170)
    parser.add_argument("--room", help="of this room only, such as checks")
    parser.add_argument("--without-room", help="of the other rooms only")
    arguments = parser.parse_args()
    files = [
        path
        for path in sorted(MADE.rglob("*.py.meta"))
        if arguments.room in (None, path.relative_to(MADE).parts[0])
        and arguments.without_room != path.relative_to(MADE).parts[0]
    ]
    names = [name for path in files for name in telling(path)]
    chosen = random.Random(arguments.seed).sample(names, min(arguments.count, len(names)))
    print("\n".join(chosen))


def telling(meta: Path) -> list[str]:
    """The names of a module's mutants that change more than texts, in order."""
    trees = {
        node.name: _without_texts(node)
        for node in ast.walk(ast.parse(meta.with_suffix("").read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "__mutmut_" in node.name
    }
    names = json.loads(meta.read_text("utf-8"))["exit_code_by_key"]
    return [name for name in names if _differs(trees, name.rpartition(".")[2])]


def _differs(trees: dict[str, str], name: str) -> bool:
    return trees[name] != trees[name.rpartition("__mutmut_")[0] + "__mutmut_orig"]


def _without_texts(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    body = ast.Module(body=function.body, type_ignores=[])
    for node in ast.walk(body):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(body) + ast.dump(function.args)


if __name__ == "__main__":
    main()
