"""What a client pays, as its file says it: the table ``[price]``.  Pure.

Amounts are written as text, because TOML's numbers with a point are binary and 0.1 of those is not
a tenth.
"""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, Field

from sipbot.form_parts import FROZEN

AMOUNT = r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,4})?$"
"""Below a thousand million, with four decimals at most, as no price of a call needs more."""

Written = Annotated[str, Field(pattern=AMOUNT)]


class PriceForm(BaseModel):
    """What the client's calls cost."""

    model_config = FROZEN

    currency: str = Field(pattern=r"^[A-Z]{3}$", examples=["JPY"])
    """ISO 4217 code."""
    monthly: Written = Field(default="0", examples=["15000"])
    """Fee of a month, whatever is used of it; a decimal number as text."""
    call: Written = Field(default="0", examples=["0"])
    """Price of a counted call within the quota."""
    over: Written = Field(default="0", examples=["180"])
    """Price of a counted call beyond the quota (コールオーバー)."""
    tax: Written = Field(default="0", examples=["10"])
    """Tax in percent of the sum; rounded down to the currency's smallest unit."""

    @property
    def monthly_fee(self) -> Decimal:
        """The fee of a month."""
        return Decimal(self.monthly)

    @property
    def per_call(self) -> Decimal:
        """The price of a counted call within the quota."""
        return Decimal(self.call)

    @property
    def over_call(self) -> Decimal:
        """The price of a counted call beyond the quota."""
        return Decimal(self.over)

    @property
    def tax_percent(self) -> Decimal:
        """The tax in percent."""
        return Decimal(self.tax)
