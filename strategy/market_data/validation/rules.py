"""The list of all rules, by family. What is not in it is not looked at.

`RULES_VERSION` is part of every manifest row: raise it whenever a rule, its severity or its
meaning changes, so that sessions are validated again.
"""

from collections.abc import Callable, Iterable

from strategy.errors import (
    CorruptFileError,
    MissingSessionError,
    MixedSourcesError,
    SchemaError,
)
from strategy.market_data.validation import (
    bar_rules,
    chain_rules,
    columns,
    coverage_rules,
)
from strategy.market_data.validation.findings import Family, Rule, Severity
from strategy.market_data.validation.hit import Hit
from strategy.market_data.validation.settings import ValidationSettings
from strategy.market_data.validation.view import SessionView

RULES_VERSION = 1

_FETCH = "fetch the session again, or remove its folder"
_LOOK = "compare with another source where results depend on it"


def _column_rule(name: str) -> Callable[[SessionView, ValidationSettings], Iterable[Hit]]:
    def hits(view: SessionView, _: ValidationSettings) -> Iterable[Hit]:
        return view.column_hits.get(name, [])

    return hits


UNREADABLE = Rule(
    name="unreadable_file",
    family=Family.FILES,
    severity=Severity.ERROR,
    meaning="A file is absent, cut short or damaged, or its content is not what was written.",
    remedy=_FETCH,
    error_class=CorruptFileError,
)
WRONG_SCHEMA = Rule(
    name="wrong_schema",
    family=Family.FILES,
    severity=Severity.ERROR,
    meaning="A column is absent or of another type, or the format is of another version.",
    remedy=_FETCH,
    error_class=SchemaError,
)
FILES_DISAGREE = Rule(
    name="files_disagree",
    family=Family.FILES,
    severity=Severity.ERROR,
    meaning="The three files of a session state different sources.",
    remedy=_FETCH,
    error_class=MixedSourcesError,
)
UNKNOWN_SOURCE = Rule(
    name="unknown_source",
    family=Family.FILES,
    severity=Severity.WARNING,
    meaning="The files do not say where they come from, or name a source that is not known.",
    remedy="import or download the session with rorq",
)
REFUSED = Rule(
    name="refused_by_reader",
    family=Family.FILES,
    severity=Severity.ERROR,
    meaning="The reader refuses the session for a reason that no other rule gives.",
    remedy=_FETCH,
)
MISSING_SESSION = Rule(
    name="missing_session",
    family=Family.RANGE,
    severity=Severity.ERROR,
    meaning="An exchange session before the last cached one of the range is not cached "
    "(a warning where missing sessions are allowed).",
    remedy="fetch it with `rorq download`, or allow missing sessions",
    error_class=MissingSessionError,
)
NOTHING_CACHED = Rule(
    name="nothing_cached",
    family=Family.RANGE,
    severity=Severity.ERROR,
    meaning="No session of the range is cached.",
    remedy="fetch sessions with `rorq download`, or make some with `rorq sample`",
    error_class=MissingSessionError,
)
MIXED_SOURCES = Rule(
    name="mixed_sources",
    family=Family.RANGE,
    severity=Severity.ERROR,
    meaning="Synthetic and other sessions stand in one range.",
    remedy="take the synthetic ones away with `rorq sample --remove`",
    error_class=MixedSourcesError,
)
NO_SESSION_DAY = Rule(
    name="no_session_day",
    family=Family.RANGE,
    severity=Severity.WARNING,
    meaning="A day is cached on which the exchange was closed; it is not used.",
    remedy="remove its folder",
)

