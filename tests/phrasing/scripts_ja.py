"""How Japanese callers say digits, times and sums, and what else they say."""

from collections.abc import Callable, Sequence

from tests.phrasing.scripts_said import (
    FULL_WIDTH,
    HIRAGANA,
    HIRAGANA_LONG,
    KANJI,
    KANJI_REI,
    KATAKANA,
    KATAKANA_LONG,
    KATAKANA_OLD,
    Dice,
    Number,
    Tongue,
    Voice,
    code_of,
    listed,
    spelled,
)


def _zero(table: Sequence[str], word: str) -> list[str]:
    return [word, *table[1:]]


def ja_voice(dice: Dice, *, bare: bool) -> Voice:
    pause = " " if bare else "、"
    if dice.chance(0.45):
        join = dice.choice(("-", "-", "-", " ", "の", "の", "", "、", ".", "ー", " - "))
        brackets = dice.choice(("", "", "", "", "", "first", "middle"))
        if dice.chance(0.2):
            wide = dice.choice(("－", "-", " ", "の", "", "‐", "−"))
            return Voice(spelled(FULL_WIDTH), wide, pause, digits=True)
        if dice.chance(0.08):
            return Voice(spelled("0123456789", " "), pause, pause, digits=True)
        if dice.chance(0.08):
            first = spelled(dice.choice((KATAKANA, KATAKANA_LONG)))
            return Voice(spelled("0123456789"), "の", pause, digits=False, first=first)
        if brackets:
            return Voice(spelled("0123456789"), "-", pause, digits=True, brackets=brackets)
        join = " " if bare and join == "、" else join
        return Voice(spelled("0123456789"), join, pause, digits=True)
    table = dice.choice(
        (
            KATAKANA, KATAKANA, KATAKANA_LONG, KATAKANA_LONG, KATAKANA_OLD,
            _zero(KATAKANA, "マル"), _zero(KATAKANA_LONG, "レイ"),
            HIRAGANA, HIRAGANA_LONG, _zero(HIRAGANA, "まる"), _zero(HIRAGANA, "れい"),
            KANJI, KANJI, KANJI_REI, KANJI_REI, _zero(KANJI, "ゼロ"), _zero(KANJI, "まる"),
            _zero(KANJI, "れい"), _zero(KANJI, "ゼロ"),
        )
    )  # fmt: skip
    inner = dice.choice(("", "", "", " "))
    kanji = table[1] == "一"
    joins = ["の", "の", "の", "の "] + ([" の "] * 2 if inner else [])
    joins += [pause, " "] if not inner else []
    joins += [""] if kanji and not inner else []
    join = "ハイフン" if dice.chance(0.04) else dice.choice(joins)
    return Voice(spelled(table, inner), join, pause, digits=False)


def _ja_count(value: int) -> str:
    words = ""
    for unit, name in ((10000, "万"), (1000, "千"), (100, "百"), (10, "十")):
        many, value = divmod(value, unit)
        if many:
            words += ("" if many == 1 and unit < 10000 else _ja_count(many)) + name
    return words + ("" if not value else KANJI[value])


