"""The trades as the page's script reads them, by hand."""

from rorq_pipeline.report.pictures import TradePicture
from rorq_pipeline.report.sections.trades import trades_section
from strategy.params import StrategyParams
from tests.rorq_pipeline.report.small import small_data, trade

TRADES = [
    trade(3, 10.006, at="09:45:07", seconds=75),
    trade(4, -30.0, exit_reason="stop_loss", side="above", ticker="O:SPY230104P00379500"),
    trade(6, 12.34, at="15:01:02"),
    trade(6, -5.0, at="15:30:00"),
]


def test_a_row_has_its_values_in_the_order_of_the_columns() -> None:
    table = trades_section(small_data(TRADES)).values["trades"]
    first, second, *_ = [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
    assert first == {
        "number": 0,
        "session": "2023-01-03",
        "side": "below",
        "contract": "380 call",
        "entry_time": 35_107,  # 9 h 45 min 7 s
        "entry_price": 1.25,
        "exit_time": 35_182,
        "exit_price": 1.5,
        "held_seconds": 75,
        "exit_reason": "take_profit",
        "net_pnl_usd": 10.01,
        "return_on_risk_percent": 15.6,  # of a risk of $64
        "signal_time": 35_106,
        "stretch_time": 35_065,
        "entry_age_seconds": 0,
        "exit_age_seconds": 2,
    }
    assert (second["number"], second["contract"], second["side"]) == (1, "379.5 put", "above")
    assert (second["net_pnl_usd"], second["return_on_risk_percent"]) == (-30.0, -46.9)


def test_the_extremes_and_the_bands_of_the_pictures() -> None:
    params = StrategyParams(stretch_threshold=0.004, reclaim_threshold=0.001, slippage_amount=0.03)
    section = trades_section(small_data(TRADES, best={"strategy_params": params}))
    assert section.values["extremes"] == {"best": 2, "worst": 1}
    assert section.values["bands"] == {"stretch": 0.004, "reclaim": 0.001, "slippage": 0.03}
    assert section.context == {
        "n_trades": 4,
        "n_shown": 4,
        "n_pictures": 0,
        "reasons": ["stop_loss", "take_profit"],
    }


def test_prices_of_a_picture_are_differences_from_the_last_known() -> None:
    picture = TradePicture(
        trade=2,
        start_utc_seconds=1_673_017_262,  # 6 January 2023, 15:01:02 in London
        underlying_close_usd=[380.0, None, 380.25, 380.1],
        running_vwap_usd=[None, 379.5, 379.5001],
        option_seconds=[3, 4, 9],
        option_prices_usd=[1.25, 1.5, 1.4],
    )
    section = trades_section(small_data(TRADES, pictures=[picture]))
    assert section.context["n_pictures"] == 1
    assert section.values["pictures"] == [
        {
            "trade": 2,
            "start": 36_062,  # five hours earlier in New York
            "underlying": [3_800_000, None, 2_500, -1_500],
            "vwap": [None, 3_795_000, 1],
            "seconds": [3, 1, 5],
            "option": [12_500, 2_500, -1_000],
        }
    ]


def test_without_a_trade_there_is_no_table() -> None:
    absent = trades_section(small_data()).absent
    assert absent == "These parameters made no trade in this range."
