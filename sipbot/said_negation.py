"""Numbers that the caller says not to call: ``not on 202… but on my mobile``, 03…ではなく.  Pure.

Those that are somebody else's are `said_anothers`'.


A correction in digits is none of this: it takes the place of the number (`said_calls`).  Here the
better number is not said in digits, or not at all, so nobody else notices that the only number in
the text is the wrong one.

Two strengths.  A number is *rejected* when words beside it say so plainly; what is said only for a
case ("if 202… doesn't work") rejects nothing.  It is *doubted* when anything of the kind stands
near it: nobody knows every way to say it, and a number that is only not confirmed costs a question.
"""

import re

from sipbot import late, said_anothers
from sipbot.said_anothers import may_be_anothers

_REACH = 48
"""Characters looked at on each side: the longest phrase, with its spaces."""
_NEAR = 60
"""Characters on each side in which a negation may mean the number: a clause and a half."""

_AFTER = {
    "ja": late.compile(
        r"(?:番|(?:の|という)?(?:電話)?(?:番号|の方|のほう))?\s*(?:"
        r"(?:じゃ|では|や|で)\s*(?:なく|のうて|ありません(?!\s*か)|ございません(?!\s*か)|おまへん|"
        r"ない(?!\s*(?:です)?\s*(?:か|でしょう)))"
        r"|(?:は|には|へは|が|も)\s*(?:(?:今|いま|もう|本日|今日|現在|只今|ただ今|ただいま|明日|今週)\s*"
        r"(?:は|中)?\s*)?(?:(?:誰|だれ|ひと|人)(?:も|が)\s*(?:お[りら]ません|い(?:ない|ません|なく)|"
        r"居[りら]?ません|出ません)|使え(?:ない|ません|なく)|使わない|"
        r"使って\s*(?:い|お)?(?:ない|ません|りません)|解約し|古い(?:電話)?番号|"
        r"(?:つなが|繋が)(?:らない|りません|らなく)|かけない(?:で|よう)|出られ(?:ない|ません)|不通|"
        r"[^。、0-9]{1,10}(?:番号|電話|回線|ファックス)(?:です|でございます|になります|な)"
        r"(?:ので|から|のに)?[、\s]*"
        r"(?:そちら)?(?:[にへ]は)?\s*(?:お?(?:かけ|掛け|電話|連絡)(?:に|を|は)?"
        r"(?:ならない|なさらない|しない|されない|ないで)|お控え|ご遠慮(?!なく)))"
        r"|(?:に|へ|で|へ?の)?は?\s*お?(?:電話|連絡|折り?返し?|かけ|掛け)\s*(?:は|を)?\s*"
        r"(?:(?:し|さ)?ないで|お控え|ご遠慮|控えて|やめて))"
        r"(?!.{0,6}(?:場合|とき|時|なら|れば|たら|こと|かも))"
    ),
    "ko": late.compile(
        r"\s*(?:번\s*)?(?:번호\s*)?(?:(?:으로는|으로|로는|로|에는|에|은|는|이|가)\s*)?(?:"
        r"(?:(?:오늘|지금|현재|이제|이번\s*주|당분간)(?:은|는)?\s*)?(?:더\s*이상\s*)?"
        r"(?:아무도\s*(?:없|안)|사람이\s*없|연결이?\s*(?:안|되지|불가)|해지|없어졌|없앴|결번|고장)|"
        r"[^.,0-9]{0,8}?(?:번호|전화|팩스)(?:라서|이라서|니까|이니까|라|예요|입니다)[.,]?\s*"
        r"(?:그쪽|거기|그리)"
        r"(?:으로|로)?(?:는|은)?\s*(?:거시면|걸면|전화하시면|연락하시면)\s*안|"
        r"말고|말구|아니라|아니고(?!요)|아닙니다|아니에요|"
        r"(?:(?:오늘|지금|현재|이제|당분간)(?:은|는)?\s*)?"
        r"(?:안\s*(?:됩니다|돼|되니|되는|받|써|씁|쓰)|못\s*(?:받|써|씁)|사용\s*안|쓰지|"
        r"(?:전화하지|연락하지|전화\s*걸지|걸지|하지)\s*(?:마|말)))"
        r"(?!.{0,5}(?:면|때|경우|수도))"
    ),
    "en": late.compile(
        r"[,)]?\s+(?:(?:and|but|which|as|because|since)\s+)?"
        r"(?:(?:that|it|this|which)(?:'s|\s+one|\s+line|\s+number|\s+phone)?(?:\s+one)?\s+)?"
        r"(?:just\s+)?(?:(?:is|was)(?:\s+not|n't)\s+(?:the\s+(?:one|right|best|number)|right|"
        r"my\s+number|working|in\s+(?:use|service)|good|any\s+good|answered|staffed)|"
        r"is\s+(?:broken|out\s+of\s+order|dead|disconnected|no\s+longer|"
        r"(?:the|a|my)\s+(?:wrong|old)\s+(?:number|one|phone))|"
        r"(?:has\s+)?been\s+(?:disconnected|cut\s+off|changed|cancell?ed)|disconnected|"
        r"no\s+longer\s+(?:in|ours|mine|valid|works?|used)|out\s+of\s+(?:order|use|service)|"
        r"(?:does\s+not|doesn't|will\s+not|won't|can\s*not|can't|no\s+longer)\s+(?:work|"
        r"(?:take|accept|receive|get)\s+(?:any\s+)?(?:incoming|calls|messages)))"
    ),
}
"""What makes a number the wrong one when it stands at once after it."""
_BEFORE = {
    "en": late.compile(
        r"(?<!if )(?<!or )(?<!why )\b(?:(?:(?:do|should|must)\s+not|(?:do|should|must)n't|never|"
        r"not\s+to)\s+(?:call|ring|phone|text|use|dial|try|reach|contact)|(?:stop|bother)\s+calling|"
        r"(?<!i'm )(?<!i am )(?<!we're )(?<!we are )(?<!he's )not|instead\s+of|rather\s+than)"
        r"(?:\s+(?:me|us|back|at|on|to|this|the|that|my|our|old|number|phone|line|office|shop|store|"
        r"warehouse|desk|reception|main|house|home|landline|mobile|cell|area|code|plus|"
        r"any\s*more))*[\s,(]*$"
    )
}
"""The same at once before it."""
_CONDITION = {"en": late.compile(r"\b(?:if|when|whenever|unless|in\s+case)\b[^.!?;]*$")}
"""What makes the words after the number mean a case only, when it stands before it."""

