"""sipbot answers a client's telephone line and turns each message into a memo.

The files, in the order a call passes through them::

    sip/            the agent: SIP and RTP in a child program (process border)
    dialplan.py     which client is called, and what that client wants said
    script.py       the call as a pure state machine
    calls.py        the flow that ties an agent's events to the script, the spool and the ledger
    spool.py        audio on disk: the recording is the queue
    speech/         the recogniser: follows the growing file (process border)
    memo.py         what the operator reads
    ledger.py       SQLite: calls, memos, deliveries; the only queue
    outbox.py       due deliveries, in order per client, until the broker has them
    mqtt.py         topics and the session with the broker; broker.py is the embedded one
    app.py          the composition root: opens all of it in one TaskGroup
    cli.py          the commands

``docs/architecture.md`` says why it is cut this way.
"""

__version__ = "0.1.0"
