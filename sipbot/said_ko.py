"""How Korean callers say numbers, and the words around them.  Pure.

Nearly every syllable of a figure is also a syllable of other words (이사님, 일요일), so figures are
read only from the beginning of a written word, and only when what follows them in it is an ending
that figures take.  vosk writes some in brackets: ``[23] [74]``.
"""

from sipbot import late
from sipbot.said_tokens import NUMERAL, Entry, T, Token, Tongue, entries

_READINGS = {
    "0": "공|영|빵|제로|령|零|〇",
    "1": "일|하나|한나|一",
    "2": "이|둘|二",
    "3": "삼|셋|三",
    "4": "사|넷|四",
    "5": "오|다섯|五",
    "6": "육|륙|여섯|유|六",
    "7": "칠|일곱|七",
    "8": "팔|여덟|여덜|八",
    "9": "구|아홉|九",
}
_SCALES = {"10": "십|十", "100": "백|百", "1000": "천|千", "10000": "만|萬", "100000000": "억"}
LETTERS_KO = {
    "a": "에이", "b": "비", "c": "씨", "d": "디", "e": "이", "f": "에프", "g": "지",
    "h": "에이치", "i": "아이", "j": "제이", "k": "케이", "l": "엘", "m": "엠", "n": "엔",
    "o": "오", "p": "피", "q": "큐", "r": "알|아르", "s": "에스", "t": "티", "u": "유",
    "v": "브이", "w": "더블유|더블류", "x": "엑스", "y": "와이", "z": "제트|지트",
}  # fmt: skip
_PHONE = (
    "전화번호|연락처|휴대폰번호|휴대전화번호|핸드폰번호|휴대폰|핸드폰|휴대전화|연락번호|"
    "직통번호|직통|대표번호|대표전화|팩스번호|팩스|회사번호|집번호|사무실번호|콜백번호|"
    "회신번호|연락 번호|전화 번호|휴대폰 번호|핸드폰 번호|휴대전화 번호|직통 번호|"
    "대표 번호|대표 전화|팩스 번호|회사 번호|집 번호|사무실 번호|폰번호|폰 번호|무료전화|"
    "수신자부담|수신자 부담|연락 가능한 번호|개인번호|개인 번호|고객센터|상담전화|콜센터|"
    "자택|유선번호|유선 번호|가게 번호|매장 번호|모바일"
)
_SOFT = "번호|전화|연락|집|회사|사무실|폰"
_ORDER = (
    "주문|접수|예약|고객|회원|송장|운송장|계약|청구서|계좌|차량|일련|관리|상품|제품|등록|"
    "확인|조회|문의|사건|보험|증권|카드|사번|학번|인증|비밀|모델|시리얼|영수증|배송|택배|"
    "견적|견적서|승인|거래|신청|수리|티켓|대기|처리|티켓|환자|사업자|사업자등록|주민|"
    "주민등록|면허|객실|방|동호수|가입자|상담|민원|입금|결제|증명|발주|반품|교환|식별|보증|"
    "구매|참조|추적|항공편|예매|좌석|순번|자재|품목"
)
_UNITS = (
    "시간|시|분|초|월|년|주일|주|명|개월|개|살|세|층|동|번지|박|장|권|건|대|회|번째|퍼센트|"
    "프로|도|킬로|미터|센티|평|인분|인|병|잔|상자|박스|세트|년생|년도|학년|반|번길|호선|"
    "호점|호기|시쯤|시경|시반|분쯤|일간|일날|가지|군데|곳|kg|cm|km|g|켤레|벌|마리|그루|"
    "송이|통|팀|분기|차|과|길|리터|그램|톤|일"
)
_ENDINGS = (
    "입니다|입니다만|이에요|예요|에요|이요|요|으로|로|이고|이고요|이구요|고요|구요|고|"
    "인데요|인데|이거든요|거든요|이라고|라고|이며|며|을|를|은|는|이|가|까지|에서|와|과|도|"
    "만|한테|이야|야|임|이죠|죠|이지요|이네요|네요|이니까|니까|이었습니다|였습니다|이었고|"
    "인가요|번|번입니다|번이에요|번이요|번으로|번이고|번이고요|번인데요|번을|번은|번이|"
    "번까지|번에|번이구요|번요|번이라고|번이며|번의|번이야|번이거든요|이랑|랑|으로요|로요|"
    "이래요|래요|이시고|이신|이었어요|였어요|이었는데|였는데|인|인데다|이란|란|이세요|세요|"
    "여|번예요|번에요|번이죠|번한테|번도|번만|번과|번하고|하고|이하고|번이랑|이었나|국번|"
    "국번에|번호|번호로|번호입니다|로만|이 아니라|이 아니고|이아니라|가 아니라|가 아니고|"
    "이 아니고|이 아니라요|가아니라|번이 아니라|번이 아니고|이 맞습니다|이 아닌|번대|"
    "이었고요|이었구요"
)
_AROUND: dict[T, str] = {
    T.SEP: (
        "의|에|에다|다시|대시|하이픈|바|짝대기|작대기|마이너스|국에|국의|국|괄호|쩜|띄고|"
        "띄우고|빼기|줄|국에다"
    ),
    T.FILLER: (
        "어|음|그|저|저기|에또|그러니까|아|뭐|그게|잠시만요|잠깐만요|잠시만|잠깐만|네|예|"
        "그리고 나서|그다음|그 다음|그다음에|그 다음에|그다음은|뭐더라|뭐였지|뭐지|이제|자|흠|"
        "으음|어어|그게요|있잖아요|잠시만 기다려 주세요|잠깐만 기다려 주세요|보자|어디 보자|"
        "가만 있자|가만있자|어디보자|그러고|이어서|그니까|어디더라|맞다|그래서|글쎄|에|으|어음|"
        "저기요|지역번호|지역 번호|지역번호가|그 뭐냐|뭐냐|뒤에|다음은|다음에|이어"
    ),
    T.BREAK: "또는|혹은|그리고|아니면|및|이나",
    T.GLUE: (
        "입니다|이에요|예요|제|저의|저희|이|그|은|는|이고|이고요|로|으로|를|을|부탁드립니다|"
        "번입니다|번|요|이요|됩니다|되겠습니다|전화번호는|말씀드릴게요|불러드릴게요|"
        "불러 드릴게요|말씀드리겠습니다|이었는데|까지|가|국번|인데요|거든요|고요|라고|맞습니다|"
        "하고|이랑|랑|와|과|습니다|드립니다|드릴게요|입니당|님|네요|번이고요|구요|이구요|고|"
        "인데|이거든요|번으로|번이에요|에요|번이요|번인데요|이라고|번을|야|임|것은|건|전부|총|"
        "것 같아요|했는데|라고 했는데|이었습니다|하겠습니다|할게요|드리겠습니다|드릴께요|"
        "말할게요"
    ),
    T.AGAIN: (
        "다시 한번|다시 한 번|한번 더|한 번 더|다시 말씀드리면|다시 말씀드릴게요|"
        "다시 말씀드리겠습니다|다시 불러드릴게요|다시 불러 드릴게요|반복합니다|반복하겠습니다|"
        "반복할게요|다시 한번 말씀드리겠습니다|다시 한번 말씀드리면|다시 한번 말씀드릴게요|"
        "다시 한 번 말씀드리겠습니다|다시 한 번 말씀드릴게요|한번 더 말씀드릴게요|"
        "한 번 더 말씀드릴게요|다시요|다시 말하면|다시 말하자면|반복해서|확인차"
    ),
    T.CANCEL: (
        "문제로|때문에|관련해서|관련|관련하여|모르겠|몰라|에 대해|에 대해서|를 잊|잊어버|없|"
        "변경|건으로"
    ),
}  # fmt: skip
_FIX = (
    "잘못 읽었네요|잘못 읽었습니다|잘못 읽었어요|"
    "아니다|정정합니다|정정할게요|정정하겠습니다|정정|잘못 말했습니다|"
    "잘못 말했어요|잘못 말했네요|잘못말했어요|잘못 말씀드렸습니다|잘못 말씀드렸어요|"
    "잘못 말씀드렸네요|틀렸습니다|틀렸어요|틀렸네요|잘못 불렀어요|잘못 불렀네요|"
    "잘못 불렀습니다|잘못|바로잡겠습니다|바로잡을게요|실수했습니다|실수했어요|실수했네요|"
    "실수|그게 아니라|그게 아니고|아니 그게 아니라|수정합니다|수정할게요|수정하겠습니다|"
    "수정|취소하고|착각했네요|착각했어요|착각했습니다|헷갈렸네요|헷갈렸어요|헷갈렸습니다|"
    "잘못됐네요|잘못됐어요|틀렸다|잘못했네요|말실수|처음부터|처음부터요|처음부터 다시|다시 할게요|"
    "처음부터 다시 할게요|처음부터 다시 불러드릴게요|처음부터 다시 말씀드릴게요"
)
_NOT = (
    "라고 했는데|이라고 했는데|번이라고 했는데|라고 말했는데|번이라고 말했는데|라고 말씀드렸는데|"
    "번이라고 말씀드렸는데|이라고 말씀드렸는데|아니고요|아니구요|이 아니고요|가 아니고요|"
    "번 아니고|번 아니고요|번이 아니고|번이 아니고요|번이 아니라|번 말고|"
    "아니라|아니고|말고|가 아니라|이 아니라|가 아니고|이 아니고|아니라요|이아니라|가아니라"
)
_SORRY = (
    "아니|아니요|아뇨|아닙니다|아니에요|죄송합니다|죄송해요|죄송|미안합니다|미안해요|"
    "아이고|아차|앗|참|실례했습니다|아니아니|아니 아니|어이쿠|실례합니다|아 참|아니아|"
    "아이구"
)
_PLACES = {
    "tail": (
        "마지막|끝자리|뒷자리|끝번호|뒤 네 자리|뒷번호|마지막은|끝 네 자리|뒤에 네 자리|맨 뒤|"
        "맨 끝|끝은|뒷자리는|끝자리는|끝에|마지막 네 자리|마지막 자리|마지막이|"
        "마지막 네 자리는|마지막 네 개|마지막 네 개는|뒤에 네 개|마지막 숫자|마지막 번호|"
        "끝 두 자리|마지막 두 자리|마지막 두 자리는|뒤에|뒷부분|뒷부분이|"
        "뒷자리가|끝자리가"
    ),
    "middle": (
        "가운데|중간|가운데는|중간은|가운데 자리|중간 자리|가운데가|중간이|가운데 번호|중간 번호"
    ),
    "head": "앞자리|앞번호|앞자리는|처음|앞에|앞부분",
}

