"""What stands in the mail that a report comes with.  Pure."""

from sipbot.report_order import Order
from sipbot.report_times import days_of

_WORDS = {
    "en": {
        "weekly": "Weekly report {period}",
        "monthly": "Monthly statement {period}",
        "body": "{title} of {say_name}, {first} to {last}, is attached.\n\n"
        "It names callers: keep it as you keep their messages.",
    },
    "ja": {
        "weekly": "週次報告書 {period}",
        "monthly": "月次明細書 {period}",
        "body": "{say_name} 様の{title}（{first} 〜 {last}）を添付します。\n\n"
        "発信者の番号などが含まれます。伝言と同じように管理してください。",
    },
}


def letter(order: Order, say_name: str) -> tuple[str, str]:
    """Return the subject and the text.

    Args:
        order: what is sent.
        say_name: name of the client.
    """
    words = _WORDS["ja" if order.language == "ja" else "en"]
    first, last = days_of(order.kind, order.period)
    title = words[order.kind].format(period=order.period)
    body = words["body"].format(title=title, say_name=say_name, first=first, last=last)
    return f"{say_name}: {title}", body
