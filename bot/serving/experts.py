"""The experts of a community: what it is shown, and what its labels say of them.

`models.experts` has the rules. Here they meet the tables. A forecast reserves its part of the
budget in the write transaction that stores it, and a label changes the account in its own; those of
one community come one after another, so that no two of them spend the same nats.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, bindparam, delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from models.distribution import UNIFORM, interval_target
from models.experts import (
    EXPERTS,
    FIRST_OWN,
    FIRST_WEIGHTS,
    OWN,
    UNTITLED,
    Account,
    Mixture,
    learn,
    named,
    own_beside_others,
)
from models.features import PostFacts, without
from models.head import Head
from models.metrics import log_losses
from storage.engine.core_tables import table_of
from storage.engine.database import Database
from storage.tables import Community, ExpertAccount, Label, Post, Prediction

_ACCOUNTS = table_of(ExpertAccount)
_POSTS = table_of(Post)
#: Written out, so that the partial index serves.
_WAITS = text("posts.state IN ('predicted', 'awaiting_score')")

#: Digits kept of the experts' probabilities: a weight is not known to more.
_DIGITS = 7


@dataclass(frozen=True, slots=True)
class Standing:
    """A community's account, and what is at risk there now.

    Attributes:
        account: what its labels say of the experts.
        reserved: nats at risk in the predictions that wait for labels.
        waiting: how many wait.
    """

    account: Account
    reserved: float = 0.0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """What the experts say of some images.

    Attributes:
        bins: of each image and expert, float64 [n, experts, 10], in the order of
            `models.experts.named`.
        set_aside: of each image, the sources that the head did not go by, because they are unlike
            all that it was fitted on.
    """

    bins: NDArray[np.float64]
    set_aside: Sequence[tuple[str, ...]]


def ask_experts(
    head: Head,
    embedding: NDArray[np.float32],
    facts: Sequence[PostFacts],
    *,
    own: Head | None = None,
    blank: Sequence[bool] | None = None,
) -> Said:
    """What each expert says of ``n`` images.

    Args:
        head: the champion's.
        embedding: float32 [n, 1280].
        facts: of the same images.
        own: fitted on the labels of the server alone; None: it has none.
        blank: whether each holds no picture at all; then every expert has equal chances for all
            bins. None: all hold one.
    """
    untitled = [without(each, UNTITLED) for each in facts]
    # In one call: most of what a call costs is the call.
    found, aside = head.predict_with_support(
        np.concatenate([embedding, embedding]), [*facts, *untitled]
    )
    n = len(facts)
    said = [np.broadcast_to(UNIFORM, (n, len(UNIFORM))), found[:n], found[n:]]
    if own is not None:
        said.append(own.predict(embedding, facts))
    bins = np.stack(said, axis=1)
    empty = np.zeros(n, np.bool_) if blank is None else np.array(blank, np.bool_)
    bins[empty] = UNIFORM
    return Said(bins, [() if is_blank else a for is_blank, a in zip(empty, aside[:n], strict=True)])


#: Built once: building a statement takes longer than what it asks for.
_AT_RISK = (
    select(
        _POSTS.c.community_id,
        func.sum(_POSTS.c.reserved).label("at_risk"),
        func.count().label("posts"),
    )
    .where(_POSTS.c.community_id.in_(bindparam("communities", expanding=True)), _WAITS)
    .group_by(_POSTS.c.community_id)
    .subquery()
)
_COMMUNITIES = table_of(Community)
_STANDINGS = (
    select(
        _COMMUNITIES.c.id,
        _AT_RISK.c.at_risk,
        _AT_RISK.c.posts,
        _ACCOUNTS.c.log_weights,
        _ACCOUNTS.c.regret,
        _ACCOUNTS.c.waiting,
        _ACCOUNTS.c.labels,
        _ACCOUNTS.c.own,
    )
    .outerjoin(_AT_RISK, _AT_RISK.c.community_id == _COMMUNITIES.c.id)
    .outerjoin(_ACCOUNTS, _ACCOUNTS.c.community_id == _COMMUNITIES.c.id)
    .where(_COMMUNITIES.c.id.in_(bindparam("communities", expanding=True)))
)
_ACCOUNT = select(_ACCOUNTS).where(_ACCOUNTS.c.community_id == bindparam("community"))


def read_standing(session: Session, community_id: int) -> Standing:
    """A community's account and what waits there; read it in the transaction that goes by it."""
    return read_standings(session, [community_id])[community_id]


