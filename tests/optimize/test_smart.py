import json
import signal
import subprocess
import sys
import time
from datetime import date

import pytest
from click.testing import CliRunner

from optimize import smart
from optimize.run_study import list_studies
from optimize.smart import main
from optimize.study.settings import StudySettings
from strategy.errors import ParameterError, RorqError, StudyError
from strategy.market_data.prepared import folder
from strategy.market_data.sample.generate import SampleSettings, write_samples

DAYS = (date(2023, 1, 3), date(2023, 1, 4))


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    write_samples(folder, DAYS, SampleSettings())
    return folder


def invoke(cache, *options):
    fixed = ["--cache", str(cache), "--project-root", str(cache.parent)]
    fixed += ["--min-trade-threshold", "3", *options]
    return CliRunner().invoke(main, fixed, catch_exceptions=False)


def test_every_knob_is_an_option_with_its_help_and_default():
    options = {p.name: p for p in main.params}
    for name, field in StudySettings.model_fields.items():
        assert options[name].help == field.description
        assert options[name].default == field.default
    text = CliRunner().invoke(main, ["--help"]).output
    assert "--n-trials" in text
    assert "[default: 200]" in text.replace("\n", " ").replace("  ", " ") or "200" in text


def test_a_run_shows_its_progress_and_a_summary(cache, database_environment):
    result = invoke(cache, "--n-trials", "30")
    assert result.exit_code == 0
    for words in (
        "vwap_reclaim/2023-01-03_2023-01-31/", "best return on risk, percent", "completed",
        "pruned: insufficient_trades", "Best parameters", "take_profit_percent",
        "synthetic sessions",
    ):  # fmt: skip
        assert words in result.output
    again = invoke(cache, "--n-trials", "40", "--json")
    summary = json.loads(again.stdout)
    assert summary["resumed"]
    assert summary["n_complete"] == 40
    assert len(summary["top_trials"]) == 5
    assert summary["top_trials"][0]["value"] == summary["best_value"]
    assert summary["best_strategy_params"]["latency_seconds"] == 1
    assert [i.n_complete for i in list_studies(database_environment)] == [40]


def test_a_study_without_a_completed_trial_is_an_error(cache, database_environment):
    options = ["--n-trials", "3", "--max-attempt-limit", "5", "--min-trade-threshold", "9999"]
    with pytest.raises(StudyError, match=r"no trial of study .* was completed.*; lower that"):
        invoke(cache, *options, "2023-01-03_2023-01-04")


def test_another_ticker_has_a_study_of_its_own(cache, database_environment, tmp_path):
    write_samples(tmp_path, DAYS, SampleSettings(ticker="QQQ", seed=7))
    result = invoke(tmp_path, "--ticker", "QQQ", "--n-trials", "5", "--json")
    summary = json.loads(result.stdout)
    assert summary["study_name"].startswith("vwap_reclaim/QQQ_2023-01-03_2023-01-31/")
    assert summary["best_strategy_params"]["ticker"] == "QQQ"


def test_a_search_space_and_fixed_parameters_can_be_given(cache, database_environment, tmp_path):
    space = tmp_path / "space.toml"
    space.write_text('stretch_threshold = [0.001, 0.002]\noption_selection_mode = ["itm"]\n')
    result = invoke(
        cache, "--n-trials", "20", "--search-space", str(space),
        "--fix", "exchange_fee_per_contract=0.05",
        "--backtest-start-date", "2023-01-03", "--backtest-end-date", "2023-01-03", "--json",
    )  # fmt: skip
    summary = json.loads(result.stdout)
    assert summary["study_name"].startswith("vwap_reclaim/2023-01-03_2023-01-03/")
    assert summary["best_strategy_params"]["exchange_fee_per_contract"] == 0.05
    assert summary["best_params"]["option_selection_mode"] == "itm"


def test_knobs_come_from_the_environment_too(cache, database_environment, monkeypatch):
    monkeypatch.setenv("N_TRIALS", "7")
    monkeypatch.setenv("STUDY_NAME", "from the environment")
    summary = json.loads(invoke(cache, "--json").stdout)
    assert summary["n_complete"] == 7
    assert summary["study_name"].startswith("from the environment/")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--set", "slippage"], "--set 'slippage'; expected NAME=VALUE"),
        (["--fix", "slipage=1"], "unknown strategy parameter 'slipage'"),
        (["--n-trials", "0"], "n_trials is 0"),
        (["--search-space", "absent.toml"], "absent.toml"),
        (["--backtest-start-date", "2023-02-01", "--backtest-end-date", "2023-01-01"], "after end"),
        (["--ticker", "QQQ"], "no session of QQQ"),
        (["SPY_2023-01-03_2023-01-04", "--ticker", "QQQ"], "with ticker QQQ; expected one"),
        (["2023-01-03_2023-01-04", "--ticker", "QQQ"], "no session of QQQ"),
        (["--fix", "ticker=QQQ"], "the ticker in the range alone"),
        (["--ticker", "../../etc"], "ticker '../../etc'"),
    ],
)
def test_wrong_input_is_one_line(cache, database_environment, options, message):
    with pytest.raises(RorqError, match=message) as error:
        invoke(cache, *options)
    assert "\n" not in str(error.value)


def test_without_a_ticker_the_first_watched_one_is_meant(cache, database_environment, monkeypatch):
    monkeypatch.setenv("RORQ_TICKERS", "QQQ,SPY")
    with pytest.raises(RorqError, match="no session of QQQ"):
        invoke(cache)


def test_sessions_are_decoded_once(cache, database_environment, tmp_path, monkeypatch):
    monkeypatch.setenv("RORQ_PREPARED", str(tmp_path))
    options = ["--n-trials", "2", "--max-attempt-limit", "300"]
    first = json.loads(invoke(cache, *options, "--json").stdout)
    assert len(list(tmp_path.glob("SPY_*.session"))) == len(DAYS)
    monkeypatch.setattr(folder, "build_session", lambda _: pytest.fail("decoded again"))
    again = json.loads(invoke(cache, *options, "--no-enable-persistence", "--json").stdout)
    assert again["best_value"] == first["best_value"]


def test_an_error_is_printed_on_stderr_and_the_exit_code_is_one(monkeypatch, capsys):
    def fail():
        raise ParameterError("found [this]", expected="that", remedy="mend it")

    monkeypatch.setattr(smart, "main", fail)
    with pytest.raises(SystemExit) as end:
        smart.run()
    assert end.value.code == 1
    assert capsys.readouterr().err == "error: found [this]; expected that; mend it\n"


def test_it_runs_as_a_module():
    command = [sys.executable, "-m", "optimize.smart", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "--n-ei-candidates" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_store_what_is_done_and_say_how_to_resume(
    cache, database_environment, number
):
    command = [sys.executable, "-m", "optimize.smart", "--cache", str(cache), "--n-trials", "90000"]
    command += ["--project-root", str(cache.parent)]
    command += ["--max-attempt-limit", "900000", "--min-trade-threshold", "3", "--workers", "2"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        for _ in range(600):
            stored = list_studies(database_environment)
            if stored and stored[0].n_trials:
                break
            time.sleep(0.1)
        process.send_signal(number)
        said = process.stderr.read().decode()
        assert process.wait(timeout=30) == 1
    assert "was stopped on request after" in said
    assert "run the same command again to resume it" in said
    assert list_studies(database_environment)[0].n_trials >= stored[0].n_trials
