"""Which sampler a study's setting means."""

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
