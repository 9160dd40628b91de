"""The verdict: `trade`, `watch` or `reject`, with the figures that led to it.

Either of two legs carries `trade`. The selection test: the whole choice, rule included, beats what
it would have found where nothing pays; it needs no history but a strong edge. The policy's history:
what the way of choosing, fixed beforehand, earned in the months that followed each choice; it needs
months, and sees a weaker edge. Each is held to half of the nominal 5 percent: they share data, and
the sum is an upper bound of their joint level whatever their dependence (Bonferroni). What is said
of gain and loss in the history, and in the sessions after the range, holds on whatever day one
looks (`optimize.statistics.betting`); what is asked of the promise does not.

Proofs, the return on risk in the range and under adverse fills, and the number of trades must hold
beside it. A broken proof, a loss in the range, a handful of trades, a policy whose history loses or
a loss out of sample beyond luck rejects; all else is `watch`. The selection test says what was in
the range and not that it lasts: where it carries alone, what followed must not fall short of the
promise. Nor is `trade` said of data with holes.

The other statistics inform: they look at the same blocks of sessions, so that a vote of each would
count one figure several times and leave nothing to trade.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from optimize.statistics.out_of_sample import kept_fraction
from optimize.verdict_settings import MORE_IS_BETTER, SESSIONS_A_MONTH, VerdictSettings

Decision = Literal["trade", "watch", "reject"]
_SELECTION, _HISTORY = "selection test", "policy's history"  # the legs
Level = Literal["good", "doubtful", "bad", "unknown", "absent"]  # absent does not forbid `trade`


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What the verdict looks at; None is not known, which never speaks for trading."""

    total_trades: int
    return_on_risk_percent: float | None  # in-sample
    promised_percent: float | None  # of the same, as the rule that chose saw it
    overfitting_fraction: float | None
    loss_fraction: float | None
    deflated_sharpe_fraction: float | None
    superior_ability_p_value: float | None  # over every combination
    out_of_sample_traded_sessions: int  # sessions after the range with a trade
    out_of_sample_return_on_risk_percent: float | None
    out_of_sample_gain_p_value: float | None  # of as much where nothing is earned
    out_of_sample_loss_p_value: float | None  # of as little where nothing is lost
    adverse_fills_return_on_risk_percent: float | None
    no_look_ahead: bool | None  # proven on the range's own data
    replay_agrees: bool | None  # the reference engine gives the same trades
    at_quotes_return_on_risk_percent: float | None = None
    has_quotes: bool = False  # of any fill; then `trade` requires a result at quotes
    selection_test_p_value: float | None = None  # of the choice's t, over every combination
    policy_months: int = 0  # traded by what the policy chose before each
    policy_absent: str | None = None  # why no month was traded
    policy_usd_a_month: float | None = None
    policy_p_value: float | None = None  # of as much where the policy earns nothing
    policy_loss_p_value: float | None = None  # of as little where it loses nothing
    synthetic: bool = False
    n_sessions: int = SESSIONS_A_MONTH  # of the range
    sessions_with_holes: int | None = None  # by validation; missing ones are too


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One figure and what it says."""

    name: str
    level: Level
    text: str
    decides: bool = True  # else it informs


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The decision in one line, and the findings in the order they were asked."""

    decision: Decision
    line: str
    findings: tuple[Finding, ...]

    @property
    def sentence(self) -> str:
        """The reasons of the line, without the decision, as a sentence."""
        _, _, reasons = self.line.partition(": ")
        return f"{reasons[:1].upper()}{reasons[1:]}."


def judge(evidence: Evidence, settings: VerdictSettings | None = None) -> Verdict:
    """Decide on one range."""
    limits = settings or VerdictSettings()
    legs = _legs(evidence, limits)
    findings = (
        _proof("no look-ahead", evidence.no_look_ahead, "no decision sees later data"),
        _proof("replay", evidence.replay_agrees, "the reference engine gives the same trades"),
        _sign("return on risk", evidence.return_on_risk_percent, "in-sample", below="bad"),
        _data(evidence, limits),
        _trades(evidence, limits),
        *legs,
        _sign(
            "adverse fills",
            evidence.adverse_fills_return_on_risk_percent,
            "under adverse fills",
            below="doubtful",
        ),
        _at_quotes(evidence),
        _out_of_sample(evidence, limits, carried_by=_good(legs)),
        *_informing(evidence, limits),
    )
    levels = {finding.level for finding in findings if finding.decides} - {"absent"}
    decision: Decision = "watch"
    if "bad" in levels:
        decision = "reject"
    elif levels == {"good"}:
        decision = "trade"
    return Verdict(decision=decision, line=_line(decision, findings, evidence), findings=findings)


