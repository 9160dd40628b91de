from optimize.study import open_study
from tests.optimize.studies import run


def test_a_study_completes_as_many_trials_as_asked(database):
    summary = run(database, n_trials=60)
    assert summary.n_complete == 60
    assert summary.stop_reason == "completed"
    study = open_study(database, summary.study_name)
    assert study.best_value == summary.best_value
    assert [t.number for t in study.trials] == list(range(60))
