"""The reference page of a kind: every field with its type, bounds, default and meaning, from the same schema as the CRD."""

from collections.abc import Iterator

from firedoor.api import names
from firedoor.api.crd import schema
from firedoor.api.kinds import Kind
from firedoor.api.schema import Schema
from tools.generate.text import PAGE_HEADER, code, row

BOUNDS = (
    ("minLength", "at least {} long"),
    ("maxLength", "at most {} long"),
    ("minimum", "at least {}"),
    ("maximum", "at most {}"),
    ("minItems", "at least {} entries"),
    ("maxItems", "at most {} entries"),
    ("maxProperties", "at most {} entries"),
)


def page(kind: Kind) -> str:
    """The page in Markdown."""
    whole = schema(kind)
    return "\n".join(
        (
            PAGE_HEADER,
            f"# {kind.name}",
            "",
            f"{whole['description']} `{names.API_VERSION}`, {_scope(kind)}; for kubectl `{'`, `'.join(kind.short_names)}`.",
            "",
            *_sections("spec", whole["properties"]["spec"]),
            *_laws(kind),
            *(_sections("status", whole["properties"]["status"]) if kind.reported else ()),
            *_columns(kind),
        )
    )


def _scope(kind: Kind) -> str:
    return "namespaced" if kind.namespaced else "of the whole cluster"


def _sections(path: str, node: Schema) -> Iterator[str]:
    yield from (f"## {path}", "", node["description"], "", row("Field", "Type", "Default", "Meaning"), row(*["---"] * 4))
    for name, field in node["properties"].items():
        required = "required" if name in node.get("required", ()) else _default(field)
        yield row(code(name), _type(field), required, field["description"])
    yield ""
    for name, field in node["properties"].items():
        below, suffix = (field["items"], "[]") if field["type"] == "array" else (field, "")
        if "properties" in below:
            yield from _sections(f"{path}.{name}{suffix}", below)


def _default(field: Schema) -> str:
    default = field.get("default")
    return code(str(default).lower() if isinstance(default, bool) else str(default)) if default not in (None, [], {}) else ""


def _type(field: Schema) -> str:
    if "enum" in field:
        return " \\| ".join(code(value) for value in field["enum"])
    bounds = [form.format(field[bound]) for bound, form in BOUNDS if bound in field]
    if "pattern" in field:
        bounds.append(f"matches {code(field['pattern'])}")
    if field.get("x-kubernetes-list-type") == "set":
        bounds.append("no entry twice")
    return "; ".join((_noun(field), *bounds))


def _noun(field: Schema) -> str:
    if field["type"] == "array":
        return f"list ({_type(field['items'])})"
    if "additionalProperties" in field:
        return f"map ({_type(field['additionalProperties'])})"
    return "time (RFC 3339)" if field.get("format") == "date-time" else str(field["type"])


def _laws(kind: Kind) -> Iterator[str]:
    if not kind.laws:
        return
    yield from ("## Rules across fields", "")
    yield from (f"* {law.message[0].upper()}{law.message[1:]}." for law in kind.laws)
    yield ""


def _columns(kind: Kind) -> Iterator[str]:
    yield from ("## Columns of kubectl get", "", row("Column", "Shown", "Meaning"), row("---", "---", "---"))
    yield from (row(column.name, "with `-o wide`" if column.wide else "always", column.description) for column in kind.columns)
    yield ""
