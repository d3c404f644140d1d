"""How Korean callers speak, and their phrases."""

from collections.abc import Callable, Sequence

from tests.phrasing.books_ja import a_reference
from tests.phrasing.books_said import FULL_WIDTH, Dice, Speaker, Words

KO_WORDS = Words(
    pause=(
        "어",
        "그",
        "음",
        "잠깐만요",
        "저기",
        "그 다음에",
        "적으셨어요?",
        "네",
        "안경이 어디 갔지",
        "잠시만요",
        "그러니까",
    ),
    wrong=(
        "아니",
        "아니 아니",
        "죄송합니다",
        "아, 아니고",
        "아 잘못 말했네요",
        "정정할게요",
        "아니고",
    ),
    restart=(
        "아니, 처음부터 다시 말씀드릴게요",
        "죄송합니다, 틀렸네요, 다시 불러 드릴게요",
        "아이고 아니다, 다시 할게요",
        "아, 잘못 불렀어요, 맞는 번호는",
    ),
    last=("아니, 끝 네 자리는", "죄송해요, 마지막 네 자리가 틀렸네요, 맞는 건", "아, 뒷자리는"),
    not_that=("끝자리 {bad} 아니고 {good}", "마지막은 {bad} 말고 {good}"),
    again=(
        "다시 말씀드릴게요",
        "다시 한번 불러 드리겠습니다",
        "한 번 더요",
        "다시 불러 드릴게요",
        "다시 한번 말할게요",
    ),
    tail_again=("", "끝자리 ", "뒷자리 다시 ", "마지막이 "),
)


KO_ONES = ["영", "일", "이", "삼", "사", "오", "육", "칠", "팔", "구"]


KO_NATIVE = [
    "-",
    "한",
    "두",
    "세",
    "네",
    "다섯",
    "여섯",
    "일곱",
    "여덟",
    "아홉",
    "열",
    "열한",
    "열두",
]


def _ko_number(n: int) -> str:
    out = ""
    for size, sign in ((10000, "만"), (1000, "천"), (100, "백"), (10, "십")):
        many, n = divmod(n, size)
        if many:
            out += (KO_ONES[many] if many > 1 else "") + sign
    return out + (KO_ONES[n] if n else "")


class Korean(Speaker):
    """A caller in Korean."""

    words = KO_WORDS

    def choose(self) -> None:
        """Decide on a style of digits for the whole utterance."""
        d, p = self.d, self.punctuated
        self.table = [d.choice(["공", "공", "공", "영"]), *KO_ONES[1:]]
        if d.chance(0.1):
            self.table[6] = "륙"
        if d.chance(0.04):
            self.table[1] = "하나"
        self.inner = ""
        if self.spelled:
            self.sep = d.choice([" ", " ", "에 ", "의 ", "에", "", " 다시 ", ", " if p else " "])
            if self.sep.startswith((" ", ",")) and d.chance(0.2):
                self.inner = " "
        else:
            self.sep = d.choice(
                ["-", "-", "-", " ", "", "에 ", "의 ", " 다시 ", ", " if p else " ", ".", "()"]
            )
            if self.sep != "" and d.chance(0.06):
                self.inner, self.sep = (", ", ", ") if p else (" ", " ")
        self.plus = (
            d.choice(["플러스 ", "국가번호 "])
            if self.spelled
            else d.choice(["+", "+", "국가번호 "])
        )
        self.full = not self.spelled and d.chance(0.04)
        self.exchange = d.chance(0.3)

    def say(self, groups: Sequence[str]) -> str:
        """Return the groups as the recogniser writes them."""
        parts = []
        for group in groups:
            plus, digits = (self.plus if group[0] == "+" else ""), group.lstrip("+")
            parts.append(
                plus + self.inner.join(self.table[int(c)] if self.spelled else c for c in digits)
            )
        text = self.sep.join(parts)
        if self.sep == "()":
            text = "-".join(parts)
            if len(parts) == 3 and parts[0][0] == "0":
                text = f"({parts[0]}) {parts[1]}-{parts[2]}"
        elif self.sep == "에 " and self.exchange and len(parts) == 3 and is_landline(groups[0]):
            text = f"{parts[0]}에 {parts[1]}국에 {parts[2]}"
        elif self.sep == "" and groups[0][0] == "+":
            text = parts[0] + " " + "".join(parts[1:])
        return text.translate(FULL_WIDTH) if self.full else text


def is_landline(area: str) -> bool:
    return area[0] == "0" and area[1] in "23456" and area[:3] not in {"050", "060"}


KO_NAMES = (
    "김영희",
    "이영호",
    "오지영",
    "구자철",
    "육성재",
    "이삼순",
    "박사장",
    "공유진",
    "사공민",
    "최민수",
    "천일영",
    "홍길동",
)


KO_FIRMS = (
    "삼일상사",
    "오구쌀피자",
    "칠성전기",
    "행복약국",
    "이모네 식당",
    "팔도건어물",
    "구일치과",
    "사랑꽃집",
    "육육산업",
    "제일세탁소",
    "백년가게",
)


