"""How far each channel was read: where catching up begins after a restart."""

from bot.communities import raise_high_water
from storage.engine.database import Database
from storage.types import PlatformName


class HighWater:
    """The newest message of each channel that was stored, written every few seconds.

    What was missed must stay ahead of the mark. While a shard has not caught up since it
    connected, and while a channel has a message that could not be stored, live messages
    therefore do not move the mark.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._behind: set[int] = set()
        self._stalled: set[int] = set()
        self._reached: dict[int, int] = {}

    def hold(self, shard_id: int) -> None:
        """A shard connected anew: what happened meanwhile was not heard."""
        self._behind.add(shard_id)

    def release(self, shard_id: int) -> None:
        """A shard's channels were all read up to now, or stall by themselves."""
        self._behind.discard(shard_id)

    def is_behind(self, shard_id: int) -> bool:
        """Whether a shard has not caught up yet."""
        return shard_id in self._behind

    def stall(self, channel_id: int) -> None:
        """A message could not be stored, or the channel could not be read."""
        self._stalled.add(channel_id)

    def mend(self, channel_id: int) -> None:
        """The channel was read up to now."""
        self._stalled.discard(channel_id)

    @property
    def stalled(self) -> frozenset[int]:
        """Channels that have to be read again."""
        return frozenset(self._stalled)

    def live(self, shard_id: int, channel_id: int, message_id: int) -> None:
        """A message that was just posted is stored, and so are all before it."""
        if shard_id not in self._behind and channel_id not in self._stalled:
            self.read(channel_id, message_id)

    def read(self, channel_id: int, message_id: int) -> None:
        """History was read and stored up to this message."""
        self._reached[channel_id] = max(message_id, self._reached.get(channel_id, 0))

    async def write(self) -> None:
        """Note in the tables how far channels were read."""
        reached, self._reached = self._reached, {}
        if not reached:
            return
        try:
            await raise_high_water(
                self._database,
                PlatformName.DISCORD,
                {str(channel_id): str(message_id) for channel_id, message_id in reached.items()},
                order=lambda message_id: int(message_id or 0),
            )
        except BaseException:
            for channel_id, message_id in reached.items():
                self.read(channel_id, message_id)
            raise
