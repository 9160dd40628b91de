"""Small integers that stand for names inside kernels, and the layout of their outputs."""

BELOW = 0  # price stretched below VWAP: buy a call
ABOVE = 1  # price stretched above VWAP: buy a put
SIDE_NAMES = ("below", "above")

ITM, OTM, ATM = 0, 1, 2
MODE_CODES = {"itm": ITM, "otm": OTM, "atm": ATM}

NEXT_BAR, LATEST_BAR = 0, 1
FILL_RULE_CODES = {"next_bar": NEXT_BAR, "latest_bar": LATEST_BAR}

TAKE_PROFIT, STOP_LOSS, TIME_EXIT, END_OF_DAY, EMERGENCY_EXIT, END_OF_DATA = range(6)
REASON_NAMES = (
    "take_profit",
    "stop_loss",
    "time_exit",
    "end_of_day",
    "emergency_exit",
    "end_of_data",
)

# Columns of a trade row, int64
(
    STRETCH_SECOND,
    SIGNAL_SECOND,
    SIDE,
    CONTRACT,
    ENTRY_SECOND,
    ENTRY_BAR,
    EXIT_DECISION_SECOND,
    EXIT_SECOND,
    EXIT_BAR,
    REASON,
    WITHOUT_PRINT,  # 1 where no bar came after the decision to sell
) = range(11)
N_TRADE_COLUMNS = 11

# Positions in the counts of a backtest, int64
(
    STRETCH_SIGNALS,
    VALID_ENTRIES,
    LATE_ENTRIES_BLOCKED,
    MISSING_CONTRACT_DATA,
    NO_PRICE_AT_ENTRY,
    NO_FILL,
    STALE_PRICES,
    FORCED_EXITS,
    EXIT_WITHOUT_PRINT,
) = range(9)
N_COUNTS = 9
