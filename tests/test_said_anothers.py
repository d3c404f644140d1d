"""Numbers that a caller names and that are another's: nothing confirms them."""

import pytest

from sipbot.said import Kind
from sipbot.said_numbers import find_numbers
from tests.test_said_meant import is_confirmed

NUMBERS = {
    "en": ("202 555 0143", "+12025550143"),
    "ja": ("03-1234-5678", "+81312345678"),
    "ko": ("010-1234-5678", "+821012345678"),
}
REJECTED = {
    "en": (
        "don't ring the office on N as there's nobody in",
        "please don't call (N), that's the warehouse",
        "this call will show up as N, but that line doesn't take incoming calls",
        "the number you have on file for us is N and that one isn't in use any more",
        "our old line, N, has been disconnected",
        "I did try Mr Lawson on N but it went to voicemail",
        "if you want to fax the papers, the fax is N",
    ),
    "ja": (
        "事務所のNには今日は誰もおりません",
        "代表番号のNは本日つながりません",
        "この電話はNと表示されると思いますが、発信専用です",
        "Nは倉庫の番号ですので、おかけにならないようお願いします",
        "先ほどNのほうへおかけしましたが、つながりませんでした",
        "ファックスはNです",
        "なお、Nはファックスですのでご注意ください",
    ),
    "ko": (
        "예전 번호 N번은 해지했습니다",
        "지금 찍힌 N번은 발신 전용이라서요",
        "아까 N번으로 전화드렸는데 안 받으셔서요",
        "전에 알려 드린 N번은 이제 안 쓰니까요",
        "사무실 N번은 오늘 아무도 없으니까요",
        "N번은 창고 번호라서 그쪽으로 거시면 안 됩니다",
        "팩스는 N입니다",
    ),
}
"""Said so plainly that nobody is to call it."""
MEANT = {
    "en": (
        "call me on N, it won't take long",
        "call me on N as there's nobody in the office",
        "I called, please ring me on N",
        "please don't call the office, call me on N",
        "my phone and fax is N",
        "N, and it goes to voicemail after six",
    ),
    "ja": (
        "Nが携帯ですので、ご遠慮なくお電話ください",
        "Nが私の携帯ですので、会社には連絡しないでください",
        "この電話はNと表示されますので、そちらへお願いします",
        "電話・ファックスはNです",
        "電話番号はN、ファックス番号は同じです",
    ),
    "ko": (
        "N번으로 주시고 회사 쪽으로 거시면 안 됩니다",
        "제 번호는 N 팩스는 없습니다",
        "친구 번호는 모르고 제 번호는 N입니다",
        "N 이 번호로 연락 부탁드립니다",
    ),
}
"""Sentences like those, about a number that is to be called."""
ANOTHERS = {
    "en": (
        "I had a missed call from N, what was it about",
        "I got a call from N this morning and I'm returning it",
        "someone called me from N, was that you",
        "I called N earlier and nobody answered",
        "I tried N twice and it just rings",
        "your website lists N, is that still right",
        "is N the right number for your billing department",
        "I was given N by your colleague",
        "N is my husband's phone, he is at work",
        "this is my husband's phone, N, reach me at home after six",
        "N is the number of the payphone I'm using",
        "I'm on a borrowed phone, N",
        "please take N off your list",
        "please remove N from your records",
        "delete N from my account",
        "the number you have on file is N, that needs to change",
        "you have N on file but I moved",
        "N is my old work number",
        "N was my number before I moved",
        "N is for faxes only",
        "the fax goes to N",
        "don't text N, it's a landline",
        "a friend is letting me use N",
        "N has been calling me all day",
        "the number that keeps calling is N",
        "N belongs to my neighbour",
        "I dialed N by mistake",
        "your number is N, right",
        "your competitor at N gave me a quote",
        "my card is being charged by N",
        "calls from N should be blocked",
    ),
    "ja": (
        "Nから着信がありましたが、ご用件は何でしょうか",
        "今朝Nからお電話をいただきました",
        "Nにかけたのですが誰も出ませんでした",
        "Nに何度かけてもつながらないのでこちらにかけました",
        "御社の番号はNでよろしいですか",
        "ホームページにはNと書いてありますが",
        "Nは主人の電話です",
        "これは主人の携帯で、Nです。家のほうにお願いします",
        "公衆電話からで、Nです",
        "友人の電話を借りていて、Nです",
        "Nを登録から削除してください",
        "Nの番号を消してほしいです",
        "登録の番号がNになっていますが引っ越しました",
        "Nは前の職場の番号です",
        "Nは引っ越す前の番号です",
        "Nはファックス専用です",
        "ファックスはNに送ってください",
        "Nから何度も電話がかかってきて困っています",
        "Nは隣の家の番号です",
        "間違えてNにかけてしまいました",
        "Nは現在使われておりません",
        "Nという番号から迷惑電話が来ます",
        "Nを着信拒否にしてください",
        "担当の方の番号はNですよね",
    ),
    "ko": (
        "N에서 부재중 전화가 와 있던데 무슨 일인가요",
        "아침에 N에서 전화를 받았습니다",
        "N로 전화했는데 아무도 안 받으셔서요",
        "N로 걸었더니 없는 번호라고 나오네요",
        "홈페이지에 N라고 나와 있는데요",
        "그쪽 번호가 N 맞나요",
        "N은 남편 전화입니다",
        "이건 남편 휴대폰이고요 N입니다 집으로 부탁드려요",
        "공중전화라서 N입니다",
        "친구 전화를 빌렸어요 N입니다",
        "N 번호를 삭제해 주세요",
        "등록된 번호가 N로 되어 있는데 이사했어요",
        "N은 전 직장 번호예요",
        "N은 팩스 전용입니다",
        "팩스는 N로 보내 주세요",
        "N에서 계속 전화가 와서 힘들어요",
        "N은 옆집 번호예요",
        "실수로 N로 걸었어요",
        "N 수신 거부해 주세요",
        "담당자 번호가 N 맞죠",
    ),
}
"""N is a number that its caller ID confirms but for the words around it."""
OWN = {
    "en": (
        "my number is N",
        "call me back at N please",
        "you can reach me on N any time",
        "it's N, thank you",
        "N is my mobile, call any time",
        "I missed your call, my number is N",
        "you called me earlier, please call back on N",
        "I called this morning about my order, I'm on N",
        "my husband and I can both be reached at N",
        "please send the fax and then ring me on N",
        "please take my number, N",
        "you can fax or call me on N",
        "I'm returning your call, I'm at N",
        "I'd like a call back on N",
        "we spoke yesterday, ring me on N",
    ),
    "ja": (
        "電話番号はNです",
        "Nまでお電話ください",
        "折り返しNにお願いします",
        "先ほどお電話いただいた者です、番号はNです",
        "今朝着信がありましたので折り返しました、Nです",
        "Nです、よろしくお願いします",
        "主人も私もNで出ます",
        "うちのお店の番号はNです",
        "会社の番号はNです、こちらにお願いします",
    ),
    "ko": (
        "제 번호는 N입니다",
        "N로 전화 주세요",
        "부재중 전화 보고 연락드렸습니다 제 번호는 N입니다",
        "N로 연락 부탁드립니다",
        "N 이 번호로 연락 주세요",
        "N 이 제 번호입니다",
        "회사 번호는 N입니다",
        "가게 번호가 N이니까 전화 주세요",
    ),
}


