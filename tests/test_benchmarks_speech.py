"""The arithmetic of the benchmark of speech: lines, scores and limits with known values."""

import msgspec
import numpy as np
import pytest

from benchmarks.accuracy import prepare
from benchmarks.damage import CONDITIONS, Condition, level, lossy, noisy, worn
from benchmarks.machine import Machine
from benchmarks.recognising import Throughput
from benchmarks.recordings import OWN, Reference, references
from benchmarks.report import MARKER, Run, write_markdown
from benchmarks.scores import ALL, Accuracy, Outcome, middle, nearest, number, outcome
from benchmarks.throughput import figures
from sipbot.errors import SipbotError
from sipbot.wav import read_facts
from tests.ulaw import FRAME, encode

CODEC = Condition(name="codec")


def said(language: str = "en", *forms: str, phone: str = "", region: str = "JP") -> Reference:
    return Reference(
        id="one",
        language=language,
        narrow=OWN,
        wide=None,
        forms=forms or ("one two three four",),
        phone=phone,
        region=region,
    )


def result(rate: float) -> Outcome:
    return Outcome(rate=rate, kana=None, right=0, wrong=0, missing=0, texts=())


def row(ours: list[float], bare: list[float], condition: str = ALL) -> Accuracy:
    return Accuracy(
        language="ja",
        engine="vosk",
        condition=condition,
        recordings=("one",),
        ours=tuple(map(result, ours)),
        bare=tuple(map(result, bare)),
    )


def no_reading(_text: str) -> None:
    return None


# -- lines -----------------------------------------------------------------------------------------


def test_codec_makes_each_sample_the_nearest_that_it_knows():
    heard = worn(np.array([0, 1000, -1000, 32767, -32768], np.int16), CODEC, "one")

    # ITU-T G.711 table 2a, as 16-bit samples: steps of 64 around 1000
    assert [0, 988, -988, 32124, -32124] == heard.tolist()


def test_line_without_codec_changes_nothing():
    samples = np.arange(-100, 100, dtype=np.int16)

    assert samples.tolist() == worn(samples, CONDITIONS[0], "one").tolist()


def test_level_of_a_voice_leaves_silence_out():
    voice = np.tile(np.array([1000, -1000], np.int16), 4000)

    assert 1000.0 == level(np.concatenate((voice, np.zeros(8000, np.int16))))


def test_level_of_silence_is_nothing():
    assert 0.0 == level(np.zeros(8000, np.int16))


@pytest.mark.parametrize(("snr_db", "wanted"), [(20.0, 100.0), (10.0, 316.2)])
def test_noise_lies_so_far_below_the_voice(snr_db, wanted):
    voice = np.tile(np.array([1000, -1000], np.int16), 20000)

    noise = noisy(voice, snr_db, np.random.default_rng(1)) - voice.astype(np.float64)

    assert wanted == pytest.approx(np.sqrt(np.mean(noise**2)), rel=0.02)


def test_lost_packets_are_as_many_as_the_share_and_repeat_the_one_before():
    codes = b"".join(bytes([n]) * FRAME for n in range(100))

    heard = lossy(codes, 0.05, np.random.default_rng(1))

    packets = [heard[n * FRAME] for n in range(100)]
    lost = [n for n in range(100) if packets[n] != n]
    assert 5 == len(lost)
    assert [packets[n - 1] for n in lost] == [packets[n] for n in lost]


def test_what_is_lost_before_anything_came_is_silence():
    heard = lossy(bytes(2 * FRAME + 7), 1.0, np.random.default_rng(1))

    assert encode(np.zeros(2 * FRAME + 7, np.int16)) == heard


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda one: one.name)
def test_line_does_the_same_to_a_recording_every_time(condition):
    samples = np.random.default_rng(1).integers(-9000, 9000, 16000).astype(np.int16)

    assert worn(samples, condition, "one").tolist() == worn(samples, condition, "one").tolist()


def test_lines_of_two_recordings_lose_other_packets():
    samples = np.random.default_rng(1).integers(-9000, 9000, 16000).astype(np.int16)
    lossy_line = CONDITIONS[4]

    assert worn(samples, lossy_line, "one").tolist() != worn(samples, lossy_line, "two").tolist()


# -- scores ----------------------------------------------------------------------------------------


def test_rate_is_errors_in_percent_of_all_that_was_said():
    pair = [said(), said("en", "a b c d e f")]

    assert 30.0 == outcome(pair, ["one two four", "a b c d x y"], no_reading).rate


def test_text_is_held_to_the_form_that_it_is_nearest_to():
    both = said("ko", "010-2374-5681로", "공일공 이삼칠사 오육팔일로")

    assert (0, 12) == (nearest(both, "공일공 이삼칠사 오육팔일로").errors, nearest(both, "").length)


