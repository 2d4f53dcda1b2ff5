"""/retrain, /model and /stats."""

import dataclasses
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot.app import App
from bot.discord.commands import stats as stats_command
from bot.reports.charts import ChartFailed
from bot.reports.stats import Stats
from bot.settings import Settings
from bot.training.child import TrainingLimits
from bot.training.runs import TrainingRuns
from bot.training.versions import add_version, make_champion
from models.registry import read_version
from storage.tables import Community, DailyLabel, DailyScore, ModelVersion
from storage.types import PlatformName
from tests.bot.discord.command_bot import CommandBot, command_bot
from tests.fakes import trainer
from tests.fakes.clock import FakeClock
from tests.fakes.discord import Channel, FakeDiscord, Guild, Member, Message, NotOffered
from tests.fakes.discord.faults import error
from tests.fixtures.images import encode, photo

PNG = encode(photo(), "PNG")

Trains = Callable[[str], App]


@pytest.fixture
def settings(settings: Settings, guild: Guild) -> Settings:
    """The server is one whose admins may choose the model."""
    return settings.model_copy(update={"discord_model_servers": (str(guild.id),)})


@pytest.fixture
def trains(app: App, clock: FakeClock, tmp_path: Path) -> Trains:
    """Peoria, whose training does as it is told."""

    def make(mode: str) -> App:
        training = TrainingRuns(
            app.core.database, app.core.settings.versions_dir,
            TrainingLimits(seconds=60, memory_mb=2000, min_labels=60), clock=clock,
            command=(sys.executable, "-m", trainer.__name__, mode, str(tmp_path)),
        )  # fmt: skip
        return dataclasses.replace(app, core=dataclasses.replace(app.core, training=training))

    return make


async def champion(app: App) -> str:
    async with app.core.database.read() as session:
        query = select(ModelVersion.name).where(ModelVersion.is_champion)
        return (await session.scalars(query)).one()


@pytest.fixture
async def second(app: App, clock: FakeClock) -> str:
    """Another version with files, which serves after the starter."""
    folder = app.core.settings.versions_dir
    manifest = trainer.write_result(
        {"backbone": (await app.core.serving.champion()).manifest.backbone,
         "models_root": str(folder)},
        promote=True,
    )  # fmt: skip
    async with app.core.database.write() as session:
        row = add_version(session, read_version(folder / manifest["version"]))
        await session.flush()
        await make_champion(session, row, clock())
    return str(manifest["version"])


def shown(message: Message | None) -> Message:
    assert message is not None
    return message


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("promotes", "**v\\-new** serves now. Better."),
        ("keeps", "is stored, but does not serve. Not better."),
        ("refuses", "No training: Only 3 labels; at least 60 are needed."),
        ("ends at once", "failed and changed nothing"),
    ],
)
async def test_training_ends_in_an_answer(
    trains: Trains, fake: FakeDiscord, channel: Channel, admin: Member, mode: str, words: str
) -> None:
    async with command_bot(fake, trains(mode)):
        asked = await fake.slash(admin, channel, "retrain")
        assert asked.deferred
        assert "Training has started" in asked.text
        (ended,) = await fake.until(lambda: asked.followups)
    assert words in ended.text


async def test_who_asks_meanwhile_joins(
    trains: Trains, fake: FakeDiscord, channel: Channel, admin: Member
) -> None:
    async with command_bot(fake, trains("promotes")):
        first = await fake.slash(admin, channel, "retrain")
        second = await fake.slash(admin, channel, "retrain")
        assert "under way already" in second.text
        await fake.until(lambda: first.followups and second.followups)
    assert first.followups[0].text == second.followups[0].text


async def test_an_answer_that_comes_too_late_is_a_direct_message(
    trains: Trains, fake: FakeDiscord, channel: Channel, admin: Member
) -> None:
    async with command_bot(fake, trains("promotes")):
        fake.on("POST /webhooks/{webhook_id}/{webhook_token}", error(401, 50027))
        await fake.slash(admin, channel, "retrain")
        (message,) = await fake.until(lambda: fake.messages(fake.dm(admin)))
    assert "The training that you asked for has ended. ✔ **v\\-new**" in message.text