def _legs(evidence: Evidence, limits: VerdictSettings) -> tuple[Finding, ...]:
    """The selection test and the policy's history; where one carries, the other only informs."""
    legs = (
        _selection_test(evidence.selection_test_p_value, limits),
        _policy_history(evidence, limits),
    )
    if not _good(legs):
        return legs
    return tuple(replace(leg, decides=leg.level in ("good", "bad")) for leg in legs)


def _good(findings: Iterable[Finding]) -> set[str]:
    return {finding.name for finding in findings if finding.level == "good"}


def _policy_history(evidence: Evidence, limits: VerdictSettings) -> Finding:
    """Good: earns beyond luck. Bad: loses beyond luck, which alone decides."""
    name, n_months = _HISTORY, evidence.policy_months
    p_value, loss_p_value = evidence.policy_p_value, evidence.policy_loss_p_value
    usd = evidence.policy_usd_a_month
    if p_value is None or loss_p_value is None or usd is None:
        text = f"{name} not known ({evidence.policy_absent or 'no month was traded'})"
        return Finding(name=name, level="unknown", text=text)
    money, plural = f"{'-' if usd < 0 else '+'}${abs(usd):,.0f}", "" if n_months == 1 else "s"
    text = f"the policy brought {money} a month in {n_months} month{plural}, "
    if loss_p_value <= limits.policy_to_reject:
        text += (
            f"as little has a probability of {_probability(loss_p_value)} where it loses nothing"
        )
        return Finding(name=name, level="bad", text=text)
    text += f"as much has a probability of {_probability(p_value)} where it earns nothing"
    if p_value <= limits.policy_to_trade and usd > 0:
        return Finding(name=name, level="good", text=text)
    need = f"{text} (trade needs at most {limits.policy_to_trade:g})"
    return Finding(name=name, level="doubtful", text=need)


def _selection_test(p_value: float | None, limits: VerdictSettings) -> Finding:
    name, limit = _SELECTION, limits.selection_test_to_trade
    if p_value is None:
        return Finding(name=name, level="unknown", text=f"{name} not known")
    text = f"a choice as good has a probability of {_probability(p_value)} where nothing pays"
    if p_value <= limit:
        return Finding(name=name, level="good", text=text)
    return Finding(name=name, level="doubtful", text=f"{text} (trade needs at most {limit:g})")


def _informing(evidence: Evidence, limits: VerdictSettings) -> tuple[Finding, ...]:
    measured = (
        ("overfitting", evidence.overfitting_fraction, "overfitting probability {}", _share),
        ("loss", evidence.loss_fraction, "{} of the splits' winners lose out of sample", _share),
        (
            "deflated Sharpe",
            evidence.deflated_sharpe_fraction,
            "deflated Sharpe probability {}",
            _share,
        ),
        (
            "superior ability",
            evidence.superior_ability_p_value,
            "p-value against not trading {}",
            _p_value,
        ),
    )
    return tuple(
        _as_information(_measure(name, value, text, form, limits))
        for name, value, text, form in measured
    )


def _share(fraction: float) -> str:
    return f"{100 * fraction:.{0 if fraction >= 0.01 else 1}f}%"  # as its card has it, from 1% on


def _p_value(p_value: float) -> str:
    return "below 0.001" if p_value < 0.001 else f"{p_value:.3g}"


def _probability(p_value: float) -> str:
    return "less than 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def _as_information(finding: Finding) -> Finding:
    """A limit that bears on no decision is only where a figure is good or bad."""
    text = finding.text.replace("trade needs", "good is").replace("rejected", "bad is")
    return replace(finding, text=text, decides=False)


def _measure(
    name: str,
    value: float | None,
    text: str,
    form: Callable[[float], str],
    limits: VerdictSettings,
) -> Finding:
    """Compare a figure with the two limits that bear its name."""
    if value is None:
        return Finding(name=name, level="unknown", text=f"{name} not known")
    field = name.lower().replace(" ", "_")
    trade, reject = (getattr(limits, f"{field}_to_{end}") for end in ("trade", "reject"))
    more_is_better = field in MORE_IS_BETTER
    is_good = value >= trade if more_is_better else value <= trade
    is_bad = value < reject if more_is_better else value > reject
    level: Level = "bad" if is_bad else "good" if is_good else "doubtful"
    least, below = ("at least", "below") if more_is_better else ("at most", "above")
    limit = f"rejected {below} {form(reject)}" if is_bad else f"trade needs {least} {form(trade)}"
    need = "" if level == "good" else f" ({limit})"
    return Finding(name=name, level=level, text=text.format(form(value)) + need)


