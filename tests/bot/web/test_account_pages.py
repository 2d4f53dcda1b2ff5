"""Accounts on the board: made and signed in to with passkeys, and attacked at every step."""

import asyncio
import copy
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from yarl import URL

from bot.app import App
from bot.settings import Settings
from bot.web.account_sessions import SESSION
from bot.web.passkey_challenges import LASTS
from bot.web.platform import WebPlatform
from storage.tables import Account, Author, Passkey, PasskeyChallenge, Vote
from tests.fakes.authenticator import USER_PRESENT, Authenticator, encode
from tests.fakes.clock import FakeClock
from tests.fakes.visitor import Visitor, visiting


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"accounts": "optional"})


def at_localhost(board: WebPlatform) -> str:
    return board.url.replace("127.0.0.1", "localhost").rstrip("/")


@asynccontextmanager
async def browsing(board: WebPlatform) -> AsyncIterator[Visitor]:
    """A browser that opened the board by a name that may have passkeys."""
    async with visiting(at_localhost(board)) as visitor:
        yield visitor


@pytest.fixture
async def eve(board: WebPlatform) -> AsyncIterator[Visitor]:
    async with browsing(board) as visitor:
        yield visitor


def cookie(visitor: Visitor, name: str) -> str:
    return visitor.session.cookie_jar.filter_cookies(URL(visitor.url))[name].value


async def ask(visitor: Visitor, path: str, **fields: str) -> tuple[int, dict[str, Any]]:
    async with visitor.send(path, fields, json=True) as answer:
        text = await answer.text()
        return answer.status, json.loads(text) if text.startswith("{") else {}


async def make(visitor: Visitor, key: Authenticator, name: str = "My phone") -> tuple[int, str]:
    status, options = await ask(visitor, "/account/passkeys/ask")
    assert status == 200, options
    sent = json.dumps(key.make(options))
    status, content = await ask(visitor, "/account/passkeys", credential=sent, name=name)
    return status, content.get("error", "")


async def sign_in(visitor: Visitor, key: Authenticator) -> tuple[int, str]:
    status, options = await ask(visitor, "/account/sign-in/ask")
    assert status == 200, options
    sent = json.dumps(key.sign(options))
    status, content = await ask(visitor, "/account/sign-in", credential=sent)
    return status, content.get("error", "")


async def name_of(visitor: Visitor) -> str | None:
    """The nickname on the page of the account; None: nobody is signed in."""
    _, page = await visitor.page("/account")
    return None if "Sign in" in page else re.findall(r"<h1>(.*?)</h1>", page)[0]


async def count(app: App, table: type[Any]) -> int:
    async with app.core.database.read() as session:
        return (await session.scalars(select(func.count()).select_from(table))).one()


async def test_an_account_carries_what_its_person_did_into_every_browser(
    app: App, board: WebPlatform, eve: Visitor, post_id: int
) -> None:
    await eve.vote(post_id, -1)
    earlier = cookie(eve, "visitor")
    key = Authenticator(eve.url)
    assert await make(eve, key) == (200, "")
    name = await name_of(eve)
    assert name is not None
    assert (await eve.json(f"/posts/{post_id}.json"))[1]["votes"]["mine"] == -1
    assert await count(app, Author) == 2, "Ann, and the person of the account"
    async with browsing(board) as elsewhere:
        assert await name_of(elsewhere) is None
        assert await sign_in(elsewhere, key) == (200, "")
        assert await name_of(elsewhere) == name
        assert (await elsewhere.vote(post_id, 1))[1]["post"]["votes"]["score"] == 1
        async with elsewhere.send("/account/sign-out", {}) as answer:
            assert answer.status == 303
        assert await name_of(elsewhere) is None
        assert (await elsewhere.json(f"/posts/{post_id}.json"))[1]["votes"]["mine"] == 0
    async with browsing(board) as thief:
        thief.session.cookie_jar.update_cookies({"visitor": earlier})
        shown = (await thief.json(f"/posts/{post_id}.json"))[1]
        assert shown["votes"]["mine"] == 0, "the cookie of before leads to nothing"
    assert await count(app, Vote) == 1
    assert await count(app, PasskeyChallenge) == 0


