"""How a PostgreSQL server is talked to, as the query of its URL says.

``postgresql+asyncpg://USER@HOST/NAME?connections=30&statement_seconds=60&pooler=true``: whoever has
the URL, child processes too, has the options. What else is in the query goes to asyncpg.
"""

from dataclasses import dataclass
from typing import Any, Self
from uuid import uuid4

from sqlalchemy import URL


@dataclass(frozen=True, slots=True)
class PostgresqlOptions:
    """Options of the connections to one server.

    Attributes:
        connections: that a process opens, at most, beside one that renews its leases.
        statement_seconds: a statement that takes longer is ended, and so is a transaction in which
            nothing was asked for so long; 0: none is. Changes of tables may take any time.
        pooler: whether there is a pooler in between that gives each transaction another connection
            (pgbouncer, ``pool_mode = transaction``). Time-outs are then the server's own.
    """

    connections: int = 15
    statement_seconds: float = 300.0
    pooler: bool = False

    @classmethod
    def from_url(cls, url: URL) -> tuple[Self, URL]:
        """The options that a URL names, and the URL without them.

        Raises:
            ValueError: an option cannot be that; the message is the end of a sentence.
        """
        named = {key: str(value) for key, value in url.query.items() if key in _READ}
        found = {key: _READ[key](value) for key, value in named.items()}
        return cls(**found), url.difference_update_query(named)

    @property
    def writers(self) -> int:
        """Writers of a process at the same time; other connections are left to those who read."""
        return max(self.connections // 2, 1)

    def engine_arguments(self) -> dict[str, Any]:
        """What `sqlalchemy.create_engine` is called with."""
        return {
            # All that were opened are kept: to open one takes a process of the server, questions
            # for the types there are, and every statement being prepared anew.
            "pool_size": self.connections,
            "max_overflow": 0,
            "pool_use_lifo": True,
            "connect_args": self._through_a_pooler() if self.pooler else self._directly(),
        }

    def _directly(self) -> dict[str, Any]:
        limit = str(round(self.statement_seconds * 1000))
        return {
            "server_settings": {
                "application_name": "peoria",
                "statement_timeout": limit,
                "idle_in_transaction_session_timeout": limit,
            }
        }

    @staticmethod
    def _through_a_pooler() -> dict[str, Any]:
        # A statement that was prepared is on one of the server's connections, and the next
        # transaction may get another one, with a statement of somebody else's by the same name.
        return {
            "statement_cache_size": 0,
            "prepared_statement_cache_size": 0,
            "prepared_statement_name_func": lambda: f"peoria_{uuid4().hex}",
        }


def _connections(text: str) -> int:
    if not text.isdecimal() or not 2 <= int(text) <= 1000:
        raise ValueError("its connections must be a number from 2 to 1000")
    return int(text)


def _seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 86_400:
        raise ValueError("its statement_seconds must be a number from 0 to 86400")
    return found


def _switch(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("its pooler must be true or false")
    return text == "true"


_READ: dict[str, Any] = {
    "connections": _connections,
    "statement_seconds": _seconds,
    "pooler": _switch,
}
