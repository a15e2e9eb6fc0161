"""The one pydantic base of all kinds: frozen, camelCase on the wire, unknown fields an error for whoever writes a file.

Everyone may import it. What the API server stored is read with `read`, which forgives unknown fields: a newer
version of firedoor may have written them.
"""

from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel

NOT_KEPT: Final[set[str]] = set()
"""Stands for the fields that somebody set, of which pydantic keeps a set each: nobody asks, and it was half of an incident."""


class Frozen(BaseModel):
    """A value: immutable, compared by content, snake_case here and camelCase on the wire."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, alias_generator=to_camel, extra="ignore")

    @classmethod
    def read(cls, document: object) -> Self:
        """The model in a JSON document as the API server gives it."""
        return cls.model_validate(document)

    @model_validator(mode="after")
    def _without_a_set_of_fields(self) -> Self:
        object.__setattr__(self, "__pydantic_fields_set__", NOT_KEPT)
        return self

    def wire(self) -> dict[str, Any]:
        """The JSON document, without what was never set to something."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
