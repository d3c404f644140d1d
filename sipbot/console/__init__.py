"""The web console: a process of its own that reads the ledger, and asks main for everything else.

docs/decisions/0014-the-console.md says why.
"""
