"""Measures sipbot on this machine: ``python -m benchmarks``.

``figures.py``       samples, their spread, and whether what is wanted was reached (pure)
``completeness.py``  which frames of a message arrived in a recording (pure)
``machine.py``       what it was measured on; memory and processor time of processes
``bench_bot.py``     a sipbot of its own, with its own broker, ports and folder
``bus.py``           a subscriber that notes when memos arrive
``sipp.py``          INVITE to 200 OK, timed by SIPp
``talking.py``       callers who leave messages: BYE to memo, completeness, memory, processor share
``crashing.py``      kill -9 of an agent: when is the next call answered?
``recognising.py``   recognition beside a bare loop of the same engine (``bare.py``)
``committing.py``    one transaction of the ledger
``report.py``        table, JSON and Markdown
"""
