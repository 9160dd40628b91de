import optuna
import pytest
from optuna.samplers import RandomSampler
from optuna.trial import TrialState

from optimize.sampler.unseen import DUPLICATE, RETRY, UnseenTPESampler
from strategy.space import SearchSpace
from tests.optimize.studies import SMALL, height

SEED_SPACE = SearchSpace.seed()


def new_study(space, direction="maximize", **about):
    sampler = UnseenTPESampler(space, **about)
    return optuna.create_study(direction=direction, sampler=sampler), sampler.distributions


def key(trial):
    return tuple(trial.params.items())


def test_no_combination_is_proposed_twice_until_all_have_been():
    study, distributions = new_study(SMALL, n_startup_trials=10, seed=5)
    seen = set()
    for _ in range(SMALL.size):
        trial = study.ask(distributions)
        seen.add(key(trial))
        study.tell(trial, height(trial.params))
    assert len(seen) == SMALL.size
    assert key(study.ask(distributions)) in seen


def test_trials_under_way_count_as_tried():
    study, distributions = new_study(SMALL, n_startup_trials=2, seed=5)
    for _ in range(3):
        study.tell(study.ask(distributions), 1.0)
    assert len({key(study.ask(distributions)) for _ in range(57)}) == 57


def test_combinations_tried_elsewhere_are_not_proposed():
    study, distributions = new_study(SMALL, seed=5)
    study.sampler.exclude(SMALL.combination(i) for i in range(SMALL.size) if i != 17)
    assert study.ask(distributions).params == SMALL.combination(17)


def test_start_up_counts_complete_trials_alone():
    def proposals(n_startup_trials):
        study, distributions = new_study(SEED_SPACE, n_startup_trials=n_startup_trials, seed=1)
        asked = []
        for number in range(60):
            trial = study.ask(distributions)
            asked.append(key(trial))
            if number < 40:
                study.tell(trial, state=TrialState.PRUNED)
            else:
                study.tell(trial, height(trial.params))
        return asked

    purely_random, after_ten = proposals(None), proposals(10)
    assert purely_random[:50] == after_ten[:50]
    assert purely_random[50:] != after_ten[50:]


def test_proposals_follow_from_seed_and_trial_number_not_from_a_running_state():
    study, distributions = new_study(SEED_SPACE, n_startup_trials=10, seed=9)
    for _ in range(40):
        trial = study.ask(distributions)
        study.tell(trial, height(trial.params))
    resumed, _ = new_study(SEED_SPACE, n_startup_trials=10, seed=9)
    resumed.add_trials(study.trials)
    assert resumed.ask(distributions).params == study.ask(distributions).params


@pytest.mark.parametrize("about", [{"seed": 10}, {"seed": 9, "salt": 1}])
def test_another_seed_or_salt_gives_another_study(about):
    study, distributions = new_study(SEED_SPACE, seed=9)
    other, _ = new_study(SEED_SPACE, **about)
    assert study.ask(distributions).params != other.ask(distributions).params


def test_a_failed_combination_is_proposed_again_only_if_it_is_to_be_retried():
    study, distributions = new_study(SMALL, seed=2)
    study.sampler.exclude(SMALL.combination(i) for i in range(SMALL.size) if i not in (3, 4))
    first = study.ask(distributions)
    first.set_user_attr(RETRY, True)
    study.tell(first, state=TrialState.FAIL)
    second, third = study.ask(distributions), study.ask(distributions)
    assert first.params in (second.params, third.params)
    study.tell(second, state=TrialState.FAIL)
    study.tell(third, state=TrialState.FAIL)
    assert study.sampler._propose(None, study.sampler._history.tried | set(range(60))) is None


def test_duplicates_do_not_shape_the_densities():
    study, distributions = new_study(SMALL, n_startup_trials=0, seed=2)
    trial = study.ask(distributions)
    study.tell(trial, 1.0)
    study.enqueue_trial(trial.params, user_attrs={DUPLICATE: True})
    study.tell(study.ask(distributions), state=TrialState.PRUNED)
    study.ask(distributions)
    assert len(study.sampler._history.arrays()[1]) == 1


def test_failures_drive_the_search_away():
    study, distributions = new_study(SEED_SPACE, n_startup_trials=20, seed=4)
    n_failed = 0
    for _ in range(150):
        trial = study.ask(distributions)
        if trial.params["option_selection_mode"] == "itm":
            n_failed += 1
            study.tell(trial, state=TrialState.FAIL)
        else:
            study.tell(trial, height(trial.params))
    assert n_failed < 50


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_it_finds_more_than_random_search(direction):
    sign = 1 if direction == "maximize" else -1

    def best(sampler):
        study = optuna.create_study(direction=direction, sampler=sampler)
        for _ in range(150):
            trial = study.ask(UnseenTPESampler(SEED_SPACE).distributions)
            study.tell(trial, sign * height(trial.params))
        return sign * study.best_value

    for seed in range(3):
        assert best(UnseenTPESampler(SEED_SPACE, seed=seed)) > best(RandomSampler(seed=seed))


def test_a_dimension_left_open_by_an_enqueued_trial_is_drawn():
    study, distributions = new_study(SMALL, seed=2)
    study.enqueue_trial({"stretch_threshold": 0.003})
    trial = study.ask(distributions)
    assert trial.params["stretch_threshold"] == 0.003
    assert trial.params["cooldown_period_seconds"] in SMALL["cooldown_period_seconds"]


def test_a_distribution_that_is_not_categorical_is_refused():
    study, _ = new_study(SMALL)
    with pytest.raises(NotImplementedError, match="not categorical"):
        study.ask().suggest_float("other", 0, 1)