async def test_a_cookie_lends_its_time_here_to_one_account(
    app: App, board: WebPlatform, eve: Visitor, clock: FakeClock
) -> None:
    clock.forward(1)
    async with visiting(board.url) as ann:
        _, content = await ann.post()
    post_id = content["post"]["id"]
    clock.forward(1)

    async def held() -> object:
        return (await eve.vote(post_id, 1))[1]["post"]["votes"]["held"]

    assert await make(eve, Authenticator(eve.url)) == (200, "")
    assert await held() is None, "they were here before the post"
    await ask(eve, "/account/sign-out")
    assert await held() is not None, "the cookie alone"
    assert await make(eve, Authenticator(eve.url)) == (200, "")
    assert await held() is not None, "a second account of it"
    async with app.core.database.read() as session:
        votes = await session.scalars(select(Vote.held).order_by(Vote.author_id))
        assert [each is None for each in votes].count(True) == 1


async def test_passkeys_are_added_renamed_and_removed(board: WebPlatform, eve: Visitor) -> None:
    phone, desk = Authenticator(eve.url), Authenticator(eve.url)
    await make(eve, phone, "Phone")
    _, options = await ask(eve, "/account/passkeys/ask")
    assert [each["id"] for each in options["publicKey"]["excludeCredentials"]] == [
        encode(phone.credential_id)
    ]
    assert (await make(eve, phone))[0] == 409, "it is known already"
    assert await make(eve, desk, "Desk <1>") == (200, "")
    _, page = await eve.page("/account")
    first, second = re.findall(r"/account/passkeys/(\d+)/remove", page)
    assert "Desk &lt;1&gt;" in page
    assert (await ask(eve, f"/account/passkeys/{first}/rename", name="Old phone"))[0] == 303
    assert "Old phone" in (await eve.page("/account"))[1]
    for bad in ("", "x" * 41, "a\x00b"):
        assert (await ask(eve, f"/account/passkeys/{first}/rename", name=bad))[0] == 409
    async with browsing(board) as thief:
        await sign_in(thief, phone)
        assert await name_of(thief) is not None
        assert (await ask(eve, f"/account/passkeys/{first}/remove"))[0] == 303
        assert await name_of(thief) is None, "whoever came in by it is out"
        assert (await sign_in(thief, phone))[0] == 400
    assert await name_of(eve) is not None, "who removed it stays"
    status, content = await ask(eve, f"/account/passkeys/{second}/remove")
    assert (status, "only passkey" in content["error"]) == (409, True)


async def test_passkeys_of_others_are_out_of_reach(board: WebPlatform, eve: Visitor) -> None:
    await make(eve, Authenticator(eve.url))
    _, page = await eve.page("/account")
    (number,) = re.findall(r"/account/passkeys/(\d+)/rename", page)
    async with browsing(board) as mallory:
        for work in ("rename", "remove"):
            path = f"/account/passkeys/{number}/{work}"
            assert (await ask(mallory, path, name="x"))[0] == 403
        await make(mallory, Authenticator(mallory.url))
        for work in ("rename", "remove"):
            path = f"/account/passkeys/{number}/{work}"
            assert (await ask(mallory, path, name="x"))[0] == 409


async def test_sessions_end_everywhere_and_by_themselves(
    board: WebPlatform, eve: Visitor, clock: FakeClock
) -> None:
    key = Authenticator(eve.url)
    await make(eve, key)
    async with browsing(board) as elsewhere:
        await sign_in(elsewhere, key)
        await ask(eve, "/account/sign-out", everywhere="yes")
        assert await name_of(elsewhere) is None
        await sign_in(elsewhere, key)
        clock.forward(SESSION.total_seconds() - 1)
        assert await name_of(elsewhere) is not None
        clock.forward(1)
        assert await name_of(elsewhere) is None


async def test_a_copied_cookie_is_no_good_after_signing_out(
    board: WebPlatform, eve: Visitor
) -> None:
    key = Authenticator(eve.url)
    await make(eve, key)
    copied = next(each.value for each in eve.session.cookie_jar if each.key == "account")
    async with browsing(board) as phone, browsing(board) as thief:
        await sign_in(phone, key)
        thief.session.cookie_jar.update_cookies({"account": copied})
        assert await name_of(thief) is not None
        await ask(eve, "/account/sign-out")
        assert await name_of(thief) is None
        assert await name_of(phone) is not None, "other browsers stay signed in"


