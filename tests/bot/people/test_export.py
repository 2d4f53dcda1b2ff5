import json

from bot.people.export import communities_of_person, export_person
from storage.engine.database import Database
from storage.tables import InboxItem
from storage.types import PlatformName
from tests.bot.people.two_people import ANN, BOB
from tests.fixtures.rows import LATER, row


async def test_the_export_holds_everything_of_one_person(filled: Database) -> None:
    exported = await export_person(filled, platform=PlatformName.REDDIT, person=ANN)
    assert exported is not None
    assert json.loads(json.dumps(exported)) == exported
    assert [post["title"] for post in exported["posts"]] == ["Ann's", "Ann's, too"]
    assert exported["posts"][0]["label"] == {
        "score": 5.0, "bucket": "low", "matured_at": LATER.isoformat(),
    }  # fmt: skip
    assert exported["posts"][0]["images"][0]["stored"]["text"] == "hers"
    assert [(each["id"], each["score"]) for each in exported["posts_without_image"]] == [
        ("i1", 7.0), ("i2", None),
    ]  # fmt: skip
    assert [guess["points"] for guess in exported["guesses"]] == [2.0, None]
    assert [vote["value"] for vote in exported["votes"]] == [1]
    assert [each["community"] for each in exported["standings"]] == ["everywhere"]
    assert BOB not in json.dumps(exported)
    assert "Bob" not in json.dumps(exported)


async def test_messages_are_exported_and_places_out_of_sight_have_no_name(
    filled: Database,
) -> None:
    async with filled.write() as session:
        session.add(row(InboxItem, person=ANN, community_id=1))
    places = await communities_of_person(filled, platform=PlatformName.REDDIT, person=ANN)
    exported = await export_person(
        filled, platform=PlatformName.REDDIT, person=ANN, unnamed={each.id for each in places}
    )
    assert exported is not None
    assert len(exported["messages"]) == 1
    text = json.dumps(exported)
    assert places
    assert not any(each.name in text for each in places)


async def test_there_is_nothing_to_export_of_a_stranger(filled: Database) -> None:
    assert await export_person(filled, platform=PlatformName.REDDIT, person="c" * 64) is None
    assert await export_person(filled, platform=PlatformName.WEB, person=ANN) is None
