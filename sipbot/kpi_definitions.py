"""What each figure of a client's service means: its name, formula, unit and source, as data.  Pure.

docs/kpi.md (Japanese: docs/ja/kpi.md) is written from here and a test keeps them in step; reports
print the definition beside the figure.  Who changes what a figure means raises `VERSION`, so that
nobody compares figures of two meanings.
"""

from typing import Literal

import msgspec

VERSION = 1
"""Of all definitions together; every report and every payload names it."""

Unit = Literal["calls", "percent", "s", "score"]

AGAIN_WITHIN_DAYS = 7
"""After so many days another call counts as another matter (the usual window of first-call
resolution; our reading of callcenternavi.jp)."""


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """One figure."""

    key: str
    unit: Unit
    at_least: bool | None
    """Whether more is better; None: it is neither, and has no target."""
    name: str
    name_ja: str
    formula: str
    formula_ja: str
    source: str
    """Whose definition it is, or that it is ours."""

    def named(self, language: str) -> str:
        """Return the name in Japanese, or else in English."""
        return self.name_ja if language == "ja" else self.name

    def said(self, language: str) -> str:
        """Return the formula in Japanese, or else in English."""
        return self.formula_ja if language == "ja" else self.formula


_CALL_CENTRES = "it-trend.jp/callcenter-system/article/245-0013, callcenternavi.jp"
_OURS = "ours"

