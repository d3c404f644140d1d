"""Masked memos: no number and no name in them, and nothing audible but what may be known."""

import hashlib
import json
import re
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot import kana, masking
from sipbot.gist_text import words
from sipbot.masked_audio import heard_pieces, is_sure, masked_copy
from sipbot.masked_memo import json_schema, masked
from sipbot.masking import MASK, Mask, mask_of, text_of
from sipbot.masking_names import Names, Reading
from sipbot.memo import LIVE_EAR, SECOND_EAR, Caller, Memo, with_transcript
from sipbot.memo_answers import Asked
from sipbot.recordings import Recordings
from sipbot.records import Transcript, Word
from sipbot.said_all import find
from sipbot.said_tokens import fold
from sipbot.understanding import ClientFacts, understand
from sipbot.vocabulary import Term
from sipbot.wav import cut, read_facts
from tests.memo_samples import AT, a_memo, a_transcript

JAPAN = ClientFacts(region="JP")
DOCS = Path(__file__).parent.parent / "docs"


def a_mask(language: str = "ja", *names: str, facts: ClientFacts = JAPAN) -> Mask:
    return Mask(language=language, facts=facts, at=AT, names=names, reading=kana.reading)


def read(text: str, language: str = "ja", memo: Memo | None = None) -> Memo:
    """A memo with this text; each word of it, parted by a space, is 0.5 s in every second."""
    heard_words = tuple(
        Word(text=word, start_s=float(at), end_s=at + 0.5, confidence=0.9)
        for at, word in enumerate(text.split())
    )
    heard = Transcript(text=text, words=heard_words, language=language, engine="vosk", model="m")
    new = with_transcript(memo or a_memo(), heard, AT, understand(heard, JAPAN, at=AT))
    assert new is not None
    return new


@pytest.mark.parametrize(
    ("language", "text", "hidden"),
    [
        ("ja", "番号は090-1234-5678です。", "番号は●●●です。"),
        ("ja", "ゼロキュウゼロ、イチニーサンヨン", "●●●"),
        ("ja", "九〇 えっと 八 うー 七 六", "●●● えっと ●●● うー ●●●"),
        ("ja", "番号はワンツースリーです", "番号は●●●です"),
        ("ja", "かけて、れいごに、見えにくくて", "かけて、●●●、見えにくくて"),
        ("ja", "明日の午後3時に、5人で伺います。", "明日の午後3時に、5人で伺います。"),
        ("ja", "11月26日の10時半に", "11月26日の10時半に"),
        ("ja", "昭和55年4月3日生まれ", "昭和●●●生まれ"),
        ("ja", "三浦様の件、合計12,000円", "●●●様の件、合計●●●"),
        ("ja", "メールはtaro@example.comへ", "●●●"),
        ("en", "it's double four, oh, one two", "it's ●●●"),
        ("en", "call me at 2:40 on Monday", "call me at 2:40 on Monday"),
        ("en", "ask for Mrs Novak, please", "ask for Mrs ●●●, please"),
        ("ko", "번호는 공일공 일이삼사 오육칠팔입니다", "번호는 ●●●입니다"),
        ("ko", "오후 3시에 김민수 씨가", "오후 3시에 ●●● 씨가"),
        ("ko", "그럼 이만 끊겠습니다", "그럼 이만 끊겠습니다"),
        ("ja", "٠٩٠١٢٣", "●●●"),
    ],
)
def test_numbers_and_names_in_any_spelling_are_hidden(
    language: str, text: str, hidden: str
) -> None:
    assert hidden == a_mask(language).text(text).text