def ja_slots(dice: Dice, voice: Voice, number: Number | None) -> dict[str, Callable[[], str]]:
    def count(value: int) -> str:
        return str(value) if voice.digits else _ja_count(value)

    def when() -> str:
        hour, minute = dice.randrange(1, 8), dice.choice((10, 15, 20, 30, 40, 45))
        return dice.choice(
            (
                f"午後{count(hour)}時", f"午前{count(dice.randrange(8, 12))}時",
                f"{count(hour + 12)}時",
                f"{count(hour)}時半", f"午後{count(hour)}時{count(minute)}分",
                f"{count(dice.randrange(9, 20))}時{count(minute)}分", f"夕方の{count(5)}時",
            )
        )  # fmt: skip

    def yen() -> str:
        value = dice.choice((980, 1280, 2200, 3500, 4980, 12800, 35000, 48600, 120000))
        if not voice.digits or value < 10000:
            return f"{count(value)}円"
        return f"{value // 10000}万{value % 10000 or ''}円"

    def code(lengths: Sequence[int] = (4, 5, 6, 7)) -> str:
        said = code_of(voice, dice.digits(dice.choice(lengths)))
        return f"{dice.choice('ABKMS')}の{said}" if dice.chance(0.15) else said

    postal = "の" if not voice.digits or voice.join == "の" else "-"
    return {
        "name": lambda: dice.choice(JA_NAMES),
        "firm": lambda: dice.choice(JA_FIRMS),
        "date": lambda: f"{count(dice.randrange(1, 13))}月{count(dice.randrange(1, 29))}日",
        "day": lambda: f"{count(dice.randrange(1, 29))}日の{dice.choice('月火水木金')}曜日",
        "time": when,
        "yen": yen,
        "code": code,
        "slip": lambda: (voice.join or "-").join(code_of(voice, dice.digits(4)) for _ in "abc"),
        "postal": lambda: (
            f"{code_of(voice, dice.digits(3))}{postal}{code_of(voice, dice.digits(4))}"
        ),
        "ext": lambda: code_of(voice, dice.digits(dice.choice((2, 3, 3, 4)))),
        "room": lambda: (str if voice.digits else spelled(KANJI))(
            f"{dice.randrange(1, 13)}0{dice.randrange(1, 9)}"
        ),
        "age": lambda: count(dice.randrange(68, 94)),
        "few": lambda: count(dice.randrange(2, 9)),
        "many": lambda: count(dice.choice((10, 12, 20, 24, 30, 50))),
        "chome": lambda: (
            f"{count(dice.randrange(1, 7))}丁目{count(dice.randrange(1, 29))}の"
            f"{count(dice.randrange(1, 20))}"
        ),
        "year": lambda: f"{dice.choice(('昭和', '平成'))}{count(dice.randrange(11, 31))}年",
        "phone": lambda: {"mobile": "携帯", "fixed": "電話"}.get(
            number.kind if number else "", "電話"
        ),
    }


JA_NAMES = listed(
    "田中 佐藤 鈴木 高橋 三浦 五十嵐 八木 二宮 四方 六車 九鬼 千葉 百瀬 一ノ瀬 三上 七海 "
    "渡辺 小林 中村 加藤 吉田 山口 松本 大久保 長谷川 斎藤 万代 十河"
)


JA_FIRMS = listed(
    "三田商事 株式会社ミライ 東和システム 七星運輸 六本木クリニック 三栄工業 四谷不動産 "
    "一番町法律事務所 第二営業部 北斗電機 八王子支店 市役所の税務課 まるや酒店 五反田設備 "
    "ゼロワン企画 みどり歯科 二葉印刷"
)


JA_OPEN = (
    "お世話になっております。{firm}の{name}でございます。",
    "いつも大変お世話になっております、{firm}の{name}と申します。",
    "お世話になります、{firm}の{name}です。",
    "もしもし、{name}と申しますけれども。",
    "もしもし、あのー、わたくし{name}と申しますが。",
    "恐れ入ります、{firm}の{name}と申します。",
    "あ、{name}です。どうも。",
    "えー、{firm}、{name}です。",
    "お忙しいところ恐れ入ります。{name}と申します。",
    "突然のお電話失礼いたします。{firm}の{name}と申します。",
    "夜分にすみません、{name}です。",
    "すんません、{name}ですけど。",
    "毎度おおきに、{firm}の{name}です。",
    "あらやだ、留守番電話ね。{name}でございますけれども。",
    "えーと、先ほどお電話いただいた{name}です。",
    "",
)


JA_WHY = (
    "{date}の{time}のお打ち合わせの件でご連絡いたしました。",
    "{date}にお願いした見積もり、{yen}の件なんですが。",
    "注文番号{code}の納品についてお伺いしたくお電話しました。",
    "請求書の金額が{yen}になっておりまして、確認をお願いしたいのですが。",
    "{day}の予約を{time}に変更していただきたいのですが。",
    "先週から{few}回ほどお電話しておりますが、つながらないもので。",
    "お客様番号は{code}です。",
    "受付番号が{code}で、{date}に申し込んだ者です。",
    "今年で{age}になりますもんで、耳が遠くてごめんなさいね。",
    "{age}歳の母の件でご相談がありまして。",
    "{room}号室の者ですが、水漏れがしておりまして。",
    "荷物の伝票番号が{slip}なんですけど、まだ届いてないんです。",
    "{many}個注文したのに{few}個しか来てないんですわ。",
    "住所は本町{chome}で、郵便番号は{postal}です。",
    "{year}の生まれでございます。",
    "大人{few}名で{date}に予約したいと思いまして。",
    "エアコンが動かへんねん。{date}に買うたばっかりやのに。",
    "来週{day}の会議、{time}からで間違いないでしょうか。",
    "資料を{few}部、送っていただけますでしょうか。",
    "第{few}期の契約更新の件でございます。",
    "折り返しのお電話をお願いしたいと存じます。",
    "先日は結構なものをありがとうございました。",
    "ちょっと急ぎの用件でして。",
    "一つお願いがございまして。",
)


