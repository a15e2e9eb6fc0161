"""The road to a store in trouble, or one that says little or something else: tried again, read back, refused, never believed."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp_s3_client import S3Client

from firedoor.evidence.copies import parts
from firedoor.evidence.copies.cut import measured
from firedoor.evidence.copies.refused import Refused
from firedoor.evidence.copies.road import Road
from firedoor.evidence.copies.store import Found, Lock, Store

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]
LOCK = Lock("COMPLIANCE", datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1))
ON = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>"


@asynccontextmanager
async def asked(answering: Answering) -> AsyncIterator[Store]:
    """A store that answers so, and the road to it, with short pauses."""
    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/{path:.*}", answering)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        async with aiohttp.ClientSession() as session:
            yield Store(Road(S3Client(session, f"http://{host}:{port}/bucket", "key", "id", region="eu"), (0.01, 0.01, 0.01)))
    finally:
        await runner.cleanup()


async def refusal(store: Store) -> Refused:
    with pytest.raises(Refused) as caught:
        await store.must_lock()
    return caught.value


async def test_a_store_in_trouble_is_asked_again_and_given_up_in_the_end() -> None:
    tries: list[str] = []

    async def comes_back(request: web.Request) -> web.Response:
        tries.append(request.path)
        return web.Response(status=503) if len(tries) < 3 else web.Response(text=ON)

    async def stays_away(request: web.Request) -> web.Response:
        tries.append(request.path)
        return web.Response(status=500)

    async with asked(comes_back) as store:
        await store.must_lock()
    assert len(tries) == 3
    tries.clear()
    async with asked(stays_away) as store:
        assert (await refusal(store)).reason == "StoreUnavailable"
    assert len(tries) == 4


async def test_what_will_not_pass_is_not_asked_again() -> None:
    tries: list[str] = []

    async def denies(request: web.Request) -> web.Response:
        tries.append(request.path)
        return web.Response(status=403)

    async with asked(denies) as store:
        assert (await refusal(store)).reason == "AccessDenied"
    assert len(tries) == 1


async def test_a_signed_request_goes_nowhere_else() -> None:
    async def sends_away(request: web.Request) -> web.Response:
        assert request.path == "/bucket/"
        raise web.HTTPTemporaryRedirect("/elsewhere")

    async with asked(sends_away) as store:
        assert (await refusal(store)).reason == "StoreRefused"


async def test_an_answer_without_end_is_not_listened_to() -> None:
    async def goes_on(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b"<" * (1 << 16))

    async with asked(goes_on) as store:
        assert "longer than any" in (await refusal(store)).message


async def test_an_upload_that_is_cut_is_sent_again_from_its_beginning(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"evidence" * 100_000)
    arrived: list[bytes] = []

    async def cuts_the_first(request: web.Request) -> web.Response:
        if not arrived:
            arrived.append(await request.content.read(10))
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        arrived.append(await request.read())
        assert request.headers["x-amz-object-lock-mode"] == "COMPLIANCE"
        return web.Response()

    async with asked(cuts_the_first) as store:
        await store.put("a/file", tmp_path / "file", measured(tmp_path / "file"), LOCK)
    assert arrived[1] == (tmp_path / "file").read_bytes()


async def test_of_a_store_that_says_no_checksum_the_bytes_are_read_back(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(9 << 20))

    async def says_little(request: web.Request) -> web.Response:
        body = (tmp_path / "file").read_bytes()
        return web.Response(body=body, headers={"x-amz-version-id": "1"})

    async with asked(says_little) as store:
        found = await store.find("a/file")
        assert found is not None
        assert (found.checksum, found.size, found.keeps(LOCK)) == ("", 9 << 20, False)
        assert await store.checksum("a/file", found) == measured(tmp_path / "file").checksum


async def test_an_upload_that_fails_after_a_good_status_is_no_upload(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(9 << 20))

    async def fails_late(request: web.Request) -> web.Response:
        if "uploads" in request.query:
            return web.Response(text="<R/>" if request.method == "GET" else "<R><UploadId>1</UploadId></R>")
        if request.method == "PUT":
            await request.read()
            return web.Response(headers={"ETag": "x"})
        return web.Response(text="<R/>" if request.method == "GET" else "<Error><Message>too slow</Message></Error>")

    async with asked(fails_late) as store:
        with pytest.raises(Refused, match="too slow"):
            await parts.lay_down(store.road, "a/file", tmp_path / "file", measured(tmp_path / "file"), LOCK)


def test_a_lock_keeps_when_it_is_as_good_and_as_long() -> None:
    def found(mode: str, hours: float | None) -> Found:
        return Found("1", 0, "", mode, None if hours is None else LOCK.until + timedelta(hours=hours))

    weaker = Lock("GOVERNANCE", LOCK.until)
    assert [found("COMPLIANCE", 0).keeps(LOCK), found("COMPLIANCE", 1).keeps(weaker), found("GOVERNANCE", 0).keeps(weaker)] == [
        True
    ] * 3
    kept = [found("GOVERNANCE", 1).keeps(LOCK), found("COMPLIANCE", -1).keeps(LOCK), found("", None).keeps(LOCK)]
    assert kept == [False] * 3
