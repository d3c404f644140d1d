"""What a client's dialplan says about reading its texts, for whoever hands texts to memos.

It is asked when a text comes, also after a restart: names that the client has added meanwhile help
a message that is still being read, and the dialplan of the call may be gone with the old process.
"""

from sipbot.dialplan import Dialplans
from sipbot.golden import written_terms
from sipbot.understanding import ClientFacts


def facts_of(client: str, dialplans: Dialplans) -> ClientFacts:
    """Return what the dialplan in force says; of a client that is gone, only the site's region.

    Args:
        client: id of the client.
        dialplans: those in force.
    """
    plan = dialplans.of(client)
    if plan is None:
        return ClientFacts(region=dialplans.region, known=False)
    return ClientFacts(
        region=dialplans.region,
        zone=plan.hours.tz,
        terms=plan.terms,
        # A golden set that holds the terms back from texts does not make a name a public one.
        hidden=written_terms(plan),
        categories=plan.categories,
        second=plan.form.speech.second == "always",
    )