@pytest.mark.parametrize(
    ("language", "text", "hidden"),
    [
        ("ja", "佐藤くんにお願いします", "●●●くんにお願いします"),
        ("ja", "佐藤君と高橋先生に", "●●●君と●●●先生に"),
        ("ja", "弊社佐藤営業部長が参ります", "弊社●●●営業部長が参ります"),
        ("ja", "本日高橋課長と 鈴木 花子 様が", "本日●●●課長と ●●● 様が"),
        ("ja", "番号は、たなか社長に", "番号は、●●●社長に"),
        ("ja", "明日香様、ガルシア店長", "●●●様、●●●店長"),
        ("en", "Ask for Prof. Mary Novak or Mrs May.", "Ask for Prof. ●●● or Mrs ●●●."),
        ("en", "Mr. and Mrs. Brown called Captain Reed", "Mr. and Mrs. ●●● called Captain ●●●"),
        ("en", "this is mrs reed's daughter", "this is mrs ●●● daughter"),
        ("en", "it's mrs thornton I'm at home", "it's mrs ●●● I'm at home"),
        ("en", "it is for doctor okafor please", "it is for doctor ●●● please"),
        ("en", "Mr. van der Berg, Mr J Smith", "Mr. ●●●, Mr ●●●"),
        ("en", "Mr.Smith and Mrs.Novak, Mr. de", "Mr.●●● and Mrs.●●●, Mr. de"),
        ("en", "Mr. Monday, mr may on Monday", "Mr. ●●●, mr ●●● on Monday"),
        ("en", "I saw the dr monday", "I saw the dr monday"),
        ("en", "Dr Mary Ann Smith Jones, mister reed", "Dr ●●●, mister ●●●"),
        ("en", "Mr Dvořák or Mr A Smith", "Mr ●●● or Mr ●●●"),
        ("ja", "ジョン・スミスさん、阿部総理", "●●●さん、●●●総理"),
        ("ja", "ジョン・スミスと申します", "●●●と申します"),
        ("ja", "課長の高橋に代わって、部長の林から", "課長の●●●に代わって、部長の●●●から"),
        ("ko", "김민수 과장님과 박부장님께", "●●● 과장님과 ●●●부장님께"),
        ("ko", "이영희 선생님, 김민수님", "●●● 선생님, ●●●님"),
        ("ko", "김 씨가 최민수 씨한테", "●●● 씨가 ●●● 씨한테"),
    ],
)
def test_names_that_nobody_introduced_are_hidden_before_and_after_titles(
    language: str, text: str, hidden: str
) -> None:
    assert hidden == a_mask(language).text(text).text


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ja", "営業部長か副社長か担当課長、小学校の先生、院長先生に"),
        ("ja", "お客様、皆さん、スタッフさん、業者様、奥様。たくさん、みなさん"),
        ("ja", "総理大臣と内閣総理大臣と首相、サポート・センター長"),
        ("ja", "課長の許可と部長の関係、社長の東京出張"),
        ("ja", "仕様と模様替えの様子。氏名、くんれん、代表番号、アットホームな点"),
        ("en", "a clock of 5 ms drifts"),
        ("en", "I miss the doctor's call. Thank you sir. Professor, nurse and coach"),
        ("en", "i missed it when the doctor called and i miss my appointment"),
        ("ko", "담당 과장님과 우리 사장님, 이사장님, 관리소장님, 선생님, 고객님"),
        ("ko", "날씨가 좋고 글씨가 과장된 대리점, 아저씨, 골뱅이 무침"),
    ],
)
def test_titles_without_a_name_stay(language: str, text: str) -> None:
    assert text == a_mask(language).text(text).text


@pytest.mark.parametrize(
    ("language", "text", "hidden"),
    [
        ("ja", "ジェーン アットマーク エグザンプル ドット コム", "●●●"),
        ("ja", "メールは佐藤アットマークヤマダドットコードットジェーピーまで", "メールは●●●まで"),
        ("ja", "アドレスはたろうアットマルコドットネットです", "アドレスは●●●です"),
        ("ko", "이메일은 홍길동 골뱅이 한빛 점 컴입니다", "이메일은 ●●●입니다"),
        ("ko", "지 민 이 공 골뱅이 한빛 점 코 점 케이알이요", "●●●이요"),
    ],
)
def test_address_that_is_spelled_with_unknown_words_is_hidden(
    language: str, text: str, hidden: str
) -> None:
    assert hidden == a_mask(language).text(text).text


def test_part_of_the_text_is_shown_as_it_is_in_the_text() -> None:
    """By itself, this wish is an order number with a 7 at its end, and the rest of a date."""
    memo = read(
        "예약번호 4170-8292-7951, 7월 22일 거 취소해 주세요. 번호는 02-2222-1820입니다.",
        "ko",
        memo=a_memo(),
    )

    out = masked(memo, mask_of(memo, ClientFacts(region="KR"), kana.reading))

    assert ["예약번호 ●●●, 7월 22일 거 취소해 주세요"] == [
        one.text for one in out.gleaned if one.item == "wish"
    ]


