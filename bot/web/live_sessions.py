"""Whether those who have a page open are still signed in, as an account or as the admin.

Whoever signs out, here or in another process, ends what was open with that session.
"""

from collections.abc import Collection
from dataclasses import dataclass

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.web.account_sessions import AccountSessions
from bot.web.services import Services
from bot.web.visitors import visitor_of
from storage.queries.ended_sessions import ended_among
from storage.tables import Account


@dataclass(frozen=True, slots=True)
class Claims:
    """The sessions that a request came with.

    Attributes:
        texts: what their cookies say.
        account: its id, and the generation of its sessions; None: nobody is signed in.
    """

    texts: frozenset[str]
    account: tuple[int, int] | None


def claims_of(request: web.Request, services: Services, sessions: AccountSessions) -> Claims:
    """The sessions of a request that were good when it came; others make nobody anything."""
    visitor = visitor_of(request)
    account = sessions.session(request) if visitor.account_id is not None else None
    admin = services.admins.session(request) if visitor.is_admin else None
    texts = frozenset(each.text for each in (account, admin) if each is not None)
    return Claims(texts, None if account is None else (account.account_id, account.generation))


def read_over(session: Session, claims: Collection[Claims]) -> set[Claims]:
    """Those of some claims that are not true any more."""
    texts = {text for each in claims for text in each.texts}
    if not texts:
        return set()
    ended = ended_among(session, texts)
    ids = {each.account[0] for each in claims if each.account is not None}
    rows = session.execute(select(Account.id, Account.generation).where(Account.id.in_(ids)))
    accounts = {(row[0], row[1]) for row in rows}
    return {
        each
        for each in claims
        if each.texts & ended or (each.account is not None and each.account not in accounts)
    }