def read_standings(session: Session, community_ids: Collection[int]) -> dict[int, Standing]:
    """`read_standing` of several communities, by their ids; one that is not there has nothing."""
    session.flush()
    keys = {"communities": list(community_ids)}
    standings = dict.fromkeys(community_ids, Standing(Account()))
    for row in session.connection().execute(_STANDINGS, keys):
        account = Account() if row.log_weights is None else _account_of(row)
        standings[row.id] = Standing(account, float(row.at_risk or 0.0), row.posts or 0)
    return standings


def stored_mixture(mixture: Mixture) -> dict[str, Any]:
    """The columns of a prediction that say how it was mixed."""
    said = np.round(mixture.experts, _DIGITS).tolist()
    names = named(len(said))
    return {
        "experts": dict(zip(names, said, strict=True)),
        "weights": dict(zip(names, mixture.weights.tolist(), strict=True)),
        "share": mixture.share,
        "waiting": mixture.waiting,
    }


def learn_from(
    session: Session, community_id: int, scored: Sequence[tuple[Prediction, Label]]
) -> None:
    """Change a community's account by the labels of predictions that were shown there, in order.

    Needs the labels' own write session. A prediction that was made before there were experts
    changes nothing.
    """
    mixed = [(made, said, label) for made, label in scored if (said := made.experts) is not None]
    if not mixed:
        return
    account = _read_account(session, community_id)
    for made, said, label in mixed:
        account = _learned(account, said, made.bins, made.waiting or 0, label)
    _write_account(session, community_id, account)


async def rebuild_accounts(database: Database) -> None:
    """Work the accounts of all communities out anew; labels wait for one community at a time."""
    async with database.read() as session:
        communities = (await session.scalars(select(Community.id))).all()
    for community_id in communities:
        await database.run_write(partial(rebuild_account, community_id=community_id))


def rebuild_account(session: Session, community_id: int) -> int:
    """Work a community's account out anew from its labels; return how many it was made from.

    Needs a write session, so that no label is written meanwhile.
    """
    taught = session.scalar(
        select(_ACCOUNTS.c.taught).where(_ACCOUNTS.c.community_id == community_id)
    )
    account = _beginning(taught)
    rows = session.execute(
        select(Prediction, Label)
        .join(Label, Label.post_id == Prediction.post_id)
        .where(Label.community_id == community_id, Prediction.id.in_(_shown(community_id)))
        .order_by(Label.written_at, Label.post_id)
        .execution_options(yield_per=500)
    )
    for prediction, label in rows:
        if prediction.experts is not None and prediction.scored_at is not None:
            account = _learned(
                account, prediction.experts, prediction.bins, prediction.waiting or 0, label
            )
    session.execute(delete(_ACCOUNTS).where(_ACCOUNTS.c.community_id == community_id))
    if account.labels or taught is not None:
        _write_account(session, community_id, account, taught=taught)
    return account.labels