async def test_who_is_shut_out_can_sign_out(app: App, eve: Visitor) -> None:
    await eve.post()
    await make(eve, Authenticator(eve.url))
    async with app.core.database.write() as session:
        await session.execute(update(Author).values(banned_at=app.core.clock()))
    assert (await eve.post())[0] == 403
    assert (await ask(eve, "/account/sign-out"))[0] == 303
    assert await name_of(eve) is None


async def test_the_admin_lets_in_who_lost_everything_once(
    board: WebPlatform, eve: Visitor, bob: Visitor, clock: FakeClock
) -> None:
    key = Authenticator(eve.url)
    await make(eve, key)
    name = await name_of(eve)
    assert name is not None
    assert (await bob.page("/admin/accounts"))[0] == 403
    assert (await ask(bob, "/admin/accounts/link", account="1"))[0] == 403
    await bob.become_admin(board.admin_link())
    assert name in (await bob.page(f"/admin/accounts?name={name.replace(' ', '+')}"))[1]
    assert name not in (await bob.page("/admin/accounts?name=zz00"))[1].partition("<table>")[0]
    (number,) = re.findall(r'name="account" value="(\d+)"', (await bob.page("/admin/accounts"))[1])

    async def link() -> str:
        async with bob.send("/admin/accounts/link", {"account": number}) as answer:
            return re.findall(r"recover\?token=([\w-]+)", await answer.text())[0]

    for bad in ("", "x", "9" * 15):
        assert (await ask(bob, "/admin/accounts/link", account=bad))[0] in (400, 404)
    first, token = await link(), await link()
    async with browsing(board) as new_phone:
        # From a mail in a browser that never was here.
        new_phone.session.cookie_jar.clear()
        _, page = await new_phone.page(
            f"/account/recover?token={token}", **{"Sec-Fetch-Site": "cross-site"}
        )
        assert token in page
        assert (await ask(new_phone, "/account/recover", token=first))[0] == 403, "replaced"
        assert (await ask(new_phone, "/account/recover", token=token))[0] == 303
        assert await name_of(new_phone) == name
        assert await name_of(eve) is None, "all others are out"
        assert await make(new_phone, Authenticator(new_phone.url)) == (200, "")
        assert (await ask(new_phone, "/account/recover", token=token))[0] == 403, "used"
    late = await link()
    clock.forward(24 * 3600)
    for token in (late, "", "é"):
        assert (await ask(eve, "/account/recover", token=token))[0] == 403


async def test_forgetting_deletes_the_account_and_the_export_tells_of_it(
    app: App, board: WebPlatform, eve: Visitor, post_id: int
) -> None:
    key = Authenticator(eve.url)
    await make(eve, key, "Phone")
    await eve.vote(post_id, -1)
    _, told = await eve.json("/me.json")
    assert [each["name"] for each in told["account"]["passkeys"]] == ["Phone"]
    assert told["votes"][0]["value"] == -1
    assert (await ask(eve, "/me", wish="forget", sure="yes"))[0] == 303
    assert [await count(app, each) for each in (Account, Passkey, Vote)] == [0, 0, 0]
    assert await name_of(eve) is None
    assert (await sign_in(eve, key))[0] == 400


async def test_who_is_known_by_nothing_yet_may_still_forget(app: App, eve: Visitor) -> None:
    await make(eve, Authenticator(eve.url))
    assert "Forget me" in (await eve.page("/me"))[1]
    assert (await eve.json("/me.json"))[1]["account"]["passkeys"]
    await ask(eve, "/me", wish="forget", sure="yes")
    assert await count(app, Account) == 0