LEXICON: dict[str, Entry] = {}
LEXICON |= entries(T.UNIT, _UNITS)
for _kind, _words in _AROUND.items():
    LEXICON |= {word: one for word, one in entries(_kind, _words).items() if word not in LEXICON}
LEXICON |= entries(T.FIX, _FIX) | entries(T.FIX, _NOT, "not") | entries(T.SORRY, _SORRY)
for _place, _words in _PLACES.items():
    LEXICON |= entries(T.PLACE, _words, _place)
LEXICON |= entries(T.LABEL, _SOFT, "number") | entries(T.LABEL, _PHONE, "phone")
LEXICON |= entries(
    T.LABEL, "|".join(f"{w}번호|{w} 번호|{w}코드|{w} 코드" for w in _ORDER.split("|")), "order"
)
LEXICON |= entries(
    T.LABEL, "주문 넘버|사번|학번|아이디|품번|주문서 번호|고객 아이디|회원 아이디|계좌", "order"
)
LEXICON |= entries(T.LABEL, "무료 상담 번호|무료상담 번호|무료상담번호", "phone")
LEXICON |= entries(T.LABEL, "내선|내선번호|내선 번호|구내번호|구내 번호|교환번호|구내", "extension")
LEXICON |= entries(T.LABEL, "우편번호|우편 번호|생년월일|생일|주소|나이", "postal")
LEXICON |= (
    entries(T.MONEY, "원", "KRW") | entries(T.MONEY, "달러|불", "$") | entries(T.MONEY, "엔", "JPY")
)
LEXICON |= (
    entries(T.MONEY, "유로", "EUR") | entries(T.MONEY, "파운드", "GBP") | entries(T.CENTS, "센트")
)
LEXICON |= entries(T.ROOM, "호실|호") | entries(T.PLUS, "플러스|국가번호|국가 번호|국가번호는")
LEXICON |= entries(
    T.OTHER,
    (
        "몇|수|이번|일단|이상|이름|이사|일이|일정|일부|사실|오늘|오전|오후|구매|구입|공사|공장|"
        "영업|삼성|이거|이것|이게|이런|이렇게|이쪽|저희|하나은행|이용|이후|이전|일요일|사장|"
        "사무|육아|오시|이제|오는|유튜브|만약|만나|천천히|백화점|천안|만일|이 번호|이번에|한번|"
        "한 번|이따가|영수|공지|구청|이메일|오피스|일찍"
    ),
)
for _letter, _words in LETTERS_KO.items():
    LEXICON = entries(T.LETTER, _words, _letter.upper()) | LEXICON
