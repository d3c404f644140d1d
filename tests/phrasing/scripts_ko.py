"""How Korean callers say digits, times and sums, and what else they say."""

import re
from collections.abc import Callable

from tests.phrasing.scripts_said import (
    FULL_WIDTH,
    Dice,
    Number,
    Tongue,
    Voice,
    code_of,
    listed,
    spelled,
)

KO_DIGITS = list("공일이삼사오육칠팔구")


KO_ARMY = listed("공 하나 둘 삼 넷 오 여섯 칠 팔 아홉")


KO_HOURS = listed("- 한 두 세 네 다섯 여섯 일곱 여덟 아홉 열 열한 열두")


OPEN_END = set("2459")


def ko_voice(dice: Dice, *, bare: bool) -> Voice:
    pause = " " if bare else ", "
    if dice.chance(0.45):
        join = dice.choice(("-", "-", "-", " ", " ", "", "에 ", "에 ", "의 ", ".", ", "))
        if dice.chance(0.07):
            return Voice(spelled("0123456789", " "), pause, pause, digits=True)
        if dice.chance(0.06):
            return Voice(spelled(FULL_WIDTH), dice.choice(("－", "-", " ")), pause, digits=True)
        if dice.chance(0.06):
            brackets = "first"
            return Voice(spelled("0123456789"), "-", pause, digits=True, brackets=brackets)
        if dice.chance(0.08):
            first = spelled(KO_DIGITS)
            return Voice(spelled("0123456789"), "에 ", pause, digits=False, first=first)
        join = " " if bare and join == ", " else join
        return Voice(spelled("0123456789"), join, pause, digits=True)
    table = list(KO_DIGITS)
    if dice.chance(0.3):
        table[0] = "영"
    if dice.chance(0.15):
        table[6] = "륙"
    if dice.chance(0.04):
        table = list(KO_ARMY)
    if dice.chance(0.04):
        table[0] = "제로"
    inner = " " if table[1] == "하나" or dice.chance(0.2) else ""
    links = ["에 ", "에 ", "의 ", " 다시 ", pause]
    join = dice.choice(links if inner else [*links, " ", " ", "에"])
    join = " 하이픈 " if dice.chance(0.03) else join
    return Voice(spelled(table, inner), join, pause, digits=False)


def _ko_count(value: int) -> str:
    words = ""
    for unit, name in ((10000, "만"), (1000, "천"), (100, "백"), (10, "십")):
        many, value = divmod(value, unit)
        if many:
            words += ("" if many == 1 else _ko_count(many)) + name
            words += " " if unit == 10000 and value else ""
    return words + ("" if not value else KO_DIGITS[value])


def ko_slots(dice: Dice, voice: Voice, number: Number | None) -> dict[str, Callable[[], str]]:
    def count(value: int) -> str:
        return str(value) if voice.digits else _ko_count(value)

    def when() -> str:
        hour = dice.choice((8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6, 7))
        half = "오전" if 7 < hour < 12 else "오후"
        said = str(hour) if voice.digits else KO_HOURS[hour]
        minute = dice.choice(("", "", " 반", f" {count(dice.choice((10, 20, 30, 40, 50)))}분"))
        return f"{half} {said}시{minute}"

    def date() -> str:
        month = dice.randrange(1, 13)
        said = str(month) if voice.digits else {6: "유", 10: "시"}.get(month, _ko_count(month))
        return f"{said}월 {count(dice.randrange(1, 29))}일"

    def won() -> str:
        value = dice.choice((4500, 9900, 15000, 23000, 38000, 120000, 550000))
        if not voice.digits:
            return f"{_ko_count(value)} 원"
        return f"{value:,}원" if value % 10000 else f"{value // 10000}만 원"

    return {
        "name": lambda: dice.choice(KO_NAMES),
        "firm": lambda: dice.choice(KO_FIRMS),
        "date": date,
        "time": when,
        "won": won,
        "code": lambda: code_of(voice, dice.digits(dice.choice((4, 5, 6, 7)))),
        "slip": lambda: (voice.join or "-").join(code_of(voice, dice.digits(4)) for _ in "abc"),
        "ext": lambda: code_of(voice, dice.digits(dice.choice((2, 3, 3, 4)))),
        "dong": lambda: count(dice.randrange(101, 116)),
        "ho": lambda: count(100 * dice.randrange(2, 19) + dice.randrange(1, 6)),
        "postal": lambda: code_of(voice, "0" + dice.digits(4)),
        "age": lambda: "일흔여덟 살이" if not voice.digits and dice.chance(0.4)
        else f"{count(dice.randrange(68, 94))}세",
        "few": lambda: str(dice.randrange(2, 9)) if voice.digits
        else dice.choice(("두 ", "세 ", "네 ", "다섯 ", "여섯 ")),
        "many": lambda: count(dice.choice((10, 20, 30, 50, 100))) + ("" if voice.digits else " "),
        "bunji": lambda: f"{count(dice.randrange(11, 700))}{'-' if voice.digits else ' 다시 '}"
        f"{count(dice.randrange(2, 30))}",
        "phone": lambda: {"mobile": "휴대폰 ", "fixed": "전화"}.get(
            number.kind if number else "", "전화"
        ),
    }  # fmt: skip