_STOP = late.compile(r"[。!?]|\.(?=\s|$)")
"""The end of a sentence in folded text."""
_IDIOMS = {
    "ja": late.compile(
        r"す\s*[みいん]\s*ませ\s*ん|ファックスは\s*(?:ございません|ありません)|(?:わか|分か|届)[らか]\s*な|"
        r"申し?訳\s*(?:ありません|ございません|ない)|(?:構|かま)いません|"
        r"(?:問題|間違い|まちがい|差し支え)\s*(?:ありません|ございません|な[いくけ]れ?)|"
        r"(?:いただけ|頂け|もらえ|くれ|下さい|ください)(?:ない|ません)|少な[いく]|"
        r"(?:だけ|のみ)\s*(?:では|じゃ|で)?\s*なく|(?:ない|ません)\s*(?:です|でしょう)?\s*か|"
        r"(?:忘れ|遅れ)ないで|ご?遠慮なく|サイズが(?:違|ちが)"
    ),
    "en": late.compile(
        r"\bif\s+not\b|\bnot\s+(?:only|before|after|until|later)\b|\bhas(?:n't|\s+not)\s+(?:come|arrived|changed)|"
        r"\b(?:do\s+not|don'?t)\s+(?:hesitate|forget|worry)|"
        r"\bwhy\s+don'?t\s+(?:you|we)|\bcan'?t\s+wait|\b(?:could|would|can|will|won)n?'?t\s+you\b|"
        r"\bold\s+(?:friend|mate|client|customer)"
    ),
    "ko": late.compile(
        r"안녕|안내|안부|안\s*받으[시셔셨]|(?:틀림|상관|문제|변함)\s*없|아니면|아니[요오]"
    ),
}
"""What looks like a negation and is none."""
_QUOTED = late.compile(r"\d+\s*(?:では|じゃ)\s*なく")
"""Digits that a correction takes back: 最後が1219ではなく、1209でした."""
_BAD_AFTER = {
    "ja": late.compile(
        r"ない|ません|なく|なけれ|ならず|せずに|控え|遠慮|やめ|以外|除い|解約|古い|使われ|不通|"
        r"間違|まちが|違[ういっ]|ちが[ういっえ]|無駄|変わりまし|番号変更|せんといて|えへん|避け|壊れ|勘弁|留守|不在|代わり|ちゃう|あかん|おまへん|へん[で。、]|のうて|よりも?|無理|だめ|ダメ"
    ),
    "ko": late.compile(
        r"(?<![가-힣])[안못]\s*(?:[받돼됩되써쓰씁합해걸하]|통|연락|나)|않|아니|아닙|아닌|없|말고|말구|"
        r"말[아라]|지\s*[마말]|마세요|마십|마시|옛날|예전|전에\s*쓰던|틀[린려렸]|잘못|해지|결번|"
        r"외에|대신|빼고|제외|바뀌|바뀐|끊[긴겼]|부재|보다|피해\s*주|고장|어려"
    ),
    "en": late.compile(
        r"\b(?:not|never|cannot|\w+n't|cant|dont|wont|doesnt|isnt|shouldnt|stop|avoid|no\s+longer|"
        r"wrong|old|former|previous|broken|dead|disconnected|out\s+of|instead|rather|used\s+to|"
        r"changed|cancelled|canceled|unless|unavailable|useless|no\s+good|no\s+use|nobody|"
        r"(?:no|any)\s+more|lost|ignore|forget|disregard|got\s+rid|skip|leave|belongs|was\s+my|"
        r"last\s+resort|no\s+calls|refrain)\b"
    ),
}
"""What stands after a number that may be the wrong one, in its sentence."""
_BAD_BEFORE = {
    "ja": late.compile(
        r"(?:ないで|お?控え|ご?遠慮|やめて|使って\s*(?:い|お)?(?:ない|ません|りません))|(?:古い|前の|昔の|"
        r"以前の|違う|間違った)\s*(?:電話)?(?:番号|電話)|(?:ではなく|じゃなく)て?も?[、\s]*$|より[、\s]*$"
    ),
    "ko": late.compile(
        r"옛날|예전|틀린|잘못|지\s*(?:마|말)|(?:쓰던|안\s*쓰는|없어진|바뀌기\s*전)|해지"
    ),
    "en": late.compile(
        _BAD_AFTER["en"].pattern
        + r"|\b(?:but|except|besides|other\s+than|apart\s+from)(?:\s+(?:for|at|on))?\s*$"
        r"|\bany(?:thing|where)\s+but\b"
    ),
}
"""The same before it."""
_ELSEWHERE = {
    "ja": late.compile(
        r"^\s*(?:という?番号)?\s*から\s*(?:お?電話|(?:か|掛)け|借り)|"
        r"^.{0,6}(?:ファッ?クス|ファクシミリ|fax)|"
        r"(?:自宅|実家|家|携帯|スマホ|会社|職場|事務所|支店|本社|店|別|ほか|他|そちら|息子|娘|妻|夫|主人|家内|母|父|"
        r"兄|姉|弟|妹|同僚|部下|上司|担当)(?:さん)?(?:の\s*(?:電話|携帯|番号|方|ほう|者|人|ところ|所))*\s*"
        r"(?:に|へ|まで|の方|のほう)(?:は)?\s*(?:お?電話|ご?連絡|お?(?:か|掛)け|お?折り?返|お願い|ください|下さい)"
    ),
    "ko": late.compile(
        r"^\s*(?:번\s*)?(?:번호)?(?:에서|로)\s*(?:전화(?:하|했|드|를\s*(?:드|걸|하))|걸)|^.{0,6}팩스|"
        r"(?:사무실|회사|직장|집|자택|핸드폰|휴대폰|가게|본사|지점|아들|딸|아내|남편|동료|담당자?|다른\s*(?:번호|데|곳))"
        r"\s*(?:의?\s*(?:번호|전화|핸드폰|휴대폰))*\s*(?:으로|로|에|에게|한테)\s*(?:다시\s*)?(?:전화|연락|걸)"
    ),
    "en": late.compile(
        r"^.{0,3}\s*(?:is|that's|that\s+is)?\s*(?:my|our|the|a)?\s*(?:\w+\s+)?fax|"
        r"\b(?:call|ring|phone|text|try|reach|contact|dial)\s+(?:(?:me|us|back)\s+)*(?:(?:on|at|to)\s+)?"
        r"(?:my|our|the|his|her|their|another|a\s+different)\s+(?:\w+(?:'s|s')?\s+){0,2}(?:cell|mobile|home|office|"
        r"work|house|shop|store|landline|phone|number|line|desk|assistant|secretary|wife|husband|"
        r"son|daughter|partner|colleague|boss|manager)\b"
    ),
}
"""What stands after a number that is only where the caller is now, or a fax, or when the call is to
go elsewhere; without digits of that other place nobody else notices."""
_AT_ONCE_BEFORE = {
    "ja": late.compile(r"(?:ファッ?クス|ファクシミリ|fax)(?:の?番号)?(?:は|が|:)?[、\s]*$"),
    "ko": late.compile(r"팩스\s*(?:번호)?(?:는|은|가|이)?[,\s]*$"),
    "en": late.compile(
        r"\b(?:call|ring|phon)ing(?:\s+you)?\s+(?:from|on)\b[^.!?;\d]{0,40}$|"
        r"\bfax(?:\s+number)?(?:\s+is|\s*:)?[,\s]*$"
    ),
}
"""The same at once before it."""
_NO_CALL = {
    "ja": late.compile(
        r"(?:電話|連絡|折り?返し?|かけ|掛け|鳴らさ)[^。]{0,6}(?:ないで|なくて|ず|控え|遠慮|やめ)"
    ),
    "ko": late.compile(
        r"(?:전화|연락|걸|하|주)[^.]{0,4}지\s*(?:는\s*)?(?:마|말|않)|전화\s*(?:는|은)?\s*안\s"
    ),
    "en": late.compile(
        r"(?:\b(?:not|never|cannot|cant|dont|stop|no\s+longer|bother|avoid)|n't)\s+(?:\w+\s+){0,3}"
        r"(?:call|ring|reach|use|phone|take|text|dial|try|contact|return)\w*"
    ),
}
"""What says the same in a sentence of its own: "That is 202….  Don't call me there."."""