def cases(texts: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    return [(language, text) for language, some in texts.items() for text in some]


def is_believed(language: str, text: str) -> bool:
    number, caller_id = NUMBERS[language]
    return is_confirmed(language, text.replace("N", number, 1), caller_id)


@pytest.mark.parametrize(("language", "text"), cases(ANOTHERS))
def test_number_of_somebody_else_is_not_confirmed(language: str, text: str) -> None:
    assert not is_believed(language, text)


@pytest.mark.parametrize(("language", "text"), cases(OWN))
def test_number_of_the_caller_is_confirmed_beside_like_words(language: str, text: str) -> None:
    assert is_believed(language, text)


def rejections(language: str, sentence: str) -> list[tuple[str, bool]]:
    shown, _ = NUMBERS[language]
    region = {"en": "US", "ja": "JP", "ko": "KR"}[language]
    found = find_numbers(sentence.replace("N", shown), language, region)
    return [(one.value, one.rejected) for one in found if one.kind is Kind.PHONE]


@pytest.mark.parametrize(
    ("language", "sentence"), [(one, text) for one in REJECTED for text in REJECTED[one]]
)
def test_number_that_is_plainly_not_to_be_called_is_rejected(language: str, sentence: str) -> None:
    assert [(NUMBERS[language][1], True)] == rejections(language, sentence)


@pytest.mark.parametrize(
    ("language", "sentence"), [(one, text) for one in MEANT for text in MEANT[one]]
)
def test_number_that_is_to_be_called_is_not_rejected(language: str, sentence: str) -> None:
    assert [(NUMBERS[language][1], False)] == rejections(language, sentence)