KO_OPEN = (
    "안녕하세요, {firm} {name}입니다.",
    "여보세요, {name}인데요.",
    "수고하십니다, {firm}입니다.",
    "",
    "",
    "저 {name} 엄마 되는 사람인데요.",
    "아까 전화드린 {name}입니다.",
    "어, 나 {name}(이)라고 하는디.",
    "네, 안녕하십니까, {firm}의 {name}(이)라고 합니다.",
    "아이고, 수고 많으십니다.",
    "저기요, {firm}인데요.",
)


KO_STORY = (
    "{date}에 주문한 물건이 아직 안 왔어요.",
    "주문번호 {ref} 때문에 전화드렸습니다.",
    "어제 {hour}쯤에 전화했는데 안 받으시더라고요.",
    "{money}이 두 번 결제됐어요.",
    "여기 {room}호인데 물이 새요.",
    "{date} {hour}에 {count} 명 예약하려고요.",
    "어머니가 {age}이신데 거동이 불편하세요.",
    "우편번호는 {zip}입니다.",
    "접수번호가 {ref}(이)라고 했거든요.",
    "견적 때문에 그러는데요.",
    "",
    "",
    "",
    "이번 일로 오래 기다렸습니다.",
    "회원번호는 {ref}입니다.",
)


KO_NUM = (
    "제 번호는 {N}입니다.",
    "{N}번으로 전화 주세요.",
    "연락처는 {N}이고요.",
    "{N}입니다.",
    "전화번호가 {N}인데요.",
    "{hour} 이후에 {N}번으로 연락 부탁드립니다.",
    "번호 불러 드릴게요, {N}.",
    "핸드폰은 {N}입니다.",
    "가게 전화가 {N}입니다.",
    "어, {N}, 여기로 전화 좀 주쇼.",
    "딸 번호인데요, {N}번으로 해 주세요.",
    "{N}번, {name}한테 전화 주시면 됩니다.",
    "우리 집 전화는 {N}(이)여.",
    "회신은 {N}번으로 주시면 감사하겠습니다.",
    "{N}, 내선 {ext}번입니다.",
    "빨리 {N}번으로 전화 좀요.",
    "저희 대표번호가 {N}입니더.",
    "남편이 받을 거예요, {N}번이요.",
    "그, 번호가, {N}인데예.",
)


KO_INLINE = (
    (
        "어제 {hour}에 거기서 {money}짜리 신발을 샀는데, 제 "
        "번호가 {N}(이)거든요, 사이즈가 안 맞아서 바꾸고 싶어요."
    ),
    "{N} 쓰는 {name}인데요, 주문번호 {ref} 건이고 {count} 개 시켰습니다.",
    (
        "우리 아버지가 {age}인데 {date}에 넘어지셨어요, "
        "저는 {N}번으로 연락되고요, {hour} 전에 와 주세요."
    ),
    "{firm}인데요, {N}, 이게 가게 번호고요, {money} 입금이 안 됐어요.",
)


KO_TAIL = (
    "{hour}까지 기다릴게요.",
    "{date}까지는 집에 있어요.",
    "호수는 {room}호예요.",
    "",
    "",
    "",
    "",
    "주문번호는 {ref}입니다.",
    "한두 시간 안에 부탁드려요.",
    "내선은 {ext}번입니다.",
)


KO_CLOSE = (
    "감사합니다.",
    "수고하세요.",
    "부탁드립니다.",
    "",
    "",
    "이만 끊겠습니다.",
    "꼭 좀 부탁해요.",
)


KO_NONE = (
    "제가 {hour}에 다시 전화할게요.",
    "제 번호는 이미 아시죠.",
    "전화 안 주셔도 됩니다, {date}에 갈게요.",
    "번호는 그대로예요, 끝자리 {four} 그거요.",
    "{count} 명으로 바꿔 주세요.",
    "{money} 입금했습니다.",
    "번호는 명함에 있습니다.",
)


def ko_makers(d: Dice, s: Speaker) -> dict[str, Callable[[], str]]:
    def num(low: int, high: int) -> str:
        n = d.randint(low, high)
        return _ko_number(n) if s.spelled else str(n)

    def date() -> str:
        month = d.choice([1, 2, 3, 4, 5, 7, 8, 9, 11, 12])
        return f"{_ko_number(month) if s.spelled else month}월 {num(1, 28)}일"

    def hour() -> str:
        n = d.randint(1, 12)
        return d.choice(["", "오후 "]) + (KO_NATIVE[n] + " 시" if s.spelled else f"{n}시")

    return {
        "name": lambda: d.choice(KO_NAMES),
        "firm": lambda: d.choice(KO_FIRMS),
        "date": date,
        "hour": hour,
        "ref": lambda: s.bare(a_reference(d)),
        "money": lambda: num(2, 98) + ("만 원" if s.spelled else "만원"),
        "room": lambda: s.bare(f"{d.randint(1, 9)}0{d.randint(1, 9)}"),
        "count": lambda: KO_NATIVE[d.randint(2, 9)] if s.spelled else str(d.randint(2, 9)),
        "age": lambda: num(61, 94) + "세",
        "zip": lambda: s.bare(f"0{d.randint(1000, 9999)}"),
        "ext": lambda: s.bare(str(d.randint(11, 499))),
        "four": lambda: s.bare(f"{d.randint(1000, 9998)}"),
    }