async def test_versions_are_listed(
    second: str, fake: FakeDiscord, channel: Channel, admin: Member, bot: CommandBot
) -> None:
    asked = await fake.slash(admin, channel, "model versions")
    assert asked.ephemeral
    assert "👑 **`v-new`** · 77 labels" in asked.text
    assert "`starter` · " in asked.text
    assert "better than guessing by what is usual" in asked.text


async def test_another_version_is_promoted_after_a_question(
    app: App, second: str, fake: FakeDiscord, channel: Channel, admin: Member, bot: CommandBot
) -> None:
    offered = await fake.autocomplete(admin, channel, "model promote", "version", "st")
    assert [each["value"] for each in offered] == ["starter"]
    asked = await fake.slash(admin, channel, "model promote", version="starter")
    assert "Let **starter** serve instead of **v\\-new**?" in asked.text
    question = shown(asked.response)
    await fake.click(admin, question, "Cancel")
    await fake.settle()
    assert await champion(app) == second
    asked = await fake.slash(admin, channel, "model promote", version="starter")
    question = shown(asked.response)
    await fake.click(admin, question, "Let it serve")
    await fake.settle()
    assert "**starter** serves now" in question.text
    assert await champion(app) == "starter"


async def test_going_back_asks_first_and_happens_once(
    app: App, second: str, fake: FakeDiscord, channel: Channel, admin: Member, bot: CommandBot
) -> None:
    asked = await fake.slash(admin, channel, "model rollback")
    question = shown(asked.response)
    assert "Go back from **v\\-new** to **starter**?" in question.text
    again = shown((await fake.slash(admin, channel, "model rollback")).response)
    await fake.click(admin, question, "Go back")
    await fake.settle()
    assert "Went back: **starter** serves now" in question.text
    await fake.click(admin, again, "Go back")
    await fake.settle()
    assert "**starter** serves by now" in again.text
    assert await champion(app) == "starter"
    asked = await fake.slash(admin, channel, "model rollback")
    assert "nothing to go back to" in asked.text


async def test_versions_that_cannot_serve(
    app: App, second: str, fake: FakeDiscord, channel: Channel, admin: Member, bot: CommandBot
) -> None:
    asked = await fake.slash(admin, channel, "model promote", version="*none*")
    assert r"no model version \*none\*" in asked.text
    asked = await fake.slash(admin, channel, "model promote", version=second)
    assert "serves already" in asked.text
    (app.core.settings.versions_dir / "starter" / "manifest.json").unlink()
    question = shown((await fake.slash(admin, channel, "model rollback")).response)
    await fake.click(admin, question, "Go back")
    await fake.settle()
    assert any("cannot serve" in each.text for each in fake.whispers_to(admin))
    assert await champion(app) == second


async def test_they_are_for_admins(
    fake: FakeDiscord, channel: Channel, ann: Member, admin: Member, bot: CommandBot
) -> None:
    for name in ("retrain", "model versions", "model rollback"):
        with pytest.raises(NotOffered):
            await fake.slash(ann, channel, name)
        with pytest.raises(NotOffered):
            await fake.slash(admin.user, fake.dm(admin), name)


@pytest.mark.parametrize("name", ["retrain", "model rollback", "model promote"])
async def test_only_the_owner_chooses_unless_a_server_is_named(
    trains: Trains, second: str, fake: FakeDiscord, guild: Guild, channel: Channel, admin: Member,
    name: str,
) -> None:  # fmt: skip
    app = trains("refuses")
    options = {"version": "starter"} if name == "model promote" else {}
    for servers in ((), ("1", "2")):
        chosen = app.core.settings.model_copy(update={"discord_model_servers": servers})
        elsewhere = dataclasses.replace(app, core=dataclasses.replace(app.core, settings=chosen))
        async with command_bot(fake, elsewhere):
            asked = await fake.slash(admin, channel, name, **options)
            await fake.settle()
            assert "only the owner of this bot" in asked.text
            assert "starter" in (await fake.slash(admin, channel, "model versions")).text
            owner = guild.members[fake.owner.id]
            asked = await fake.slash(owner, channel, name, **options)
            await fake.settle()
            assert "only the owner" not in asked.text
    async with command_bot(fake, app):
        assert "Go back" in (await fake.slash(admin, channel, "model rollback")).text


