"""How kernels are compiled, and where the machine code is kept.

numba looks only at a kernel's own file when it decides whether its kept machine code is still
valid, although other kernels are compiled into it. So the code is kept in a folder that is named
after the content of all kernel files: whichever of them changes, all are compiled anew.
"""

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba

_KERNELS = Path(__file__).parent
_config: Any = numba.config


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function when it is first called; it runs beside other threads.

    The plain function stays importable as `.py_func`.
    """
    before = _config.CACHE_DIR
    _config.CACHE_DIR = str(_code_folder())
    try:
        return numba.njit(cache=True, nogil=True)(function)
    finally:
        _config.CACHE_DIR = before


@cache
def _code_folder() -> Path:
    digest = hashlib.sha256()
    for path in sorted(_KERNELS.glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    beside = _KERNELS / "__pycache__"
    if not os.access(beside if beside.exists() else _KERNELS, os.W_OK):
        beside = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rorq"
    return beside / f"kernels-{digest.hexdigest()[:16]}"