def test_known_name_is_hidden_in_kanji_and_as_it_is_read() -> None:
    mask = Mask(language="ja", facts=JAPAN, at=AT, names=("佐藤",), reading={"佐藤": "サトウ"}.get)
    hidden = mask.text("佐藤です。サトウと書きます。さとうです。").text
    assert "●●●です。●●●と書きます。●●●です。" == hidden


def test_names_of_a_client_are_made_ready_once_for_all_its_texts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[list[str]] = []

    def counting(wanted: Iterable[str], reading: Reading | None) -> Names:
        made.append(list(wanted))
        return Names(made[-1], reading)

    monkeypatch.setattr(masking, "Names", counting)
    novak = Term(write="Novak once", read="novak once", kind="person")
    for n in range(3):
        facts = ClientFacts(hidden=(novak,))
        Mask(language="fr", facts=facts, at=AT, names=(f"Sato{n}",)).text("ask for novak once")

    assert 1 == sum("Novak once" in names for names in made)


NAMES = st.lists(st.text("ab 山田カタナ", min_size=1, max_size=4), max_size=4)


@given(NAMES, st.text("ab c山田カタナかたな", max_size=12))
def test_many_names_are_found_wherever_each_of_them_is_found_alone(
    names: list[str], text: str
) -> None:
    def hidden(*wanted: str) -> set[int]:
        places = Names(wanted, None).places(fold(text))
        return {at for start, end in places for at in range(start, end)}

    assert set().union(*(hidden(name) for name in names)) == hidden(*names)


def test_terms_that_are_persons_or_companies_are_hidden_and_products_are_not() -> None:
    terms = tuple(
        Term(write=write, read=write, kind=kind)
        for write, kind in (("Wakaba", "company"), ("Novak", "person"), ("Turbo", "product"))
    )
    mask = a_mask("en", facts=ClientFacts(region="GB", hidden=terms))
    assert "●●● of ●●● has a Turbo" == mask.text("Novak of Wakaba has a Turbo").text


def test_masked_memo_tells_when_and_what_but_not_who() -> None:
    memo = read(
        "私 佐藤 と 申し ます 番号 は 090-1234-5678 です 明日 の 午後 3時 に お願い し ます",
        memo=a_memo().model_copy(
            update={
                "caller": Caller(number="+81355501234", name="SATO TARO"),
                "answers": {"room": "42", "wish": "佐藤の件"},
                "asked": (Asked(item="room", source="keys"),),
                "holder": "hanako",
            }
        ),
    )

    out = masked(memo, mask_of(memo, JAPAN, kana.reading))

    said = out.model_dump_json()
    for secret in ("1234", "5678", "+81", "佐藤", "SATO", "hanako", "192.0.2", "42"):
        assert secret not in said
    assert "明日の午後3時" in (out.text or "")
    assert (MASK, MASK) == (out.answers["room"], out.caller.number)
    assert {"name", "phone"} <= {one.kind for one in out.hidden}


def test_what_went_wrong_is_told_without_what_it_may_quote() -> None:
    memo = read("佐藤 と 申し ます")
    problem = "the engine stumbled over 090-1234-5678 and 佐藤"
    recognition = memo.recognition.model_copy(update={"problem": problem})

    out = masked(
        memo.model_copy(update={"recognition": recognition}), mask_of(memo, JAPAN, kana.reading)
    )

    assert f"the engine stumbled over {MASK} and {MASK}" == out.recognition.problem


def test_hidden_places_are_exact() -> None:
    memo = read("番号 は 090-1234-5678 です 佐藤 様 に")

    out = masked(memo, mask_of(memo, JAPAN))

    assert out.text is not None
    assert {MASK} == {out.text[one.text_from : one.text_to] for one in out.hidden}
    assert [(2.0, 2.5), (4.0, 4.5)] == [(one.audio_from_s, one.audio_to_s) for one in out.hidden]


