"""Conditions that every write of a piece of work has to meet, checked in its own transaction.

Who has a right that another may take over (a lease) does its work under a guard. A process that was
paused meanwhile, and goes on with what it was doing, writes nothing any more.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import TypeAlias, TypeVar

from sqlalchemy.orm import Session

T = TypeVar("T")

#: Raises where the write must not happen.
Guard: TypeAlias = Callable[[Session], None]

_guards: ContextVar[tuple[Guard, ...]] = ContextVar("guards", default=())


@contextmanager
def guarded(guard: Guard) -> Iterator[None]:
    """Check ``guard`` first in every write transaction until the block ends.

    Tasks that are started in the block stay under the guard.
    """
    before = _guards.get()
    token = _guards.set(before if guard in before else (*before, guard))
    try:
        yield
    finally:
        _guards.reset(token)


@contextmanager
def unguarded() -> Iterator[None]:
    """Check no guard until the block ends, nor in tasks that it starts: they have another right."""
    token = _guards.set(())
    try:
        yield
    finally:
        _guards.reset(token)


def guards() -> tuple[Guard, ...]:
    """What every write of this task is checked against."""
    return _guards.get()


def check_guards(session: Session) -> None:
    """Raise what a guard of this context raises."""
    for guard in _guards.get():
        guard(session)


def checked(work: Callable[[Session], T]) -> Callable[[Session], T]:
    """``work`` after the guards of this context, for a thread that does not know them."""
    guards = _guards.get()
    return partial(_run, guards, work) if guards else work


def _run(guards: tuple[Guard, ...], work: Callable[[Session], T], session: Session) -> T:
    for guard in guards:
        guard(session)
    return work(session)
