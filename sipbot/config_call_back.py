"""The table ``[call_back]`` of config.toml: where operators are, and who may be called back."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, model_validator

from sipbot.config_table import FROZEN
from sipbot.toml_file import wrong
from sipbot.transfer_target import flaw

_ID = r"^[a-z0-9][a-z0-9-]{0,62}$"


def _target(value: str) -> str:
    problem = flaw(value)
    if problem:
        raise wrong(problem, 'Write digits such as "201", or "sip:hanako@pbx.example"')
    return value


class Phone(BaseModel):
    """An operator's telephone."""

    model_config = FROZEN

    operator: str = Field(pattern=_ID, examples=["hanako"])
    """Name of the operator, as commands have it in ``by``; unique."""
    at: Annotated[str, AfterValidator(_target)] = Field(examples=["201"])
    """Extension or number at the account of transfers, or a SIP URI."""


class CallBack(BaseModel):
    """Calls back that sipbot places for operators."""

    model_config = FROZEN

    extensions: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(), strict=False, examples=[["2XX"]]
    )
    """Telephones that operators may name themselves: numbers, patterns such as "2XX", SIP URIs."""
    numbers: tuple[Annotated[str, Field(pattern=r"^\+[1-9][0-9]{0,14}$")], ...] = Field(
        default=(), strict=False, examples=[["+81"]]
    )
    """Beginnings of the numbers that may be called; empty: the region's. Never what costs extra."""
    show: Literal["asserted", "from"] = "asserted"
    """Where the trunk is told the client's number: P-Asserted-Identity, or From as well."""
    phone: tuple[Phone, ...] = Field(default=(), strict=False)
    """Operators' telephones."""

    @model_validator(mode="after")
    def _one_each(self) -> "CallBack":
        names = [one.operator for one in self.phone]
        for name in names:
            if names.count(name) > 1:
                raise wrong(f"has two telephones of {name}", "Remove one of them", "phone")
        return self
