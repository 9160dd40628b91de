"""The list of all rules, and those that no function of a session's view decides.

A rule stands beside the function that looks for it, in `column_rules`, `bar_rules`, `chain_rules`,
`coverage_rules` and `quote_rules`; those here are decided where files are read and where a range is
put together. `RULES_VERSION` is part of every manifest row: raise it whenever a rule, its severity
or its meaning changes, so that sessions are validated again.
"""

from strategy.errors import (
    CorruptFileError,
    MissingSessionError,
    MixedSourcesError,
    SchemaError,
)
from strategy.market_data.loading import ALLOW_MISSING
from strategy.market_data.schema import FETCH_AGAIN
from strategy.market_data.validation import (
    bar_rules,
    chain_rules,
    column_rules,
    coverage_rules,
    quote_rules,
)
from strategy.market_data.validation.findings import Family, Rule, Severity

RULES_VERSION = 3

UNREADABLE = Rule(
    name="unreadable_file",
    family=Family.FILES,
    severity=Severity.ERROR,
    meaning="A file is absent, cut short or damaged, or its content is not what was written.",
    remedy=FETCH_AGAIN,
    error_class=CorruptFileError,
)
WRONG_SCHEMA = Rule(
    name="wrong_schema",
    family=Family.FILES,
    severity=Severity.ERROR,
    meaning="A column is absent or of another type, or the format is of another version.",
    remedy=FETCH_AGAIN,
    error_class=SchemaError,
)
FILES_DISAGREE = Rule(
    name="files_disagree",
    family=Family.FILES,
    severity=Severity.ERROR,
    meaning="The three files of a session state different sources.",
    remedy=FETCH_AGAIN,
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
    remedy=FETCH_AGAIN,
)
UNREADABLE_QUOTES = Rule(
    name="unreadable_quotes",
    family=Family.QUOTES,
    severity=Severity.WARNING,
    meaning="The file of quotes is damaged, or a column is absent or of another type.",
    remedy="bring them anew with `rorq quotes RANGE`, or remove the file",
)
MISSING_SESSION = Rule(
    name="missing_session",
    family=Family.RANGE,
    severity=Severity.ERROR,
    meaning="An exchange session before the last cached one of the range is not cached "
    "(a warning where missing sessions are allowed).",
    remedy=f"fetch it with `rorq download RANGE`, or {ALLOW_MISSING}",
    error_class=MissingSessionError,
)
NOTHING_CACHED = Rule(
    name="nothing_cached",
    family=Family.RANGE,
    severity=Severity.ERROR,
    meaning="No session of the range is cached.",
    remedy="fetch sessions with `rorq download RANGE`, or make some with `rorq sample RANGE`",
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

_HERE = (
    *(UNREADABLE, WRONG_SCHEMA, FILES_DISAGREE, REFUSED, UNKNOWN_SOURCE, UNREADABLE_QUOTES),
    *(NOTHING_CACHED, MISSING_SESSION, MIXED_SOURCES, NO_SESSION_DAY),
)
_ELSEWHERE = tuple(
    thing
    for module in (column_rules, bar_rules, chain_rules, coverage_rules, quote_rules)
    for thing in vars(module).values()
    if isinstance(thing, Rule)
)
RULES: tuple[Rule, ...] = tuple(
    rule
    for family in Family
    for severity in Severity
    for rule in (*_HERE, *_ELSEWHERE)
    if (rule.family, rule.severity) == (family, severity)
)
RULES_BY_NAME = {rule.name: rule for rule in RULES}


def rules_of(family: Family) -> tuple[Rule, ...]:
    """The rules of one family, errors and warnings."""
    return tuple(rule for rule in RULES if rule.family is family)
