"""What a person on call is told by telephone, before the message itself and after it.  Pure.

Only what the memo knows; the number is not read out: who takes it finds it in the memo.
"""

from datetime import datetime

from sipbot.memo import Memo, Urgency

_WORDS = {
    "ja": {
        "for": "{client}宛ての伝言が届いています。",
        "urgent": "緊急の伝言です。",
        "waits": "{minutes}分間、対応されていません。",
        "who": "発信者は、{who}様です。",
        "key": "お引き受けになる場合は、いつでも1を押してください。",
    },
    "en": {
        "for": "There is a message for {client}.",
        "urgent": "It is urgent.",
        "waits": "Nobody has taken it for {minutes} minutes.",
        "who": "The caller is {who}.",
        "key": "Press 1 at any time to take it.",
    },
    "ko": {
        "for": "{client} 앞으로 온 메시지가 있습니다.",
        "urgent": "긴급한 메시지입니다.",
        "waits": "{minutes}분 동안 아무도 처리하지 않았습니다.",
        "who": "전화하신 분은 {who}님입니다.",
        "key": "맡으시려면 언제든지 1번을 눌러 주세요.",
    },
}


def announcement(memo: Memo, client: str, language: str, now: datetime) -> str:
    """Return what is said: for whom, how urgent, how long it waits, from whom, and the key.

    Args:
        memo: that nobody has claimed.
        client: its name as people say it.
        language: ja, en or ko.
        now: aware.
    """
    words = _WORDS[language]
    minutes = int((now - memo.call.ended_at).total_seconds()) // 60
    who = " ".join(filter(None, (memo.answers.get("company"), memo.answers.get("name"))))
    parts = [words["for"].format(client=client)]
    if memo.urgency is Urgency.URGENT:
        parts.append(words["urgent"])
    if minutes > 0:
        parts.append(words["waits"].format(minutes=minutes))
    if who:
        parts.append(words["who"].format(who=who))
    return " ".join((*parts, words["key"]))
