"""What has to be there is made once: a taken name is well, and any other conflict means that nothing was made."""

import pytest
from aiohttp import web

from firedoor.kube.errors import Conflict
from firedoor.kube.resources import JOBS
from tests.unit.evidence.apiserver import ApiServer, Obj, Routes, refusal

JOB: Obj = {"metadata": {"name": "collect", "namespace": "home"}}


def answering(response: web.Response) -> Routes:
    async def answer(request: web.Request) -> web.Response:
        return response

    return {"/apis/batch/v1/namespaces/home/jobs": ("POST", answer)}


async def test_what_is_not_there_is_made_and_returned() -> None:
    async with ApiServer().road(answering(web.json_response(JOB))) as kube:
        assert await kube.ensure(JOBS, JOB) == JOB


async def test_what_is_there_already_is_well() -> None:
    async with ApiServer().road(answering(refusal(409, "AlreadyExists", "jobs collect already exists"))) as kube:
        assert await kube.ensure(JOBS, JOB) is None


async def test_a_quota_that_moved_is_no_object_that_exists() -> None:
    async with ApiServer().road(answering(refusal(409, "Conflict", "the quota has been modified"))) as kube:
        with pytest.raises(Conflict, match="quota"):
            await kube.ensure(JOBS, JOB)
