"""Numbers that callers correct in a sentence of its own, or in ways that only sense tells."""

import pytest

from sipbot.said import Kind
from sipbot.said_numbers import find_numbers


def phones(text: str, language: str, region: str) -> list[tuple[str, bool]]:
    found = find_numbers(text, language, region)
    return [(one.value, one.valid) for one in found if one.kind is Kind.PHONE]


def believed(text: str, language: str, region: str) -> list[str]:
    return [value for value, valid in phones(text, language, region) if valid]


@pytest.mark.parametrize(
    ("text", "language", "region", "number"),
    [
        ("It's 415 555 0198, bye. Hm, it ends in 0189, not 0198.", "en", "US", "+14155550189"),
        ("415 555 0198 all day. Wrong, I said 0198 but it should be 0189", "en", "US",
         "+14155550189"),
        ("電話は03-6743-1209です。間違えました、末尾は1290です、1209ではありません。", "ja", "JP",
         "+81367431290"),
        ("電話は03 6743 1209です 下四桁は1209じゃなくて1290です", "ja", "JP", "+81367431290"),
        ("번호는 02-2345-6789입니다. 아니, 끝자리는 6798입니다, 6789 아니고요.", "ko", "KR",
         "+82223456798"),
        ("02-2345-6789번입니다. 끝에 6789라고 했는데 6798번이 맞아요.", "ko", "KR", "+82223456798"),
    ],
)  # fmt: skip
def test_part_named_wrong_and_right_is_replaced(
    text: str, language: str, region: str, number: str
) -> None:
    assert [number] == believed(text, language, region)


def test_contrast_over_an_extension_between_corrects_the_telephone_number() -> None:
    text = "I'm at 415 555 0198, extension 24. Sorry, it's 0189 at the end, not 0198."
    assert ["+14155550189"] == believed(text, "en", "US")


def test_contrast_that_is_already_true_changes_nothing() -> None:
    text = "I'm at 415 555 0189. So it's 0189 at the end, not 0198."
    assert ["+14155550189"] == believed(text, "en", "US")


def test_contrast_of_an_end_the_number_never_had_makes_it_doubtful() -> None:
    text = "I'm at 415 555 0177. So it's 0189 at the end, not 0198."
    assert [("+14155550177", False)] == phones(text, "en", "US")


def test_named_end_corrects_over_other_words_before_the_apology() -> None:
    text = "415 555 0198 whenever you find the time. Sorry, the last part is 0189."
    assert ["+14155550189"] == believed(text, "en", "US")


def test_named_end_with_a_slip_corrects_without_an_apology() -> None:
    assert ["+82223456798"] == believed("02-2345-6789, 아, 마지막은 6798입니다", "ko", "KR")


def test_mere_exclamation_before_a_group_with_a_slip_corrects_it() -> None:
    assert ["+81367431290"] == believed("03-6743-1209、あ、1290です", "ja", "JP")


def test_whole_number_with_a_slip_mended_replaces_the_one_before_the_apology() -> None:
    text = "on 020 7946 0122, no, sorry, here it is, 020 7946 0212, thanks"
    assert ["+442079460212"] == believed(text, "en", "GB")


def test_another_number_after_an_apology_stays_beside_the_first() -> None:
    text = "03-6743-1209です。すみません、やっぱり携帯の090-5048-6516にお願いします"
    assert ["+81367431209", "+819050486516"] == believed(text, "ja", "JP")


@pytest.mark.parametrize(
    ("text", "language", "region", "number"),
    [
        ("415 555 0198, I mean, 89. Table for 6 at 7:30.", "en", "US", "+14155550189"),
        ("02-2345-6789, 아니, 6798이고요, 구 대리 찾으세요", "ko", "KR", "+82223456798"),
        ("03-6743-1209、訂正します、1290、四方です", "ja", "JP", "+81367431290"),
    ],
)
def test_other_figures_after_a_correction_are_no_part_of_it(
    text: str, language: str, region: str, number: str
) -> None:
    assert [number] == believed(text, language, region)


@pytest.mark.parametrize(
    ("text", "language", "region", "number"),
    [
        ("042에 630, 죄송합니다, 330에 0064이요", "ko", "KR", "+82423300064"),
        ("ぜろ いち に ぜろ よん に、訂正します、に よん ぜろ ごー ななー はちー", "ja", "JP",
         "+81120240578"),
        ("oh seven nine double one two one, sorry, one two three four five six", "en", "GB",
         "+447911123456"),
    ],
)  # fmt: skip
def test_broken_off_group_is_replaced_by_the_one_that_resembles_it(
    text: str, language: str, region: str, number: str
) -> None:
    assert [number] == believed(text, language, region)


def test_correction_with_two_readings_is_not_believed() -> None:
    assert [] == believed("공 이 이 삼 사 오 육 칠 팔 구, 아니, 이 팔 이 번이요", "ko", "KR")


def test_number_is_said_anew_after_start_over() -> None:
    text = "番号は れい きゅう れい ごー、すみません、最初から言います、090の5048の6516です"
    assert ["+819050486516"] == believed(text, "ja", "JP")


@pytest.mark.parametrize("name", ["六車", "九鬼", "十河", "四方"])
def test_figure_that_begins_a_name_is_no_digit(name: str) -> None:
    assert ["+81367431209"] == believed(f"〇三の六七四三の一二〇九、{name}です", "ja", "JP")


