"""Numbers in Korean messages: said, spelled, corrected, and not said at all."""

import pytest

from sipbot.said import Kind, Said
from sipbot.said_numbers import find_numbers


def found(text: str) -> list[tuple[str, str]]:
    return [(one.kind.value, one.value) for one in find_numbers(text, "ko", "KR")]


def phones(text: str) -> list[Said]:
    return [one for one in find_numbers(text, "ko", "KR") if one.kind is Kind.PHONE]


PHONES = [
    ("공일공, 이삼칠사, 오육팔일로 전화 부탁드립니다.", "+821023745681"),
    ("번호는 공이, 오칠팔이, 삼사일육입니다.", "+82257823416"),
    ("공일공에 일이삼사에 오육칠팔이에요", "+821012345678"),
    ("공일공의 일이삼사의 오육칠팔입니다", "+821012345678"),
    ("공일공 다시 일이삼사 다시 오육칠팔이요", "+821012345678"),
    ("영일영 일이삼사 오륙칠팔번이에요", "+821012345678"),
    ("제 번호는 010-1234-5678입니다", "+821012345678"),
    ("제전화번호는 01012345678이고요", "+821012345678"),
    ("０１０－１２３４－５６７８", "+821012345678"),
    ("공일공일이삼사오육칠팔이고요 연락주세요", "+821012345678"),
    ("공 일 공 일 이 삼 사 오 육 칠 팔", "+821012345678"),
    ("공일공, 어, 일이삼사, 음, 오육칠팔", "+821012345678"),
    ("공일공 하이픈 일이삼사 하이픈 오육칠팔", "+821012345678"),
    ("공이에 오칠팔이국에 삼사일육번입니다", "+82257823416"),
    ("공삼일 이삼사에 오육칠팔로 연락 주세요", "+82312345678"),
    ("일오팔팔에 일이삼사로 전화 주세요", "+8215881234"),
    ("1588-1234번으로 전화 주세요", "+8215881234"),
    ("대표번호는 일오칠칠 공공이이입니다", "+8215770022"),
    ("[010] [1234] [5678]", "+821012345678"),
    ("[10] 공 아니", ""),
    ("공 [10] 쩜 [12] [34] [쩜] [56] [78]", "+821012345678"),
    ("010 1234 5678 김민수입니다", "+821012345678"),
    ("공일공 잠시만요 일이삼사 그 다음에 오육칠팔입니다", "+821012345678"),
    ("공칠공에 사삼이일에 일이삼사", "+827043211234"),
    ("팔십이 아니고 공일공 이이이이 삼삼삼삼입니다", "+821022223333"),
    ("플러스 팔이 일공 일이삼사 오육칠팔", "+821012345678"),
    ("공일공 천이백삼십사 오육칠팔", "+821012345678"),
    ("휴대폰은 공일공 하나둘셋넷 오육칠팔이에요", "+821012345678"),
    ("번호가 공일공-이이삼삼-사사오오예요", "+821022334455"),
    ("번호는 공일공 구구구구 일일일이입니다", "+821099991112"),
    ("연락처 공일공 구구구구 일일일이예요", "+821099991112"),
    ("010에 1234에 5678로 꼭 연락 부탁드려요", "+821012345678"),
]


@pytest.mark.parametrize(("text", "number"), PHONES)
def test_number_said_in_korean_is_found(text: str, number: str) -> None:
    assert [number] * bool(number) == [one.value for one in phones(text)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("010-1234-5678 아니 010-1234-5679입니다", "+821012345679"),
        ("공일공 일이삼사 오육칠팔 아니 오육칠구입니다", "+821012345679"),
        ("공일공 일이삼오 아니 일이삼사 오육칠팔이요", "+821012345678"),
        ("010-1234-5678입니다. 죄송합니다. 010-1234-5679입니다.", "+821012345679"),
        ("공일공 일이삼사 오육칠팔이 아니라 오육칠구예요", "+821012345679"),
        (
            "공일공 일이삼사 오육칠팔, 아니요, 잘못 말했네요, 공일공 일이삼사 오육칠구입니다",
            "+821012345679",
        ),
        ("010 1234 5678, 정정합니다, 010 1234 5687입니다", "+821012345687"),
        ("공일공 일이삼사 오육칠팔, 죄송해요, 끝자리는 구입니다", "+821012345679"),
        ("010-1234-5678 아니다 5679", "+821012345679"),
        ("공일공에 삼삼사사, 아 아니, 삼삼사오에 육칠팔구입니다", "+821033456789"),
    ],
)
def test_corrected_number_has_the_corrected_value(text: str, number: str) -> None:
    assert [(number, True, True)] == [(one.value, one.valid, one.corrected) for one in phones(text)]


