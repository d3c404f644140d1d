"""Reading TOML that people edit: every mistake has a place, and no file can hurt the reader."""

import os
import tomllib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from sipbot.errors import DialplanError, Mistake
from sipbot.toml_file import LIMIT_BYTES, TomlFile, explain, read
from sipbot.toml_places import Path as KeyPath
from sipbot.toml_places import Places
from sipbot.toml_shape import Shape, dotted


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    size: int = 1
    token: SecretStr = SecretStr("")


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    title: str
    inner: Inner = Inner()
    many: list[Inner] = []


def mistakes_in(text: str) -> list[Mistake]:
    file = TomlFile(path=Path("x.toml"), sha256="", values=tomllib.loads(text), text=text)
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(file.values)
    return explain(caught.value, Shape(Outer), file)


def refused(path: Path) -> Mistake:
    with pytest.raises(DialplanError) as caught:
        read(path, DialplanError, links=False)
    (mistake,) = caught.value.mistakes
    return mistake


# -- places ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "path", "place"),
    [
        ("a = 1", ("a",), (1, 1, "1")),
        ("\n  a = 1 # why", ("a",), (2, 3, "1")),
        ("[t]\r\na = 1\r\nb = 2", ("t", "b"), (3, 1, "2")),
        ('"quoted \\u0061" = 1', ("quoted a",), (1, 1, "1")),
        ("a = [1,\n 2, # two\n 3]", ("a", 2), (3, 2, "3")),
        ("a = {b = 1, c = [2]}", ("a", "c", 0), (1, 18, "2")),
        ("[[t]]\na = 1\n[[t]]\na = 2", ("t", 1, "a"), (4, 1, "2")),
        ("[[t]]\n[t.u]\na = 1\n[[t]]\n[t.u]\na = 2", ("t", 1, "u", "a"), (6, 1, "2")),
        ('a = """x\n[b]\n"""\nc = 1', ("c",), (4, 1, "1")),
        ("a = '''\nb = 2\n'''\nc = 1", ("c",), (4, 1, "1")),
        ("a.b = 1", ("a", "b"), (1, 1, "1")),
        ("d = 1979-05-27 07:32:00\ne = 2", ("e",), (2, 1, "2")),
        ("[t]\na = 1", ("t", "nowhere"), (1, 1, "")),
    ],
)
def test_a_key_is_found_where_it_was_written(
    text: str, path: KeyPath, place: tuple[int, int, str]
) -> None:
    assert place == Places(text).find(path)


def test_a_key_of_a_table_that_is_not_written_has_no_place() -> None:
    assert None is Places("a = 1").find(("b", "c"))


WORDS = st.text("abcdefgh_-", min_size=1, max_size=6)
VALUES = st.recursive(
    st.sampled_from(["1", "-2.5", "true", '"text # no"', "'it''", '"\\""', "1979-05-27"]).filter(
        lambda text: text != "'it''"
    ),
    lambda inner: st.lists(inner, max_size=3).map(lambda items: f"[ {', '.join(items)} ]"),
    max_leaves=6,
)


@given(st.dictionaries(WORDS, st.dictionaries(WORDS, VALUES, max_size=4), max_size=4))
def test_every_key_that_tomllib_reads_has_a_place_on_its_own_line(
    tables: dict[str, dict[str, str]],
) -> None:
    lines: list[str] = []
    expected = {}
    for table, keys in tables.items():
        lines.append(f"[{table}]")
        for key, value in keys.items():
            lines.append(f"{key} = {value}")
            expected[table, key] = (len(lines), 1, value)
    text = "\n".join(lines)
    tomllib.loads(text)

    places = Places(text)

    assert expected == {path: places.find(path) for path in expected}


@given(st.text(max_size=200))
@example("a = 'x'\n[b.c]\nd.e = {f = [1, {g = 2}]}")
def test_whatever_tomllib_accepts_the_places_accept(text: str) -> None:
    try:
        tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return

    Places(text)


# -- words -------------------------------------------------------------------------------------


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    found = mistakes_in("[inner]\nsize = 'x'\nsiez = 2\n")

    assert [("title", 1), ("inner.size", 2), ("inner.siez", 3)] == [
        (mistake.key, mistake.line) for mistake in found
    ]


def test_a_key_in_the_wrong_table_is_one_mistake_and_not_also_a_missing_key() -> None:
    (mistake,) = mistakes_in("[inner]\ntitle = 'x'\n")

    assert "Move title to the top, before the first [table]" == mistake.remedy


@pytest.mark.parametrize("key", ["token", "tokne", "pass_word"])
def test_a_value_that_may_be_a_secret_is_never_shown(key: str) -> None:
    (mistake,) = mistakes_in(f"title = 'x'\n[inner]\n{key} = ['geheim']\n")

    assert "(hidden)" == mistake.value


def test_a_long_value_is_shortened() -> None:
    (mistake,) = mistakes_in(f"title = [{'1,' * 100}]")

    assert 60 == len(mistake.value)


def test_an_element_of_a_list_of_tables_is_named_with_its_number() -> None:
    (mistake,) = mistakes_in("title = 'x'\n[[many]]\nsize = 1\n[[many]]\nsize = true\n")

    assert ("many[1].size", 5) == (mistake.key, mistake.line)


def test_a_path_is_written_as_people_write_it() -> None:
    assert "sip.account[0].realm" == dotted(("sip", "account", 0, "realm"))


# -- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "problem", "line"),
    [
        (b"a = 1\nb = '\0'\n", "contains a NUL byte", 2),
        (b"\xef\xbb\xbfa = 1\n", "begins with a byte order mark", 1),
        ("a = 1\nb = '会社'\n".encode("shift_jis"), "is not UTF-8 text", 2),
        (b"a = 1\n" * (LIMIT_BYTES // 6 + 1), "is larger than 256 kB", 0),
        (b"a = " + b"[" * 10_000 + b"]" * 10_000, "is nested too deeply", 0),
        (b"a." * 8 + b"b = 1", "is nested too deeply", 0),
        (b"[[a.b.c.d.e.f]]\ng = [[1]]", "is nested too deeply", 0),
        (b"a." * 20 + b"b = 1", "is nested too deeply", 0),
        (b"a." * 100_000 + b"b = 1", "is nested too deeply", 0),
        (b"['a'." + b'"a" . ' * 40_000 + b"b]", "is nested too deeply", 0),
        (b"a = " + b"9" * 10_000, "is not TOML: holds a value that cannot be read", 1),
        (b"a = 1\na = 2\n", "is not TOML: cannot overwrite a value", 2),
        (b"a = \n", "is not TOML: invalid value", 1),
        (b"[a\n", "is not TOML: expected ']' at the end of a table declaration", 1),
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_where(
    tmp_path: Path, content: bytes, problem: str, line: int
) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(content)

    mistake = refused(path)

    assert (problem, line) == (mistake.problem, mistake.line)


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real.toml").write_text("a = 1")
    (tmp_path / "x.toml").symlink_to(tmp_path / "real.toml")

    assert "is a symbolic link" == refused(tmp_path / "x.toml").problem


def test_a_fifo_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.toml")

    assert "is not a regular file" == refused(tmp_path / "x.toml").problem


def test_a_folder_of_that_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.toml").mkdir()

    assert "is not a regular file" == refused(tmp_path / "x.toml").problem


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "x.toml").problem


@given(st.binary(max_size=300))
def test_no_content_escapes_as_anything_but_a_mistake(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "x.toml"
    path.write_bytes(content)

    with suppress(DialplanError):
        read(path, DialplanError, links=False)