DEFINITIONS = (
    Definition(
        key="received",
        unit="calls",
        at_least=None,
        name="Calls received",
        name_ja="着信数",
        formula="Every call (INVITE) for the client that came within the period, whatever became "
        "of it; those that still last are among them.",
        formula_ja="期間内にお客様宛てに着信したすべての通話(INVITE)の数。結果を問わず、"
        "通話中のものも含みます。",
        source=_OURS,
    ),
    Definition(
        key="offered",
        unit="calls",
        at_least=None,
        name="Calls offered",
        name_ja="受電対象数",
        formula="Calls received that have ended, without those that the client's own file refuses "
        "(refused_blocked).",
        formula_ja="着信数のうち終了した通話の数。お客様ご自身の設定で拒否した通話"
        "(refused_blocked)を除きます。",
        source=_CALL_CENTRES,
    ),
    Definition(
        key="answered",
        unit="calls",
        at_least=None,
        name="Calls answered",
        name_ja="応答数",
        formula="Calls offered that were answered, by sipbot or a person.",
        formula_ja="受電対象のうち、sipbot または担当者が応答した通話の数。",
        source=_CALL_CENTRES,
    ),
    Definition(
        key="answer_rate",
        unit="percent",
        at_least=True,
        name="Answer rate",
        name_ja="応答率",
        formula="Calls answered ÷ calls offered × 100.",
        formula_ja="応答数 ÷ 受電対象数 × 100。",
        source=_CALL_CENTRES,
    ),
    Definition(
        key="missed",
        unit="calls",
        at_least=None,
        name="Missed calls",
        name_ja="取りもれ数",
        formula="Calls offered of which the client has neither a message nor a conversation: "
        "every end but memo and transferred.",
        formula_ja="受電対象のうち、伝言も通話も残らなかった通話の数"
        "(終了状態が memo、transferred 以外のもの)。",
        source=_OURS,
    ),
    Definition(
        key="missed_rate",
        unit="percent",
        at_least=False,
        name="Share of missed calls",
        name_ja="取りもれ率",
        formula="Missed calls ÷ calls offered × 100.",
        formula_ja="取りもれ数 ÷ 受電対象数 × 100。",
        source=_OURS,
    ),
    Definition(
        key="service_level",
        unit="percent",
        at_least=True,
        name="Service level (SL)",
        name_ja="サービスレベル(SL)",
        formula="Calls answered within the agreed seconds after they came (20 unless the client's "
        "file says otherwise; the limit counts as within) ÷ calls offered × 100.",
        formula_ja="着信から約束の秒数以内(既定は20秒、ちょうどを含む)に応答した通話数 ÷ "
        "受電対象数 × 100。",
        source=_CALL_CENTRES,
    ),
    Definition(
        key="answer_time",
        unit="s",
        at_least=False,
        name="Time to answer (ART)",
        name_ja="平均応答時間(ART)",
        formula="Mean time from the call's coming to its answer, of the calls answered.",
        formula_ja="応答した通話の、着信から応答までの平均時間。",
        source=_CALL_CENTRES,
    ),
    Definition(
        key="claim_time",
        unit="s",
        at_least=False,
        name="Time to claim",
        name_ja="着手までの時間",
        formula="Mean time from the call's end until somebody first claims its message or begins "
        "to call back for it, of the messages that were claimed.",
        formula_ja="着手された伝言の、通話終了から最初に担当者が着手(または折り返しを開始)"
        "するまでの平均時間。",
        source=_OURS,
    ),
    Definition(
        key="call_back_time",
        unit="s",
        at_least=False,
        name="Time to call back",
        name_ja="折り返しまでの時間",
        formula="Mean time from the call's end to the first call back, of the messages that were "
        "called back for: when the result was entered, or when sipbot had both on the line or had "
        "rung the caller, whichever came first.",
        formula_ja="折り返した伝言の、通話終了から最初の折り返しまでの平均時間。結果の入力時刻、"
        "または sipbot が双方をつないだか相手を呼び出した時刻の早いほう。",
        source=_OURS,
    ),
    Definition(
        key="handle_time",
        unit="s",
        at_least=False,
        name="Handling time (AHT)",
        name_ja="平均処理時間(AHT)",
        formula="Mean of the call's length (answer to end) and the work on its message (first "
        "claim to its closing) together, of the messages that were claimed and are closed.",
        formula_ja="着手され完了した伝言の、通話時間(応答から終了)と処理時間(最初の着手から完了)"
        "の合計の平均。",
        source="proseed.co.jp/word/000207, applied to messages",
    ),
    Definition(
        key="fcr",
        unit="percent",
        at_least=True,
        name="First-call resolution (FCR)",
        name_ja="一次解決率(FCR)",
        formula="Of the calls that ended as memo or transferred, whose number is known and whose "
        "end is 7 days ago or more: the share after whose end the same number did not call the "
        "client again on the same matter within 7 days. Two calls are on the same matter unless "
        "both have a category and the categories differ.",
        formula_ja="memo または transferred で終了し、番号が分かり、終了から7日以上たった通話のうち"
        "、終了後7日以内に同じ番号から同じ用件の再入電がなかった割合。双方に分類があり、"
        "それが異なる場合を除き同じ用件とみなします。",
        source=_OURS + "; the window is the usual one",
    ),
    Definition(
        key="fcr_by_result",
        unit="percent",
        at_least=True,
        name="First-call resolution by result",
        name_ja="一次解決率(結果による)",
        formula="Of the messages that are closed and were called back for: the share that was "
        "closed after one call back only, which reached the caller, and never reopened.",
        formula_ja="折り返しを行い完了した伝言のうち、1回の折り返しで相手と話せ、"
        "再開されずに完了した割合。",
        source=_OURS,
    ),
    Definition(
        key="csat",
        unit="score",
        at_least=True,
        name="Satisfaction (CSAT)",
        name_ja="顧客満足度(CSAT)",
        formula="Mean of the keys 1 to 5 that callers pressed in the survey step csat.",
        formula_ja="アンケート(csat)で発信者が押した1から5の平均。",
        source=_CALL_CENTRES,
    ),
    Definition(
        key="csat_response",
        unit="percent",
        at_least=True,
        name="Response rate of CSAT",
        name_ja="CSAT 回答率",
        formula="Callers who answered the survey step csat ÷ callers who were asked × 100; those "
        "who left a message only, and whose answers are still kept.",
        formula_ja="アンケート(csat)に回答した発信者 ÷ 尋ねた発信者 × 100。伝言を残し、"
        "回答が保存されている方に限ります。",
        source=_OURS,
    ),
    Definition(
        key="nps",
        unit="score",
        at_least=True,
        name="Recommendation (NPS)",
        name_ja="推奨度(NPS)",
        formula="Share of the keys 9 minus share of the keys 0 to 6 that callers pressed in the "
        "survey step nps, in points from -100 to 100 (a telephone has ten keys: 9 stands for 9 and "
        "10).",
        formula_ja="アンケート(nps)で 9 を押した割合から 0〜6 を押した割合を引いた値"
        "(-100〜100。電話のキーは10個のため、9 は 9 と 10 を表します)。",
        source="Reichheld, The One Number You Need to Grow (2003), for ten keys",
    ),
    Definition(
        key="nps_response",
        unit="percent",
        at_least=True,
        name="Response rate of NPS",
        name_ja="NPS 回答率",
        formula="As the response rate of CSAT, for the survey step nps.",
        formula_ja="CSAT 回答率と同じ(アンケート nps)。",
        source=_OURS,
    ),
    Definition(
        key="quota_used",
        unit="calls",
        at_least=None,
        name="Calls of the quota used",
        name_ja="契約内通話数",
        formula="Calls of the period that count against the quota by the rule of the client's "
        "file (quota.counts and quota.exclude; memo, no_message and transferred without a rule).",
        formula_ja="期間内の通話のうち、お客様の設定(quota.counts、quota.exclude。なければ "
        "memo、no_message、transferred)により契約数に数える通話の数。",
        source=_OURS,
    ),
    Definition(
        key="quota_over",
        unit="calls",
        at_least=None,
        name="Calls beyond the quota",
        name_ja="コールオーバー数",
        formula="Those of the calls that count which came when the month's quota was used up; "
        "months are those of the client's zone. Not measured without a quota.",
        formula_ja="契約数に数える通話のうち、その月(お客様の時間帯)の契約数を使い切った後に着信した"
        "通話の数。契約数がない場合は未計測。",
        source="symphonycall.com and others: コールオーバー",
    ),
)

BY_KEY = {one.key: one for one in DEFINITIONS}
