"""How Japanese callers speak, and their phrases."""

from collections.abc import Callable, Sequence

from tests.phrasing.books_said import FULL_WIDTH, Dice, Speaker, Words

JA_DIGITS = {
    "katakana": "ゼロ イチ ニ サン ヨン ゴ ロク ナナ ハチ キュウ",
    "rei": "レイ イチ ニ サン ヨン ゴ ロク ナナ ハチ キュー",
    "maru": "マル イチ ニイ サン ヨン ゴー ロク ナナ ハチ キュウ",
    "hiragana": "ぜろ いち に さん よん ご ろく なな はち きゅう",
    "marukana": "まる いち にい さん よん ごう ろく なな はち きゅう",
    "shichi": "れい いち に さん よん ご ろく しち はち きゅう",
    "kanji": "〇 一 二 三 四 五 六 七 八 九",
    "zerokanji": "ゼロ 一 二 三 四 五 六 七 八 九",
    "reikanji": "零 一 二 三 四 五 六 七 八 九",
}


JA_WORDS = Words(
    pause=(
        "えーと",
        "あの",
        "えー",
        "ちょっと待ってくださいね",
        "ええっと",
        "はい",
        "よろしいですか",
        "その次が",
        "老眼で見えにくくて",
        "メモはよろしいでしょうか",
        "んー",
    ),
    wrong=(
        "じゃなくて",
        "失礼しました",
        "あ、違う",
        "ごめんなさい",
        "いや",
        "すみません、訂正します",
        "ではなく",
        "あ、間違えました",
        "やなくて",
    ),
    restart=(
        "すみません、間違えました、最初から言います",
        "失礼しました、もう一度最初から申し上げます",
        "あ、違った、初めから言い直します",
        "ごめんなさい、正しくは",
    ),
    last=(
        "あ、すみません、下四桁が違いました、正しくは",
        "失礼しました、最後の4桁は",
        "いや、下4桁は",
        "ごめん、最後だけ違って",
    ),
    not_that=("最後は{bad}じゃなくて{good}", "お尻は{bad}ではなく{good}"),
    again=(
        "繰り返します",
        "もう一度申し上げます",
        "もう一回言いますね",
        "復唱します",
        "念のためもう一度",
        "もういっぺん言います",
    ),
    tail_again=("", "最後もう一度", "下四桁は", "下4桁、", "最後が"),
)


def _kanji(n: int) -> str:
    digits = "〇一二三四五六七八九"
    out = ""
    for size, sign in ((10000, "万"), (1000, "千"), (100, "百"), (10, "十")):
        many, n = divmod(n, size)
        if many:
            out += (digits[many] if many > 1 or size == 10000 else "") + sign
    return out + (digits[n] if n else "")


class Japanese(Speaker):
    """A caller in Japanese."""

    words = JA_WORDS

    def choose(self) -> None:
        """Decide on a style of digits for the whole utterance."""
        d, p = self.d, self.punctuated
        self.table = JA_DIGITS[d.choice(list(JA_DIGITS))].split()
        self.inner = ""
        if self.spelled:
            self.sep = d.choice(
                ["の", "の", "の ", " ", "、" if p else " ", "の、" if p else "の", ""]
            )
            kana = self.table[1] != "一"
            self.inner = " " if kana and self.sep != "" and d.chance(0.25) else ""
            self.plus = d.choice(["プラス", "国番号"])
        else:
            self.sep = d.choice(
                ["-", "-", "-", "の", " ", "", "、" if p else " ", "ハイフン", "−", "()", "."]
            )
            if self.sep != "" and d.chance(0.05):
                self.inner, self.sep = (",", ",") if p else (" ", " ")
            self.plus = d.choice(["+", "+", "国番号", "プラス"])
        self.full = not self.spelled and d.chance(0.2)

    def say(self, groups: Sequence[str]) -> str:
        """Return the groups as the recogniser writes them."""
        parts = []
        for group in groups:
            plus = self.plus if group[0] == "+" else ""
            digits = group.lstrip("+")
            if self.spelled and len(digits) == 4 and digits.endswith("000") and digits[0] != "0":
                parts.append(_kanji(int(digits)))
                continue
            said = [self.table[int(c)] if self.spelled else c for c in digits]
            parts.append(plus + self.inner.join(said))
        text = self.sep.join(parts)
        if self.sep == "()":
            text = "-".join(parts)
            if len(parts) == 3 and parts[0][0] == "0":
                text = f"({parts[0]}){parts[1]}-{parts[2]}"
        elif groups[0] == "+81" and self.plus == "国番号" and self.sep == "":
            text = parts[0] + " " + "".join(parts[1:])
        return text.translate(FULL_WIDTH) if self.full else text


JA_NAMES = (
    "佐藤",
    "三浦",
    "五十嵐",
    "一ノ瀬",
    "八木",
    "二宮",
    "高橋",
    "千葉",
    "六車",
    "九条",
    "山田",
    "渡辺",
    "七尾",
    "四宮",
    "百瀬",
    "小林",
)


JA_FIRMS = (
    "山田商店",
    "三和工業",
    "八百屋の丸八",
    "パン屋のひまわり",
    "セブン不動産",
    "第一印刷",
    "五島水産",
    "さくら歯科",
    "二葉クリーニング",
    "株式会社ミツバ",
    "居酒屋まる",
    "四国物産",
)


