"""In-memory Optuna studies: what the sampler learns from and what readers get."""

import gc
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import optuna
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial

from optimize.optuna_internals import add_trial


def memory_study(
    study_name: str,
    attributes: Mapping[str, Any],
    trials: Sequence[FrozenTrial],
    sampler: BaseSampler | None = None,
) -> optuna.Study:
    """A maximising study that holds copies of these trials, numbered in this order."""
    with quiet_optuna():
        study = optuna.create_study(study_name=study_name, direction="maximize", sampler=sampler)
    for key, value in attributes.items():
        study.set_user_attr(key, value)
    for trial in trials:
        add_trial(study, trial)
    return study


@contextmanager
def settled_heap() -> Iterator[None]:
    """Have the cyclic garbage collector pass over what exists now, while the block runs.

    Thousands of trials hold no cycles, and looking through them over and over took up to a third of
    a study's time (design/bench_study_throughput.py).
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Keep Optuna's chatter below warnings out of the log."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(max(before, logging.WARNING))
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
