"""The SIP agent: a child program, because a crash in C must cost four calls and not all of them.

``wire.py``    the messages both sides exchange (JSON lines over a Unix socket)
``headers.py`` what an INVITE says about caller and diversions (pure)
``pjsua.py``   endpoint and accounts; with ``pjsua_*.py`` the only importers of pjsua2
``stack.py``   what an endpoint needs to know, importable without pjsua2
``agent.py``   the child program: one thread, polls pjsua2 and the socket
``lone.py``    a call that has lost its parent
``client.py``  the parent's side: start, watch, restart, adopt an agent that outlived its parent
``caller.py``  the test caller, a child program too; ``caller_wire.py`` is its plan and its story
"""
