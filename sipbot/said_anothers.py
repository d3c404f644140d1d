"""Numbers that callers name and that are not theirs: a missed call's, the company's, a fax.  Pure.

Who says "I had a missed call from 03…" wants to be called at another number; who says "this is my
husband's phone" may.  The first are rejected, the second only doubted (`said_negation`).  Lists of
what was heard and thought of: what they do not know is believed.
"""

from sipbot import late


def _spaced(words: str) -> str:
    """Return words parted by ``|`` so that an ear may put spaces into them anywhere."""
    return "|".join(r"\s*".join(word) for word in words.split("|"))


_KIN_EN = (
    "husband|wife|partner|son|daughter|mother|father|mom|mum|dad|sister|brother|friend|neighbou?r|"
    "colleague|coworker|boss|roommate|flatmate|landlord|receptionist"
)
_KIN_JA = (
    "主人|夫|妻|家内|息子|娘|母|父|兄|姉|弟|妹|友人|友達|知人|知り合い|同僚|上司|隣|お隣|近所|実家"
)
_KIN_KO = (
    "남편|아내|아들|딸|어머니|아버지|엄마|아빠|형|누나|언니|오빠|동생|친구|지인|동료|옆집|이웃"
)

AFTER = {
    "en": late.compile(
        r"[,)]?\s+(?:(?:is|was)\s+(?:only\s+)?(?:for\s+)?(?:the\s+|our\s+|my\s+|a\s+)?fax|"
        r"(?:has|have|had|keeps?|kept)\s+(?:been\s+)?(?:calling|ringing|phoning)|"
        r"(?:by|in)\s+(?:mistake|error)|"
        r"(?:off|from)\s+(?:your|the|my|our)\s+(?:list|records?|files?|system|account|database|"
        r"contacts|book)|should\s+be\s+(?:blocked|removed|deleted)|"
        r"(?:and|but|so)\s+(?:it|i|we)\s+(?:just\s+|only\s+)?(?:went\s+(?:straight\s+)?to\s+|"
        r"got\s+(?:your\s+|the\s+|a\s+)?)(?:voice\s*mail|answering|no\s+(?:answer|reply))|"
        r"(?:and|but)\s+(?:(?:nobody|no\s+one)\s+(?:answered|picked\s+up)|"
        r"there\s+was\s+no\s+(?:answer|reply)|it\s+(?:just\s+)?rang))"
    ),
    "ja": late.compile(
        rf"\s*(?:{_spaced('番号|の番号|という番号')})?\s*(?:"
        rf"(?:{_spaced('から')})\s*(?:{_spaced('何度も|しつこく|毎日|さっき|先ほど')})?\s*の?\s*"
        rf"(?:{_spaced('着信|電話がか|電話があ|電話が来|お電話があ|お電話をいただ|電話をもら|迷惑電話')})"
        rf"|(?:{_spaced('の方|のほう')})?\s*[にへ]\s*(?:{_spaced('何度か|何度も|さっき|先ほど|今')})?\s*お?\s*"
        rf"(?:{_spaced('かけた|かけまし|かけたの|かけしまし|電話した|電話しまし|電話いたしまし|電話を差し上げ|電話差し上げ|かけても|かけてしま')})"
        rf"|を?\s*(?:{_spaced('登録から|リストから|名簿から|着信')})?\s*"
        rf"(?:{_spaced('削除|消して|消し|外して|抹消|拒否')})"
        rf"|は?\s*(?:{_spaced('ファックス|ファクス|fax')})\s*(?:{_spaced('専用|用|の番号')})"
        rf"|は\s*(?:{_spaced('ファックス|ファクス|fax')})\s*(?:{_spaced('番号|です|でござ|なの|になり')})"
        rf"|(?:は|(?:{_spaced('と表示|と通知|と出ます|と出る')})[^。0-9]{{0,16}}?)\s*"
        rf"(?:{_spaced('発信専用|発信のみ|受信できません|着信できません|受けられません|受けできません')})"
        rf"|と\s*(?:{_spaced('書いて|書かれ|載って|記載|出てい')}))"
    ),
    "ko": late.compile(
        r"\s*(?:번\s*)?(?:번호)?\s*(?:"
        r"에서\s*(?:계속\s*|자꾸\s*|어제\s*|오늘\s*)?(?:부재중|전화를?\s*(?:받|왔|와)|전화가|연락을?\s*받)"
        r"|(?:으로|로)\s*(?:아까\s*|계속\s*|여러\s*번\s*)?(?:전화했|전화를\s*했|전화\s*했|전화(?:를)?\s*드렸|연락(?:을)?\s*드렸는데|걸었|걸어\s*봤|되어\s*있)"
        r"|(?:을|를|은|는)?\s*(?:삭제|지워|빼\s*주|차단|수신\s*거부)"
        r"|(?:은|는)\s*팩스|(?:은|는|이)\s*(?:발신\s*전용|수신이?\s*(?:안|불가))"
        r"|(?:이?라고)\s*(?:나와|적혀|되어|쓰여))"
    ),
}
"""What makes it another's when it stands at once after it."""
BEFORE = {
    "en": late.compile(
        r"(?:\b(?:a|the|your|missed|phone|some|several|many|any|these|those|get|getting|of)\s+"
        r"(?:\w+\s+)?calls?\s+(?:\w+\s+){0,2}from|^\s*calls\s+from|"
        r"\b(?:called|rang|phoned|texted|calling|ringing|texting)\s+(?:me|us)\s+(?:\w+\s+){0,2}from|"
        r"\bi(?:'ve|\s+have)?\s+(?:just\s+|already\s+|also\s+)?(?:called|tried|dialed|dialled|rang|"
        r"phoned)(?:\s+(?:the\s+number|your\s+number|calling))?|"
        r"\b(?:i|we)(?:'ve|\s+have|\s+did|\s+had)?\s+(?:just\s+|already\s+|also\s+)?(?:try|"
        r"tried|called|rang|phoned|dialed|dialled)\s+(?:(?!please|call|ring|reach|phone|contact|text|"
        r"me\b|us\b|back|can\b|so\b|and\b|but\b)[a-z.']+\s+){0,4}?(?:on|at)|"
        r"\b(?:old|previous|former)\s+(?:\w+\s+)?(?:number|line|phone)(?:\s+(?:was|is))?|"
        r"\b(?:remove|delete|erase|block|blocking|unsubscribe)(?:\s+(?:the\s+|my\s+|this\s+)?"
        r"number)?|\bfax(?:es)?\s+(?:(?:it|that|them|this|goes|go|papers?|documents?)\s+)?(?:to|at|on)|"
        r"\b(?:website|web\s+site|site|page|flyer|brochure|directory|google)\s+(?:\w+\s+)?"
        r"(?:lists|says|shows|has|gives)|"
        r"\b(?:keeps?|kept)\s+calling(?:\s+(?:me|us))?\s+is|\bcharged\s+by|"
        r"\byour\s+(?:own\s+)?(?:phone\s+|fax\s+|office\s+|main\s+)?(?:number|line|fax)(?:\s+is)?|"
        r"\bwas\s+given)[\s,:(]*$"
    ),
    "ja": late.compile(
        rf"(?:(?:{_spaced('御社|おんしゃ|貴社|おたく|お宅|そちら')})"
        rf"\s*(?:{_spaced('さん|さま|様')})?\s*の?\s*お?\s*(?:{_spaced('電話番号|番号|電話|ファックス')})"
        rf"\s*(?:{_spaced('は|が|って')})"
        rf"|(?:{_spaced('間違えて|まちがえて')})"
        rf"|(?<![・と/兼])(?:{_spaced('ファックス|ファクス|fax')})\s*(?:{_spaced('を|も')})"
        rf"|(?:{_spaced('ホームページ|サイト|チラシ|名刺|ネット')})\s*(?:{_spaced('に|には|では|だと|で')}))"
        r"[\s、,]*(?:プラス|\+)?$"
    ),
    "ko": late.compile(
        r"(?:(?<![가-힣])(?:예전|옛날|이전|옛|구)\s*(?:전화)?번호(?:는|가|인)?|"
        r"(?:그쪽|귀사)\s*(?:님\s*)?(?:의\s*)?(?:전화\s*)?번호(?:가|는|이)|실수로|잘못|"
        r"팩스를|홈페이지(?:에|에는)|사이트(?:에|에는))[\s,]*$"
    ),
}
"""The same at once before it."""
FAX = {
    "en": late.compile(
        r"(?<!and )(?<!or )(?<!/)\bfax(?:\s+(?:number|line))?(?:\s+is|'s|:)[\s,:(]*"
        r"(?:area\s+code\s+|plus\s+one[\s,]+)?$"
    ),
    "ja": late.compile(
        rf"(?<![・と/兼])(?:{_spaced('ファックス|ファクス|fax')})\s*(?:の?番号)?は"
        r"[\s、,]*(?:プラス|\+|市外局番[がは、]*)?$"
    ),
    "ko": late.compile(r"팩스\s*(?:번호)?(?:는|은)[\s,]*$"),
}
"""At once before it: a fax, also where it is only for a case ("if you want to fax it…")."""
_QUESTION_KO = late.compile(r"\s*(?:번\s*)?(?:이\s*)?맞(?:나요|죠|지요|습니까|는지)")
"""After a number of the company: is it right?  Of the caller's own nobody asks."""
_MAYBE = {
    "en": late.compile(
        rf"\b(?:{_KIN_EN})'?s\s+(?:\w+\s+)?(?:phone|cell|mobile|number|line|house|place)|"
        rf"\b(?:{_KIN_EN})\b[^.!?]{{0,12}}\b(?:lent|lend|lending|letting|let)\b|"
        r"\bpay\s*phone|\bphone\s+(?:box|booth)|\bborrow|\b(?:lent|letting)\s+me\b|\bon\s+file\b|"
        r"\b(?:right|correct)\s+number\s+for\b|\byour\s+(?:website|competitor|number)\b|"
        r"\bhotel\s+(?:phone|room)|\bsomeone\s+else's"
    ),
    "ja": late.compile(
        rf"(?:{_spaced(_KIN_JA)})\s*(?:{_spaced('さん|の家')})?\s*の\s*"
        rf"(?:{_spaced('電話|携帯|スマホ|番号|固定|家')})|"
        rf"{_spaced('公衆電話|借りて|お借り|貸して|引っ越|前の職場|前の会社|前の家|前の番号|登録の番号|ですよね|担当の方の|担当者の')}|"
        rf"{_spaced('ホテルの電話|迷惑電話|着信拒否')}"
    ),
    "ko": late.compile(
        rf"(?:{_KIN_KO})\s*(?:의\s*)?(?:전화|휴대폰|핸드폰|폰|번호)|"
        r"공중\s*전화|빌렸|빌려|이사(?:했|하기|를)|등록된|담당자|전\s*직장|전\s*회사|그쪽|수신\s*거부|스팸"
    ),
}
"""What may make it another's, anywhere in its sentence."""


def may_be_anothers(before: str, after: str, language: str) -> bool:
    """Tell whether a number may be somebody else's.

    Args:
        before: what stands before it in its sentence, folded.
        after: what stands after it.
        language: of the text, without region.
    """
    maybe = _MAYBE.get(language)
    if language == "ko" and _QUESTION_KO.match(after):
        return True
    return maybe is not None and any(maybe.search(part) for part in (before, after))
