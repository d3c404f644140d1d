"""How Japanese callers say numbers, and the words around them.  Pure.

A word here is as an ear may write it: kana of either kind, kanji, figures.  A single hiragana such
as に or ご is a figure only among figures, for it is usually a particle or an honorific.
"""

from sipbot import late
from sipbot.said_tokens import NUMERAL, Entry, T, Token, Tongue, entries

_READINGS = {
    "0": "ゼロ|ゼロー|ぜろ|ぜろー|れい|レイ|れー|レー|零|〇|○|◯|まる|マル|まるー|マルー",
    "1": "いち|イチ|イチー|いちー|いっ|イッ|一|壱",
    "2": "に|ニ|にー|ニー|にい|ニイ|ニィ|にぃ|二|弐|フタ|ふたー|フター",
    "3": "さん|サン|さーん|サーン|三|参",
    "4": "よん|ヨン|よーん|ヨーン|よ|ヨ|よー|ヨー|し|シ|しー|シー|四",
    "5": "ご|ゴ|ごー|ゴー|ごお|ゴオ|ごう|ゴウ|ごぉ|ゴォ|五|伍",
    "6": "ろく|ロク|ろっ|ロッ|ロクー|六",
    "7": "なな|ナナ|ななー|ナナー|しち|シチ|ヒチ|七",
    "8": "はち|ハチ|はっ|ハッ|八",
    "9": "きゅう|キュウ|きゅー|キュー|きゅ|キュ|く|ク|くー|クー|九",
}
_SCALES = {
    "10": "じゅう|ジュウ|じゅー|ジュー|じゅっ|ジュッ|十|拾",
    "100": "ひゃく|ヒャク|びゃく|ビャク|ぴゃく|ピャク|百",
    "1000": "せん|セン|ぜん|ゼン|千",
    "10000": "まん|マン|万|萬",
    "100000000": "おく|オク|億",
}
LETTERS_JA = {
    "a": "エー|エイ", "b": "ビー", "c": "シー", "d": "ディー|デー", "e": "イー", "f": "エフ",
    "g": "ジー", "h": "エイチ|エッチ", "i": "アイ", "j": "ジェー|ジェイ", "k": "ケー|ケイ",
    "l": "エル", "m": "エム", "n": "エヌ", "o": "オー", "p": "ピー", "q": "キュー", "r": "アール",
    "s": "エス", "t": "ティー|テー", "u": "ユー", "v": "ブイ|ヴイ|ヴィー",
    "w": "ダブリュー|ダブル", "x": "エックス", "y": "ワイ", "z": "ゼット|ズィー",
}  # fmt: skip

