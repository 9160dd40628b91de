"""Quotes of the contracts that a published choice traded, at the seconds of its fills.

They lie in `quotes.parquet` of each session, a fourth file that is no part of the session's
fingerprint: quotes judge a result, and no decision sees them.
"""
