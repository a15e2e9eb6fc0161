"""Calico's selector language, evaluated: `app == 'web' && !has(canary) && zone in {'a', 'b'}`. Pure.

As Calico's documentation of NetworkPolicy gives it. What cannot be read raises ValueError, because a guess about who is
selected would be a guess about who is isolated.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Labels = Mapping[str, str]
TOKEN = re.compile(
    r"\s*(?:(?P<op>&&|\|\||==|!=|!|\(|\)|\{|\}|,)|(?P<text>\"[^\"]*\"|'[^']*')"
    r"|(?P<words>not\s+in\b|starts\s+with\b|ends\s+with\b)|(?P<name>[A-Za-z0-9_./-]+))"
)
END = ("", "")


def selects(selector: str, labels: Labels) -> bool:
    """Whether the selector selects these labels; an empty one selects everything."""
    if not selector.strip():
        return True
    reader = _Reader(labels, list(_tokens(selector)))
    answer = reader.either()
    if reader.next() != END:
        raise ValueError(f"selector {selector!r} goes on where it should end")
    return answer


def _tokens(selector: str) -> Iterator[tuple[str, str]]:
    at, text = 0, selector.rstrip()
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"selector {selector!r} cannot be read from character {at} on")
        kind = found.lastgroup or ""
        word = found[kind]
        yield (kind, " ".join(word.split()) if kind == "words" else word.strip("\"'") if kind == "text" else word)
        at = found.end()


@dataclass(slots=True)
class _Reader:
    """Reads tokens from the left and answers as it goes; both sides of an operator are always read."""

    labels: Labels
    tokens: list[tuple[str, str]]

    def peek(self) -> tuple[str, str]:
        return self.tokens[0] if self.tokens else END

    def next(self) -> tuple[str, str]:
        return self.tokens.pop(0) if self.tokens else END

    def expect(self, kind: str, word: str = "") -> str:
        found = self.next()
        if found[0] != kind or (word and found[1] != word):
            raise ValueError(f"a selector has {found[1]!r} where {word or kind} belongs")
        return found[1]

    def either(self) -> bool:
        answer = self.both()
        while self.peek() == ("op", "||"):
            self.next()
            answer = self.both() or answer
        return answer

    def both(self) -> bool:
        answer = self.one()
        while self.peek() == ("op", "&&"):
            self.next()
            answer = self.one() and answer
        return answer

    def one(self) -> bool:
        match self.next():
            case ("op", "!"):
                return not self.one()
            case ("op", "("):
                answer = self.either()
                self.expect("op", ")")
                return answer
            case ("name", name):
                return self.call(name) if self.peek() == ("op", "(") else self.compare(self.labels.get(name))
            case (_, word):
                raise ValueError(f"a selector has {word!r} where a label or a function belongs")

    def call(self, name: str) -> bool:
        self.expect("op", "(")
        argument = self.next()[1] if self.peek()[0] == "name" else ""
        self.expect("op", ")")
        match name, bool(argument):
            case "all", False:
                return True
            case "global", False:
                return False
            case "has", True:
                return argument in self.labels
        raise ValueError(f"a selector calls {name}({argument}), which Calico does not have")

    def compare(self, value: str | None) -> bool:
        match self.next():
            case (_, "=="):
                return value == self.expect("text")
            case (_, "!="):
                return value != self.expect("text")
            case (_, "in"):
                return value in self.several()
            case (_, "not in"):
                return value not in self.several()
            case (_, "contains"):
                part = self.expect("text")
                return value is not None and part in value
            case (_, "starts with"):
                part = self.expect("text")
                return value is not None and value.startswith(part)
            case (_, "ends with"):
                part = self.expect("text")
                return value is not None and value.endswith(part)
            case (_, word):
                raise ValueError(f"a selector compares with {word!r}, which Calico does not have")

    def several(self) -> list[str]:
        self.expect("op", "{")
        found: list[str] = []
        while self.peek()[0] == "text":
            found.append(self.next()[1])
            if self.peek() == ("op", ","):
                self.next()
        self.expect("op", "}")
        return found
