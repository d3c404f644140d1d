"""The words of the pages of other sites' memos in English and Japanese.  Pure."""

EN = {
    "elsewhere": "Other sites",
    "elsewhere_lead": (
        "Memos that other sites recorded, as the archive has them. What you do with one is done by "
        "its site, under your name."
    ),
    "elsewhere_none": "Nothing to do at other sites.",
    "elsewhere_more": "There are more; these are the {n} oldest.",
    "elsewhere_away": (
        "The archive does not answer. The memos are safe at their sites; it is tried again."
    ),
    "elsewhere_unreadable": (
        "{n} cannot be read by this release of sipbot: this site needs an upgrade."
    ),
    "of_site": "Site {site}",
    "listen_there": "Listen at {site}",
    "told_site_silent": (
        "{site} has not answered. While a site is away its memos can be read and called back, but "
        "not claimed. Look at the memo again before you repeat this."
    ),
    "not_seen_yet": "The archive does not show it yet: load the page again in a moment.",
}

JA = {
    "elsewhere": "他の拠点",
    "elsewhere_lead": (
        "他の拠点が録音したメモです（アーカイブの内容）。操作はそのメモを持つ拠点で、あなたの名前で行われます。"
    ),
    "elsewhere_none": "他の拠点に対応するメモはありません。",
    "elsewhere_more": "ほかにもあります。ここにあるのは古い順に{n}件です。",
    "elsewhere_away": (
        "アーカイブから返事がありません。メモは各拠点に保存されています。自動で再試行します。"
    ),
    "elsewhere_unreadable": "{n}件はこの版のsipbotでは読めません。この拠点の更新が必要です。",
    "of_site": "拠点 {site}",
    "listen_there": "拠点{site}で聞く",
    "told_site_silent": (
        "拠点{site}から返事がありません。拠点が止まっている間、メモを読むことと折り返すことはできますが、"
        "担当にはなれません。もう一度操作する前にメモを確認してください。"
    ),
    "not_seen_yet": (
        "アーカイブにまだ反映されていません。少し待ってページを読み込み直してください。"
    ),
}