JA_OPEN = (
    "お世話になっております、{firm}の{name}と申します。",
    "もしもし、{name}ですけど。",
    "あの、{name}です。",
    "お忙しいところ恐れ入ります、{firm}の{name}でございます。",
    "えーと、{firm}ですけども。",
    "",
    "あ、すいません、{name}といいます。",
    "いつもお世話になってます、{firm}です。",
    "",
    "わたくし、{name}の母でございますけども。",
    "{name}の家内です、主人がお世話になってます。",
    "まいど、{firm}の{name}です。",
    "先ほどお電話いただいた{name}です。",
)


JA_STORY = (
    "{month}{day}に注文した商品がまだ届かなくて。",
    "注文番号{ref}の件でお電話しました。",
    "昨日{hour}頃にお電話したんですが、つながらなくて。",
    "請求書の金額が{yen}になってるんですけど。",
    "うちは{room}号室なんですが、水漏れがありまして。",
    "{month}{day}の{hour}から{count}で予約したいんですが。",
    "うちの父が{age}で、足が悪いもんですから。",
    "娘が{child}でして、サイズの交換をお願いしたいんです。",
    "郵便番号は{zip}です。",
    "孫と{count}で伺うつもりなんですわ。",
    "保証書の番号が{ref}でして。",
    "領収書を二枚お願いしたいんですが。",
    "代金の{yen}はもう振り込みました。",
    "見積もりの件なんですけど。",
    "会員番号は{ref}です。",
    "",
    "",
    "",
)


JA_NUM = (
    "電話番号は{N}です。",
    "折り返し{N}までお願いいたします。",
    "番号が{N}になります。",
    "{N}です。",
    "連絡先は{N}でございます。",
    "{hour}以降に{N}にお電話ください。",
    "{N}に電話してもらえますか。",
    "こちらの番号、えーと、{N}です。",
    "携帯が{N}なんで、そっちにかけてください。",
    "{N}、{name}まで。",
    "電話はですね、{N}になっとります。",
    "申し上げます、{N}。",
    "うちの番号言いますね、{N}です。",
    "店の電話が{N}、定休日は水曜です。",
    "{N}やねんけど、折り返しもらえます？",
    "娘の携帯ですが、{N}にお願いします。",
    "息子が出ますので{N}へお願いします。",
    "家の電話{N}に、{hour}までにかけてくれんかのう。",
    "{N}で、内線は{ext}です。",
    "至急{N}まで連絡お願いします。",
    "今から言う番号にかけて、{N}ね。",
    "えー、{N}、こちらが事務所の電話です。",
    "当店の番号は{N}と申します。",
)


JA_INLINE = (
    (
        "昨日そちらで{yen}の靴を買った{name}ですが、番号は{N}なんですけど、片方サイズが違ってまして、"
        "{hour}以降なら家におります。"
    ),
    (
        "あのね、{month}{day}に来てもろたんやけど、まだ直らへんのよ、うちの電話{N}やから、"
        "{count}で待ってますんで。"
    ),
    "{N}の{name}です。注文番号は{ref}で、{count}分お願いした件です。",
    (
        "もしもし{firm}ですが、えーと{N}、これ店の番号なんですけども、"
        "{yen}の請求について教えてください。"
    ),
    "母が{age}で耳が遠いので、{N}、これ私の携帯ですが、こちらに{hour}過ぎにお願いします。",
)


JA_TAIL = (
    "{hour}までにお願いします。",
    "{month}{day}までは家におります。",
    "内線は{ext}番です。",
    "",
    "",
    "",
    "",
    "注文番号は{ref}です。",
    "二、三日中で結構です。",
    "一度ご連絡ください。",
    "部屋は{room}号室です。",
)


JA_CLOSE = (
    "よろしくお願いいたします。",
    "失礼いたします。",
    "すんませんけど頼みます。",
    "では。",
    "",
    "",
    "お電話お待ちしております。",
    "ごめんください。",
)


JA_NONE = (
    "番号はもうご存じだと思いますので、{hour}頃にまたかけます。",
    "電話番号は前にお伝えした通りです。",
    "また{hour}過ぎにこちらからかけ直します。",
    "{count}でお願いします、それだけです。",
    "折り返しは結構です、{month}{day}に伺います。",
    "電話番号は名刺に書いてあります。",
    "携帯は変わってません、下四桁{four}のままです。",
    "口座に{yen}振り込んでおきました。",
)


def ja_makers(d: Dice, s: Speaker) -> dict[str, Callable[[], str]]:
    def num(low: int, high: int) -> str:
        n = d.randint(low, high)
        return _kanji(n) if s.spelled else str(n)

    return {
        "name": lambda: d.choice(JA_NAMES),
        "firm": lambda: d.choice(JA_FIRMS),
        "month": lambda: num(1, 12) + "月",
        "day": lambda: num(1, 28) + "日",
        "hour": lambda: d.choice(["", "午後", "夕方"]) + num(1, 7) + d.choice(["時", "時", "時半"]),
        "ref": lambda: d.choice(["", "A", "エーの"]) + s.bare(a_reference(d)),
        "yen": lambda: (
            (_kanji(n) if s.spelled else str(n)) + "円" if (n := 10 * d.randint(12, 998)) else ""
        ),
        "room": lambda: s.bare(f"{d.randint(1, 9)}0{d.randint(1, 9)}"),
        "count": lambda: num(2, 9) + "人",
        "age": lambda: num(61, 92) + "歳",
        "child": lambda: num(3, 15) + "歳",
        "zip": lambda: s.say((f"{d.randint(100, 999)}", f"{d.randint(0, 9999):04}")),
        "ext": lambda: s.bare(str(d.randint(11, 499))),
        "four": lambda: s.bare(f"{d.randint(1000, 9998)}"),
    }


def a_reference(d: Dice) -> str:
    return str(d.randint(2, 9)) + "".join(d.choice("0123456789") for _ in range(d.randint(3, 6)))
