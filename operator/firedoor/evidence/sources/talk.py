"""The command that makes an archive inside a container, and what it says about it.

Exec drops what the client has not drained when the command ends, and still reports success (kubernetes issue 60140): so
the command waits, after its end mark, until it is told that everything has arrived. Paths are arguments, never words of
a script: the container's shell expands their globs, and with an empty IFS does nothing else to them.
"""

from dataclasses import dataclass, field

SCRIPT = """
IFS=
left=$#
at=0
while [ $left -gt 0 ]; do
  pattern=$1; shift; left=$((left-1)); found=
  for path in $pattern; do
    case $path in /proc|/proc/*|/sys|/sys/*) continue;; esac
    if [ -e "$path" ] || [ -L "$path" ]; then set -- "$@" "${path#/}"; found=1; fi
  done
  [ -n "$found" ] || echo "$0 missing $at" >&2
  at=$((at+1))
done
code=0
if [ $# -gt 0 ]; then tar -cf - -C / -- "$@"; code=$?; fi
echo "$0 end $code" >&2
read -r _
"""
LINE_LIMIT = 4 << 10
WORDS_LIMIT = 8 << 10
NO_COMMAND = 127
RACES = (b"changed as we read it", b"shrank by", b"removed before we read it")


def command(word: str, patterns: tuple[str, ...]) -> list[str]:
    """The command for these patterns; `word` marks the lines that are its own."""
    return ["sh", "-c", SCRIPT, word, *(shell_glob(pattern) for pattern in patterns)]


def shell_glob(pattern: str) -> str:
    """`**` means everything below, which tar does by itself for a folder. The root is taken folder by folder: not /proc."""
    below = "/" + pattern.split("/**", 1)[0].strip("/")
    return "/*" if below == "/" else below


@dataclass
class Talk:
    """What the command says beside the archive. Everything else on that channel may be an attacker's words."""

    word: str
    words: bytes = b""
    missing: set[int] = field(default_factory=set)
    code: int | None = None
    _line: bytes = b""

    def hear(self, data: bytes) -> None:
        """Takes what came; memory stays bounded, whatever comes."""
        *lines, rest = (self._line + data).split(b"\n")
        self._line = rest[-LINE_LIMIT:]
        for line in lines:
            self._one(line[-LINE_LIMIT:])

    def reason(self) -> str:
        """The word of capture.json for a tar that ended with a code other than 0."""
        if any(race in self.words for race in RACES):
            return "Raced"
        return "Forbidden" if b"ermission denied" in self.words else "ReadErrors"

    def text(self) -> str:
        return self.words.decode("utf-8", "backslashreplace")

    def _one(self, line: bytes) -> None:
        match line.split(b" "):
            case [word, b"missing", number] if word == self.word.encode() and _small(number):
                self.missing.add(int(number))
            case [word, b"end", number] if word == self.word.encode() and _small(number):
                self.code = int(number)
            case _:
                self.words = (self.words + line + b"\n")[:WORDS_LIMIT]


def _small(number: bytes) -> bool:
    return number.isdigit() and len(number) <= 3