class TestHostile:
    async def test_a_challenge_is_good_once_in_one_browser_and_for_a_while(
        self, board: WebPlatform, eve: Visitor, clock: FakeClock
    ) -> None:
        key = Authenticator(eve.url)
        await make(eve, key)
        _, options = await ask(eve, "/account/sign-in/ask")
        sent = json.dumps(key.sign(options))
        async with browsing(board) as mallory:
            assert (await ask(mallory, "/account/sign-in", credential=sent))[0] == 409
            await ask(mallory, "/account/sign-in/ask")
            status, _ = await ask(mallory, "/account/sign-in", credential=sent)
            assert status == 400, "asked of another browser"
        assert (await ask(eve, "/account/sign-in", credential=sent))[0] == 200
        assert (await ask(eve, "/account/sign-in", credential=sent))[0] == 409, "twice"
        _, options = await ask(eve, "/account/sign-in/ask")
        clock.forward(LASTS.total_seconds())
        sent = json.dumps(key.sign(options))
        assert (await ask(eve, "/account/sign-in", credential=sent))[0] == 409, "late"
        _, options = await ask(eve, "/account/sign-in/ask")
        await ask(eve, "/account/sign-in", credential="{}")
        sent = json.dumps(key.sign(options))
        assert (await ask(eve, "/account/sign-in", credential=sent))[0] == 409, "used up by a try"

    async def test_what_was_asked_of_a_stranger_adds_nothing_to_an_account(
        self, app: App, board: WebPlatform, eve: Visitor
    ) -> None:
        key = Authenticator(eve.url)
        await make(eve, key)
        await ask(eve, "/account/sign-out")
        _, options = await ask(eve, "/account/passkeys/ask")
        await sign_in(eve, key)
        sent = json.dumps(Authenticator(eve.url).make(options))
        assert (await ask(eve, "/account/passkeys", credential=sent, name="x"))[0] == 409
        assert await count(app, Passkey) == 1

    @pytest.mark.parametrize(
        "change",
        [
            {"origin": "https://evil.example"},
            {"origin": "http://sub.localhost"},
            {"origin": "http://localhost"},
            {"origin": "null"},
            {"flags": USER_PRESENT},
            {"flags": 0},
            {"in_frame": True},
        ],
    )
    async def test_what_another_site_or_nobody_signed_is_refused(
        self, app: App, eve: Visitor, change: dict[str, Any]
    ) -> None:
        key = Authenticator(eve.url)
        await make(eve, key)
        await ask(eve, "/account/sign-out")
        was = copy.copy(key)
        for name, value in change.items():
            setattr(key, name, value)
        assert (await sign_in(eve, key))[0] == 400
        assert (await make(eve, Authenticator(**({"origin": eve.url} | change))))[0] == 400
        assert await count(app, Passkey) == 1
        assert (await sign_in(eve, was))[0] == 200

    async def test_another_key_handle_or_an_older_counter_is_refused(self, eve: Visitor) -> None:
        key = Authenticator(eve.url, counter=5)
        await make(eve, key)
        await ask(eve, "/account/sign-out")
        strange = Authenticator(eve.url)
        for other in (
            strange,
            Authenticator(eve.url, credential_id=key.credential_id, counter=9),
            Authenticator(eve.url, credential_id=key.credential_id, key=key.key, counter=5),
            Authenticator(eve.url, credential_id=key.credential_id, key=key.key, counter=0),
            Authenticator(
                eve.url, credential_id=key.credential_id, key=key.key, counter=9, user_handle=b"x"
            ),
        ):
            other.user_handle = other.user_handle or key.user_handle
            assert await sign_in(eve, other) == (
                400, "This passkey is not known here, or was removed."
            ), "nobody learns whether there is such an account"  # fmt: skip
        key.counter = 6
        assert (await sign_in(eve, key))[0] == 200

    async def test_forms_of_other_sites_are_refused(self, eve: Visitor) -> None:
        for path in (
            "/account/passkeys/ask", "/account/passkeys", "/account/sign-in/ask",
            "/account/sign-in", "/account/sign-out", "/account/recover",
            "/account/passkeys/1/remove",
        ):  # fmt: skip
            async with eve.send(path, {}, Origin="https://evil.example") as answer:
                assert answer.status == 403, path

    async def test_a_forged_or_foreign_session_is_nobodys(self, board: WebPlatform) -> None:
        async with browsing(board) as eve:
            visitor = cookie(eve, "visitor")
            for text in ("1.0.99999999999999999." + "0" * 32, visitor, "", "é", "1" * 5000):
                async with eve.session.get(
                    eve.url + "/account", headers={"Cookie": f"account={text}"}
                ) as answer:
                    assert answer.status == 200
                    assert "Make an account" in await answer.text()

    async def test_one_address_does_not_ask_for_ever(self, eve: Visitor, clock: FakeClock) -> None:
        statuses = [(await ask(eve, "/account/sign-in/ask"))[0] for _ in range(61)]
        assert statuses == [200] * 60 + [429]
        clock.forward(timedelta(minutes=10).total_seconds())
        for _ in range(10):
            assert (await make(eve, Authenticator(eve.url)))[0] == 200
            await ask(eve, "/account/sign-out")
        assert (await make(eve, Authenticator(eve.url)))[0] == 429

    async def test_forms_that_come_slowly_hold_up_nobody_who_votes(
        self, eve: Visitor, post_id: int
    ) -> None:
        begun, end = asyncio.Semaphore(0), asyncio.Event()

        async def slowly() -> AsyncIterator[bytes]:
            yield b'{"credential": '
            begun.release()
            await end.wait()
            yield b'""}'

        async def send() -> int:
            headers = {"Origin": eve.url, "Content-Type": "application/json"}
            url = eve.url + "/account/sign-in"
            async with eve.session.post(url, data=slowly(), headers=headers) as answer:
                return answer.status

        forms = [asyncio.create_task(send()) for _ in range(6)]
        for _ in forms:
            await begun.acquire()
        assert (await eve.vote(post_id, 1))[0] == 200
        end.set()
        # 408 where the vote itself took longer than a form may.
        assert {*await asyncio.gather(*forms)} <= {408, 409}

    async def test_no_body_is_our_fault(self, eve: Visitor, app: App) -> None:
        key = Authenticator(eve.url)
        deep = "[" * 20_000
        for sent in (
            "", "{", "null", "[]", deep, '{"a":' * 4000, '"x"', "{}", '{"id": 1, "rawId": 2}',
            '{"id": "a", "rawId": "a", "type": "public-key", "response": {}}',
            '{"id": "a", "rawId": "a", "response": {"clientDataJSON": "e30", "signature": []}}',
        ):  # fmt: skip
            for path in ("/account/passkeys", "/account/sign-in"):
                await ask(eve, path + "/ask")
                status, content = await ask(eve, path, credential=sent, name="x")
                assert (status, bool(content["error"])) == (400, True), (path, sent[:40])
        assert await make(eve, key) == (200, "")


