import pytest
from sqlalchemy import ColumnElement, select

from bot.settings import Settings
from bot.visibility import Viewer, Visibility, by_address, in_lists, is_local
from storage.engine.database import Database
from storage.tables import Author, Community, Post
from storage.types import PlatformName, PostState
from tests.fixtures.rows import MOMENT, row

STRANGER, ADMIN = Viewer(), Viewer(is_admin=True)


def settings(**changes: object) -> Settings:
    return Settings(_env_file=None, **changes)  # type: ignore[call-arg, arg-type]


@pytest.mark.parametrize(
    ("changes", "local"),
    [
        ({}, True),
        ({"web_host": "::1"}, True),
        ({"web_host": "0.0.0.0"}, False),  # noqa: S104 - nothing listens
        ({"web_host": "192.168.1.5"}, False),
        ({"web_allowed_hosts": "127.0.0.1,board.example"}, False),
        ({"web_trusted_proxies": "127.0.0.1"}, False),
    ],
)
def test_a_board_is_local_while_nobody_else_can_open_it(
    changes: dict[str, object], local: bool
) -> None:
    assert is_local(settings(**changes)) is local


@pytest.mark.parametrize(
    ("platform", "choice", "here", "elsewhere"),
    [
        (PlatformName.WEB, None, True, True),
        (PlatformName.REDDIT, None, True, False),
        (PlatformName.DISCORD, None, False, False),
        (PlatformName.DISCORD, True, True, True),
        (PlatformName.REDDIT, True, True, True),
        (PlatformName.WEB, False, False, False),
        (PlatformName.REDDIT, False, False, False),
    ],
)
def test_what_is_shown_where(
    platform: PlatformName, choice: bool | None, here: bool, elsewhere: bool
) -> None:
    community = row(Community, platform=platform, on_site=choice)
    local, public = Visibility(settings()), Visibility(settings(web_host="10.0.0.1"))
    assert local.shows(community, STRANGER) is here
    assert public.shows(community, STRANGER) is elsewhere
    assert public.shows(community, ADMIN)


async def test_posts_that_people_meet(database: Database) -> None:
    async with database.write() as session:
        session.add(row(Community, platform=PlatformName.DISCORD, on_site=True))
        session.add(row(Author, platform=PlatformName.DISCORD))
        session.add(row(Author, id=2, platform=PlatformName.DISCORD, hash="d" * 64,
                        opted_out_at=MOMENT))  # fmt: skip
        await session.flush()
        for number, changes in enumerate(
            (
                {},
                {"state": PostState.WITHDRAWN, "due_at": None},
                {"hidden_at": MOMENT},
                {"author_id": 2},
                {"author_id": None},
                {
                    "state": PostState.REFUSED, "due_at": None,
                    "refusal_code": "other", "refusal": "No.",
                },
            ),
            start=1,
        ):  # fmt: skip
            values = {"id": number, "platform": PlatformName.DISCORD, "source_id": f"p{number}"}
            session.add(row(Post, **(values | changes)))
    visibility = Visibility(settings())
    async with database.read() as session:
        shown = await visibility.communities(session, STRANGER)
        assert [each.id for each in shown] == [1]
        assert await visibility.community(session, STRANGER, 2) is None

        async def ids(condition: ColumnElement[bool]) -> list[int]:
            return sorted(await session.scalars(select(Post.id).where(condition)))

        assert await ids(in_lists(STRANGER)) == [1, 5]
        assert await ids(in_lists(Viewer(author_id=1))) == [1, 5, 6]
        assert await ids(by_address()) == [1, 2, 5, 6]
