import json

from bot.people.export import export_person
from storage.engine.database import Database
from storage.types import PlatformName
from tests.bot.people.two_people import ANN, BOB
from tests.fixtures.rows import LATER


async def test_the_export_holds_everything_of_one_person(filled: Database) -> None:
    exported = await export_person(filled, platform=PlatformName.REDDIT, person=ANN)
    assert exported is not None
    assert json.loads(json.dumps(exported)) == exported
    assert [post["title"] for post in exported["posts"]] == ["Ann's", "Ann's, too"]
    assert exported["posts"][0]["label"] == {
        "score": 5.0, "bucket": "low", "matured_at": LATER.isoformat(),
    }  # fmt: skip
    assert exported["posts"][0]["images"][0]["stored"]["text"] == "hers"
    assert [guess["points"] for guess in exported["guesses"]] == [2.0, None]
    assert [vote["value"] for vote in exported["votes"]] == [1]
    assert [each["community"] for each in exported["standings"]] == ["everywhere"]
    assert BOB not in json.dumps(exported)
    assert "Bob" not in json.dumps(exported)


async def test_there_is_nothing_to_export_of_a_stranger(filled: Database) -> None:
    assert await export_person(filled, platform=PlatformName.REDDIT, person="c" * 64) is None
    assert await export_person(filled, platform=PlatformName.WEB, person=ANN) is None
