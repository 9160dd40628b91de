"""Compiled functions on arrays and numbers alone: no pandas, no dates, no I/O, no configuration.

Every kernel keeps its plain Python twin as `kernel.py_func`, which the tests run beside it.
Times are seconds since the session's open, prices US dollars per share.
"""
