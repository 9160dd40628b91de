import threading
from datetime import date

import optuna
import pytest
from optuna.trial import TrialState

from optimize.run_study import latest_study_name, list_studies, open_study
from optimize.sampler.unseen import RETRY
from optimize.storage.driver import Driver
from optimize.storage.schema import rdb_storage
from strategy.backtest_range import BacktestRange
from strategy.date_range import DateRange
from strategy.errors import (
    StudyBusyError,
    StudyInterruptedError,
    StudyMismatchError,
    TooManyFailuresError,
)
from strategy.space import SearchSpace
from tests.optimize.studies import RANGE, SMALL, Landscape, execute, height, record, run, trials_of


def test_a_study_completes_as_many_trials_as_asked(database):
    seen = []
    summary = run(
        database, n_trials=60, objective=Landscape(prune_below=-2.0), progress=seen.append
    )
    trials = trials_of(database, summary)
    complete = [t for t in trials if t.state == TrialState.COMPLETE]
    pruned = [t for t in trials if t.state == TrialState.PRUNED]
    assert summary.n_complete == len(complete) == 60
    assert summary.stop_reason == "completed"
    assert not summary.resumed
    assert summary.n_pruned == {"insufficient_trades": len(pruned)}
    assert pruned
    assert all(t.user_attrs["total_trades"] == 12 for t in trials)
    assert all(t.value == height(t.params) for t in complete)
    assert summary.best_value == max(t.value for t in complete)
    assert [t.value for t in summary.top_trials] == sorted(t.value for t in complete)[:-6:-1]
    assert (
        summary.best_strategy_params["stretch_threshold"]
        == (summary.best_params["stretch_threshold"])
    )
    assert seen[-1].n_complete == 60
    assert seen[-1].best_value == summary.best_value
    keys = execute(database, "SELECT combo_key, state, trial_number FROM seen_combos")
    assert sorted(row.trial_number for row in keys) == list(range(len(trials)))
    assert {row.state for row in keys} == {"done"}


def test_the_name_says_what_the_study_is_of(database):
    summary = run(database, n_trials=4, study_name="trial run")
    base_name, key, digest = summary.study_name.split("/")
    assert (base_name, key) == ("trial run", RANGE.key)
    assert len(digest) == 12
    assert set(digest) <= set("0123456789abcdef")
    attributes = open_study(database, summary.study_name).user_attrs
    assert attributes["search_space"] == SearchSpace.seed().to_json_dict()
    assert attributes["fixed_params"]["exchange_fee_per_contract"] == 0.65
    assert attributes["engine_version"]
    assert latest_study_name(database, "trial run", RANGE.key) == summary.study_name
    assert latest_study_name(database, "trial", RANGE.key) is None
    info = list_studies(database)[0]
    assert (info.n_trials, info.n_complete, info.best_value) == (4, 4, summary.best_value)


def test_readers_of_an_empty_database_find_nothing(database):
    assert list_studies(database) == []
    with pytest.raises(StudyMismatchError, match="there is no study x"):
        open_study(database, "x")


def test_a_second_run_resumes_and_the_result_is_that_of_one_run(database):
    first = run(database, n_trials=32)
    second = run(database, n_trials=80)
    assert second.resumed
    assert second.n_evaluated == second.n_trials - first.n_trials
    again = run(database, n_trials=80)
    assert (again.n_evaluated, again.stop_reason) == (0, "nothing to do")
    whole = run(database, n_trials=80, study_name="whole")
    assert [record(t) for t in trials_of(database, second)] == [
        record(t) for t in trials_of(database, whole)
    ]


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_the_result_does_not_depend_on_the_number_of_workers(database, sampler):
    objective = Landscape(prune_below=-2.0)
    records = []
    for workers in (1, 4):
        summary = run(
            database, n_trials=60, workers=workers, sampler=sampler, objective=objective,
            study_name=f"by {workers}",
        )  # fmt: skip
        records.append([record(t) for t in trials_of(database, summary)])
    assert records[0] == records[1]