@pytest.mark.parametrize(
    ("text", "errors"),
    [("call 2025550143", 0), ("call 202. 555, 0-1-4-3", 0), ("call 202-555-0144", 1)],
)
def test_grouping_of_digits_is_no_error(text, errors):
    found = nearest(said("en", "call 202-555-0143"), text)

    assert (errors, 11) == (found.errors, found.length)


def test_kana_are_compared_where_there_are_readings():
    readings = {"佐藤です": "サトウデス", "佐東です": "サトウデス"}

    found = outcome([said("ja", "佐藤です")], ["佐東です"], readings.get)

    assert (25.0, 0.0) == (found.rate, found.kana)


def test_kana_of_another_language_are_no_figure():
    assert outcome([said()], ["one"], str).kana is None


@pytest.mark.parametrize(
    ("phone", "text", "verdict"),
    [
        ("+81367431209", "お電話は03-6743-1209です", "right"),
        ("+81367431209", "お電話は03-6743-1208です", "wrong"),
        ("+81367431209", "03-6743-1209か090-8637-5214です", "wrong"),
        ("+81367431209", "お電話は012-048-365です", "missing"),
        ("", "お電話は03-6743-1209です", "wrong"),
        ("", "明日またかけます", ""),
    ],
)
def test_number_in_a_text_is_right_wrong_or_missing(phone, text, verdict):
    assert verdict == number(said("ja", "x", phone=phone), text)


def test_middle_of_several_turns_is_one_of_them():
    assert result(2.0) == middle([result(9.0), result(1.0), result(2.0)])


@pytest.mark.parametrize(("ours", "reached"), [(10.5, True), (10.51, False), (2.0, True)])
def test_rate_over_all_lines_may_be_half_a_point_above_the_bare_median(ours, reached):
    assert reached is row([ours], [30.0, 10.0, 9.0]).reached


@pytest.mark.parametrize(("ours", "reached"), [(30.5, True), (30.51, False)])
def test_what_lies_between_readings_of_one_line_is_chance(ours, reached):
    assert reached is row([ours], [30.0, 10.0, 9.0], "clean").reached


def test_throughput_is_divided_by_the_cores_that_a_level_can_use(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {0, 1})

    turn = Throughput(ours_s=4.0, bare_s=3.8, ours_cpu_s=8.0, bare_cpu_s=7.0)
    found = figures("live", 4, 40.0, [turn])

    assert [(0.95,), (0.2,), (5.0,), (5.263,)] == [each.samples for each in found[:4]]
    assert [True, None, True, None] == [each.reached for each in found[:4]]


def test_processor_time_is_compared_whatever_the_clock_says():
    found = figures(
        "live", 4, 40.0, [Throughput(ours_s=9.0, bare_s=4.0, ours_cpu_s=8.0, bare_cpu_s=7.0)]
    )

    assert [(0.875,), (5.0,), (5.714,)] == [each.samples for each in found[4:]]


# -- recordings ------------------------------------------------------------------------------------


def test_own_recordings_are_there_in_all_three_languages():
    found = references(OWN)

    assert {"ja", "en", "ko"} == {one.language for one in found}
    assert {8000} == {read_facts(one.narrow).rate_hz for one in found}


def test_most_recordings_of_a_language_begin_with_one_that_has_a_number():
    assert ["caller-ja", "caller-en", "ko_01"] == [one.id for one in references(OWN, 1)]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[[file]]\nid = 1", "Expected `str`"),
        ("file = []", "names no file"),
        ("=", "cannot be read"),
    ],
)
def test_manifest_that_cannot_be_used_is_told(tmp_path, content, problem):
    (tmp_path / "manifest.toml").write_text(content)

    with pytest.raises(SipbotError, match=problem):
        references(tmp_path / "manifest.toml")


def test_recording_is_as_long_on_every_line(tmp_path):
    one = references(OWN, 1)[0]

    cases = prepare(one, CONDITIONS, tmp_path)

    assert len(CONDITIONS) == len(cases)
    assert {read_facts(one.narrow).frames} == {read_facts(case.path).frames for case in cases}


# -- results ---------------------------------------------------------------------------------------


def test_row_that_is_not_as_wanted_is_missed_and_marked(tmp_path):
    machine = Machine(
        processor="p", cores=2, memory_gb=1, system="s", python="3", file_system="ext4"
    )
    began_at = msgspec.convert("2026-01-01T00:00:00Z", type=Run.__annotations__["began_at"])
    run = Run(machine=machine, broker="", began_at=began_at, load_before=0)
    run.accuracy.append(row([11.0], [10.0, 10.5, 9.0]))
    (tmp_path / "page.md").write_text(MARKER)

    write_markdown(run, tmp_path / "page.md")

    cells = "ja | vosk | all lines | 11.00 | 10.00 (9.00 – 10.50) | +1.00 | NO |"
    assert cells in (tmp_path / "page.md").read_text()
    assert run.accuracy == run.missed