_PHONE = (
    "電話番号|お電話番号|携帯番号|携帯電話|携帯|ケータイ|けいたい|連絡先|ご連絡先|tel|"
    "でんわばんごう|折り返し先|折返し先|直通|代表番号|フリーダイヤル|フリーコール|"
    "ナビダイヤル|ファックス|ファクス|fax|自宅番号|電話の番号|かけ直し先|スマホ|固定電話|"
    "ip電話|連絡先番号|連絡番号|折り返し番号|折り返しの番号|発信番号|着信番号|代表|phs"
)
_ORDER = (
    "注文|受付|予約|会員|顧客|お客様|お客さま|問い合わせ|問合せ|お問い合わせ|伝票|契約|"
    "請求書|請求|管理|整理|受注|発注|確認|口座|型|製造|製品|商品|シリアル|追跡|送り状|配送|"
    "荷物|修理|案件|チケット|証券|部屋|社員|登録|申込|申し込み|申込み|診察券|カード|照会|"
    "見積|見積もり|見積書|領収書|保証書|お届け|アカウント|ユーザー|クーポン|オーダー|機種|"
    "患者|加入者|暗証|認証|事故|ケース|車両|学籍|図書|取引|ロット|品|不在票|保険証|免許証|"
    "識別|お申込|お申し込み|ご予約|ご注文|ご契約|決済|受験|処理|作業|依頼|取扱|フォーム|"
    "サポート|レシート|納品書|出荷|マイナンバー"
)
_CODES = (
    "注文コード|商品コード|予約コード|確認コード|会員コード|顧客コード|会員id|顧客id|"
    "お客様id|注文id|お客様コード|注文no|受付no|品番|型番|シリアルナンバー|"
    "オーダーナンバー|マイナンバー|ロットナンバー|部屋番号|お部屋番号|予約ナンバー|"
    "受付ナンバー|お客様no|問い合わせid|口座|暗証コード|注文書番号|オーダーno|"
    "ルームナンバー|見積もりno|伝票no|受付id"
)
_UNITS = (
    "時間|時半|時頃|時ごろ|時|じ|分間|分|ふん|ぷん|秒|年生|年間|年度|年|月|日間|日|週間|週|"
    "か月|ヶ月|カ月|ヵ月|ケ月|箇月|人|名様|名|めい|個|本|枚|台|件|回目|回|階|歳|才|さい|箱|"
    "冊|点|度|パーセント|キロ|メートル|センチ|ミリ|グラム|リットル|丁目|番地|番目|番線|"
    "番街|番台|組|割|坪|畳|匹|頭|つ目|つ|ヶ所|か所|カ所|箇所|セット|通|社|店舗|泊|円玉|杯|"
    "足|着|束|等|級|世帯|棟|部屋|床|巻|区画|課|係|期|号棟|号機|号店|号車|号線|リッター|"
    "月分|日分|人分|ページ|行目|列目|部|便|インチ|トン|歩|代目|代|km|cm|mm|kg|ml|g|l|時台|"
    "ダース|ケース|ロール|パック|袋|缶|皿|人前|名分|シート|席|曜日"
)
_AROUND: dict[T, str] = {
    T.SEP: (
        "の|ノ|局|局の|局に|ハイフン|はいふん|ダッシュ|マイナス|カッコ|かっこ|かっことじ|括弧|括弧閉じ|ばー|"
        "バー"
    ),
    T.FILLER: (
        "えーと|えーっと|えっと|ええと|えと|エート|エーット|エット|えーとですね|えっとですね|"
        "えー|ええ|えーっとですね|ええっと|あの|あのー|あのう|あのですね|アノ|アノー|その|"
        "そのー|うーん|うーんと|うん|んー|んーと|んと|まあ|まぁ|ま|ですね|はい|そうですね|"
        "はいはい|なんだっけ|何だっけ|こう|ちょっと待ってください|ちょっとお待ちください|"
        "ちょっと待ってくださいね|ちょっとお待ちくださいね|"
        "少々お待ちください|ちょっと待って|お待ちください|続いて|次が|それから|そして|で|ね|"
        "あとは|あと|続けて|つづいて|なんでしたっけ|何でしたっけ|そんで|んで|"
        "よろしいですか|いいですか|メモはよろしいですか|メモはよろしいでしょうか|メモはいいですか|"
        "しょうしょうおまちください|っと|でー|てん|えぇと|えぇ|確か|たしか|たぶん"
    ),
    T.BREAK: "と|または|もしくは|あるいは|それと|及び|および|か",
    T.GLUE: (
        "です|でございます|なら|でしたら|だったら|やったら|ですわ|ですねん|やで|やねん|ですねんけど|"
        "ですもん|になります|になってます|になっております|となります|となっております|"
        "ですけれども|ですけども|ですけど|ですが|ですので|ですから|なんですが|なんですけど|"
        "なのですが|でして|だ|と申します|まで|が|は|を|に|へ|番|号|番です|になりますので|"
        "なので|って|ばん|んです|んですが|こちら|これ|これが|お願いします|お願いいたします|"
        "お願い致します|下さい|ください|も|申し上げます|お伝えします|言います|いいます|"
        "申します|正確には|以上です|以上|よろしいでしょうか|ということで|番号は|番号が|お|ご|"
        "よ|あ|あっ|え|えっ|ん|おっと|おっとっと|っ|もの|うち|目|部分|ところ|桁|から|より|宛|"
        "宛て|宛に|まででお願いします"
    ),
    T.AGAIN: (
        "繰り返します|くりかえします|繰り返しますと|繰り返し|くり返します|もう一度|もういちど|"
        "もう1度|もう一回|もう1回|もういっかい|再度|改めて|復唱します|復唱いたします|"
        "もう一度申し上げます|もう一度言います|もう一度いいます|念のため|ねんのため|"
        "念のためもう一度"
    ),
    T.CANCEL: (
        "の件|のけん|について|に関して|のこと|がわから|が分から|が不明|が見つから|を忘れ|"
        "がない|は不明|を教えて|をお教え|をお聞き|は分かり|はわかり|を変更|の変更|をお知らせ"
    ),
}  # fmt: skip
_FIX = (
    "じゃないな|じゃないですね|"
    "失礼しました|失礼いたしました|失礼致しました|間違えました|まちがえました|間違いました|"
    "間違い|間違えた|言い間違えました|言い間違い|言い間違えて|訂正します|訂正いたします|"
    "訂正|ていせいします|正しくは|ただしくは|違いました|ちがいました|違います|ちがいます|"
    "違う|ちがう|違った|ちがった|違って|やり直し|言い直します|いいなおします|やり直します|"
    "もとい|失礼|まちがい|いや違う|いえ違います|そうじゃなくて|あ違う|そうではなくて|"
    "ごめんなさい間違えました|正確にいうと|じゃなかった|ではなかった|じゃないや|"
    "最初から言います|最初から|最初からいいます|最初からもう一度|もう一度最初から|はじめから|"
    "始めから|最初から申し上げます|言い直し|ちゃう|ちゃいます|ちゃうわ|とちゃう|間違うた"
)
_NOT = (
    "じゃなくて|じゃなくてですね|ではなくて|ではなく|じゃなく|でなく|じゃなくってですね|"
    "じゃなくって|やなくて|やなくって|やのうて|ではありません|ではありませんでした|"
    "じゃありません|ではございません|でなくて|じゃないです|じゃない|ではない|じゃないほう|"
    "とちゃいます|とちゃうて|やありません|やおまへん|やないです|やない"
)
_SORRY = (
    "いや|いえ|いいえ|すみません|すいません|申し訳ありません|申し訳ございません|"
    "ごめんなさい|ごめん|あれ|ちょっと待った|おっと失礼|いやいや|いえいえ|"
    "もうしわけありません|イヤ|イエ|スミマセン|あー|アー"
)
_PLACES = {
    "tail": "最後の四つ|最後の4つ|最後の四桁|最後の4桁|最後の三つ|最後の二つ|最後の二桁|最後の2桁|"
    "最後の三桁|最後の3桁|下四つ|最後の数字|最後|末尾|下四桁|下4桁|下よんけた|下二桁|下2桁|下三桁|下3桁|下一桁|下1桁|"
    "終わり|さいご",
    "middle": "真ん中|まんなか|中央|局番|中の四桁|中4桁",
    "head": "最初|はじめ|初め|頭|市外局番",
}
_STOPS = (  # words that begin like a figure
    "一ノ瀬|一の瀬|二ノ宮|二の宮|三ノ宮|三の宮|四ノ宮|四の宮|一ノ関|一の関|一度|一応|一旦|一番|一点|一件|一緒|一時|一般|一部|一切|一昨日|一昨年|一週間|いちど|"
    "いちおう|いちばん|いちにち|一日中|一言|一括|一報|二度|二人|三井|三菱|三浦|三村|三好|"
    "三宅|三田|三島|三木|三上|四国|五十嵐|五反田|六本木|七海|八木|八百屋|八王子|九州|九条|"
    "千葉|千代田|百貨店|十分|万が一|万一|くださ|くだ|ごれんらく|ございま|ござい|ごめん|"
    "ごくろう|ごよう|しまし|さん宛|にお|よろしく|ようや|よう|よかった|マルエ|"
    "れいぞう|なないろ|まんしょん|せんせい|ください|全部|四月|数|何|多|第一|しつれい|"
    "しょうしょう|なんばん|ございます|マルチ|シート|ゴール|クール|ロック|ニュース|サンプル|"
    "サンライズ|ハチミツ|マンション|センター|レイアウト|シーズン|サービス|ヨガ|ジュース|"
    "シール|クリ|シス|シャ|シェ|シン|サンド|サント|マルシェ|ゴミ|ゴム|ゴルフ|クラ|シリ|"
    "ニット|ヨコ|ハッチ|ゼロックス|セント|ヨドバシ|ジュエ|オクト|ナナオ|レイン|ケース|"
    "ヨーク|ヨーロッパ|シート|シーツ|シール|バーコード|バージョン|バッグ|バーベ"
)

