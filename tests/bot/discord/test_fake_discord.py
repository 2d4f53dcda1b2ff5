"""The loopback Discord, tried with a bare discord.py client that nothing of Peoria is in."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import discord
import pytest
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.fakes.clock import FakeClock
from tests.fakes.discord import FakeDiscord, NotOffered
from tests.fakes.discord.faults import cut, error, rate_limited
from tests.fakes.discord.messages import Upload
from tests.fixtures.images import encode, photo

PNG = encode(photo(), "PNG")


class Client(discord.AutoShardedClient):
    """Keeps what it hears, and has one of everything."""

    def __init__(self, fake: FakeDiscord, *, content: bool = True, **options: Any) -> None:
        intents = discord.Intents.default()
        intents.message_content = content
        super().__init__(intents=intents, guild_ready_timeout=0.01, **options)
        self.fake = fake
        self.tree = app_commands.CommandTree(self)
        self.heard: list[tuple[str, Any]] = []
        self.readies = 0

    async def setup_hook(self) -> None:
        self.tree.add_command(say)
        self.tree.add_command(look)
        self.tree.add_command(ask)
        await self.tree.sync()

    async def on_ready(self) -> None:
        self.readies += 1
        self.fake.changed()

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(("message", message))

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        self.heard.append(("react", (str(event.emoji), event.user_id)))

    async def on_raw_reaction_remove(self, event: discord.RawReactionActionEvent) -> None:
        self.heard.append(("unreact", (str(event.emoji), event.user_id)))

    async def on_raw_reaction_clear(self, event: discord.RawReactionClearEvent) -> None:
        self.heard.append(("clear", event.message_id))

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        self.heard.append(("delete", event.message_id))

    def of(self, kind: str) -> list[Any]:
        return [what for each, what in self.heard if each == kind]


class Buttons(discord.ui.View):
    @discord.ui.button(label="More", custom_id="more")
    async def more(self, interaction: discord.Interaction, _: Any) -> None:
        await interaction.response.edit_message(content="edited", view=None)

    @discord.ui.button(label="Form", custom_id="form")
    async def form(self, interaction: discord.Interaction, _: Any) -> None:
        await interaction.response.send_modal(Form())


class Form(discord.ui.Modal, title="A form"):
    name: discord.ui.TextInput[Any] = discord.ui.TextInput(label="Name", custom_id="name")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"Hello {self.name.value}", ephemeral=True)


@app_commands.command()
async def say(
    interaction: discord.Interaction,
    image: discord.Attachment,
    title: str = "none",
    who: discord.Member | None = None,
) -> None:
    """Looks at an image."""
    await interaction.response.defer(thinking=True)
    data = await image.read()
    file = discord.File(io.BytesIO(data), "map.png")
    embed = discord.Embed(title=title, description=f"{len(data)} bytes for {who}")
    embed.set_image(url="attachment://map.png")
    await interaction.edit_original_response(embed=embed, attachments=[file])
    await interaction.followup.send("only for you", ephemeral=True)


@app_commands.context_menu(name="Look")
async def look(interaction: discord.Interaction, message: discord.Message) -> None:
    await interaction.response.send_message(
        f"{len(message.attachments)} images", view=Buttons(), ephemeral=True
    )


@app_commands.command()
@app_commands.default_permissions(manage_guild=True)
async def ask(interaction: discord.Interaction, season: str) -> None:
    """Asks for a season."""
    await interaction.response.send_message(season)


@ask.autocomplete("season")
async def _seasons(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=f"{typed}{n}", value=str(n)) for n in range(3)]


@asynccontextmanager
async def connected(fake: FakeDiscord, client: Client) -> AsyncIterator[Client]:
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = fake.api_url, yarl.URL(fake.gateway_url)
    running = asyncio.create_task(client.start(fake.token))
    try:
        await fake.until(lambda: client.readies or running.done(), "ready")
        yield client
    finally:
        await client.close()
        await asyncio.gather(running, return_exceptions=True)
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord(check_answers=True) as fake:
        yield fake
        fake.assert_valid()
        assert fake.wrong_answers == []


@pytest.fixture
async def client(fake: FakeDiscord) -> AsyncIterator[Client]:
    async with connected(fake, Client(fake)) as client:
        yield client


async def test_a_client_hears_what_is_posted(fake: FakeDiscord, client: Client) -> None:
    guild = fake.guild()
    channel, ann = fake.channel(guild), fake.member(guild, "ann")
    post = await fake.post_message(channel, ann, content="look", attachments=[PNG])
    await fake.settle()
    (message,) = client.of("message")
    assert (message.id, message.content, message.author.name) == (post.id, "look", "ann")
    assert message.guild.id == guild.id
    (attachment,) = message.attachments
    assert (attachment.content_type, attachment.size) == ("image/png", len(PNG))
    assert await attachment.read() == PNG


async def test_a_reply_with_a_nonce_is_shown_once(fake: FakeDiscord, client: Client) -> None:
    guild = fake.guild()
    channel, ann = fake.channel(guild), fake.member(guild)
    post = await fake.post_message(channel, ann, attachments=[PNG])
    await fake.settle()
    (message,) = client.of("message")
    first = await message.reply("one", nonce="n1", mention_author=False)
    again = await message.reply("one", nonce="n1", mention_author=False)
    assert first.id == again.id
    assert [each.content for each in fake.replies_to(post)] == ["one"]
    assert fake.replies_to(post)[0].mentions == []


async def test_a_nonce_is_forgotten_after_minutes() -> None:
    clock = FakeClock()
    async with FakeDiscord(clock=clock) as fake:
        guild = fake.guild()
        channel = fake.channel(guild)
        async with connected(fake, Client(fake)) as client:
            there = client.get_partial_messageable(channel.id)
            await there.send("one", nonce="n1")
            clock.forward(timedelta(minutes=6).total_seconds())
            await there.send("one", nonce="n1")
        assert len(fake.messages(channel)) == 2


async def test_a_reply_to_a_deleted_message_is_refused(fake: FakeDiscord, client: Client) -> None:
    guild = fake.guild()
    channel, ann = fake.channel(guild), fake.member(guild)
    post = await fake.post_message(channel, ann)
    await fake.settle()
    await fake.delete_message(post)
    (message,) = client.of("message")
    with pytest.raises(discord.HTTPException) as refused:
        await message.reply("late")
    assert refused.value.code == 50035
    await fake.settle()
    assert client.of("delete") == [post.id]


async def test_history_pages(fake: FakeDiscord, client: Client) -> None:
    guild = fake.guild()
    channel, ann = fake.channel(guild), fake.member(guild)
    posts = [await fake.post_message(channel, ann, content=str(n)) for n in range(230)]
    there = await client.fetch_channel(channel.id)
    assert isinstance(there, discord.TextChannel)
    after = [m.id async for m in there.history(limit=None, after=discord.Object(posts[4].id))]
    assert after == [post.id for post in posts[5:]]
    before = [m.id async for m in there.history(limit=120)]
    assert before == [post.id for post in reversed(posts[-120:])]


async def test_reactions(fake: FakeDiscord, client: Client) -> None:
    guild = fake.guild()
    channel, people = fake.channel(guild), [fake.member(guild, f"p{n}") for n in range(130)]
    post = await fake.post_message(channel, people[0])
    for person in people:
        await fake.react(person, post, "⬆")
    await fake.unreact(people[3], post, "⬆")
    await fake.settle()
    assert len(client.of("react")) == 130
    assert client.of("unreact") == [("⬆", people[3].id)]
    message = await client.get_partial_messageable(channel.id).fetch_message(post.id)
    (reaction,) = message.reactions
    users = [user.id async for user in reaction.users()]
    assert sorted(users) == [each.id for n, each in enumerate(people) if n != 3]
    await message.add_reaction("🔮")
    assert post.reactions["🔮"] == [fake.bot.id]
    await fake.clear_reactions(post)
    await fake.settle()
    assert client.of("clear") == [post.id]


async def test_a_slash_command(fake: FakeDiscord, client: Client) -> None:
    guild = fake.guild()
    channel, ann = fake.channel(guild), fake.member(guild, "ann")
    asked = await fake.slash(ann, channel, "say", image=PNG, title="Tê", who=ann)
    await fake.settle()
    assert asked.deferred
    assert asked.acknowledged_after is not None
    assert "Tê" in asked.text
    assert f"{len(PNG)} bytes for ann" in asked.text
    assert asked.response is not None
    assert asked.response.attachments[0].data == PNG
    assert asked.response.embeds[0]["image"]["url"] == asked.response.attachments[0].url
    assert [(m.content, m.ephemeral) for m in asked.followups] == [("only for you", True)]
    assert [each.content for each in fake.whispers_to(ann)] == ["only for you"]


async def test_menus_buttons_and_forms(fake: FakeDiscord, client: Client) -> None:
    guild = fake.guild()
    channel, ann, bob = fake.channel(guild), fake.member(guild), fake.member(guild, "bob")
    post = await fake.post_message(channel, bob, attachments=[PNG, PNG])
    asked = await fake.menu(ann, post, "Look")
    assert asked.response is not None
    assert asked.text == "2 images"
    with pytest.raises(NotOffered):
        await fake.click(bob, asked.response, "More")
    opened = await fake.click(ann, asked.response, "Form")
    sent = await fake.submit(opened, {"name": "Ann"})
    assert sent.text == "Hello Ann"
    await fake.click(ann, asked.response, "More")
    assert (asked.response.content, asked.response.buttons) == ("edited", [])


async def test_commands_are_offered_to_who_may(fake: FakeDiscord, client: Client) -> None:
    guild = fake.guild()
    channel, ann = fake.channel(guild), fake.member(guild)
    admin = fake.member(guild, "admin", manage_guild=True)
    with pytest.raises(NotOffered):
        await fake.slash(ann, channel, "ask", season="1")
    with pytest.raises(NotOffered):
        await fake.slash(admin, channel, "ask")
    assert (await fake.slash(admin, channel, "ask", season="1")).text == "1"
    choices = await fake.autocomplete(admin, channel, "ask", "season", "x")
    assert choices[0] == {"name": "x0", "value": "0"}


async def test_dms(fake: FakeDiscord, client: Client) -> None:
    ann = fake.user("ann")
    asked = await fake.slash(ann, fake.dm(ann), "say", image=PNG)
    assert "bytes" in asked.text
    user = await client.fetch_user(ann.id)
    await user.send("hello", file=discord.File(io.BytesIO(b"{}"), "me.json"))
    assert fake.messages(fake.dm(ann))[-1].attachments[0].data == b"{}"
    ann.dms_open = False
    with pytest.raises(discord.Forbidden):
        await user.send("hello")


async def test_missing_permissions(fake: FakeDiscord, client: Client) -> None:
    guild = fake.guild()
    channel = fake.channel(guild)
    there = client.get_partial_messageable(channel.id)
    fake.permit(channel, fake.bot, embed_links=False)
    await there.send("text is allowed")
    with pytest.raises(discord.Forbidden) as refused:
        await there.send(embed=discord.Embed(title="x"))
    assert refused.value.code == 50013
    fake.permit(channel, fake.bot, view_channel=False)
    with pytest.raises(discord.Forbidden) as refused:
        await there.send("x")
    assert refused.value.code == 50001
    fake.permit(channel, fake.bot, view_channel=None)
    await fake.settle()
    known = client.get_channel(channel.id)
    assert isinstance(known, discord.TextChannel)
    assert not known.permissions_for(known.guild.me).embed_links


async def test_content_is_emptied_without_the_intent() -> None:
    async with FakeDiscord(message_content=False) as fake:
        guild = fake.guild()
        channel, ann = fake.channel(guild), fake.member(guild)
        async with connected(fake, Client(fake, content=False)) as client:
            post = await fake.post_message(channel, ann, content="x", attachments=[PNG])
            await fake.post_message(channel, ann, content=f"<@{fake.bot.id}> x", attachments=[PNG])
            await fake.post_message(fake.dm(ann), ann.user, content="x", attachments=[PNG])
            await fake.settle()
            seen = [(m.content != "", len(m.attachments)) for m in client.of("message")]
            assert seen == [(False, 0), (True, 1), (True, 1)]
            fetched = await client.get_partial_messageable(channel.id).fetch_message(post.id)
            assert (fetched.content, fetched.attachments) == ("", [])
            assert (await fake.menu(ann, post, "Look")).text == "1 images"


async def test_an_intent_that_is_not_switched_on_is_refused() -> None:
    async with FakeDiscord(message_content=False) as fake:
        client = Client(fake)
        before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = fake.api_url, yarl.URL(fake.gateway_url)
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await client.start(fake.token)
        await client.close()
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before


async def test_a_cut_gateway_is_resumed_without_a_gap(fake: FakeDiscord, client: Client) -> None:
    guild = fake.guild()
    channel, ann = fake.channel(guild), fake.member(guild)
    await fake.post_message(channel, ann, content="1")
    await fake.settle()
    fake.cut_gateway()
    await fake.post_message(channel, ann, content="2")
    await fake.until(lambda: fake.gateway.resumed)
    await fake.ask_to_reconnect()
    await fake.until(lambda: fake.gateway.resumed == 2)
    await fake.post_message(channel, ann, content="3")
    await fake.settle()
    assert [message.content for message in client.of("message")] == ["1", "2", "3"]
    assert (fake.gateway.identified, client.readies) == (1, 1)


async def test_an_event_that_is_cut_off_comes_again(fake: FakeDiscord, client: Client) -> None:
    guild = fake.guild()
    channel, ann = fake.channel(guild), fake.member(guild)
    hook = fake.on("dispatch MESSAGE_CREATE", lambda moment: moment.fake.cut_gateway())
    await fake.post_message(channel, ann, content="1")
    await fake.until(lambda: fake.gateway.resumed)
    await fake.settle()
    assert hook.hits == 1
    assert [message.content for message in client.of("message")] == ["1"]


async def test_faults_of_the_api(fake: FakeDiscord, client: Client) -> None:
    guild = fake.guild()
    channel = fake.channel(guild)
    there = client.get_partial_messageable(channel.id)
    send = "POST /channels/{channel_id}/messages"
    fake.on(send, rate_limited(0.01))
    await there.send("after a 429")
    assert [each.status for each in fake.asked(send)] == [429, 200]
    fake.on(send, rate_limited(0.01, by_discord=False))
    with pytest.raises(discord.HTTPException):
        await there.send("never")
    fake.on(send, error(403, 50013))
    with pytest.raises(discord.Forbidden):
        await there.send("never")
    fake.on(send, cut())
    with pytest.raises(aiohttp.ClientError):
        await there.send("never")
    fake.on(f"after {send}", cut())
    with pytest.raises(aiohttp.ClientError):
        await there.send("it was sent all the same")
    assert [each.content for each in fake.messages(channel)] == [
        "after a 429", "it was sent all the same",
    ]  # fmt: skip


async def test_a_rate_limit_is_enforced_and_announced(fake: FakeDiscord, client: Client) -> None:
    guild = fake.guild()
    channel = fake.channel(guild)
    send = "POST /channels/{channel_id}/messages"
    fake.limit(send, 2, 0.05)
    there = client.get_partial_messageable(channel.id)
    await asyncio.gather(*(there.send(str(n)) for n in range(5)))
    assert len(fake.messages(channel)) == 5


async def test_links_expire_and_may_lie() -> None:
    clock = FakeClock()
    async with FakeDiscord(clock=clock) as fake, aiohttp.ClientSession() as session:
        guild = fake.guild()
        post = await fake.post_message(
            fake.channel(guild), fake.member(guild),
            attachments=[Upload(b"<html>", "cat.png", content_type="image/png", size=10)],
        )  # fmt: skip
        (attachment,) = post.attachments
        assert attachment.payload()["size"] == 10
        async with session.get(attachment.url) as response:
            assert (response.status, response.content_type) == (200, "image/png")
        clock.forward(25 * 3600)
        async with session.get(attachment.url) as response:
            assert response.status == 404


async def test_a_revoked_token_ends_it(fake: FakeDiscord, client: Client) -> None:
    await fake.revoke_token()
    await fake.until(lambda: not fake.gateway.connections)
    await fake.settle()
    assert client.is_closed()
    old = {"Authorization": "Bot MTIz.fake.token"}
    async with (
        aiohttp.ClientSession(headers=old) as session,
        session.get(f"{fake.api_url}/users/@me") as response,
    ):
        assert response.status == 401


async def test_what_discord_would_refuse_is_refused() -> None:
    async with FakeDiscord() as fake:
        guild = fake.guild()
        channel = fake.channel(guild)
        async with connected(fake, Client(fake)) as client:
            there = client.get_partial_messageable(channel.id)
            with pytest.raises(discord.HTTPException) as refused:
                await there.send(embed=discord.Embed(title="x" * 257))
            assert refused.value.code == 50035
            with pytest.raises(discord.HTTPException):
                await there.send("x" * 2001)
            with pytest.raises(discord.HTTPException):
                await there.send("")
        with pytest.raises(AssertionError, match="at most 256"):
            fake.assert_valid()


async def test_shards_get_their_own_guilds() -> None:
    async with FakeDiscord(shards=2) as fake:
        guilds = [fake.guild(str(n)) for n in range(6)]
        channels = [fake.channel(guild) for guild in guilds]
        client = Client(fake, shard_ids=[0], shard_count=2)
        async with connected(fake, client):
            for guild, channel in zip(guilds, channels, strict=True):
                await fake.post_message(channel, fake.member(guild), content=guild.name)
            await fake.settle()
            mine = [guild.name for guild in guilds if (guild.id >> 22) % 2 == 0]
            assert [message.content for message in client.of("message")] == mine