LEXICON |= entries(T.LABEL, "이 번호", "number") | entries(T.GLUE, "이번엔")

_FIGURES = {
    word: (T.DIGIT, value) for value, words in _READINGS.items() for word in words.split("|")
}
_FIGURES |= {
    word: (T.SCALE, value) for value, words in _SCALES.items() for word in words.split("|")
}
_FIGURE = late.compile("|".join(sorted(_FIGURES, key=len, reverse=True)))
_FIGURE_ROW = late.compile(f"(?:{_FIGURE.pattern})" + "{1,40}")
_ROW_ENDS = late.compile(f"(?:{_FIGURE.pattern})+$")
_THIS = late.compile(r"이\s+(?:전화\s*)?번호")
"""This number, after it: no figure two, unless every figure stands alone (`_ALONE`)."""
_SINGLY = late.compile(f"(?:^|[^가-힣])(?:(?:{_FIGURE.pattern})(?:[의에]|다시|하이픈|대시)?[ ,]+)$")
"""Figures said one by one."""
_ALONE = late.compile(f"(?:^|[^가-힣])(?:{_FIGURE.pattern}) +$")
_HANGUL = late.compile("[가-힣]+")
_LATIN = late.compile("[a-z]+")
_TAILS = frozenset(
    {
        *_ENDINGS.split("|"),
        *_UNITS.split("|"),
        *_AROUND[T.SEP].split("|"),
        "",
        "원",
        "달러",
        "불",
        "엔",
    }
    | {"호", "호실", "유로", "파운드", "센트", "골뱅이", "일"}
)
_TAILED = frozenset(
    {"원", "달러", "엔", "호", "호실", "시", "분", "월", "년", "명", "개", "층", "동", "일", "세"}
)
_COPULAS = ("이고", "이구", "이거", "이며", "이니", "이라", "이랑", "이네", "이죠", "이지", "이하")
"""Endings that begin with a 이 which may also be the figure two."""
_ENDING = late.compile(
    "번|입니|인데|이[에예라고구여거유래지야네며]|예요|라고|고요|구요|거든|으로|이요"
)
"""How the rest of a word begins that is an ending in any dialect (번이여, 입니더)."""
_TITLED = late.compile(
    "[공이오사구육유] (?:부장|과장|대리|팀장|사장|이사|차장|주임|실장|대표|선생|원장|소장|"
    "점장|기사|간호사|교수|박사|변호사|사원|씨|계장|반장|본부장|상무|전무|회장|국장)"
)
_CLOSED = frozenset("일삼육륙칠팔공영섯둘셋넷빵")
"""Figures that end in a consonant: after them the copula is 이에요, never 예요."""
_LONGEST = max(map(len, LEXICON))
_NAME_MAX = 4
"""Syllables of a letter's name: 더블유, 에이치."""