LEXICON: dict[str, Entry] = {}
for _kind, _words in _AROUND.items():
    LEXICON |= entries(_kind, _words)
LEXICON |= entries(T.OTHER, _STOPS)
LEXICON |= entries(T.UNIT, _UNITS)
for _digit, _words in _READINGS.items():
    LEXICON |= entries(T.DIGIT, _words, _digit)
for _scale, _words in _SCALES.items():
    LEXICON |= entries(T.SCALE, _words, _scale)
LEXICON |= entries(T.FIX, _FIX) | entries(T.FIX, _NOT, "not") | entries(T.SORRY, _SORRY)
for _place, _words in _PLACES.items():
    LEXICON |= entries(T.PLACE, _words, _place)
LEXICON |= entries(T.LABEL, _PHONE, "phone")
LEXICON |= entries(
    T.LABEL, "番号|ばんごう|ナンバー|お電話|電話|でんわ|会社|自宅|実家|事務所", "number"
)
LEXICON |= entries(T.LABEL, _CODES, "order")
LEXICON |= entries(
    T.LABEL, "|".join(f"{w}番号|{w}の番号|{w}ナンバー" for w in _ORDER.split("|")), "order"
)
LEXICON |= entries(T.LABEL, "内線|内線番号|ないせん|内線の番号", "extension")
LEXICON |= entries(T.LABEL, "郵便番号|郵便|生年月日|住所|ゆうびんばんごう|国番号なし", "postal")
LEXICON |= entries(T.MONEY, "円|えん|エン|圓", "JPY") | entries(T.MONEY, "ドル|米ドル", "$")
LEXICON |= entries(T.MONEY, "ユーロ", "EUR") | entries(T.MONEY, "ウォン", "KRW")
LEXICON |= entries(T.MONEY, "ポンド", "GBP") | entries(T.CENTS, "セント|ペンス")
LEXICON |= entries(T.ROOM, "号室|ごうしつ|ゴウシツ") | entries(T.PLUS, "プラス|国番号|国番号は")
LEXICON |= entries(T.TIMES, "ダブル", "2") | entries(T.TIMES, "トリプル", "3")

