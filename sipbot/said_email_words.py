"""The words of spelled e-mail addresses in each language.  Pure."""

import re
from enum import Enum, auto

from sipbot.said_ja import LETTERS_JA
from sipbot.said_ko import LETTERS_KO


class U(Enum):
    """What a unit of an address is."""

    AT = auto()
    DOT = auto()
    JOIN = auto()
    WORD = auto()
    CHAR = auto()
    TWICE = auto()
    FILL = auto()
    OTHER = auto()


WORDS: dict[str, dict[str, tuple[U, str]]] = {"ja": {}, "en": {}, "ko": {}}
_NAMES_JA = {
    "ジーメール": "gmail", "Gメール": "gmail", "ヤフー": "yahoo", "ドコモ": "docomo",
    "ネット": "net", "ソフトバンク": "softbank", "アイクラウド": "icloud",
    "アウトルック": "outlook", "コム": "com", "ホットメール": "hotmail",
    "イーズィーウェブ": "ezweb", "ニフティ": "nifty", "オルグ": "org", "ビッグローブ": "biglobe",
    "エグザンプル": "example", "イグザンプル": "example", "ドコム": "com", "インフォ": "info",
    "サンプル": "sample", "メール": "mail", "サポート": "support", "テスト": "test",
    "セールス": "sales", "エグザンプルズ": "examples", "オフィス": "office",
    "カンパニー": "company",
}  # fmt: skip
_NAMES_KO = {
    "지메일": "gmail", "쥐메일": "gmail", "네이버": "naver", "다음": "daum", "한메일": "hanmail",
    "컴": "com", "카카오": "kakao", "넷": "net", "핫메일": "hotmail", "야후": "yahoo",
    "아웃룩": "outlook", "이그잼플": "example", "예시": "example", "코": "co", "케이알": "kr",
    "씨오": "co", "시오": "co", "오알지": "org", "네이트": "nate", "아이클라우드": "icloud",
    "샘플": "sample", "인포": "info", "익잼플": "example", "이그젬플": "example", "메일": "mail",
    "컴퍼니": "company",
}  # fmt: skip


def _teach(tag: str, kind: U, words: str, text: str = "") -> None:
    for word in words.split("|"):
        WORDS[tag][word.lower()] = (kind, text)


_teach("ja", U.AT, "アットマーク|アット|あっとまーく|あっと|アットマークが", "@")
_teach("ja", U.DOT, "ドット|どっと|ピリオド|点", ".")
_teach("ja", U.JOIN, "アンダーバー|アンダースコア|アンダーライン|下線", "_")
_teach("ja", U.JOIN, "ハイフン|はいふん|ダッシュ|マイナス", "-")
_teach("ja", U.FILL, "えーと|えっと|あの|、|えー|の|ええと")
_teach("ja", U.JOIN, "プラス", "+")
for _digit, _said in {
    "0": "ゼロ|ぜろ|〇", "1": "イチ|いち|一", "2": "ニー|二", "3": "サン|さん|三",
    "4": "ヨン|よん|四", "5": "ゴー|五", "6": "ロク|ろく|六", "7": "ナナ|なな|七",
    "8": "ハチ|はち|八", "9": "キュウ|キュー|九",
}.items():  # fmt: skip
    _teach("ja", U.CHAR, _said, _digit)
for _letter, _said in LETTERS_JA.items():
    WORDS["ja"] = dict.fromkeys(_said.split("|"), (U.CHAR, _letter)) | WORDS["ja"]
WORDS["ja"]["シー"] = (U.CHAR, "c")
for _name, _written in _NAMES_JA.items():
    _teach("ja", U.WORD, _name, _written)
for _tag, _scale, _figures in (
    ("ja", "十", " 一二三四五六七八九"),
    ("ko", "십", " 일이삼사오육칠팔구"),
):
    for _ten in range(1, 10):
        for _one in range(10):
            for _first in ("", _figures[1]) if _ten == 1 else (_figures[_ten],):
                _said = (_first + _scale + _figures[_one]).strip()
                _teach(_tag, U.CHAR, _said, str(10 * _ten + _one))
_teach("ko", U.AT, "골뱅이|앳|엣|애트|앳마크|골벵이", "@")
_teach("ko", U.DOT, "점|닷|쩜|도트|닺", ".")
_teach("ko", U.JOIN, "언더바|밑줄|언더스코어|언더 바", "_")
_teach("ko", U.JOIN, "하이픈|대시|다시|짝대기|작대기", "-")
_teach("ko", U.FILL, "어|음|그")
for _digit, _said in {
    "0": "공|영", "1": "일", "2": "이", "3": "삼", "4": "사", "5": "오", "6": "육", "7": "칠",
    "8": "팔", "9": "구",
}.items():  # fmt: skip
    _teach("ko", U.CHAR, _said, _digit)
for _letter, _said in LETTERS_KO.items():
    WORDS["ko"] = dict.fromkeys(_said.split("|"), (U.CHAR, _letter)) | WORDS["ko"]
for _name, _written in _NAMES_KO.items():
    _teach("ko", U.WORD, _name, _written)
_teach("en", U.AT, "at", "@")
_teach("en", U.DOT, "dot|period|point", ".")
_teach("en", U.JOIN, "underscore", "_")
_teach("en", U.JOIN, "dash|hyphen|minus", "-")
_teach("en", U.JOIN, "plus", "+")
_teach("en", U.TWICE, "double")
_teach("en", U.FILL, "uh|um|er|erm|sign|symbol|then")
for _digit, _said in {
    "0": "zero|oh|nought", "1": "one", "2": "two", "3": "three", "4": "four", "5": "five",
    "6": "six", "7": "seven", "8": "eight", "9": "nine", "10": "ten", "11": "eleven",
    "12": "twelve", "13": "thirteen", "14": "fourteen", "15": "fifteen", "16": "sixteen",
    "17": "seventeen", "18": "eighteen", "19": "nineteen",
}.items():  # fmt: skip
    _teach("en", U.CHAR, _said, _digit)
TENS = {
    "twenty": "20", "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70",
    "eighty": "80", "ninety": "90",
}  # fmt: skip
NEVER = frozenset(
    re.findall(
        r"[^ |]+",
        "is it's its it address email e-mail mail me my the to on was be of and or mine send for "
        "by us contact reach that's that this find look out him her them you we are available here "
        "there online more website visit page up back again call with as in not so write drop site",
    )
)
"""Words before ``at`` that are no mailbox."""
ANNOUNCES = frozenset(
    ("is", "it's", "that's", "email", "e-mail", "mail", "address", "to", "the", "at", ",", ":")
)
"""Words and marks after which a mailbox begins."""
LONGEST = max(len(word) for words in WORDS.values() for word in words)