_TIMESTAMP_RULES = (
    Rule(
        name=columns.MISSING_TIME,
        family=Family.TIMESTAMPS,
        severity=Severity.ERROR,
        meaning="A bar without timestamp.",
        remedy=_FETCH,
        check=_column_rule(columns.MISSING_TIME),
    ),
    Rule(
        name="fractional_second",
        family=Family.TIMESTAMPS,
        severity=Severity.ERROR,
        meaning="A timestamp that is no start of a second.",
        remedy=_FETCH,
        check=bar_rules.fractional_second,
    ),
    Rule(
        name="duplicate_second",
        family=Family.TIMESTAMPS,
        severity=Severity.ERROR,
        meaning="Two bars of one contract, or of the underlying, in one second.",
        remedy=_FETCH,
        check=bar_rules.duplicate_second,
    ),
    Rule(
        name="unsorted_bars",
        family=Family.TIMESTAMPS,
        severity=Severity.ERROR,
        meaning="Bars that go back in time, or a contract's bars that do not stand together.",
        remedy=_FETCH,
        check=bar_rules.unsorted_bars,
    ),
    Rule(
        name="other_day",
        family=Family.TIMESTAMPS,
        severity=Severity.ERROR,
        meaning="Bars of another New York day.",
        remedy=_FETCH,
        check=bar_rules.other_day,
    ),
    Rule(
        name="outside_session",
        family=Family.TIMESTAMPS,
        severity=Severity.WARNING,
        meaning="Bars before the open or after the close, which are dropped.",
        remedy="nothing: they are not used",
        check=bar_rules.outside_session,
    ),
)
_PRICE_RULES = (
    Rule(
        name=columns.BAD_PRICE,
        family=Family.PRICES,
        severity=Severity.ERROR,
        meaning="A price that is missing, zero, negative, infinite or above 100 million USD.",
        remedy=_FETCH,
        check=_column_rule(columns.BAD_PRICE),
    ),
    Rule(
        name="bar_order",
        family=Family.PRICES,
        severity=Severity.ERROR,
        meaning="A low above the bar's open, close or high, or a high below one of them.",
        remedy=_FETCH,
        check=bar_rules.bar_order,
    ),
    Rule(
        name=columns.BAD_VOLUME,
        family=Family.PRICES,
        severity=Severity.ERROR,
        meaning="A volume that is infinite or beyond a million million shares.",
        remedy=_FETCH,
        check=_column_rule(columns.BAD_VOLUME),
    ),
    Rule(
        name="vwap_outside_bar",
        family=Family.PRICES,
        severity=Severity.WARNING,
        meaning="A vwap below the bar's low or above its high; common in real data, since odd lots "
        "count in the vwap but not in the extremes.",
        remedy=_LOOK,
        check=bar_rules.vwap_outside_bar,
    ),
    Rule(
        name=columns.NO_VOLUME,
        family=Family.PRICES,
        severity=Severity.WARNING,
        meaning="A bar whose volume is missing, zero or negative; it adds nothing to the VWAP.",
        remedy=_LOOK,
        check=_column_rule(columns.NO_VOLUME),
    ),
    Rule(
        name=columns.NO_VWAP,
        family=Family.PRICES,
        severity=Severity.WARNING,
        meaning="A bar without vwap; its close is used instead.",
        remedy=_LOOK,
        check=_column_rule(columns.NO_VWAP),
    ),
)
_CHAIN_RULES = (
    Rule(
        name="empty_chain",
        family=Family.CHAIN,
        severity=Severity.ERROR,
        meaning="The chain has no contract.",
        remedy=_FETCH,
        check=chain_rules.empty_chain,
    ),
    Rule(
        name="wrong_expiry",
        family=Family.CHAIN,
        severity=Severity.ERROR,
        meaning="A contract that does not expire on the session's day.",
        remedy=_FETCH,
        check=chain_rules.wrong_expiry,
    ),
    Rule(
        name="other_underlying",
        family=Family.CHAIN,
        severity=Severity.ERROR,
        meaning="A contract on another underlying.",
        remedy=_FETCH,
        check=chain_rules.other_underlying,
    ),
    Rule(
        name="repeated_contract",
        family=Family.CHAIN,
        severity=Severity.ERROR,
        meaning="A ticker twice in the chain, or two contracts of one type and strike.",
        remedy=_FETCH,
        check=chain_rules.repeated_contract,
    ),
    Rule(
        name="contradicting_ticker",
        family=Family.CHAIN,
        severity=Severity.ERROR,
        meaning="A contract whose ticker tells another expiry, type or strike than its columns.",
        remedy=_FETCH,
        check=chain_rules.contradicting_ticker,
    ),
    Rule(
        name=columns.MISSING_TICKER,
        family=Family.CHAIN,
        severity=Severity.ERROR,
        meaning="A contract or an option bar without ticker.",
        remedy=_FETCH,
        check=_column_rule(columns.MISSING_TICKER),
    ),
    Rule(
        name=columns.BAD_CONTRACT_TYPE,
        family=Family.CHAIN,
        severity=Severity.ERROR,
        meaning="A contract that is neither call nor put.",
        remedy=_FETCH,
        check=_column_rule(columns.BAD_CONTRACT_TYPE),
    ),
    Rule(
        name=columns.BAD_STRIKE,
        family=Family.CHAIN,
        severity=Severity.ERROR,
        meaning="A strike that is missing, zero, negative, infinite or above 100 million USD.",
        remedy=_FETCH,
        check=_column_rule(columns.BAD_STRIKE),
    ),
    Rule(
        name=columns.BAD_SHARES,
        family=Family.CHAIN,
        severity=Severity.ERROR,
        meaning="A contract whose number of shares is missing, zero or negative.",
        remedy=_FETCH,
        check=_column_rule(columns.BAD_SHARES),
    ),
    Rule(
        name="one_sided_chain",
        family=Family.CHAIN,
        severity=Severity.WARNING,
        meaning="The chain has no call, or no put; signals of that side cannot be traded.",
        remedy=_FETCH,
        check=chain_rules.one_sided_chain,
    ),
    Rule(
        name="bars_outside_chain",
        family=Family.CHAIN,
        severity=Severity.WARNING,
        meaning="Option bars of contracts that are not in the chain; they are not used.",
        remedy="fetch the chain again",
        check=chain_rules.bars_outside_chain,
    ),
)
_MOVEMENT_RULES = (
    Rule(
        name="price_spike",
        family=Family.MOVEMENT,
        severity=Severity.WARNING,
        meaning="A close that jumps for one bar and comes back in the next.",
        remedy=_LOOK,
        check=bar_rules.price_spike,
    ),
    Rule(
        name="repeated_bars",
        family=Family.MOVEMENT,
        severity=Severity.WARNING,
        meaning="Underlying bars that equal the one before, volume included, as forward-filling "
        "leaves them; they count their volume again in the running VWAP.",
        remedy="import the old cache again without --keep-repeats",
        check=bar_rules.repeated_bars,
    ),
)
_COVERAGE_RULES = (
    Rule(
        name="no_bars",
        family=Family.COVERAGE,
        severity=Severity.ERROR,
        meaning="The underlying has no bar between open and close.",
        remedy=_FETCH,
        check=coverage_rules.no_bars,
    ),
    Rule(
        name="few_seconds",
        family=Family.COVERAGE,
        severity=Severity.WARNING,
        meaning="Too small a share of the session's seconds has an underlying bar.",
        remedy=_FETCH,
        check=coverage_rules.few_seconds,
    ),
    Rule(
        name="long_gap",
        family=Family.COVERAGE,
        severity=Severity.WARNING,
        meaning="Too long a stretch without an underlying bar.",
        remedy=_FETCH,
        check=coverage_rules.long_gap,
    ),
    Rule(
        name="missing_contracts",
        family=Family.COVERAGE,
        severity=Severity.WARNING,
        meaning="Contracts that the search space could choose have no bar; entries in them are "
        "lost, and counted as missing_contract_data.",
        remedy="fetch the session again for this search space",
        check=coverage_rules.missing_contracts,
    ),
)

RULES: tuple[Rule, ...] = (
    *(UNREADABLE, WRONG_SCHEMA, FILES_DISAGREE, REFUSED, UNKNOWN_SOURCE),
    *_TIMESTAMP_RULES,
    *_PRICE_RULES,
    *_CHAIN_RULES,
    *_MOVEMENT_RULES,
    *_COVERAGE_RULES,
    *(NOTHING_CACHED, MISSING_SESSION, MIXED_SOURCES, NO_SESSION_DAY),
)
RULES_BY_NAME = {rule.name: rule for rule in RULES}


def rules_of(family: Family) -> tuple[Rule, ...]:
    """The rules of one family, errors and warnings."""
    return tuple(rule for rule in RULES if rule.family is family)
