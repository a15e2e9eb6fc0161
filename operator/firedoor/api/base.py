"""The one pydantic base of all kinds: frozen, camelCase on the wire, unknown fields an error for whoever writes a file.

Everyone may import it. What the API server stored is read with `read`, which forgives unknown fields: a newer
version of firedoor may have written them.
"""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Frozen(BaseModel):
    """A value: immutable, compared by content, snake_case here and camelCase on the wire."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, alias_generator=to_camel, extra="ignore")

    @classmethod
    def read(cls, document: object) -> Self:
        """The model in a JSON document as the API server gives it."""
        return cls.model_validate(document)

    def wire(self) -> dict[str, Any]:
        """The JSON document, without what was never set to something."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
