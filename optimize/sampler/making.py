"""Which sampler a study's setting means."""

from collections.abc import Callable

import optuna

from optimize.sampler.unseen import UnseenTPESampler
from optimize.study.settings import StudySettings
from strategy.space import SearchSpace


def make_sampler(settings: StudySettings, space: SearchSpace, *, salt: int = 0) -> UnseenTPESampler:
    """Our own sampler, for `tpe` and, as start-up without end, for `random`."""
    return UnseenTPESampler(
        space,
        n_startup_trials=None if settings.sampler == "random" else settings.n_startup_trials,
        n_ei_candidates=settings.n_ei_candidates,
        seed=settings.seed,
        salt=salt,
    )


def optuna_sampler_factory(
    settings: StudySettings, *, salt: int = 0
) -> Callable[[int], optuna.samplers.BaseSampler] | None:
    """For `optuna_tpe`, a new plain TPESampler for the batch that begins with a trial number.

    Its seed follows from that number, so that an interrupted study goes on as if it had not been.
    None for the other samplers, which see to that themselves.
    """
    if settings.sampler != "optuna_tpe":
        return None

    def factory(first_number: int) -> optuna.samplers.BaseSampler:
        seed = (settings.seed * 1_000_003 + salt * 7_919 + first_number) % 2**32
        return optuna.samplers.TPESampler(
            n_startup_trials=settings.n_startup_trials,
            n_ei_candidates=settings.n_ei_candidates,
            seed=seed,
        )

    return factory
