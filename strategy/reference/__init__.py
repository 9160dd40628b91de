"""The strategy as an executable specification: slow, plain Python, one rule after the other.

Written from the description of the strategy alone. It starts from the raw bars of a session, turns
them into lists at once, and shares no code with the kernels, the session arrays or the metrics, so
that agreement between the two means something. Tests use it, and so does the replay of published
parameters; nothing from `strategy.kernels` may ever be imported here.
"""

from strategy.reference.day import Day
from strategy.reference.rules import ReferenceResult, backtest_days, reference_backtest

__all__ = ["Day", "ReferenceResult", "backtest_days", "reference_backtest"]