def is_rejected(text: str, start: int, end: int, language: str) -> bool:
    """Tell whether a number is one that the caller says not to call.

    Args:
        text: folded (`said_tokens.fold`).
        start: where the number begins in it.
        end: where it ends.
        language: of the text, without region.
    """
    ahead, condition = text[max(0, start - _REACH) : start], _CONDITION.get(language)
    fax = said_anothers.FAX.get(language)
    if fax is not None and fax.search(ahead):
        return True
    if condition is not None and condition.search(ahead):
        return False
    afters = (_AFTER.get(language), said_anothers.AFTER.get(language))
    befores = (_BEFORE.get(language), said_anothers.BEFORE.get(language))
    return any(after.match(text, end, end + _REACH) for after in afters if after) or any(
        before.search(ahead) for before in befores if before
    )


def is_doubted(text: str, start: int, end: int, language: str, *, corrected: bool = False) -> bool:
    """Tell whether something near a number may say not to call it.

    Args:
        text, start, end, language: as for `is_rejected`.
        corrected: the caller corrected the number; figures quoted after it are the old ones.
    """
    if language not in _IDIOMS:
        return False
    idioms = _IDIOMS[language]
    ahead = idioms.sub(_blank, text[max(0, start - _NEAR) : start])
    behind = idioms.sub(_blank, text[end : end + _NEAR])
    behind = _QUOTED.sub(_blank, behind, count=1) if corrected else behind
    sentence = _STOP.split(ahead)[-1], _STOP.split(behind, maxsplit=1)[0]
    return may_be_anothers(*sentence, language) or any(
        pattern.search(part) is not None
        for pattern, part in (
            (_BAD_BEFORE[language], sentence[0]),
            (_BAD_AFTER[language], sentence[1]),
            (_AT_ONCE_BEFORE[language], sentence[0]),
            (_ELSEWHERE[language], sentence[1]),
            (_NO_CALL[language], ahead),
            (_NO_CALL[language], behind),
        )
    )


def _blank(found: re.Match[str]) -> str:
    return "_" * len(found.group())