def _match(text: str, at: int, before: Token | None) -> tuple[Entry, int] | None:
    if latin := _LATIN.match(text, at):
        word = latin.group()
        return (Entry(T.LETTER, word.upper()) if len(word) <= 4 else Entry(T.OTHER)), latin.end()
    numeral = before is not None and before.kind in NUMERAL
    begins = at == 0 or not "가" <= text[at - 1] <= "힣"
    touching = numeral and before is not None and before.end == at
    after_sep = before is not None and before.kind is T.SEP and before.end == at
    if begins and (titled := _TITLED.match(text, at)):
        return Entry(T.OTHER), titled.end()
    if begins and (this := _THIS.match(text, at)) and not _ALONE.search(text[:at][-24:]):
        return Entry(T.LABEL, "number"), this.end()
    if (begins or touching or after_sep) and (
        end := _row(text, at, literal=touching and before is not None and before.literal)
    ) > at:
        found = _FIGURE.match(text, at, end)
        if found is not None:
            kind, value = _FIGURES[found.group()]
            sure = text.startswith("입니", found.end())  # 이입니다: the copula has no 이 of its own
            return Entry(kind, value, weak=found.group() == "이" and not sure), found.end()
    joined = begins or touching or after_sep or (before is not None and before.kind is not T.OTHER)
    for end in range(min(len(text), at + _LONGEST), at, -1):
        entry = LEXICON.get(text[at:end])
        if entry is not None and _fits(entry, text, at, end, before, joined=joined):
            return entry, end
    return None


