"""What is used of Optuna that it does not promise to keep, all of it, each under a name of ours.

`tests/optimize/test_optuna_internals.py` says at an upgrade which of them went. The layout of
Optuna's tables is no part of this: `optimize.storage` knows it, and refuses another revision.
"""

import optuna
from optuna.trial import FrozenTrial

FIXED_PARAMS = "fixed_params"  # system attribute of an enqueued trial: its combination


def trial_id(trial: FrozenTrial) -> int:
    """The trial's key in the tables, which is not its number in the study."""
    return trial._trial_id


def stored_trial(study: optuna.Study, trial: optuna.Trial) -> FrozenTrial:
    """The trial itself as the study holds it; Trial.params and Study.trials make deep copies."""
    return study._storage.get_trial(trial._trial_id)


def add_trial(study: optuna.Study, trial: FrozenTrial) -> None:
    """Add a trial as it is; Study.add_trial refuses one that failed before it began."""
    study._storage.create_new_trial(study._study_id, template_trial=trial)