def test_masked_memo_fits_its_schema() -> None:
    memo = read("番号 は 090-1234-5678 です")
    payload = json.loads(masked(memo, mask_of(memo, JAPAN)).model_dump_json())
    jsonschema.Draft202012Validator(json_schema()).validate(payload)


def test_masked_memo_schema_file_is_the_generated_one() -> None:
    """Write docs/masked-memo.schema.json again from `masked_memo.json_schema()` after a change."""
    file = DOCS / "masked-memo.schema.json"
    assert json.loads(file.read_text(encoding="utf-8")) == json_schema()


@given(st.text("a@ :\n、", max_size=12) | st.text("atelsip:@ あ", max_size=16))
def test_every_word_with_an_address_in_it_is_hidden_whole(text: str) -> None:
    mask = Mask(language="fr", facts=ClientFacts(), at=AT)
    for one in re.finditer(r"\S+", text):
        if re.search("@.|(?:sips?|tel):.", one[0]):
            hidden = mask.text(text).hidden
            assert any(a.start <= one.start() and one.end() <= a.end for a in hidden)


def test_long_text_without_spaces_is_looked_through_once() -> None:
    """With every character as a beginning of its own, this would take minutes."""
    text = "あ" * 50_000
    assert text == Mask(language="fr", facts=ClientFacts(), at=AT).text(text).text


BITS = words(
    "0 90 - 、 ゼロ キュウ に ご えっと double four oh thousand at am 공 일 이 번 에 시 時 月 円 "
    "佐藤 さん Mr Smith a@b.cd 。 ●●● ٣ ① 三 十 2:40 11月 3日"
)
ROWS = st.lists(st.sampled_from(sorted(BITS)), max_size=14)
CALLERS = st.text(max_size=40) | ROWS.map("".join) | ROWS.map(" ".join)
LANGUAGES = st.sampled_from(["ja", "en", "ko", "fr", ""])


@given(CALLERS, LANGUAGES)
def test_masking_what_is_masked_changes_nothing(text: str, language: str) -> None:
    mask = Mask(language=language, facts=JAPAN, at=AT, names=("佐藤", "Smith"))
    once = mask.text(text).text
    assert once == mask.text(once).text


@given(CALLERS, LANGUAGES)
def test_no_value_is_found_in_a_masked_text_but_near_dates(text: str, language: str) -> None:
    mask = Mask(language=language, facts=JAPAN, at=AT, names=("佐藤", "Smith"))
    left = find(mask.text(text).text, language, "JP", AT)
    assert [] == [one for one in left if not mask.stays(one.kind, one.value, one.valid)]


@given(CALLERS, LANGUAGES)
def test_text_between_hidden_places_stays_as_it_was(text: str, language: str) -> None:
    out = Mask(language=language, facts=JAPAN, at=AT).text(text)
    rebuilt, at = "", 0
    for one in out.hidden:
        assert at <= one.start < one.end
        rebuilt += text[at : one.start] + MASK
        start, end = out.moved(one.start, one.end)
        assert MASK == out.text[start:end]
        at = one.end
    assert rebuilt + text[at:] == out.text


@given(CALLERS, LANGUAGES)
def test_any_memo_can_be_masked(text: str, language: str) -> None:
    memo = read(text, language)
    assert masked(memo, mask_of(memo, JAPAN)).text is not None


# -- sound ----------------------------------------------------------------------------------------

RATE_HZ = 8000


def a_recording(folder: Path, duration_s: float) -> Path:
    """A recording in which no sample is silent."""
    path = folder / "audio.wav"
    tone = np.full(round(duration_s * RATE_HZ), 1000, "<i2").tobytes()
    head = b"RIFF" + (36 + len(tone)).to_bytes(4, "little") + b"WAVEfmt "
    form = np.array([16], "<u4").tobytes() + np.array([1, 1], "<u2").tobytes()
    form += np.array([RATE_HZ, RATE_HZ * 2], "<u4").tobytes() + np.array([2, 16], "<u2").tobytes()
    path.write_bytes(head + form + b"data" + len(tone).to_bytes(4, "little") + tone)
    return path


def audible(path: Path, from_s: float, to_s: float) -> float:
    """The share of samples of a stretch that are not silent."""
    with path.open("rb") as file:
        samples = np.frombuffer(cut(file, str(path), from_s, to_s)[44:], "<i2")
    return float(np.mean(samples != 0))