KO_NAMES = (
    "김영일", "이정구", "박삼순", "오세훈", "구본영", "육동수", "사공민", "공지영", "이영이",
    "최일구",
    "정미영", "한지민", "윤칠성", "오 과장", "이 부장", "구 대리", "공 팀장", "김 사장",
    "사공 이사",
)  # fmt: skip


KO_FIRMS = (
    "삼일상사", "구일전자", "한빛물산", "오성건설", "칠성운수", "영일무역", "육일공업사",
    "대한치과",
    "서울시청 민원과", "이지소프트", "제일은행 영업부", "사당동 꽃집", "구로 서비스 센터",
)  # fmt: skip


KO_OPEN = (
    "안녕하세요, {firm} {name}입니다.",
    "안녕하십니까. {firm}의 {name}@이라고 합니다.",
    "네, 안녕하세요. {name}입니다.",
    "실례합니다, {firm}에 {name}@이라고 하는데요.",
    "여보세요, 저 {name}인데요.",
    "수고하십니다. {firm}입니다.",
    "아이고, 안 받으시네. 나 {name}인데.",
    "저기요, 아까 전화드렸던 {name}입니다.",
    "어, 그, 부재중 전화가 와 있어서 전화드렸습니다.",
    "늦은 시간에 죄송합니다. {name}입니다.",
    "수고 많으십니더, {firm}입니더.",
    "예, 여보세요. 여기 {firm}인데요.",
    "",
)


KO_WHY = (
    "{date} {time} 회의 건으로 연락드렸습니다.",
    "주문번호 {code}번 건으로 전화드렸는데요.",
    "{date}에 주문한 게 아직도 안 왔어요.",
    "견적 금액이 {won}으로 되어 있던데 확인 부탁드립니다.",
    "예약을 {date} {time}@으로 바꾸고 싶은데요.",
    "내가 올해 {age}라 귀가 어두워서 그래요.",
    "{dong}동 {ho}호인데 보일러가 고장 났어요.",
    "운송장 번호가 {slip}인데 조회가 안 되네요.",
    "접수번호는 {code}입니다.",
    "{few}번이나 전화했는데 안 받으셔서요.",
    "{many}개를 시켰는데 {few}개만 왔어요.",
    "주소는 삼성동 {bunji}번지고요, 우편번호는 {postal}입니다.",
    "고객번호 {code}번이고요.",
    "일 때문에 급하게 여쭤볼 게 있어서요.",
    "이번 달 요금이 {won}이나 나왔어요.",
    "{few}명 자리 예약하려고 합니다.",
    "제가 오후에는 자리에 없을 것 같아서요.",
    "공사 일정 때문에 연락드렸습니다.",
    "우리 손주가 {few}살인데 진료 좀 보려고요.",
    "이 건은 구매팀에서 처리해 주신다고 들었습니다.",
)


