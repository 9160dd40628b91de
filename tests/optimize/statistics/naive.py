"""The statistics once more, in the slow words of the papers, on plain lists."""

from itertools import combinations


def return_on_risk(pnl, risk, blocks):
    """P&L over risk of one trial's blocks, None without risk."""
    total = sum(risk[b] for b in blocks)
    return sum(pnl[b] for b in blocks) / total if total > 0 else None


def naive_overfitting(pnl, risk, trades, min_trades, cost):
    """Probability of overfitting, rank by rank; rows are trials, a trade's cost is in its P&L."""
    n_blocks = len(pnl[0])
    gross = [
        [p + cost * n for p, n in zip(*rows, strict=True)] for rows in zip(pnl, trades, strict=True)
    ]
    omegas = []
    for inside in combinations(range(n_blocks), n_blocks // 2):
        outside = [b for b in range(n_blocks) if b not in inside]
        candidates = [
            (return_on_risk(pnl[t], risk[t], inside), -t)
            for t in range(len(pnl))
            if sum(trades[t][b] for b in inside) >= min_trades
            and return_on_risk(pnl[t], risk[t], inside) is not None
        ]
        if not candidates:
            continue
        winner = -max(candidates)[1]
        others = [return_on_risk(gross[t], risk[t], outside) for t in range(len(pnl))]
        if others[winner] is None:
            omegas.append(0.5)
            continue
        ranked = sorted(value for value in others if value is not None)
        places = [i + 1 for i, value in enumerate(ranked) if value == others[winner]]
        omegas.append(sum(places) / len(places) / (len(ranked) + 1))
    return sum(omega <= 0.5 for omega in omegas) / len(omegas) if omegas else None, omegas
