"""May whoever sent a command send it?  Pure.

Data path: bus -> command -> [permission] -> decision -> ledger

The broker knows its users, sipbot sees topics only.  So a sender's name in the topic, where the
broker lets each user write nothing but the own name, is who sent it; and ``by`` must be the same.
Without it, ``by`` is what somebody says whom the broker let write to this client's commands: it
must be an account that may act there.  docs/decisions/0016-who-sent-it.md
"""

from sipbot.accounts import Accounts, may
from sipbot.command import Refused, Request

FORBIDDEN = "forbidden"
"""Code of the answer."""


def permitted(
    request: Request | Refused, sender: str | None, accounts: Accounts | None
) -> Request | Refused:
    """Return the command, or its refusal when it may not be sent.

    Args:
        request: from `command.read`.
        sender: the name in its topic; None when there is none.
        accounts: in force; None where there are no accounts, and the broker alone decides.
    """
    if isinstance(request, Refused):
        return request
    problem = _problem(request, sender, accounts)
    if problem is None:
        return request
    return Refused(
        client=request.client,
        verb=request.verb,
        req=request.command.req,
        by=request.command.by,
        memo=request.command.memo,
        code=FORBIDDEN,
        problem=problem,
        digest=f"{FORBIDDEN} {request.digest}",
    )


def _problem(request: Request, sender: str | None, accounts: Accounts | None) -> str | None:
    by = request.command.by
    if sender is not None and sender != by:
        return f"by = {by}: the topic says {sender}. Write the same name in both"
    if accounts is None:
        return None
    account = accounts.get(by)
    if account is None or not may(account, "act", request.client):
        # The same words in both cases: nobody learns by asking who works here.
        return (
            f"by = {by}: may not do this for {request.client}. Ask your admin for an account that "
            "may (sipbot accounts)"
        )
    return None
