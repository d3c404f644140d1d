"""The admins' guide, in both languages, describes the dialplan that the code reads."""

import re
import tomllib
from pathlib import Path

import pytest

from sipbot.dialplan import load_file
from sipbot.dialplan_form import Answer, DialplanForm, Record

DOCS = Path(__file__).parents[1] / "docs"
every_guide = pytest.mark.parametrize(
    "guide", [DOCS / "admins.md", DOCS / "ja" / "admins.md"], ids=["en", "ja"]
)


@every_guide
def test_example_client_of_the_guide_loads(guide: Path, tmp_path: Path) -> None:
    block = re.search(r"```toml\n(.*?)```", guide.read_text("utf-8"), re.DOTALL)
    assert block is not None
    path = tmp_path / "midori.toml"
    path.write_text(block[1], "utf-8")

    plan = load_file(path, "JP")

    assert ("midori", ("+81120000001", "midori")) == (plan.client, plan.numbers)


@pytest.mark.parametrize("page", [DOCS / "dialplans.md", DOCS / "ja" / "dialplans.md"])
def test_blocks_of_the_reference_page_are_one_file_that_keeps_to_the_form(page: Path) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)

    form = DialplanForm.model_validate(tomllib.loads("\n".join(blocks)))

    kinds = ["menu", "say", "ask", "digits", "transfer", "record", "follow_up", "survey"]
    kinds.append("hang_up")
    assert kinds == [step.do for step in form.step.values()]


@every_guide
def test_guide_explains_every_key_of_answer_and_record(guide: Path) -> None:
    text = guide.read_text("utf-8")

    explained = set(re.findall(r"^\| `((?:answer|record)\.\w+)` \|", text, re.MULTILINE))

    known = {f"answer.{key}" for key in Answer.model_fields}
    known |= {f"record.{key}" for key in Record.model_fields}
    assert known == explained