def test_hidden_words_are_silent_with_a_margin_and_others_are_heard(tmp_path: Path) -> None:
    audio = a_recording(tmp_path, 8.0)
    memo = read("お世話 に なり ます 番号 は 090-1234-5678 です")
    pieces = heard_pieces(memo, text_of(memo, mask_of(memo, JAPAN)))

    copy = masked_copy(Recordings(tmp_path.parent), tmp_path.name, pieces)

    path = Path(copy.path)
    assert (1.0, 0.0) == (audible(path, 0.1, 5.4), audible(path, 5.7, 6.8))
    assert read_facts(audio).frames == read_facts(path).frames
    assert hashlib.sha256(path.read_bytes()).hexdigest() == copy.sha256


def test_what_no_ear_wrote_down_is_silent(tmp_path: Path) -> None:
    """A text without times, a word that is too long, the rest of the recording."""
    memo = read("お世話 に なり ます")
    long = memo.words[-1].model_copy(update={"end_s": 9.0})
    memo = memo.model_copy(update={"words": (*memo.words[:-1], long)})
    a_recording(tmp_path, 12.0)
    pieces = heard_pieces(memo, text_of(memo, mask_of(memo, JAPAN)))
    path = Path(masked_copy(Recordings(tmp_path.parent), tmp_path.name, pieces).path)
    assert 0.0 == audible(path, 3.0, 12.0)
    bare = memo.model_copy(update={"words": ()})
    assert () == heard_pieces(bare, text_of(bare, mask_of(bare, JAPAN)))


def test_spoken_answer_with_a_number_is_silent_whatever_was_understood() -> None:
    asked = Asked(item="number", source="speech", audio_from_s=1.0, audio_to_s=2.0)
    memo = read("お世話 に なり ます").model_copy(update={"asked": (asked,)})
    pieces = heard_pieces(memo, text_of(memo, mask_of(memo, JAPAN)))
    assert all(end <= 0.6 or start >= 2.4 for start, end in pieces)


def test_copy_is_made_once_for_a_text(tmp_path: Path) -> None:
    a_recording(tmp_path, 2.0)
    where = (Recordings(tmp_path.parent), tmp_path.name)
    first = masked_copy(*where, ((0.0, 1.0),))
    made = Path(first.path).stat().st_mtime_ns

    assert first == masked_copy(*where, ((0.0, 1.0),))
    assert made == Path(first.path).stat().st_mtime_ns
    assert first.sha256 != masked_copy(*where, ((0.0, 0.5),)).sha256


def test_two_who_make_a_copy_at_once_leave_it_whole_with_its_note(tmp_path: Path) -> None:
    a_recording(tmp_path, 1.0)
    recordings, both = Recordings(tmp_path.parent), threading.Barrier(2, timeout=20)

    def make(until_s: float) -> None:
        for number in range(10):
            both.wait()
            masked_copy(recordings, tmp_path.name, ((0.0, until_s + number / 100),))

    with ThreadPoolExecutor(2) as pool:
        for made in [pool.submit(make, until_s) for until_s in (0.2, 0.7)]:
            made.result()
    noted = json.loads((tmp_path / "audio-masked.json").read_text())
    copy = (tmp_path / "audio-masked.wav").read_bytes()
    assert hashlib.sha256(copy).hexdigest() == noted["sha256"]


def test_copy_waits_for_the_last_ear_and_is_made_by_the_second_ears_text_only() -> None:
    both = a_memo(ears=(LIVE_EAR, SECOND_EAR))
    live = read("はい", memo=both)
    second = with_transcript(live, a_transcript("はい", SECOND_EAR), AT)
    assert second is not None
    assert [False, False, True] == [is_sure(memo) for memo in (both, live, second)]
    assert not is_sure(read("はい", memo=a_memo(ears=(LIVE_EAR,))))


def test_date_far_from_the_call_is_hidden_and_a_near_one_stays() -> None:
    mask = a_mask("en", facts=ClientFacts(region="US"))
    far = (AT + timedelta(days=800)).strftime("%B %-d %Y")
    assert "on March 12" == mask.text("on March 12").text
    assert "20" not in mask.text(f"on {far}").text
