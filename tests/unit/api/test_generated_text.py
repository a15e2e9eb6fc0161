"""Generated text says what was meant wherever it ends up: in a Helm template, in a Markdown table."""

import pytest

from tools.generate.text import code, dumped, row, when


def test_what_helm_would_take_for_a_template_is_refused() -> None:
    with pytest.raises(ValueError, match="Helm would take for a template"):
        dumped({"description": "see {{ .Values }}"})


def test_a_bar_in_a_pattern_does_not_end_the_cell() -> None:
    assert row("size", code("(Ki|Mi)")) == r"| size | `(Ki\|Mi)` |"


def test_a_condition_leaves_no_empty_line_behind() -> None:
    assert when(".Values.a", "x: 1\n") == "{{- if .Values.a }}\nx: 1\n{{- end }}\n"
