import pandas as pd
import pytest

from optimize.run_study import open_study
from optimize.storage.export import trials_frame, write_frame
from optimize.study.results import summarize_stored
from strategy.errors import ParameterError, StudyMismatchError
from tests.optimize.studies import SMALL, Landscape, run


def test_trials_are_rows_and_attributes_columns(database, tmp_path):
    summary = run(database, space=SMALL, objective=Landscape(prune_below=3.5), n_trials=60)
    study = open_study(database, summary.study_name)
    frame = trials_frame(study)
    assert len(frame) == 60
    assert frame["state"].value_counts().to_dict() == {
        "COMPLETE": summary.n_complete,
        "PRUNED": summary.n_pruned["insufficient_trades"],
    }
    assert frame["return_on_risk_percent"].max() == summary.best_value
    assert set(SMALL) <= set(frame.columns)
    for ending, read in ((".csv", pd.read_csv), (".parquet", pd.read_parquet)):
        write_frame(frame, tmp_path / f"trials{ending}")
        back = read(tmp_path / f"trials{ending}")
        assert back["number"].tolist() == frame["number"].tolist()
        assert back["return_on_risk_percent"].max() == summary.best_value
    write_frame(frame, tmp_path / "trials.json")
    with pytest.raises(ParameterError, match=r"ends in \.csv, \.parquet, \.json"):
        write_frame(frame, tmp_path / "trials.xls")


def test_a_stored_study_is_summarised_as_its_run_was(database):
    ran = run(database, space=SMALL, n_trials=30)
    read = summarize_stored(open_study(database, ran.study_name))
    same = "study_name best_value best_params best_strategy_params n_complete top_trials n_pruned"
    for name in same.split():
        assert getattr(read, name) == getattr(ran, name)
    assert read.stop_reason == "stored"


def test_a_foreign_study_is_not_summarised():
    import optuna

    with pytest.raises(StudyMismatchError, match="lacks the attributes"):
        summarize_stored(optuna.create_study(direction="maximize"))
