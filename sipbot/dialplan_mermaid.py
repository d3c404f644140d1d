"""A dialplan as a Mermaid flowchart: text that wikis and code forges draw.  Pure.

Names become ``n0``, ``n1`` …: Mermaid takes ``end`` and some other words for its own.
"""

from sipbot.dialplan_outline import Node, Outline, prompt_words

_SHAPES = {
    "menu": ("{{", "}}"),
    "end": ("([", "])"),
    "hang_up": ("([", "])"),
}
_BOX = ("[", "]")
_LONGEST_CHARS = 60


def mermaid(outline: Outline, title: str) -> str:
    """The flowchart's text.

    Args:
        outline: the client's calls.
        title: of the chart, such as the client's name.
    """
    ids = {node.name: f"n{place}" for place, node in enumerate(outline.nodes)}
    lines = ["flowchart LR", f"  call(({_quoted(title)}))"]
    for node in outline.nodes:
        opening, closing = _SHAPES.get(node.kind, _BOX)
        lines.append(f"  {ids[node.name]}{opening}{_quoted(*_texts(node))}{closing}")
    if any(not entry.to for entry in outline.entries):
        lines.append('  refused(["refused"])')
    for entry in outline.entries:
        texts = [entry.name, *([entry.when] if entry.when else []), *entry.marks]
        to = ids[entry.to] if entry.to else "refused"
        lines.append(f"  call -->|{_quoted(*texts)}| {to}")
    for node in outline.nodes:
        for one in node.exits:
            label = "" if one.label == "then" else f"|{_quoted(one.label)}|"
            lines.append(f"  {ids[node.name]} -->{label} {ids[one.to]}")
    return "\n".join(lines) + "\n"


def _texts(node: Node) -> list[str]:
    head = node.name if node.kind in (node.name, "end") else f"{node.name} ({node.kind})"
    said = [_cut(prompt_words(prompt)) for prompt in node.heard]
    return [head, *said, *node.facts]


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_CHARS else f"{text[: _LONGEST_CHARS - 1]}…"


def _quoted(*lines: str) -> str:
    """One text of several lines; what Mermaid or HTML would read is written as entities."""
    escaped = (
        line.replace("#", "#35;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")
        for line in lines
    )
    return f'"{"<br/>".join(escaped)}"'