async def test_a_board_by_its_number_says_where_to_go(bob: Visitor) -> None:
    _, page = await bob.page("/account")
    assert "Passkeys need https" in page
    assert 'href="http://localhost:' in page
    assert (await ask(bob, "/account/sign-in/ask"))[0] == 409


class TestRequired:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(
            update={"accounts": "required", "web_origin": "https://board.example"}
        )

    async def test_who_has_no_account_reads(
        self, board: WebPlatform, bob: Visitor, ann: Visitor
    ) -> None:
        key = Authenticator("https://board.example")
        assert (await ann.post())[0] == 403
        assert await make(ann, key) == (200, ""), "behind a proxy, the set origin counts"
        status, content = await ann.post()
        assert status == 201
        await board.tasks.idle()
        post_id = content["post"]["id"]
        for path, value in (("vote", "1"), ("guess", "high"), ("genre", "cat")):
            status, content = await ask(bob, f"/posts/{post_id}/{path}", value=value)
            assert (status, "/account" in content["error"]) == (403, True)
        assert (await bob.page(f"/posts/{post_id}"))[0] == 200
        assert await make(bob, Authenticator("https://board.example")) == (200, "")
        assert (await bob.vote(post_id, 1))[0] == 200


class TestOff:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"accounts": "off"})

    async def test_there_are_none(self, eve: Visitor) -> None:
        assert (await eve.page("/account"))[0] == 404
        assert (await ask(eve, "/account/sign-in/ask"))[0] == 404
        assert "/account" not in (await eve.page("/"))[1]
