"""The SIP agent: a child program, because a crash in C must cost four calls and not all of them.

``wire.py``    the messages both sides exchange (JSON lines over a Unix socket)
``headers.py`` what an INVITE says about caller and diversions (pure)
``pjsua.py``   endpoint and accounts; with ``pjsua_*.py`` the only importers of pjsua2
``stack.py``   what an endpoint needs to know, importable without pjsua2
``agent.py``   the child program: one thread, polls pjsua2 and the socket
``gate.py``    who may call; ``door.py`` the socket by which a parent comes in
``lone.py``    a call that has lost its parent
``transfer.py`` a caller and the person they are connected with
``target.py``  whom a transfer calls, and as whom (pure); ``lookup.py`` is the host's name known?
``client.py``  the parent's side: start, watch, restart, adopt an agent that outlived its parent
``caller.py``  the test caller, a child program too; ``caller_wire.py`` is its plan and its story
"""
