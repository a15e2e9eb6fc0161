"""All generated files by path, and which of them are stale. Reads files to compare; writes none."""

from pathlib import Path, PurePosixPath

from firedoor.api.kinds import KINDS
from tools.generate import capture, crds, fields, permissions, rbac
from tools.generate.roles import ACCOUNTS

ROOT = Path(__file__).parents[2]
CHART = PurePosixPath("charts/firedoor/templates")


def outputs() -> dict[PurePosixPath, str]:
    """Content by path, relative to the repository."""
    made: dict[PurePosixPath, str] = {}
    for kind in KINDS:
        made[PurePosixPath(f"crds/{kind.plural}.yaml")] = crds.manifest(kind)
        made[CHART / f"crds/{kind.plural}.yaml"] = crds.template(kind)
        made[PurePosixPath(f"docs/reference/{kind.name.lower()}.md")] = fields.page(kind)
    for account in ACCOUNTS:
        made[CHART / f"rbac-{account.component}.yaml"] = rbac.template(account)
    made[CHART / "rbac-people.yaml"] = rbac.people()
    made[PurePosixPath("docs/reference/permissions.md")] = permissions.page()
    made[PurePosixPath("docs/reference/capture.schema.json")] = capture.schema()
    return made


def stale() -> list[PurePosixPath]:
    """Paths whose file is absent or not what would be written."""
    return [path for path, content in outputs().items() if not _reads(ROOT / path, content)]


def _reads(path: Path, content: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == content
