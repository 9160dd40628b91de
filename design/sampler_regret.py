"""How far from the exact optimum each sampler ends, on surfaces that are known everywhere.

Usage: python design/sampler_regret.py [--months 12] [--seeds 10] [--folder FOLDER] [--only NAME]

Each month is made of synthetic sessions; its surface is every combination of the seed's space,
evaluated exactly. A trial is then a look at the surface, so that hundreds of studies are cheap.
The regret is the best value of the surface less the best value found, in percentage points of
return on risk. Surfaces are kept in FOLDER. Prints a Markdown table; the figures that the choice
of sampler rests on are in design/sampler_regret.md.
"""

import argparse
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import TrialState

from optimize.sampler.unseen import UnseenTPESampler
from optimize.study.settings import StudySettings
from strategy.date_range import DateRange
from strategy.market_data.sample.generate import SampleSettings, sample_session
from strategy.space import SearchSpace
from strategy.surface.compute import compute_surface

CHECKPOINTS = (200, 500)  # trials of any outcome
MIN_TRADES = StudySettings().min_trade_threshold
SPACE = SearchSpace.seed()
DISTRIBUTIONS: dict[str, BaseDistribution] = {
    name: CategoricalDistribution(values) for name, values in SPACE.items()
}
KNOBS = StudySettings()


def ours(seed: int) -> BaseSampler:
    return UnseenTPESampler(
        SPACE,
        n_startup_trials=KNOBS.n_startup_trials,
        n_ei_candidates=KNOBS.n_ei_candidates,
        seed=seed,
    )


def plain_tpe(seed: int) -> BaseSampler:
    return TPESampler(
        n_startup_trials=KNOBS.n_startup_trials, n_ei_candidates=KNOBS.n_ei_candidates, seed=seed
    )


SAMPLERS: dict[str, tuple[Callable[[int], BaseSampler], int]] = {  # and the size of an ask batch
    "tpe": (ours, KNOBS.ask_batch),
    "tpe, asked one by one": (ours, 1),
    "tpe, asked by 16": (ours, 16),
    "Optuna's TPE": (plain_tpe, 1),
    "random": (lambda seed: RandomSampler(seed=seed), 1),
}


def surface_of_month(month: date, folder: Path) -> np.ndarray:
    """The objective of every combination by index, NaN where it would be pruned."""
    kept = folder / f"{month:%Y-%m}.npy"
    if not kept.exists():
        days = DateRange.of_month(month).sessions
        sessions = [sample_session(day, SampleSettings()) for day in days]
        surface = compute_surface(SPACE, None, sessions)
        np.save(kept, surface.objective(MIN_TRADES).ravel().astype(np.float64))
    return np.load(kept)


def search(sampler: BaseSampler, surface: np.ndarray, ask_batch: int) -> list[float]:
    """The best value found after each checkpoint."""
    study = optuna.create_study(direction="maximize", sampler=sampler)
    best, found = np.nan, []
    for first in range(0, max(CHECKPOINTS), ask_batch):
        size = min(ask_batch, max(CHECKPOINTS) - first)
        for trial in [study.ask(DISTRIBUTIONS) for _ in range(size)]:
            value = surface[SPACE.index_of(trial.params)]
            if np.isnan(value):
                study.tell(trial, state=TrialState.PRUNED)
            else:
                study.tell(trial, value)
                best = np.fmax(best, value)
            if trial.number + 1 in CHECKPOINTS:
                found.append(float(best))
    return found


def regrets(name: str, surfaces: dict[str, np.ndarray], n_seeds: int) -> np.ndarray:
    """Regret by month, seed and checkpoint; a study that completed nothing counts from zero."""
    make, ask_batch = SAMPLERS[name]
    return np.array(
        [
            [
                np.nanmax(surface) - np.nan_to_num(search(make(seed), surface, ask_batch))
                for seed in range(n_seeds)
            ]
            for surface in surfaces.values()
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "rorq-regret")
    parser.add_argument("--only", choices=SAMPLERS, action="append")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    options.folder.mkdir(parents=True, exist_ok=True)
    months = [date(2023 + i // 12, 1 + i % 12, 1) for i in range(options.months)]
    surfaces = {f"{m:%Y-%m}": surface_of_month(m, options.folder) for m in months}
    print(f"{len(surfaces)} months, {options.seeds} seeds; mean of the best values:", end=" ")
    print(f"{np.mean([np.nanmax(s) for s in surfaces.values()]):.1f} %", end="; ")
    print(f"pruned: {np.mean([np.isnan(s).mean() for s in surfaces.values()]):.0%}\n")
    print("| sampler | " + " | ".join(f"after {n} trials, mean ± s.e." for n in CHECKPOINTS) + " |")
    print("|---|" + "---:|" * len(CHECKPOINTS))
    for name in options.only or SAMPLERS:
        runs = regrets(name, surfaces, options.seeds).reshape(-1, len(CHECKPOINTS))
        errors = runs.std(axis=0, ddof=1) / np.sqrt(len(runs))
        cells = [f"{m:.2f} ± {e:.2f}" for m, e in zip(runs.mean(axis=0), errors, strict=True)]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
