"""Which transfers of the clients cannot work with these settings.  Pure."""

from collections.abc import Iterable

from sipbot import steps
from sipbot.plan import Dialplan


def without_account(plans: Iterable[Dialplan]) -> list[str]:
    """Return the steps that transfer to a telephone number, which takes an account, by client.

    A SIP URI is called as it is; only a number must be somebody's to call.
    """
    return [
        f"{plan.client}.toml [step.{step.name}] to {step.to}"
        for plan in plans
        for step in plan.steps.values()
        if isinstance(step, steps.Transfer) and ":" not in step.to
    ]
