"""What commands print of a real chain, against figures worked out from the sessions."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import Result

from tests.rorq_pipeline.chain_made import FIRST, SECOND, Chain
from tests.rorq_pipeline.conftest import SMALL_STUDY

pytestmark = pytest.mark.timeout(300)  # the chain is made on the way
Rorq = Callable[..., Result]


def cells(text: str) -> list[list[str]]:
    """The rows of the tables that are drawn with lines."""
    rows = [line for line in text.splitlines() if line.startswith(("│", "┃"))]
    return [[cell.strip() for cell in re.split("[│┃]", row)[1:-1]] for row in rows]


def four_digits(value: float) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def test_a_run_ends_with_what_it_came_to(chain: Chain) -> None:
    text, best = chain.output[FIRST], chain.kept("best_params")
    told = dict(cells(text))
    for name, value in {**best["trial_params"], **best["metrics"]}.items():
        assert told[name] == ("none" if value is None else four_digits(value))
    traded = chain.traded()
    assert told["net_pnl_usd"] == four_digits(traded.net_pnl_usd)
    assert told["total_trades"] == str(len(traded.trades))
    lines = text.splitlines()
    assert "made from synthetic sessions: no statement about any market" in lines
    assert f"choice  {best['selection']}" in lines
    assert f"study   {best['study_name']}" in lines
    assert f"verdict {chain.kept('verdict')['verdict']['line']}" in lines
    assert f"report  {chain.paths.artifacts}/report/{FIRST.key}.html" in lines
    assert f"rorq backtest {FIRST.key} --best    # every trade of these parameters" in text
    assert f"materialised {FIRST.key} in run" in text


def test_every_step_is_a_line_with_its_seconds(chain: Chain) -> None:
    lines = chain.output[SECOND].splitlines()
    for step in ("validated_cache", "optimization", "best_params", "proofs", "verdict", "report"):
        start = lines.index(f"{step} …")
        end = next(i for i, line in enumerate(lines) if line.startswith(f"{step} done in "))
        assert end > start
        assert 0 <= float(lines[end].split()[-2]) < 100
    assert (
        lines[1] == "  2 of 2 sessions cached and validated, 0 of them unchanged: "
        "0 errors, 2 warnings"
    )
    assert not [line for line in lines if "Dependencies for step" in line]


def test_publications_are_listed_and_compared(in_chain: Rorq, chain: Chain) -> None:
    listed = in_chain("results", FIRST.key)
    assert listed.exit_code == 0, listed.output
    head, line, last = listed.output.splitlines()
    best = chain.kept("best_params")
    assert head.split() == ["N", "published,", "UTC", "return", "on", "risk,", "%", "trades",
                            "choice"]  # fmt: skip
    mark, number, _, _, value, trades, *choice = line.split()
    assert (mark, number, trades) == ("*", "1", str(len(chain.traded().trades)))
    assert value == f"{chain.traded().return_on_risk_percent:.2f}"
    assert " ".join(choice) == f"smooth of {best['study_name']}"
    assert last == f"* is published now; rorq results {FIRST.key} --compare N M, --restore N"
    both = in_chain("results", FIRST.key, "--compare", "1", "1")
    rows = {name: values for name, *values in cells(both.output)}
    assert rows["total_trades"] == [trades, trades]
    assert rows["take_profit_percent"] == [str(best["trial_params"]["take_profit_percent"])] * 2
    assert not [name for name in rows if name.startswith("differs")]
    refused = in_chain("results", FIRST.key, "--compare", "1", "2")
    assert refused.exit_code == 1
    assert f"{FIRST.key} has no publication 2" in refused.stderr


def test_nothing_published_is_one_line(in_chain: Rorq) -> None:
    refused = in_chain("results", "2023-02-01_2023-02-03")
    assert refused.exit_code == 1
    assert "nothing was published for 2023-02-01_2023-02-03" in refused.stderr


def test_studies_are_listed_with_their_best(in_chain: Rorq, chain: Chain) -> None:
    lines = in_chain("study", "list").output.splitlines()
    assert lines[0].split() == ["trials", "completed", "best,", "%", "last", "trial,", "UTC",
                                "study"]  # fmt: skip
    for line, one in zip(lines[1:], (FIRST, SECOND), strict=True):
        study = chain.kept("optimization", one)["study"]
        n_trials, n_complete, best, *_, name = line.split()
        assert (n_trials, n_complete) == (str(SMALL_STUDY["n_trials"]),) * 2
        assert (best, name) == (f"{study['best_value']:.2f}", study["study_name"])


def test_studies_stand_side_by_side(in_chain: Rorq, chain: Chain) -> None:
    studies = [chain.kept("optimization", one)["study"] for one in (FIRST, SECOND)]
    shown = in_chain("study", "compare", *(study["study_name"] for study in studies))
    rows = {name: values for name, *values in cells(shown.output)}
    assert rows["n_complete"] == ["10", "10"]
    assert rows["n_failed"] == ["0", "0"]
    assert rows["best_value"] == [f"{study['best_value']:,.6g}" for study in studies]
    for name in ("stretch_threshold", "take_profit_percent"):
        assert rows[name] == [
            f"{study['best_params'][name]:,.6g}"
            if isinstance(study["best_params"][name], float)
            else str(study["best_params"][name])
            for study in studies
        ]


def test_the_latest_study_is_shown_where_none_is_named(in_chain: Rorq, chain: Chain) -> None:
    shown = json.loads(in_chain("study", "show", "--json").stdout)
    assert shown["study_name"] == chain.kept("optimization", SECOND)["study"]["study_name"]


def test_trials_are_exported_best_first(in_chain: Rorq, chain: Chain, tmp_path: Path) -> None:
    study, file = chain.kept("optimization")["study"], tmp_path / "best.csv"
    done = in_chain("study", "export", study["study_name"], "-o", str(file), "--top", "2")
    assert done.output == f"2 trials in {file}\n"
    table = pd.read_csv(file)
    assert table["return_on_risk_percent"].iloc[0] == pytest.approx(study["best_value"])
    assert len(table) == 2


def test_each_trade_is_a_line_with_its_prices(in_chain: Rorq, chain: Chain) -> None:
    shown, trades = in_chain("backtest", FIRST.key, "--best"), chain.traded().trades
    assert shown.exit_code == 0, shown.output
    lines = shown.output.splitlines()
    assert lines[0].rstrip() == f"{len(trades)} trades"
    assert lines[1].split() == ["entry", "exit", "contract", "bought", "sold", "net,", "USD",
                                "exit", "by"]  # fmt: skip
    for line, row in zip(lines[2 : 2 + len(trades)], trades.to_dict("records"), strict=True):
        day, entry, left, strike, kind, bought, sold, net, *reason = line.split()
        assert f"{day} {entry}" == f"{row['entry_time']:%Y-%m-%d %H:%M:%S}"
        assert left == f"{row['exit_time']:%H:%M:%S}"
        assert float(strike) == int(row["ticker"][-8:]) / 1000
        assert kind == ("call" if row["ticker"][-9] == "C" else "put")
        assert (bought, sold) == (f"{row['entry_price']:.2f}", f"{row['exit_price']:.2f}")
        assert net == f"{row['net_pnl_usd']:+,.2f}"
        assert "_".join(reason) == row["exit_reason"]
    told = dict(cells(shown.output))
    assert told["sessions"] == "2"
    assert told["net_pnl_usd"] == four_digits(chain.traded().net_pnl_usd)
    assert told["stretch_signals"] == str(chain.traded().counts.stretch_signals)


def test_sessions_are_listed_with_what_is_in_them(in_chain: Rorq, chain: Chain) -> None:
    lines = [line.strip() for line in in_chain("cache", "list").output.splitlines()]
    rows = {line.split()[0]: line.split() for line in lines if line.startswith("2023")}
    sessions = [*chain.traded().sessions, *chain.traded(SECOND).sessions]
    assert list(rows) == [str(session.date) for session in sessions]
    total = 0.0
    for session in sessions:
        _, source, size, seconds, bars, traded, needed, health, warned = rows[str(session.date)]
        folder = chain.paths.cache / "SPY" / str(session.date)
        files = [file.stat().st_size for file in folder.glob("*.parquet")]
        assert source == "synthetic"
        assert size == f"{sum(files) / 1e6:.1f}"
        total += sum(files)
        assert bars == f"{len(session.bar_seconds):,}"
        with_bars = int((np.diff(session.bar_offsets) > 0).sum())
        assert traded == f"{with_bars}/{session.n_contracts}"
        present, wanted = map(int, needed.split("/"))
        assert present <= wanted <= session.n_contracts
        assert float(seconds.rstrip("%")) <= 100
        assert (health, warned) == ("sound", "1")
    assert lines[-1].startswith(f"4 sessions of SPY, {total / 1e6:,.1f} MB, 0 with errors, in ")


def test_a_day_is_drawn_as_it_went(in_chain: Rorq, chain: Chain) -> None:
    session = chain.traded().sessions[0]
    lines = in_chain("cache", "show", str(session.date)).output.splitlines()
    closes = session.underlying_close_usd
    told = dict(cells("\n".join(lines)[: "\n".join(lines).index("•")]))
    assert told["low, high, last, USD"] == (
        f"{np.nanmin(closes):.2f}, {np.nanmax(closes):.2f}, {closes[-1]:.2f}"
    )
    assert told["open, close, New York"] == "09:30:00 to 16:00:00"
    assert told["option bars"] == f"{len(session.bar_seconds):,}"
    assert told["fingerprint"] == session.fingerprint[:12]
    first = next(i for i, line in enumerate(lines) if line.startswith("• price"))
    plot = [line[10:] for line in lines[first + 1 : first + 15]]
    prices = [float(line[:8]) for line in lines[first + 1 : first + 15]]
    assert all(line[9] == "│" for line in lines[first + 1 : first + 15])
    assert prices == sorted(prices, reverse=True)
    width = 89  # of 100 columns, 10 for prices and one at the end
    parts = np.array_split(closes, 1), np.arange(len(closes)) * width // len(closes)
    for column in (0, 30, 88):
        mean = float(np.nanmean(closes[parts[1] == column]))
        row = next(i for i, line in enumerate(plot) if line.ljust(width)[column] == "•")
        assert abs(prices[row] - mean) <= (prices[0] - prices[1]) / 2 + 0.011
    axis = lines[first + 15]
    for hour in range(10, 16):
        second = (hour - 9) * 3600 - 1800
        assert axis.index(f"{hour}:00") == 10 + second * width // len(closes)


def test_bars_by_strike_are_counted_on_both_sides(in_chain: Rorq, chain: Chain) -> None:
    session = chain.traded().sessions[0]
    text = in_chain("cache", "show", str(session.date)).output
    rows = [row for row in cells(text[text.index("Option bars by strike") :]) if len(row) == 5]
    assert rows[0][1:4] == ["calls", "strike, USD", "puts"]
    counts: dict[float, list[int]] = {}
    for name, n in zip(session.contract_tickers, np.diff(session.bar_offsets), strict=True):
        sides = counts.setdefault(int(name[-8:]) / 1000, [0, 0])
        sides[name[-9] == "P"] += int(n)
    shown = {strike: sides for strike, sides in sorted(counts.items()) if any(sides)}
    most = max(max(sides) for sides in counts.values())
    assert [float(row[2].replace(",", "")) for row in rows[1:]] == list(shown)
    for row, sides in zip(rows[1:], shown.values(), strict=True):
        assert [row[1], row[3]] == [f"{n:,}" if n else "" for n in sides]
        assert [row[0].count("█"), row[4].count("█")] == [round(20 * n / most) for n in sides]
