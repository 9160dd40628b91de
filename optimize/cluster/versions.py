"""Whether scheduler and workers are like this process, asked before the first task.

The scheduler unpickles what is sent, too: where a module is missing, dask would let the sender
wait until a time-out. What is asked is sent by value, so that it runs where this package is absent.
"""

from collections.abc import Mapping
from typing import Any

from distributed import Client
from distributed.versions import get_versions

from strategy.backtest import ENGINE_VERSION
from strategy.errors import ClusterError

PACKAGE = "rorq-pipeline"
_SAME = (PACKAGE, "distributed", "cloudpickle", "numba", "numpy")  # the last two for the bits
Packages = Mapping[str, str | None]


def require_alike(client: Client, *, within_seconds: float) -> None:
    """Compare Python, packages and engine of scheduler and workers with those of this process.

    Raises:
        ClusterError: it names the first that differs.
        TimeoutError, OSError: no answer.
    """
    found: Any = client.sync(client.get_versions, packages=_SAME, callback_timeout=within_seconds)
    here = get_versions(packages=_SAME)["packages"]
    _require_packages("the scheduler", found["scheduler"]["packages"], here)
    for address, one in found["workers"].items():
        _require_packages(f"worker {address}", one["packages"], here)
    engine = _engine_question()
    _require_engine(
        "the scheduler", client.run_on_scheduler(engine, callback_timeout=within_seconds)
    )
    for address, version in client.run(engine, callback_timeout=within_seconds).items():
        _require_engine(f"worker {address}", version)


def no_package(where: str, missing: str) -> ClusterError:
    """Make the error for a place that lacks a module of this package."""
    return ClusterError(
        f"{where} cannot import {missing}",
        expected=f"{PACKAGE} with engine version {ENGINE_VERSION}, as here",
        remedy="install the same checkout there, with pip install -e '.[cluster]'",
    )


def _require_packages(where: str, found: Packages, here: Packages) -> None:
    if here[PACKAGE] and not found[PACKAGE]:
        raise no_package(where, PACKAGE)
    for name in ("python", *_SAME):
        theirs, ours = _comparable(name, found[name]), _comparable(name, here[name])
        if theirs != ours:
            raise ClusterError(
                f"{where} has {name} {theirs or 'not at all'}",
                expected=f"{ours}, as here",
                remedy="use the same image or lock file for all of the cluster",
            )


def _comparable(name: str, version: str | None) -> str | None:
    """Of Python, major and minor: pickles and machine code are the same within these."""
    return ".".join(version.split(".")[:2]) if name == "python" and version else version


def _require_engine(where: str, answer: tuple[str, str]) -> None:
    version, missing = answer
    if missing:
        raise no_package(where, missing)
    if version != ENGINE_VERSION:
        raise ClusterError(
            f"{where} has engine version {version}",
            expected=f"{ENGINE_VERSION}, as here",
            remedy="install the same release there, and start it again",
        )


def _engine_question() -> Any:
    """A function that pickle sends by value, since it stands in no module."""

    def engine() -> tuple[str, str]:
        try:
            from strategy import backtest  # as it is there, not here
        except ImportError as error:
            return "", error.name or str(error)
        return str(backtest.ENGINE_VERSION), ""

    return engine
