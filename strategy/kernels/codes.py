"""Small integers that stand for names inside kernels, and the layout of their outputs."""

BELOW = 0  # price stretched below VWAP: buy a call
ABOVE = 1  # price stretched above VWAP: buy a put
SIDE_NAMES = ("below", "above")

ITM, OTM, ATM = 0, 1, 2
MODE_CODES = {"itm": ITM, "otm": OTM, "atm": ATM}

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
    EXIT_SECOND,
    EXIT_BAR,
    REASON,
) = range(9)
N_TRADE_COLUMNS = 9

# Positions in the counts of a backtest, int64
(
    STRETCH_SIGNALS,
    VALID_ENTRIES,
    LATE_ENTRIES_BLOCKED,
    MISSING_CONTRACT_DATA,
    NO_PRICE_AT_ENTRY,
    STALE_PRICES,
    FORCED_EXITS,
) = range(7)
N_COUNTS = 7