def test_a_run_that_is_cut_off_goes_on_as_if_it_had_not_been(database):
    class Cut(BaseException):
        pass

    def cut_after(n):
        def progress(state):
            if state.n_attempts >= n:
                raise Cut

        return progress

    for n in (7, 90, 150):
        with pytest.raises(Cut):
            run(database, n_trials=200, progress=cut_after(n))
    resumed = run(database, n_trials=200)
    whole = run(database, n_trials=200, study_name="whole")
    assert [record(t) for t in trials_of(database, resumed)] == [
        record(t) for t in trials_of(database, whole)
    ]


def test_a_stop_request_leaves_a_study_that_can_be_resumed(database):
    stop = threading.Event()
    with pytest.raises(StudyInterruptedError, match="same command"):
        run(
            database,
            n_trials=400,
            objective=Landscape(seconds=0.002),
            stop=stop,
            progress=lambda state: state.n_attempts >= 20 and stop.set(),
        )
    info = list_studies(database)[0]
    assert 20 <= info.n_trials < 400
    assert run(database, n_trials=info.n_complete + 5).resumed


def test_without_persistence_the_study_begins_anew(database):
    first = run(database, n_trials=30)
    second = run(database, n_trials=10, enable_persistence=False, seed=3)
    assert second.study_name == first.study_name
    assert (second.resumed, second.n_trials) == (False, 10)
    assert execute(database, "SELECT count(*) FROM seen_combos")[0][0] == 10
    assert execute(database, "SELECT count(*) FROM trial_params")[0][0] == 10 * len(SMALL)


def test_attempts_are_limited(database):
    nothing = Landscape(prune_below=1e9)
    summary = run(database, n_trials=10, max_attempt_limit=33, objective=nothing)
    assert (summary.stop_reason, summary.n_trials) == ("attempt limit reached", 33)
    assert summary.best_value is None
    assert summary.best_strategy_params == {}


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_a_small_space_is_exhausted_without_a_duplicate(database, sampler):
    summary = run(database, n_trials=200, space=SMALL, sampler=sampler)
    assert summary.stop_reason == "search space exhausted"
    assert (summary.n_complete, summary.n_duplicates) == (60, {"memory": 0, "database": 0})
    assert len({str(t.params) for t in trials_of(database, summary)}) == 60


def test_changed_contents_start_another_study_with_the_best_of_the_former(database):
    first = run(database, n_trials=60)
    second = run(database, n_trials=30, min_trade_threshold=11)
    assert second.study_name != first.study_name
    assert second.warm_started_from == first.study_name
    begun = trials_of(database, second)[:10]
    best = sorted(trials_of(database, first), key=lambda t: (-t.value, t.number))[:10]
    assert [t.params for t in begun] == [t.params for t in best]
    assert [t.user_attrs["warm_start_from"] for t in begun] == [
        f"{first.study_name} #{t.number}" for t in best
    ]
    assert run(database, n_trials=40, min_trade_threshold=11).n_trials == 40


def test_a_study_under_other_dates_of_the_same_sessions_is_the_former_one(database):
    """What was stored under 2023-01-01, a Sunday, before a range had one key; no other ticker."""
    former = run(database, n_trials=30, date_range=DateRange(date(2023, 1, 1), date(2023, 1, 31)))
    dates = date(2023, 1, 3), date(2023, 1, 31)
    run(database, n_trials=10, date_range=BacktestRange(*dates, "QQQ"), min_trade_threshold=1)
    now = run(database, n_trials=10, date_range=BacktestRange(*dates))
    assert now.warm_started_from == former.study_name
    assert [i.study_name for i in list_studies(database, range="2023-01-01_2023-01-31")] == [
        former.study_name,
        now.study_name,
    ]


def test_a_warm_start_leaves_out_what_the_new_space_does_not_have(database):
    run(database, n_trials=60)
    smaller = SearchSpace.seed().replacing(stretch_threshold=[0.004, 0.006])
    summary = run(database, n_trials=12, space=smaller)
    begun = [t for t in trials_of(database, summary) if "warm_start_from" in t.user_attrs]
    assert 0 < len(begun) < 10
    assert {t.params["stretch_threshold"] for t in begun} <= {0.004, 0.006}