def _row(text: str, at: int, *, literal: bool) -> int:
    """Return where the figures end that begin here; `at` when this is another word."""
    row = _FIGURE_ROW.match(text, at)
    if row is None:
        return at
    word = _HANGUL.match(text, at)
    stop = max(row.end(), word.end() if word else row.end())
    end = row.end()
    if literal and text[at] not in "만천백억십":
        return at  # 5678이고요, 26일: no figure after figures
    while end > at and end > row.end() - 4:
        tail = text[end : min(stop, end + 12)]
        if _is_tail(tail) and not _is_copula(text, end, stop):
            return _before_copula(text, end, stop)
        end -= 1
    return at


def _is_tail(tail: str) -> bool:
    if tail in _TAILS or _ENDING.match(tail):
        return True
    for length in (2, 1):
        head, rest = tail[:length], tail[length:]
        if head in _TAILED or head in ("에", "의", "국", "다시"):
            return (
                head not in ("에", "의", "국", "다시")
                or _FIGURE.match(rest) is not None
                or (rest[:1] in "에의다")
            )
    return False


def _is_copula(text: str, end: int, stop: int) -> bool:
    """Tell whether the last figure read, 이, is the beginning of an ending (칠이에요: seven)."""
    if end < 2 or text[end - 1] != "이":
        return False
    tail = text[end:stop]
    return tail.startswith(("에요", "요")) and text[end - 2] in _CLOSED


def _before_copula(text: str, end: int, stop: int) -> int:
    """Leave out a last 이 that makes the last group longer than four figures (5678이고요)."""
    if text[end - 1] == "이" and text[end - 1 : stop].startswith((*_COPULAS, "이요", "이에요")):
        row = _ROW_ENDS.search(text[max(0, end - 36) : end])
        figures = len(_FIGURE.findall(row.group())) if row else 0
        begin = end - len(row.group()) if row else end
        if figures in (5, 9, 12) or (
            figures == 2 and _SINGLY.search(text[max(0, begin - 24) : begin])
        ):
            return end - 1
    return end


def _fits(
    entry: Entry, text: str, at: int, end: int, before: Token | None, *, joined: bool
) -> bool:
    numeral = before is not None and before.kind in NUMERAL
    if entry.kind in (T.UNIT, T.MONEY, T.CENTS, T.ROOM):
        near = before is not None and text[before.end : at].strip(" ]") == ""
        if entry.kind is not T.MONEY and text[at - 1 : at] == " " and _starts_more(text, end):
            return False
        return numeral and near
    if entry.kind in (T.LABEL, T.CANCEL, T.OTHER):
        return True
    if entry.kind is T.LETTER and numeral and text[at] == "에" and before and before.end == at:
        return False  # 구이에이사: between two groups
    if entry.kind is T.LETTER:
        return joined and (
            _ends(text, end) or _FIGURE.match(text, end) is not None or _is_letter(text, end)
        )
    if entry.kind in (T.SEP, T.GLUE) or end - at == 1:
        return joined and (entry.kind is not T.FILLER or _ends(text, end))
    return joined


def _is_letter(text: str, at: int) -> bool:
    """Tell whether the word goes on with another letter that ends it: 에이비."""
    return any(
        (entry := LEXICON.get(text[at:end])) is not None
        and entry.kind is T.LETTER
        and _ends(text, end)
        for end in range(at + 1, min(len(text), at + _NAME_MAX) + 1)
    )


def _ends(text: str, at: int) -> bool:
    return at >= len(text) or not "가" <= text[at] <= "힣"


def _starts_more(text: str, at: int) -> bool:
    """Tell whether a word goes on with what no counter takes (시 but not 시작)."""
    word = _HANGUL.match(text, at)
    if word is None:
        return False
    return not word.group().startswith(
        (
            "에",
            "까",
            "이",
            "부",
            "쯤",
            "경",
            "정",
            "후",
            "입",
            "로",
            "을",
            "를",
            "은",
            "는",
            "의",
            "간",
            "반",
            "전",
            "동",
        )
    )


def _other(_: str, at: int) -> int:
    """A word that is none of ours is passed syllable by syllable: a label may follow in it."""
    return at + 1


KOREAN = Tongue(match=_match, other=_other, big=10_000, together=False)
