"""UnseenTPESampler: TPE for a finite space that proposes no combination twice.

An Optuna sampler like any other: give it to `optuna.create_study`. It differs from Optuna's own
in five ways. The start-up phase counts COMPLETE trials alone. A proposal that the study already
has moves to the most promising untried neighbour. Neighbouring values of ordered dimensions are
taken to be alike. Its random numbers follow from the seed and the trial's number, so that an
interrupted study goes on as if it had not been. And a fit costs a histogram a dimension (see
`optimize.sampler.tpe`).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from optuna import Study
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from optimize.optuna_internals import FIXED_PARAMS
from optimize.sampler.tpe import Densities, kernel_rows
from optimize.sampler.untried import untried_at_random, untried_nearby
from strategy.errors import ParameterError
from strategy.space import SearchSpace

DUPLICATE = "duplicate"  # user attribute of a trial whose combination the study already had
RETRY = "retry"  # user attribute of a failed trial whose combination is to be tried again


class UnseenTPESampler(BaseSampler):
    """Independent TPE on categorical distributions, without repetition.

    Args:
        space: What is searched; neighbouring values of its ordered dimensions are alike.
        n_startup_trials: Trials to complete at random first; None for a purely random search.
        n_ei_candidates: Combinations drawn from the good density, of which the best is taken.
        seed: Seed of all draws.
        salt: Told apart between several coordinators of one study, which share the seed.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        n_startup_trials: int | None = 25,
        n_ei_candidates: int = 48,
        seed: int = 0,
        salt: int = 0,
    ) -> None:
        self.distributions: dict[str, BaseDistribution] = {
            name: CategoricalDistribution(values) for name, values in space.items()
        }
        self.space = space
        self._kernels = [
            kernel_rows(n, ordered)
            for n, ordered in zip(space.grid.shape, space.grid.ordered, strict=True)
        ]
        self._n_startup_trials = n_startup_trials
        self._n_ei_candidates = n_ei_candidates
        self._seed = (seed, salt)
        self._history = _History(len(space))
        self._densities: Densities | None = None

    def exclude(self, combinations: Iterable[Mapping[str, Any]]) -> None:
        """Never propose these either; they are tried elsewhere."""
        self._history.tried.update(f for c in combinations if (f := self._flat(c)) is not None)

    def infer_relative_search_space(
        self,
        study: Study,  # noqa: ARG002
        trial: FrozenTrial,  # noqa: ARG002
    ) -> dict[str, BaseDistribution]:
        """All dimensions, always together."""
        return self.distributions

    def sample_relative(
        self,
        study: Study,
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],  # noqa: ARG002
    ) -> dict[str, Any]:
        """Propose a combination that the study does not have.

        If it has them all, an enqueued or random one is proposed again.
        """
        if FIXED_PARAMS in trial.system_attrs:
            return {}
        under_way = self._read(study, trial) - self._history.tried
        rng = np.random.default_rng((*self._seed, trial.number))
        self._history.tried |= under_way
        flat = self._propose(rng, self._history.tried)
        self._history.tried -= under_way
        if flat is None:
            flat = int(rng.integers(self.space.size))
        return self.space.combination(flat)

    def sample_independent(
        self,
        study: Study,  # noqa: ARG002
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Draw a value at random for a dimension that an enqueued trial leaves open.

        Raises:
            NotImplementedError: the distribution is not categorical.
        """
        if not isinstance(param_distribution, CategoricalDistribution):
            raise NotImplementedError(f"{param_name} is not categorical: {param_distribution}")
        rng = np.random.default_rng((*self._seed, trial.number, crc32(param_name.encode())))
        return param_distribution.choices[int(rng.integers(len(param_distribution.choices)))]

    def reseed_rng(self) -> None:
        """Do nothing: the draws follow from the seed and the trial's number."""

    def _propose(self, rng: np.random.Generator, tried: set[int]) -> int | None:
        grid = self.space.grid
        if self._n_startup_trials is None or self._history.n_complete < self._n_startup_trials:
            return untried_at_random(grid, rng, tried)
        if self._densities is None:
            self._densities = Densities(*self._history.arrays(), self._kernels)
        flat = grid.flat(self._densities.propose(rng, self._n_ei_candidates))
        if flat not in tried:
            return flat
        nearby = untried_nearby(grid, flat, tried)
        if not nearby:
            return untried_at_random(grid, rng, tried)
        scores = self._densities.score(np.array([grid.position(f) for f in nearby]))
        best = np.flatnonzero(scores == scores.max())
        return nearby[int(rng.choice(best))]

    def _read(self, study: Study, asked: FrozenTrial) -> set[int]:
        """Take in the trials that have finished since, and return the indices under way."""
        sign = -1.0 if study.direction == StudyDirection.MINIMIZE else 1.0
        under_way = set()
        for trial in study.get_trials(deepcopy=False)[self._history.n_read :]:
            if trial.number == asked.number:
                continue
            flat = self._flat(trial.params)
            if trial.state.is_finished() and trial.number == self._history.n_read:
                self._history.n_read += 1
                if flat is not None:
                    self._absorb(trial, flat, sign)
            elif flat is not None:
                under_way.add(flat)
        return under_way

    def _absorb(self, trial: FrozenTrial, flat: int, sign: float) -> None:
        if trial.state == TrialState.FAIL and trial.user_attrs.get(RETRY):
            return
        self._history.tried.add(flat)
        if trial.user_attrs.get(DUPLICATE):
            return
        complete = trial.state == TrialState.COMPLETE and trial.value is not None
        value = sign * (trial.value or 0.0) if complete else np.nan
        self._history.append(self.space.grid.position(flat), value)
        self._densities = None

    def _flat(self, params: Mapping[str, Any]) -> int | None:
        """The index of a combination, None if it is not of this space."""
        try:
            return self.space.index_of(params)
        except ParameterError:
            return None


class _History:
    """The finished trials as arrays, in trial order; duplicates are left out."""

    def __init__(self, n_dimensions: int) -> None:
        self.n_read = 0  # trials of the study taken in, from number 0
        self.n_complete = 0
        self.tried: set[int] = set()
        self._n = 0
        self._positions = np.empty((256, n_dimensions), dtype=np.int64)
        self._values = np.empty(256)

    def append(self, position: Sequence[int], value: float) -> None:
        """Add one trial; NaN is one without a value, pruned or failed, which counts as bad."""
        if self._n == len(self._values):
            self._positions = np.concatenate([self._positions, np.empty_like(self._positions)])
            self._values = np.concatenate([self._values, np.empty_like(self._values)])
        self._positions[self._n] = position
        self._values[self._n] = value
        self._n += 1
        self.n_complete += not np.isnan(value)

    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Positions (n, n_dimensions) and values (n,)."""
        return self._positions[: self._n], self._values[: self._n]