def test_a_failing_trial_fails_alone(database):
    objective = Landscape(fail_at=0.02)
    summary = run(database, n_trials=200, objective=objective, seed=1)
    failed = [t for t in trials_of(database, summary) if t.state == TrialState.FAIL]
    assert summary.n_failed == len(failed) > 0
    assert summary.n_complete == 200
    assert {t.user_attrs["error"] for t in failed} == {"ArithmeticError: no height at 0.02"}
    assert {t.user_attrs["fail_reason"] for t in failed} == {"exception"}
    assert all(t.params["stretch_threshold"] == 0.02 for t in failed)


def test_a_tenth_of_failing_trials_stops_the_run(database):
    space = SMALL.replacing(stretch_threshold=[0.001, 0.002])
    with pytest.raises(TooManyFailuresError, match=r"ArithmeticError.*stretch_threshold"):
        run(database, n_trials=24, space=space, objective=Landscape(fail_at=0.002))
    assert run(database, n_trials=18, space=space).n_complete == 18


def test_what_a_dead_run_left_running_is_failed_and_tried_again(database):
    first = run(database, n_trials=8, space=SMALL)
    storage = rdb_storage(database)
    study = optuna.load_study(study_name=first.study_name, storage=storage)
    tried = [t.params for t in study.trials]
    left = [p for i in range(60) if (p := SMALL.combination(i)) not in tried][:2]
    for params in left:
        study.enqueue_trial(params)
    study.ask(SearchSpaceDistributions(SMALL))  # running; the other stays waiting
    storage.remove_session()
    storage.engine.dispose()
    execute(
        database,
        "INSERT INTO seen_combos (study_name, combo_key, owner, state)"
        " VALUES (:name, '{}', 5, 'claimed')",
        name=first.study_name,
    )
    summary = run(database, n_trials=58, space=SMALL)
    trials = trials_of(database, summary)
    assert [t.state for t in trials[8:10]] == [TrialState.FAIL] * 2
    assert [t.user_attrs["fail_reason"] for t in trials[8:10]] == ["worker_died"] * 2
    assert all(t.user_attrs[RETRY] for t in trials[8:10])
    assert [t.params for t in trials[10:12]] == left
    assert {t.state for t in trials[10:]} == {TrialState.COMPLETE}
    assert not execute(database, "SELECT FROM seen_combos WHERE state = 'claimed'")


def SearchSpaceDistributions(space):  # noqa: N802
    return {n: optuna.distributions.CategoricalDistribution(v) for n, v in space.items()}


def test_a_study_of_another_direction_is_refused(database):
    name = run(database, n_trials=4).study_name
    execute(database, "UPDATE study_directions SET direction = 'MINIMIZE'")
    with pytest.raises(StudyMismatchError, match="direction minimize; expected maximize"):
        run(database, n_trials=8)
    assert run(database, n_trials=4, enable_persistence=False).study_name == name


def test_a_study_whose_attributes_were_changed_is_refused(database):
    run(database, n_trials=4)
    execute(
        database,
        "UPDATE study_user_attributes SET value_json = '\"other\"' WHERE key = 'engine_version'",
    )
    with pytest.raises(StudyMismatchError, match="another engine_version: 'other'"):
        run(database, n_trials=8)


def test_a_resumed_run_that_evaluates_nothing_tells_no_speed(database):
    assert (run(database, n_trials=4).trials_per_second or 0.0) > 0.0
    again = run(database, n_trials=4)
    assert (again.n_evaluated, again.trials_per_second) == (0, None)
    assert again.n_duplicates == {"memory": 0, "database": 0}


def test_a_study_has_one_driver(database):
    name = run(database, n_trials=4).study_name
    other = Driver(database, name)
    try:
        with pytest.raises(StudyBusyError, match=r"driven by rorq study .* since 20"):
            run(database, n_trials=8, lock_wait_seconds=0)
        threading.Timer(0.5, other.close).start()
        assert run(database, n_trials=8, lock_wait_seconds=20).n_complete == 8
    finally:
        other.close()


def test_another_client_that_writes_the_study_is_noticed(database):
    def meddle(state):
        if state.n_attempts == 8:
            execute(
                database,
                "INSERT INTO trials (number, study_id, state)"
                " SELECT 99, study_id, 'COMPLETE' FROM studies",
            )

    with pytest.raises(StudyBusyError, match="another client writes it"):
        run(database, n_trials=100, progress=meddle)
