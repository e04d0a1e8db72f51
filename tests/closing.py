"""The end of a server of asyncio's in a test."""

import asyncio
from typing import Final

# Of the loop, from a connection's being accepted to its being met; two or three are needed.
_TURNS_TO_MEET: Final = 5


async def close(server: asyncio.Server) -> None:
    """Let nobody else in, meet whoever is in, and then close it.

    What a closing server has accepted and not met stays open for ever, because its transport cannot
    be made any more: it would fail whichever test runs when it is collected.
    """
    for door in server.sockets:
        asyncio.get_running_loop().remove_reader(door.fileno())
    for _ in range(_TURNS_TO_MEET):
        await asyncio.sleep(0)
    server.close()