async def test_a_question_is_not_answered_for_who_may_not_ask_it(
    app: App, second: str, fake: FakeDiscord, channel: Channel, admin: Member
) -> None:
    async with command_bot(fake, app):
        question = shown((await fake.slash(admin, channel, "model rollback")).response)
    chosen = app.core.settings.model_copy(update={"discord_model_servers": ()})
    closed = dataclasses.replace(app, core=dataclasses.replace(app.core, settings=chosen))
    async with command_bot(fake, closed):
        await fake.click(admin, question, "Go back")
        await fake.settle()
    assert await champion(app) == second


async def some_scores(app: App, channel: Channel) -> None:
    now = app.core.clock()
    async with app.core.database.write() as session:
        community = Community(
            platform=PlatformName.DISCORD, source_id=str(channel.id), name="#memes", created_at=now
        )
        session.add(community)
        await session.flush()
        version = (await session.scalars(select(ModelVersion.id))).one()
        for back in range(5):
            day = (now - timedelta(days=back)).date()
            session.add(
                DailyScore(
                    day=day, community_id=community.id, model_version_id=version, n=20, hits=11,
                    expected_hits=6.7, rps_sum=3.0, base_rps_sum=4.0, gain_squared_sum=0.2,
                    log_sum=40.0, base_log_sum=46.0, brier_sum=11.0,
                )
            )  # fmt: skip
            session.add(
                DailyLabel(
                    day=day, community_id=community.id, n=20, spoken_n=18, spoken_sum=40.0,
                    spoken_squared=100.0, silent_n=2, silent_sum=4.0, silent_squared=9.0,
                )
            )  # fmt: skip


async def test_stats_have_figures_and_a_chart(
    app: App, fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    drawn: list[Stats] = []

    async def draws(stats: Stats) -> bytes:
        drawn.append(stats)
        return PNG

    monkeypatch.setattr(stats_command, "stats_chart", draws)
    await some_scores(app, channel)
    asked = await fake.slash(ann, channel, "stats", days=14)
    assert asked.deferred
    for words in (
        f"in <#{channel.id}>", "**starter** was right on 55%", "of 100 posts",
        "chance alone would be right on 34%", "RPS skill 0.250 [",
        "Scored posts: 100. Of these, 90 had a reply and 10 were in the silent share",
        "Posts with a reply scored",
    ):  # fmt: skip
        assert words in asked.text
    (chart,) = shown(asked.response).attachments
    assert chart.data == PNG
    assert [each.labels for each in drawn] == [100]


async def test_stats_go_without_a_chart_that_cannot_be_drawn(
    app: App, fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    async def fails(_: object) -> bytes:
        raise ChartFailed("no memory")

    monkeypatch.setattr(stats_command, "stats_chart", fails)
    await some_scores(app, channel)
    asked = await fake.slash(ann, channel, "stats", where="everywhere")
    assert "was right on 55%" in asked.text
    assert "could not be drawn" in asked.text


async def test_stats_before_anything_was_scored(
    app: App, fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    asked = await fake.slash(ann, channel, "stats")
    assert "Nothing was scored in the last 30 days." in asked.text


async def test_no_champion_is_said(
    app: App, fake: FakeDiscord, channel: Channel, admin: Member, bot: CommandBot
) -> None:
    async with app.core.database.write() as session:
        await session.execute(update(ModelVersion).values(is_champion=False))
    asked = await fake.slash(admin, channel, "model rollback")
    assert "No model version can serve" in asked.text