for _letter, _words in LETTERS_JA.items():
    LEXICON = entries(T.LETTER, _words, _letter.upper()) | LEXICON
_NAMED_MAX = 4
_KANJI = "〇零一二三四五六七八九十百千万"
_LONGEST = max(map(len, LEXICON))
_SPACED = frozenset({T.FIX, T.SORRY, T.AGAIN, T.LABEL, T.CANCEL, T.PLACE, T.GLUE, T.FILLER})
_SPACED_MIN = 3
"""Shorter words are not parted by the ear."""
_KANA = late.compile("[ぁ-ゖァ-ヺー]")
_HIRAGANA = late.compile("[ぁ-ゖ]+")
_LATIN = late.compile("[a-z]+")
_STANDS = late.compile(
    r"[\s、,。.のー\-]|ハイフン|はいふん|ダッシュ|マイナス|です|じゃ|では|でな|"
    r"や(?:な|の|[。、 ]|$)|$|で[すご、]|になり|と[なも、]|番|まで|で|ですわ"
)
"""What may follow a single hiragana that is a figure."""
_PARTED = late.compile(r"[の、\- ー,]|ハイフン|はいふん|ダッシュ|だっしゅ")
_SPOKEN = late.compile(r"[ぁ-ゖァ-ヺー][、, ]*$")
"""Kana before a figure, over a comma."""


def _match(text: str, at: int, before: Token | None) -> tuple[Entry, int] | None:
    if latin := _LATIN.match(text, at):
        word = latin.group()
        known = LEXICON.get(word)
        if known is None and len(word) <= 4:
            return Entry(T.LETTER, word.upper()), latin.end()
        return (known or Entry(T.OTHER)), latin.end()
    if text[at] == "号" and _is_five(text, at, before):
        return Entry(T.DIGIT, "5", weak=True), at + 1
    fallback: tuple[Entry, int] | None = None
    among = before is not None and before.kind in NUMERAL and not text[before.end : at].strip()
    compact, ends = _compact(text, at)
    for length in range(len(compact), 0, -1):
        entry, end = LEXICON.get(compact[:length]), ends[length - 1]
        if entry is None or not _fits(entry, text, at, end, before):
            continue
        if end - at > length and not (length >= _SPACED_MIN and entry.kind in _SPACED):
            continue
        if entry.kind not in NUMERAL:
            return fallback if fallback and among else (entry, end)
        if not _KANA.match(text, at) or _goes_on(text, end):
            return _weakened(entry, text[at:end]), end
        fallback = fallback or (_weakened(entry, text[at:end]), end)
    return fallback