def _data(evidence: Evidence, limits: VerdictSettings) -> Finding:
    """What was not seen might have been a loss."""
    name, n_holed, n_sessions = "data", evidence.sessions_with_holes, evidence.n_sessions
    if n_holed is None:
        text = "whether the data has holes is not known: `rorq materialize RANGE` validates it"
        return Finding(name=name, level="unknown", text=text)
    if not n_holed:
        text = "no session of the underlying is missing, ends early or has long gaps"
        return Finding(name=name, level="good", text=text, decides=False)
    text = f"{n_holed} of {n_sessions} sessions are missing, end early or have holes"
    most = limits.holed_sessions_to_trade
    if n_holed <= most * n_sessions:
        return Finding(name=name, level="doubtful", text=text, decides=False)
    need = f"trade needs at most {100 * most:g}%"
    return Finding(name=name, level="doubtful", text=f"{text} ({need})")


def _trades(evidence: Evidence, limits: VerdictSettings) -> Finding:
    """Hold the trades against both limits, over as many sessions as the range has."""
    over = {
        name: VerdictSettings.trades_over(getattr(limits, name), evidence.n_sessions)
        for name in ("trades_to_trade", "trades_to_reject")
    }
    held = limits.model_copy(update=over)
    return _measure("trades", evidence.total_trades, "{} trades", "{:.0f}".format, held)


def _sign(name: str, percent: float | None, where: str, *, below: Level) -> Finding:
    if percent is None:
        return Finding(name=name, level="unknown", text=f"return on risk {where} not known")
    return Finding(
        name=name,
        level="good" if percent > 0 else below,
        text=f"return on risk {percent:+.1f}% {where}",
    )


def _at_quotes(evidence: Evidence) -> Finding:
    name, percent = "quotes", evidence.at_quotes_return_on_risk_percent
    if not evidence.has_quotes:
        text = "no quotes: whether fills at ask and bid earn is not known"
        return Finding(name=name, level="absent", text=text)
    return _sign(name, percent, "at quotes", below="doubtful")


def _proof(name: str, holds: bool | None, text: str) -> Finding:
    if holds is None:
        return Finding(name=name, level="unknown", text=f"{name} not checked")
    return Finding(
        name=name, level="good" if holds else "bad", text=text if holds else f"not: {text}"
    )


def fell_short(evidence: Evidence, limits: VerdictSettings) -> bool:
    """Whether what followed kept too little of the promise, and did not earn beyond luck.

    Asked from twice the sessions on that make it known: a share of a promise is no test, and so has
    no level for who looks every day (design/verdict_calibration.md).
    """
    value, gain = (
        evidence.out_of_sample_return_on_risk_percent,
        evidence.out_of_sample_gain_p_value,
    )
    n_traded, n_needed = evidence.out_of_sample_traded_sessions, limits.out_of_sample_sessions
    if value is None or gain is None or n_traded < 2 * n_needed:
        return False
    is_short = value < limits.promise_kept_to_trade * max(evidence.promised_percent or 0.0, 0.0)
    return is_short and gain > limits.out_of_sample_to_reject


def _out_of_sample(
    evidence: Evidence, limits: VerdictSettings, *, carried_by: Collection[str]
) -> Finding:
    """Good: earns beyond luck. Bad: loses beyond luck. Between them, falling short may decide."""
    name, value = "out of sample", evidence.out_of_sample_return_on_risk_percent
    gain, loss = evidence.out_of_sample_gain_p_value, evidence.out_of_sample_loss_p_value
    n_traded, n_needed = evidence.out_of_sample_traded_sessions, limits.out_of_sample_sessions
    if value is None or gain is None or loss is None or n_traded < n_needed:
        text = f"out of sample not known (trades in {n_traded} sessions, {n_needed} are needed)"
        return Finding(name=name, level="unknown", text=text, decides=False)
    limit = limits.out_of_sample_to_reject
    text = f"return on risk {value:+.1f}% out of sample in {n_traded} sessions with trades, "
    if loss <= limit:
        text += f"as little has a probability of {_probability(loss)} where nothing is lost"
        return Finding(name=name, level="bad", text=text)
    earned = f"as much has a probability of {_probability(gain)} where nothing is earned"
    if gain <= limit:
        return Finding(name=name, level="good", text=text + earned)
    if not fell_short(evidence, limits):
        return Finding(name=name, level="doubtful", text=text + earned, decides=False)
    kept = kept_fraction(evidence.promised_percent, value)
    text += f"{f'{100 * kept:.1f}%' if kept and kept > 0 else 'none'} of the promise"
    if carried_by != {_SELECTION}:
        return Finding(name=name, level="doubtful", text=text, decides=False)
    need = f" (trade needs at least {100 * limits.promise_kept_to_trade:g}%)"
    return Finding(name=name, level="doubtful", text=text + need)


def _line(decision: Decision, findings: tuple[Finding, ...], evidence: Evidence) -> str:
    wanted: dict[Decision, set[Level]] = {
        "reject": {"bad"},
        "watch": {"doubtful", "unknown"},
        "trade": {"good", "absent"},
    }
    reasons = [f.text for f in findings if f.decides and f.level in wanted[decision]]
    note = " [synthetic data]" if evidence.synthetic else ""
    return f"{decision}{note}: {'; '.join(reasons)}"