def test_words_that_vosk_parts_are_still_a_correction() -> None:
    text = "〇 三 の 六 七 四 三 の 一 二 〇 九 あ 間違え まし た 一 二 九 〇 です"
    assert ["+81367431290"] == believed(text, "ja", "JP")


def test_eight_after_country_code_is_no_particle() -> None:
    text = "国番号はちいちの、さんの、ろくななよんさんの、いちにーぜろきゅー"
    assert ["+81367431209"] == believed(text, "ja", "JP")


def test_points_between_groups_are_no_decimals() -> None:
    text = "404.696.5252, 404.696.5252"
    assert ["+14046965252", "+14046965252"] == believed(text, "en", "US")


def test_order_number_before_a_telephone_number_stays_beside_it() -> None:
    said = find_numbers("お客様番号は21734です 03-6743-1209にお願いします", "ja", "JP")
    assert [("order", "21734"), ("phone", "+81367431209")] == [(s.kind, s.value) for s in said]


def test_twenty_seven_is_two_numbers_when_only_that_makes_a_telephone_number() -> None:
    text = "seven twenty seven fifty-five thirty-five oh two"
    assert ["+17207553502"] == believed(text, "en", "US")


def test_area_code_and_number_with_labels_of_their_own_are_one() -> None:
    assert ["+19195550143"] == believed("area code 919, number 555 0143", "en", "US")


def test_date_takes_the_word_since_with_it() -> None:
    text = "open since July 9th, you reach us on (202) 555-0143"
    assert ["+12025550143"] == believed(text, "en", "US")


@pytest.mark.parametrize("ending", ["번이여", "입니더", "이라예", "이거든예", "번인디유"])
def test_korean_endings_of_any_region_leave_the_figures(ending: str) -> None:
    assert ["+82223456789"] == believed(f"공이 이삼사오 육칠팔구{ending}", "ko", "KR")


def test_korean_two_before_the_formal_copula_is_a_digit() -> None:
    text = "공 이 다시 이 칠 구 오, 아니, 이 칠 오 구 다시 팔 삼 일 이입니다"
    assert ["+82227598312"] == believed(text, "ko", "KR")


def test_time_between_a_number_and_its_correction_is_no_part_of_either() -> None:
    text = "020 7946 0122 until 4:20 or so. No, that's wrong, it ends in 0212, not 0122."
    assert ["+442079460212"] == believed(text, "en", "GB")


def test_two_in_kana_right_after_the_word_of_a_correction_is_a_digit() -> None:
    text = "まるさんの ろくななよんさんの いちにーぜろきゅー もとい によんぜろきゅーです"
    assert ["+81367432409"] == believed(text, "ja", "JP")


def test_korean_particle_between_groups_is_no_letter() -> None:
    assert ["+82222944000"] == believed("공이에이이구사에사공공공번으로", "ko", "KR")


def test_korean_two_before_a_copula_is_none_when_figures_are_said_singly() -> None:
    assert ["+82644422707"] == believed("공 육 사 사 사 이 이 칠 공 칠이고요", "ko", "KR")


def test_room_is_shown_with_its_word() -> None:
    text = "203号室の者です"
    assert ["203号室"] == [one.shown for one in find_numbers(text, "ja", "JP")]


def test_rest_of_a_number_that_is_valid_alone_still_corrects_the_number_begun() -> None:
    text = "영 이 이 사 이 사 아니고 이 사 사 이 이 오 칠 일로 전화 주세요"
    assert ["+82224422571"] == believed(text, "ko", "KR")


@pytest.mark.parametrize(
    ("language", "region", "text", "number"),
    [
        ("en", "US", "Call 202 555 0143 rather than 310 555 0199.", "+12025550143"),
        ("en", "US", "Use 202 555 0143 instead of 310 555 0199, please.", "+12025550143"),
        ("en", "US", "202 555 0143, wait no, 310 555 0199 is the one.", "+13105550199"),
        ("en", "US", "202 555 0143, the wrong one is 310 555 0199.", "+13105550199"),
        ("ja", "JP", "090-1234-5678です、違うのは090-8765-4321です", "+819087654321"),
        ("ko", "KR", "010-1234-5678입니다 잘못 말했네요 010-8765-4321은", "+821087654321"),
    ],
)
def test_of_two_numbers_that_are_not_alike_none_is_beyond_doubt(
    language: str, region: str, text: str, number: str
) -> None:
    """Which of them the words of a correction mean may be the other way round."""
    phones = [one for one in find_numbers(text, language, region) if one.kind is Kind.PHONE]
    assert (number, True) in [(one.value, one.doubted) for one in phones]
    assert [] == [one.value for one in phones if one.valid and not (one.doubted or one.rejected)]


@pytest.mark.parametrize(
    "text",
    [
        "202 555 0143 no sorry that's the wrong one, I will call back with the right one.",
        "202 555 0143, no wait, that's the old one.",
        "202 555 0143, no, make that after five.",
        "202 555 0143, correction, call at nine.",
    ],
)
def test_word_of_ordinary_speech_corrects_no_digit_of_a_whole_number(text: str) -> None:
    found = [one for one in find_numbers(text, "en", "US") if one.kind is Kind.PHONE]
    assert ["+12025550143"] == [one.value for one in found]
