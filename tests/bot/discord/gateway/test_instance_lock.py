"""One bot at a time on one database, or one for each of its shards."""

import pytest

from bot.core import Core
from bot.discord.gateway.instance_lock import InstanceLock
from bot.discord.platform import DiscordPlatform
from bot.platform import PlatformRefused
from bot.runtime.shards import Shards
from storage.engine.database import Database


async def test_a_second_bot_on_the_same_database_is_refused(
    core: Core, discord: DiscordPlatform
) -> None:
    other = Database(core.database.url)
    with pytest.raises(PlatformRefused, match="--shards"):
        await InstanceLock(other, None).take()
    with pytest.raises(PlatformRefused, match="--shards"):
        await InstanceLock(other, Shards(0, 1, 4)).take()
    await discord.stop()
    lock = InstanceLock(other, None)
    await lock.take()
    with pytest.raises(PlatformRefused, match="Another Peoria"):
        await discord.start()
    await lock.release()
    await other.close()


async def test_bots_share_a_database_by_shards(core: Core) -> None:
    first, second = (
        InstanceLock(core.database, Shards(0, 1, 4)),
        InstanceLock(core.database, Shards(2, 3, 4)),
    )
    await first.take()
    await second.take()
    with pytest.raises(PlatformRefused, match="shard 1 of 4"):
        await InstanceLock(core.database, Shards(1, 2, 4)).take()
    assert await first.is_held()
    await first.release()
    await second.release()
    await InstanceLock(core.database, None).take()
