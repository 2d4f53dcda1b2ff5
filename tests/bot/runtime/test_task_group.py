import asyncio

from bot.runtime.task_group import TaskGroup


async def test_what_starts_while_it_stops_is_cancelled_too() -> None:
    tasks = TaskGroup()
    ends: list[str] = []

    async def wait_for_ever(name: str, follower: str | None) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ends.append(name)
            if follower is not None:
                tasks.start(wait_for_ever(follower, None), follower)
                # It has begun to wait by the time that its forerunner has ended.
                await asyncio.sleep(0)

    tasks.start(wait_for_ever("first", "second"), "first")
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await tasks.stop()
    assert ends == ["first", "second"]