def _compact(text: str, at: int) -> tuple[str, list[int]]:
    """Return the longest text an entry may have, without single spaces, and where each char ends.

    vosk writes a space after every word that it knows: ``間違え まし た``.
    """
    kept, ends = "", list[int]()
    while at < len(text) and len(kept) < _LONGEST:
        if text[at] != " " or not kept or text[at - 1] == " ":
            kept += text[at]
            ends.append(at + 1)
        at += 1
    return kept, ends


def _fits(entry: Entry, text: str, at: int, end: int, before: Token | None) -> bool:
    """Tell whether an entry can be meant here, where its characters are."""
    word = text[at:end]
    numeral = before is not None and before.kind in NUMERAL and before.end == at
    written = numeral and text[at - 1] in _KANJI
    if entry.kind in (T.UNIT, T.MONEY, T.CENTS, T.ROOM):
        return (
            before is not None
            and before.kind in NUMERAL
            and text[before.end : at].isspace() | (before.end == at)
        )
    if word.endswith("は") and len(word) > 1 and text.startswith("ち", end):
        return False  # 国番号はちいち: eight one
    if entry.kind in (T.DIGIT, T.SCALE) and word in _KANJI and not written:
        return not _is_name(text, end)
    if entry.kind is T.SCALE and _KANA.match(word):
        parted = before is not None and before.kind is T.SEP and len(word) > 2
        return numeral or (parted and _numeral_at(text, end))
    if entry.kind is T.OTHER and word[0] in _KANJI:
        return not written or _is_name(text, at + 1)
    if entry.kind is T.DIGIT and len(word) == 1 and _HIRAGANA.fullmatch(word):
        return _among(text, end, before, at)
    return True


def _is_name(text: str, at: int) -> bool:
    """Tell whether what follows a kanji figure makes a word of it that is none (六車, 十河)."""
    if not "一" <= text[at : at + 1] <= "龥":
        return False
    return not any(
        (entry := LEXICON.get(text[at:end])) is not None and entry.kind is not T.OTHER
        for end in range(at + 1, min(len(text), at + _NAMED_MAX) + 1)
    )


def _is_five(text: str, at: int, before: Token | None) -> bool:
    """Tell whether whisper wrote ゴー as 号: only when figures stand on both sides."""
    return (
        before is not None
        and before.kind is T.DIGIT
        and before.end == at
        and _numeral_at(text, at + 1)
    )


def _among(text: str, end: int, before: Token | None, at: int) -> bool:
    """A single hiragana: a figure only between figures, or as the end of a row of kana."""
    if text[end : end + 2] in ("せん", "まん", "ひゃ", "じゅ", "おく"):
        return True
    if before is not None and before.kind is T.FIX and _numeral_at(text, end):
        return True
    if before is None or before.kind not in (T.DIGIT, T.SEP, T.FILLER, T.SCALE):
        return False
    if text[at - 1] in _KANJI and _PARTED.match(text, end):
        return False  # 七千に、五時までに: who writes kanji writes 二
    if _numeral_at(text, end):
        return before.kind is not T.FILLER or before.end == at
    if before.kind not in (T.DIGIT, T.SEP):
        return False
    spoken = _SPOKEN.search(text[max(at - 4, 0) : at])
    return spoken is not None and _STANDS.match(text, end) is not None


def _numeral_at(text: str, at: int) -> bool:
    """Tell whether a numeral of more than a single hiragana begins here, after a mark at most."""
    if parted := _PARTED.match(text, at):
        at = parted.end()
    if at < len(text) and text[at].isdigit():
        return True
    for end in range(at + 1, min(len(text), at + 4) + 1):
        entry = LEXICON.get(text[at:end])
        if entry is not None and entry.kind in NUMERAL:
            return True
    return False


def _goes_on(text: str, at: int) -> bool:
    """Tell whether what follows a kana figure can be read on from here."""
    if at >= len(text) or text[at] == "ー" or not _KANA.match(text, at):
        return True
    return any(text[at:end] in LEXICON for end in range(at + 1, min(len(text), at + _LONGEST) + 1))


def _weakened(entry: Entry, word: str) -> Entry:
    if entry.kind is T.DIGIT and (
        (len(word) == 1 and _HIRAGANA.fullmatch(word)) or word in ("さん", "まる", "れい", "ごう")
    ):
        return Entry(entry.kind, entry.value, weak=True)
    return entry


JAPANESE = Tongue(match=_match, other=lambda _, at: at + 1, big=10_000, together=False)