@pytest.mark.parametrize(
    "text",
    [
        "010-1234-5678, 다시 한번 010-1234-5678입니다",
        "공일공 일이삼사 오육칠팔입니다. 다시 말씀드릴게요. 공일공 일이삼사 오육칠팔입니다.",
        "공일공 일이삼사 오육칠팔 공일공 일이삼사 오육칠팔",
    ],
)
def test_number_said_twice_is_found_twice_and_not_corrected(text: str) -> None:
    assert [("+821012345678", False)] * 2 == [(one.value, one.corrected) for one in phones(text)]


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("전화번호는 010-1234-567입니다", "0101234567"),
        ("휴대폰은 공일공 일이삼사 오육칠입니다", "0101234567"),
        ("제 번호는 010-1234-56789입니다", "010123456789"),
        ("휴대폰은 공일공 일이삼사 오육칠이에요", "0101234567"),
        ("공사사에 팔칠삼에 공구일삼이여", "04487309132"),
    ],
)
def test_digits_that_are_no_number_are_shown_and_not_believed(text: str, digits: str) -> None:
    assert [(digits, False)] == [(one.value, one.valid) for one in phones(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("주문번호는 일이삼사오입니다", [("order", "12345")]),
        ("주문 번호 12345 때문에 전화드렸어요", [("order", "12345")]),
        ("예약번호는 A1234예요", [("order", "A1234")]),
        ("예약번호는 에이 일이삼사예요", [("order", "A1234")]),
        ("고객번호 공공일이삼사이고요", [("order", "001234")]),
        ("송장번호는 1234-5678-9012입니다", [("order", "123456789012")]),
        ("이백삼 호입니다", [("order", "203")]),
        ("203호예요", [("order", "203")]),
        ("내선 십이 번입니다", [("extension", "12")]),
        ("내선번호는 이공사예요", [("extension", "204")]),
        ("내선 12번으로 연결해 주세요", [("extension", "12")]),
        (
            "공이 오칠팔이 삼사일육 내선 이공사입니다",
            [("phone", "+82257823416"), ("extension", "204")],
        ),
        ("만 원입니다", [("amount", "10000 KRW")]),
        ("만원입니다", [("amount", "10000 KRW")]),
        ("삼만 오천 원이에요", [("amount", "35000 KRW")]),
        ("12,000원을 입금했어요", [("amount", "12000 KRW")]),
        ("3만 5천원", [("amount", "35000 KRW")]),
        ("십이만 삼천사백 원", [("amount", "123400 KRW")]),
        ("백이십 달러", [("amount", "120 USD")]),
        ("천 엔 정도", [("amount", "1000 JPY")]),
        ("이메일은 kim@example.co.kr입니다", [("email", "kim@example.co.kr")]),
        ("kim 골뱅이 네이버 점 컴입니다", [("email", "kim@naver.com")]),
        ("이메일은 minsu 골뱅이 example 점 co 점 kr이에요", [("email", "minsu@example.co.kr")]),
        ("케이 아이 엠 골뱅이 지메일 닷 컴", [("email", "kim@gmail.com")]),
        ("lee 언더바 22 골뱅이 daum 점 net", [("email", "lee_22@daum.net")]),
        (
            "주문번호 12345이고 전화번호는 010-1234-5678입니다",
            [("order", "12345"), ("phone", "+821012345678")],
        ),
    ],
)  # fmt: skip
def test_what_a_number_is_follows_from_the_words_next_to_it(
    text: str, expected: list[tuple[str, str]]
) -> None:
    assert expected == found(text)


@pytest.mark.parametrize(
    "text",
    [
        "내일 오후 세 시 예약을 취소하고 싶습니다.",
        "서울은행 이정훈 과장입니다. 다시 전화드리겠습니다.",
        "십일월 이십육일 오전 열 시에 예약했습니다",
        "2026년 11월 26일 15시 30분",
        "우편번호는 06236입니다",
        "저는 서른다섯 살이고 두 명입니다",
        "이사 때문에 일이 많아서 오늘 오후에는 안 됩니다",
        "삼성전자 구미 공장 이 과장님께 전해 주세요",
        "오 일 안에 연락 주세요. 이 일은 급합니다",
        "몇 만 원이라고 들었어요",
        "아니 아니요 죄송합니다",
        "사무실에 두 번 전화했는데 안 받으셨어요",
        "이십 분 뒤에 삼 층으로 오세요",
        "",
    ],
)
def test_message_without_number_has_none(text: str) -> None:
    assert [] == found(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("공삼일삼륙오륙이팔팔이고요", [False]),
        ("국가번호 팔이 오일육이육오공구이이고요", [False]),
        ("공삼일 삼륙오륙 이팔팔이고요", [True]),
        ("공삼일삼륙오륙이팔팔이번으로", [True]),
        ("공일공일이삼사오육칠이고요", [True]),
    ],
)
def test_last_figure_that_may_be_the_copula_is_believed_when_groups_or_length_tell(
    text: str, expected: list[bool]
) -> None:
    """이 is a two and an "is"; where a number comes out either way, nobody knows."""
    assert expected == [one.valid for one in find_numbers(text, "ko", "KR")]
