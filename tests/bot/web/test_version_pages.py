import pytest

from bot.app import App
from bot.web.version_pages import comparison_of, labels_to_settle, verdict_of
from storage.tables import ModelVersion, TrainingRun
from storage.types import RunState
from tests.fakes.visitor import Visitor
from tests.fixtures.rows import MOMENT, row

EVIDENCE = {
    "posts": 100, "against": "starter", "rps_challenger": 0.1, "rps_challenger_interval": [0, 0.2],
    "rps_champion": 0.12, "gain": 0.01, "gain_interval": [-0.01, 0.03],
}  # fmt: skip


@pytest.mark.parametrize(
    ("evidence", "more"),
    [
        ({}, None),
        (EVIDENCE, 80),
        (EVIDENCE | {"gain": -0.01}, None),
        (EVIDENCE | {"gain_interval": [0.009, 0.011]}, None),
        (EVIDENCE | {"gain": 0.0001}, None),
        (EVIDENCE | {"gain_interval": None}, None),
    ],
)
def test_how_many_labels_may_settle_it(evidence: dict[str, object], more: int | None) -> None:
    assert labels_to_settle(evidence) == more


def test_the_verdict_comes_in_plain_words() -> None:
    run = row(TrainingRun, state=RunState.KEPT, reason="Not better.", evidence=EVIDENCE)
    assert verdict_of(run, None) == "Not used. Not better. About 80 more labels may settle it."
    assert comparison_of(EVIDENCE) == [
        ("the new version", 0.1, [0, 0.2]),
        ("starter", 0.12, None),
    ]


async def test_a_version_and_its_run_have_pages(ann: Visitor, app: App) -> None:
    async with app.core.database.write() as session:
        session.add(row(ModelVersion, name="v1", metrics={"rps": 0.1}))
        await session.flush()
        session.add(
            row(
                TrainingRun, id=7, state=RunState.KEPT, model_version_id=100, reason="Not better.",
                evidence=EVIDENCE, started_at=MOMENT, finished_at=MOMENT,
            )
        )  # fmt: skip
    folder = app.core.settings.versions_dir / "v1"
    folder.mkdir(parents=True)
    (folder / "report.md").write_text("# A report\n", "utf-8")
    (folder / "manifest.json").write_text("{}", "utf-8")
    status, page = await ann.page("/models/versions/v1")
    assert status == 200
    assert "Not used. Not better." in page
    assert "Let it serve" not in page
    status, page = await ann.page("/models/runs/7")
    assert status == 200
    assert "Both on the same posts" in page
    async with ann.session.get(ann.url + "/models/versions/v1/report.md") as answer:
        assert (answer.status, answer.content_type) == (200, "text/plain")
    for path in ("v1/manifest.json", "v1/other.md", "v1/training.png", "v2", ".."):
        assert (await ann.page(f"/models/versions/{path}"))[0] == 404
    assert (await ann.page("/models/runs/8"))[0] == 404


async def test_a_post_has_a_picture_for_links(ann: Visitor, post_id: int) -> None:
    _, page = await ann.page(f"/posts/{post_id}")
    assert f'content="{ann.url}/posts/{post_id}/card.png"' in page
    async with ann.session.get(f"{ann.url}/posts/{post_id}/card.png") as answer:
        assert (answer.status, answer.content_type) == (200, "image/png")
        assert (await answer.read())[:4] == b"\x89PNG"
    drawn = {}
    for language in ("en", "de", "ja"):
        asked = {"Accept-Language": language}
        async with ann.session.get(f"{ann.url}/posts/{post_id}/card.png", headers=asked) as answer:
            drawn[language] = await answer.read()
    # The font that is packed with Peoria has no Japanese: its readers see English, not boxes.
    assert drawn["ja"] == drawn["en"] != drawn["de"]
    assert (await ann.page("/posts/99/card.png"))[0] == 404
