"""The real API server takes what the CRD allows and refuses what it does not, constraint by constraint."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.e2e.api.cases import ABSENT, CASES, CHANGES, INCIDENT, Change

pytestmark = pytest.mark.e2e

Kubectl = Callable[..., str]
Refuses = Callable[..., str]
NAMED = [
    pytest.param(path, pair, id=f"{path}-{word}") for path, pairs in CASES.items() for word, pair in pairs.items()
]


@pytest.mark.parametrize(("path", "pair"), [case for case in NAMED if str(case.id).startswith("spec")])
def test_a_constraint_of_the_spec_refuses_what_breaks_it_and_nothing_else(path, pair, create, refusal) -> None:
    create(placed(path, pair.taken))
    assert names(path, refusal(create, placed(path, pair.refused)))
