"""What each import inside a function would cost at the top: processor time of a fresh process, ms.

Usage: python design/import_times.py

For every module that is imported inside a function: its time beyond what the command line (in
`cli`) or Dagster's definitions (elsewhere) have loaded by then. Under 50 ms it belongs at the top.
On two cores of a shared machine: `rorq --help` 130 ms, `import rorq_pipeline.definitions` 870 ms,
and 2,220 ms more if all that assets need came with it; pandas 330, numba and the engine 650,
optuna with the studies 890, the report 2,160.
"""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROGRAM = """
import importlib, sys, time
importlib.import_module(sys.argv[1])
began = time.process_time()
importlib.import_module(sys.argv[2])
print(time.process_time() - began)
"""


def inner_imports(path: Path) -> set[str]:
    functions = (n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.FunctionDef))
    inner = [n for f in functions for n in ast.walk(f)]
    plain = {a.name for n in inner if isinstance(n, ast.Import) for a in n.names}
    return plain | {n.module for n in inner if isinstance(n, ast.ImportFrom) and n.module}


def milliseconds(loaded: str, module: str) -> float:
    command = [sys.executable, "-c", PROGRAM, loaded, module]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    return float(answer.stdout) * 1e3 if answer.returncode == 0 else float("nan")


def main() -> None:
    costs: dict[tuple[str, str], float] = {}
    for path in sorted((ROOT / "rorq_pipeline").rglob("*.py")):
        loaded = "rorq_pipeline." + ("cli.main" if path.parent.name == "cli" else "definitions")
        for module in sorted(inner_imports(path)):
            if (loaded, module) not in costs:
                costs[loaded, module] = milliseconds(loaded, module)
            print(f"{costs[loaded, module]:6.0f}  {path.relative_to(ROOT)}: {module}", flush=True)


if __name__ == "__main__":
    main()