JA_TELL = (
    "{phone}番号は{tel}です。",
    "{phone}番号は{tel}でございます。",
    "電話番号を申し上げます。{tel}です。",
    "折り返しは{tel}までお願いいたします。",
    "お手数ですが、{tel}までご連絡いただけますでしょうか。",
    "連絡先は{tel}になります。",
    "番号、{tel}ですので、よろしくお願いします。",
    "番号言いますね。{tel}。",
    "えーと、番号がですね、{tel}です。",
    "わたくしの{phone}が、えー、{tel}となっております。",
    "うちの電話は、{tel}ですけれども。",
    "ちょっと待ってくださいね、今番号見ますから。はい、{tel}です。",
    "電話番号言いますわ。{tel}ですわ。",
    "{tel}、{name}までお電話ください。",
    "こちらの番号ですが、{tel}となります。",
    "{tel}にかけてもらえますか。",
    "すいません、{tel}に折り返しください。",
    "メモのご用意よろしいでしょうか。{tel}、でございます。",
    "{time}以降でしたら{tel}につながります。",
    "{tel}番です。",
)


JA_EXTRA = (
    "内線は{ext}です。",
    "内線{ext}番の{name}をお呼びください。",
    "{date}までにお願いします。",
    "{time}までは会社におります。",
    "明日の{time}以降ならつながります。",
    "{time}ごろまたかけます。",
    "注文番号も言うときます、{code}です。",
    "なお、受付番号は{code}です。",
    "{few}日以内にご返事いただければ助かります。",
    "{few}階の{name}あてでお願いします。",
    "ファックスはございません。",
    "孫が{few}人おりましてね、昼間は留守にすることもございます。",
    "合計は{yen}と伺っております。",
)


JA_CLOSE = (
    "よろしくお願いいたします。", "失礼いたします。", "お待ちしております。", "ほな、よろしゅう。",
    "ごめんくださいませ。", "では。", "よろしくどうぞ。", "はい、失礼します。", "お願いします。",
    "どうもすみません、よろしくお願いします。", "お手数をおかけいたします。", "",
)  # fmt: skip


JA_NONE = (
    "番号はご存じかと思いますので、よろしくお願いします。",
    "またこちらからお電話いたします。",
    "折り返しは不要です。",
    "電話番号は前にお伝えしたとおりです。",
    "着信の番号におかけ直しください。",
    "{time}ごろ、もう一度おかけします。",
    "メールでご返事いただければ結構です。",
)


JA = Tongue(
    fillers=("えーと", "あの", "えー", "あのー", "んーと", "そのー", "ええと", "えっと"),
    sorry=(
        "じゃなくて", "失礼しました", "あ、すみません", "いや違う", "あ、間違えました",
        "訂正します",
        "ではなくて", "いえ", "ごめんなさい", "ちゃうわ", "あ、失礼", "もとい", "すいません",
    ),
    restart=(
        "あ、すみません、最初から言います", "失礼、もう一度最初から",
        "ちょっと待って、言い直します",
        "ごめんなさい、はじめから", "あ、もう一回言いますね",
    ),
    again=(
        "繰り返します、{tel}です。", "もう一度申し上げます。{tel}です。",
        "もう一回言いますね、{tel}。",
        "復唱いたします、{tel}でございます。", "{tel}ですよ。", "念のためもう一度、{tel}です。",
    ),
    after=(
        "あ、すみません、最後が{wrong}ではなく、{right}でした。",
        "失礼しました、下{n}桁は、{right}です、{wrong}ではございません。",
        "あ、下{n}桁が違いました、{wrong}じゃなくて、{right}です。",
        "ごめんなさい、末尾の{wrong}は間違いで、正しくは、{right}です。",
    ),
    plus=("プラス", "プラス", "国番号"),
    area=("市外局番", "市外局番から、", "市外局番"),
    free=("フリーダイヤルの", "フリーダイヤル、", "フリーダイヤル"),
)  # fmt: skip
