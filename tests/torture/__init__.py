"""Fault injection: break everything that can break, and count what was promised and not kept.

``python -m tests.torture`` (``make torture ROUNDS=200 SEED=1``) starts real bots with real callers
and real brokers, does them harm at instants that the seed chooses, and compares afterwards what the
*callers* and *subscribers* wrote down with what sipbot has and has published: the journal of an
acceptance is the caller's, never the bot's (the method of the Jepsen tests).

One file a kind of harm; `promise` is the row that every one of them returns.
"""