def teach(
    session: Session, taught: Mapping[str, Mapping[str, float]], *, replace: bool = True
) -> None:
    """Let communities in which no forecast was scored yet begin with what labels say of a champion.

    Needs a write session. Weights alone are taught: what may be lost, and what is at risk, stay as
    they are, so that the account is true whatever the weights are. A community with scored
    forecasts keeps its own.

    Args:
        taught: logarithms of the weights by expert, by the community's number as text.
        replace: for a new champion: what was taught of another is forgotten, so that a community
            that is not named begins with the first weights.
    """
    untested = delete(_ACCOUNTS).where(_ACCOUNTS.c.labels == 0)
    if not replace:
        untested = untested.where(_ACCOUNTS.c.community_id.in_([int(number) for number in taught]))
    session.execute(untested)
    known = set(session.scalars(select(_ACCOUNTS.c.community_id)))
    for community_id in session.scalars(select(Community.id)).all():
        weights = taught.get(str(community_id))
        if weights is not None and community_id not in known:
            _write_account(session, community_id, _beginning(weights), taught=dict(weights))


def _shown(community_id: int) -> Any:
    """Ids of the first prediction of each labelled post: the one that people saw."""
    return (
        select(func.min(Prediction.id))
        .join(Label, Label.post_id == Prediction.post_id)
        .where(Label.community_id == community_id)
        .group_by(Prediction.post_id)
    )


def _learned(
    account: Account,
    said: Mapping[str, Sequence[float]],
    shown: Sequence[float],
    waiting: int,
    label: Label,
) -> Account:
    """The account after a label, from what was stored with the prediction.

    An expert that there was not yet when the prediction was made neither gains nor loses: it is
    taken to have said what was shown. `OWN` is not asked for every prediction: where it was not,
    there is nothing to learn of it.
    """
    names = named(len(EXPERTS) + (OWN in said))
    experts = np.array([said.get(name, shown) for name in names], np.float64)
    target = interval_target(label.percentile_low, label.percentile_high)
    bins = np.vstack([experts[: len(EXPERTS)], shown, UNIFORM])
    *losses, lost, base = log_losses(bins, np.broadcast_to(target, bins.shape)).tolist()
    beside = own_beside_others(account, experts, target)
    return learn(account, losses, shown=lost, base=base, waiting=waiting, beside=beside)


def _read_account(session: Session, community_id: int) -> Account:
    row = session.execute(_ACCOUNT, {"community": community_id}).first()
    return Account() if row is None else _account_of(row)


def _account_of(row: Row[*tuple[Any, ...]]) -> Account:
    own = FIRST_OWN if row.own is None else row.own
    return Account(_in_order(row.log_weights), row.regret, row.waiting, row.labels, own)


def _beginning(taught: Mapping[str, float] | None) -> Account:
    """The account before the first label."""
    return Account() if taught is None else Account(_in_order(taught))


def _in_order(stored: Mapping[str, float]) -> tuple[float, ...]:
    """Logarithms of weights as of today's experts."""
    if stored.keys() == set(EXPERTS):
        return tuple(stored[name] for name in EXPERTS)
    # A new expert begins with its first weight; one that is gone is left out.
    first = dict(zip(EXPERTS, (math.log(weight) for weight in FIRST_WEIGHTS), strict=True))
    kept = [stored.get(name, first[name]) for name in EXPERTS]
    total = math.log(sum(math.exp(each) for each in kept))
    return tuple(each - total for each in kept)


def _write_account(
    session: Session,
    community_id: int,
    account: Account,
    *,
    taught: Mapping[str, float] | None = None,
) -> None:
    values: dict[str, Any] = {
        "log_weights": dict(zip(EXPERTS, account.log_weights, strict=True)),
        "regret": account.regret,
        "waiting": account.waiting,
        "labels": account.labels,
        # None where nothing is known of it: most communities never have one.
        "own": None if account.own == FIRST_OWN else account.own,
    }
    # Every account but the first one of a community is there, and nobody else writes it.
    changed = session.execute(
        update(_ACCOUNTS).where(_ACCOUNTS.c.community_id == community_id).values(**values)
    )
    if not changed.rowcount:  # type: ignore[attr-defined]
        session.execute(
            insert(_ACCOUNTS).values(community_id=community_id, taught=taught, **values)
        )
