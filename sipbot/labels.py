"""The words of ``sipbot memos`` in the languages that operators read.  Pure.

What programs read (JSON, the bus) is never translated.
"""

import locale

from sipbot.errors import UsageError

LABELS = {
    "en": {
        "id": "id",
        "at": "received",
        "client": "client",
        "caller": "caller",
        "callback": "call back",
        "stage": "stage",
        "status": "status",
        "text": "message",
        "audio": "recording",
        "withheld": "withheld",
        "unread": "(not read yet)",
        "silence": "(no words)",
        "unconfirmed": "to be confirmed",
        "cut_off": "CUT OFF",
        "failed": "(not recognised: {problem})",
        "none": "no memos",
        "call": "call",
        "hung_up": "hung up",
    },
    "ja": {
        "id": "番号",
        "at": "受信",
        "client": "契約先",
        "caller": "発信者",
        "callback": "折り返し先",
        "stage": "段階",
        "status": "状態",
        "text": "用件",
        "audio": "録音",
        "withheld": "非通知",
        "unread": "（未認識）",
        "silence": "（言葉なし）",
        "unconfirmed": "要確認",
        "cut_off": "途中で切れました",
        "failed": "（認識できませんでした: {problem}）",
        "none": "メモはありません",
        "open": "未対応",
        "claimed": "対応中",
        "done": "完了",
        "recorded": "録音済み",
        "transcribed": "文字起こし済み",
        "recognition_failed": "文字起こし不可",
        "call": "通話",
        "ringing": "呼出中",
        "answered": "応答",
        "partial": "聞き取り中",
        "transferring": "転送中",
        "connected": "担当者と通話中",
        "hung_up": "終了",
    },
}
"""Words of the output; a value that is missing here is shown as the bus has it."""


def labels_of(lang: str) -> dict[str, str]:
    """Return the words of a language.

    Args:
        lang: en, ja, or auto for that of the locale.

    Raises:
        UsageError: another language.
    """
    if lang == "auto":
        lang = "ja" if (locale.getlocale()[0] or "").startswith("ja") else "en"
    if lang not in LABELS:
        raise UsageError(f"--lang {lang}: use en, ja or auto")
    return LABELS[lang]
