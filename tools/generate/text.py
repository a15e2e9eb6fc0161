"""The forms that generated text takes: a header, YAML as people would write it, and Helm's conditions around it."""

from typing import Any

import yaml

HEADER = "# Made by `make generate` from the code; edit that, not this.\n"
PAGE_HEADER = "<!-- Made by `make generate` from the code; edit that, not this. -->\n"


def dumped(document: Any) -> str:
    """A document as YAML, in the order of its keys. ValueError: Helm would take a part of it for a template."""
    text: str = yaml.safe_dump(document, sort_keys=False, width=1000, allow_unicode=True)
    if "{{" in text:
        raise ValueError("a generated document holds {{, which Helm would take for a template")
    return text


def when(condition: str, text: str) -> str:
    """Text that the chart renders only under a condition."""
    return f"{{{{- if {condition} }}}}\n{text}{{{{- end }}}}\n"


def row(*cells: str) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def code(text: str) -> str:
    """Text set as code inside a table, where a bar would end the cell (GitHub Flavored Markdown, 4.10)."""
    return f"`{text}`".replace("|", "\\|")
