"""A label selector, as Kubernetes writes it (kubernetes.io, Labels and Selectors). Everyone may import it; it decides nothing.

`planner.selectors` evaluates it. An empty one selects everything.
"""

from typing import Annotated, Literal

from pydantic import Field

from firedoor.api.base import Frozen

LabelKey = Annotated[
    str,
    Field(min_length=1, max_length=317, pattern=r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"),
]
LabelValue = Annotated[str, Field(max_length=63, pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$")]


class Requirement(Frozen):
    """One demand on the labels."""

    key: LabelKey = Field(description="Key of the label.")
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"] = Field(description="What is demanded of it.")
    values: tuple[LabelValue, ...] = Field(
        default=(),
        max_length=64,
        description="Of In and NotIn: the values that are meant.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )


class LabelSelector(Frozen):
    """Which labels are meant; every demand has to be met."""

    match_labels: dict[str, LabelValue] = Field(default={}, max_length=16, description="Labels with exactly these values.")
    match_expressions: tuple[Requirement, ...] = Field(default=(), max_length=16, description="Other demands on the labels.")
