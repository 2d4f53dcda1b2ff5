"""One odd thing stops no others: what fails over it is logged, and the round goes on."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.leases import LeaseLost
from bot.networks.errors import NetworkRefusal
from bot.platform import PlatformUnavailable
from storage.engine.faults import may_pass

log = logging.getLogger(__name__)


@asynccontextmanager
async def one_odd(what: str) -> AsyncIterator[None]:
    """Go on after what fails within because of one thing.

    What concerns the whole round is raised: the network is away, the right to it is lost, or the
    database does not take anything just now.
    """
    try:
        yield
    except (PlatformUnavailable, NetworkRefusal, LeaseLost):
        raise
    except Exception as error:
        if may_pass(error):
            raise
        log.exception("%s could not be dealt with; the others are.", what)
