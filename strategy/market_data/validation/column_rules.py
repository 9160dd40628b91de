"""Rules on single values: what `columns` finds with its schemas, by the name of the rule."""

from collections.abc import Iterable

from strategy.market_data.schema import FETCH_AGAIN
from strategy.market_data.validation import columns
from strategy.market_data.validation.findings import LOOK, Family, Rule, Severity
from strategy.market_data.validation.hit import Hit
from strategy.market_data.validation.settings import ValidationSettings
from strategy.market_data.validation.view import SessionView


def _column_rule(
    name: str, family: Family, severity: Severity, meaning: str, remedy: str = FETCH_AGAIN
) -> Rule:
    def hits(view: SessionView, _: ValidationSettings) -> Iterable[Hit]:
        return view.column_hits.get(name, [])

    return Rule(
        name=name, family=family, severity=severity, meaning=meaning, remedy=remedy, check=hits
    )


MISSING_TIME = _column_rule(
    columns.MISSING_TIME, Family.TIMESTAMPS, Severity.ERROR, "A bar without timestamp."
)
BAD_PRICE = _column_rule(
    columns.BAD_PRICE,
    Family.PRICES,
    Severity.ERROR,
    "A price that is missing, zero, negative, infinite or above 100 million USD.",
)
BAD_VOLUME = _column_rule(
    columns.BAD_VOLUME,
    Family.PRICES,
    Severity.ERROR,
    "A volume that is infinite or beyond a million million shares.",
)
NO_VOLUME = _column_rule(
    columns.NO_VOLUME,
    Family.PRICES,
    Severity.WARNING,
    "A bar whose volume is missing, zero or negative; it adds nothing to the VWAP.",
    LOOK,
)
NO_VWAP = _column_rule(
    columns.NO_VWAP,
    Family.PRICES,
    Severity.WARNING,
    "A bar without vwap; its close is used instead.",
    LOOK,
)
MISSING_TICKER = _column_rule(
    columns.MISSING_TICKER,
    Family.CHAIN,
    Severity.ERROR,
    "A contract or an option bar without ticker.",
)
BAD_CONTRACT_TYPE = _column_rule(
    columns.BAD_CONTRACT_TYPE,
    Family.CHAIN,
    Severity.ERROR,
    "A contract that is neither call nor put.",
)
BAD_STRIKE = _column_rule(
    columns.BAD_STRIKE,
    Family.CHAIN,
    Severity.ERROR,
    "A strike that is missing, zero, negative, infinite or above 100 million USD.",
)
BAD_SHARES = _column_rule(
    columns.BAD_SHARES,
    Family.CHAIN,
    Severity.ERROR,
    "A contract whose number of shares is missing, zero or negative.",
)