KO_TELL = (
    "제 번호는 {tel}입니다.",
    "{phone}번호는 {tel}입니다.",
    "연락처는 {tel}번입니다.",
    "제 전화번호가요, {tel}@이에요.",
    "{tel}번으로 전화 좀 주세요.",
    "{tel}번으로 연락 부탁드립니다.",
    "번호 불러 드릴게요. {tel}입니다.",
    "전화번호 말씀드리겠습니다. {tel}번입니다.",
    "번호가, 어, {tel}@이고요, 꼭 좀 부탁드립니다.",
    "우리 집 전화가 그, {tel}번이여.",
    "저희 번호는 {tel}@이고요, {name} 찾으시면 됩니다.",
    "잠깐만요, 번호 좀 볼게요. 네, {tel}입니다.",
    "{time} 이후에 {tel}번으로 전화 주시면 됩니다.",
    "{tel}, 여기로 전화 주세요.",
    "회신은 {tel}번으로 부탁드리겠습니다.",
    "받아 적으세요. {tel}@이에요.",
    "제 번호 {tel}@인데 전화 주이소.",
)


KO_EXTRA = (
    "내선은 {ext}번입니다.",
    "내선 {ext}번 {name} 찾으시면 됩니다.",
    "{time}까지는 사무실에 있습니다.",
    "{date}까지 부탁드립니다.",
    "{time} 넘어서 전화 주시면 더 좋고요.",
    "주문번호도 말씀드리면 {code}번이에요.",
    "참고로 접수번호는 {code}입니다.",
    "총 금액은 {won}입니다.",
    "{dong}동 {ho}호로 오시면 됩니다.",
    "오늘은 {time}에 퇴근합니다.",
    "이삼일 안에 연락 주시면 됩니다.",
)


KO_CLOSE = (
    "감사합니다.", "수고하세요.", "부탁드립니다.", "기다리겠습니다.", "네, 들어가세요.",
    "고맙습니데이.",
    "그럼 이만 끊겠습니다.", "연락 기다릴게요.", "네, 감사합니다.", "좋은 하루 되세요.", "",
)  # fmt: skip


KO_NONE = (
    "제 번호는 아시죠?",
    "{time}쯤 다시 전화드릴게요.",
    "이 번호로 전화 주시면 됩니다.",
    "회신은 안 주셔도 됩니다.",
    "번호는 지난번에 알려 드렸어요.",
    "제가 다시 걸겠습니다.",
    "메일로 답 주시면 됩니다.",
)


KO = Tongue(
    fillers=("어", "그", "음", "저기", "그러니까", "뭐더라", "어디 보자"),
    sorry=(
        "아니", "아, 죄송합니다", "아니 아니", "아, 잘못 말했네요", "아니다", "죄송해요",
        "아이고, 아니고",
        "정정하겠습니다", "아 참", "아니고",
    ),
    restart=(
        "아, 죄송합니다, 처음부터 말씀드릴게요", "아니, 다시 할게요",
        "아, 처음부터 다시 불러 드릴게요",
        "잠깐만요, 다시 말씀드릴게요",
    ),
    again=(
        "다시 한번 말씀드리면 {tel}입니다.", "다시 불러 드릴게요, {tel}입니다.",
        "한 번 더요, {tel}번입니다.",
        "{tel}번이요.", "다시 말씀드리겠습니다. {tel}입니다.",
    ),
    after=(
        "아, 죄송합니다. 끝자리가 {wrong}번이 아니라 {right}번이에요.",
        "잠깐만요, 마지막이 {wrong} 아니고 {right}입니다.",
        "아니, 뒷자리는 {right}번입니다, {wrong} 아니고요.",
        "아이고, 끝에 {wrong}번이라고 했는데 {right}번이 맞아요.",
    ),
    plus=("플러스 ", "플러스 ", "국가번호 "),
    area=("지역번호 ", "지역번호 ", "국번 "),
    free=("수신자 부담 ", "무료 전화 ", ""),
)  # fmt: skip


def _batchim(text: str) -> bool:
    last = text.rstrip()[-1]
    if last.isdigit():
        return str(int(last)) not in OPEN_END
    return (ord(last) - 0xAC00) % 28 != 0


def with_particles(text: str) -> str:
    """Puts the form of "이에요", "이고요", "인데" that fits what is before it."""

    def fit(match: re.Match[str]) -> str:
        before, ending = match[1], match[2]
        if ending == "으로" and before == "시":
            return f"{before}로"
        if _batchim(before):
            return before + ending
        return (
            before
            + {"이에요": "예요", "이고요": "고요", "인데": "인데", "으로": "로", "이라고": "라고"}[
                ending
            ]
        )

    return re.sub(r"(\S)@(이에요|이고요|인데|으로|이라고)", fit, text)
