"""The verdict in one plain sentence: what to do, and the reasons that weigh most."""

from collections.abc import Callable, Mapping

from optimize.statistics import Evidence
from optimize.statistics.verdict import Finding, Verdict, fell_short
from rorq_pipeline.report.formats import MINUS, count, percent, share, true_minus, usd
from rorq_pipeline.results.models import VerdictRecord

ADVICE = {
    "trade": "Trade these parameters",
    "watch": "Do not trade these parameters yet",
    "reject": "Do not trade these parameters",
}
MAX_REASONS = 2
_WEIGH = {"trade": ("good",), "watch": ("doubtful", "unknown"), "reject": ("bad",)}

# Findings that say most first; what is not here is said in the finding's own words.
_PLAIN: Mapping[tuple[str, str], Callable[[Evidence], str]] = {
    ("no look-ahead", "bad"): lambda _: "a decision used later data, so that no figure counts",
    ("replay", "bad"): lambda _: "two engines disagree about the trades, so that no figure counts",
    ("data", "doubtful"): lambda e: f"the data of {count(e.sessions_with_holes)} of the "
    f"{count(e.n_sessions)} sessions is missing, has holes or ends early (see Data, and fetch it "
    "again)",
    ("trades", "bad"): lambda e: f"{_trades(e)} too few to say anything",
    ("return on risk", "bad"): lambda _: "they lost money in the very range they were chosen on",
    ("out of sample", "bad"): lambda e: f"in the sessions that followed they lost "
    f"{_unsigned(percent(e.out_of_sample_return_on_risk_percent))} on risk",
    ("policy's history", "bad"): lambda e: f"choosing this way lost "
    f"{_unsigned(usd(e.policy_usd_a_month, 0))} a month over {count(e.policy_months)} months",
    ("selection test", "good"): lambda e: f"luck alone finds a choice as good {_chance(e)}",
    ("policy's history", "good"): lambda e: f"choosing this way brought "
    f"{usd(e.policy_usd_a_month, 0)} a month over {count(e.policy_months)} months",
    ("out of sample", "good"): lambda e: f"in the sessions that followed they made "
    f"{percent(e.out_of_sample_return_on_risk_percent)} on risk",
    ("out of sample", "doubtful"): lambda e: f"the sessions that followed {_came(e)}",
    ("trades", "doubtful"): lambda e: f"{_trades(e)} too few",
    ("selection test", "doubtful"): lambda e: f"luck alone finds a choice as good {_chance(e)}",
    ("selection test", "unknown"): lambda e: f"{_n_trades(e)} in {count(e.n_sessions)} "
    f"session{'' if e.n_sessions == 1 else 's'} cannot be told from luck",
    ("adverse fills", "doubtful"): lambda _: "bad fills would make them lose",
    ("quotes", "doubtful"): lambda _: "at the quoted prices they lose",
    ("quotes", "unknown"): lambda _: "what they make at the quoted prices is not known",
}  # fmt: skip


def plain_sentence(record: VerdictRecord) -> str:
    """What to do with the published parameters and why, for a reader in a hurry."""
    verdict, evidence = record.verdict, record.evidence
    told = [_words(finding, evidence) for finding in _weighty(verdict)]
    but = ""
    if verdict.decision == "trade" and fell_short(evidence, record.limits):
        but = f", but the sessions that followed {_came(evidence)}"
    return f"{ADVICE[verdict.decision]}: {', and '.join(told)}{but}."


def _weighty(verdict: Verdict) -> list[Finding]:
    """The findings that led to the decision, those with plain words first."""
    order = list(_PLAIN)
    speaking = [
        one for one in verdict.findings if one.decides and one.level in _WEIGH[verdict.decision]
    ]
    known = [one for one in speaking if (one.name, one.level) in _PLAIN]
    known.sort(key=lambda one: order.index((one.name, one.level)))
    return (known or speaking)[:MAX_REASONS]


def _words(finding: Finding, evidence: Evidence) -> str:
    plain = _PLAIN.get((finding.name, finding.level))
    return plain(evidence) if plain else true_minus(finding.text)


def _came(evidence: Evidence) -> str:
    came = evidence.out_of_sample_return_on_risk_percent or 0.0
    promised = evidence.promised_percent
    where = "" if promised is None else f", where {percent(promised)} was promised"
    return f"{'made' if came >= 0 else 'lost'} {percent(abs(came))} on risk{where}"


def _unsigned(figure: str) -> str:
    return figure.removeprefix(MINUS)


def _trades(evidence: Evidence) -> str:
    return f"{_n_trades(evidence)} {'is' if evidence.total_trades == 1 else 'are'}"


def _n_trades(evidence: Evidence) -> str:
    n = evidence.total_trades
    return f"{count(n)} trade{'' if n == 1 else 's'}"


def _chance(evidence: Evidence) -> str:
    """How often, for a reader who knows no p-values."""
    p_value = evidence.selection_test_p_value or 0.0
    if p_value < 0.002:
        return "less than twice in 1,000 times"
    if p_value < 0.1:
        return f"{count(1000 * p_value)} times in 1,000"
    return f"{share(p_value)} of the time"
