import io
import shutil
from pathlib import Path

from PIL import Image
from sqlalchemy import select

from bot.app import App
from bot.serving.explain import explain_post
from bot.training.first_version import add_first_version
from bot.training.versions import promote
from models.backbone_files import STARTER
from storage.tables import Community, ModelVersion, Server
from storage.types import PlatformName
from tests.fakes.clock import FakeClock
from tests.fakes.platform import incoming
from tests.fixtures import images

PICTURE = images.encode(images.photo(300, 200), "PNG")


async def accept(app: App, clock: FakeClock) -> int:
    post = incoming("one", PICTURE, posted_at=clock())
    post_id = await app.pipeline.accept(PlatformName.REDDIT, post)
    assert post_id is not None
    return post_id


async def explain(app: App, post_id: int) -> bytes | None:
    core = app.core
    return await explain_post(core.database, core.images, core.serving, post_id)


async def test_a_prediction_is_explained_on_its_picture(app: App, clock: FakeClock) -> None:
    post_id = await accept(app, clock)
    assert await explain(app, post_id) is None
    await app.pipeline.advance(post_id)
    painted = await explain(app, post_id)
    assert painted is not None
    with Image.open(io.BytesIO(painted)) as picture:
        assert picture.size == (300, 200)
        assert len(picture.getcolors(100_000) or ()) > 100


async def test_there_is_nothing_to_explain_without_the_picture(app: App, clock: FakeClock) -> None:
    post_id = await accept(app, clock)
    await app.pipeline.advance(post_id)
    for path in app.core.images.files():
        path.unlink()
    assert await explain(app, post_id) is None
    assert await explain(app, 999) is None


async def test_a_head_that_knows_nothing_explains_nothing(
    app: App, clock: FakeClock, tmp_path: Path
) -> None:
    post_id = await accept(app, clock)
    await app.pipeline.advance(post_id)
    folder = app.core.settings.versions_dir
    backbone = shutil.copytree(STARTER, tmp_path / "starter")
    name = await add_first_version(app.core.database, folder, backbone, clock())
    await promote(app.core.database, folder, name, clock())
    assert await explain(app, post_id) is None


async def test_what_serves_the_posts_server_explains(
    app: App, clock: FakeClock, tmp_path: Path
) -> None:
    post_id = await accept(app, clock)
    await app.pipeline.advance(post_id)
    core = app.core
    backbone = shutil.copytree(STARTER, tmp_path / "starter")
    knows_nothing = await add_first_version(
        core.database, core.settings.versions_dir, backbone, clock()
    )
    assert await explain(app, post_id) is not None
    async with core.database.write() as session:
        (community,) = await session.scalars(select(Community))
        community.options = {**community.options, "guild": "7"}
        versions = select(ModelVersion)
        chosen = (await session.scalars(versions.filter_by(name=knows_nothing))).one()
        champion = (await session.scalars(versions.filter_by(is_champion=True))).one()
        # Of the same backbone as what serves.
        chosen.backbone = champion.backbone
        session.add(
            Server(
                platform=community.platform, source_id="7", manager_roles=[], keeps_labels=False,
                model_version_id=chosen.id,
            )
        )  # fmt: skip
    assert await explain(app, post_id) is None
