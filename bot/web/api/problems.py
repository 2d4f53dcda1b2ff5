"""Refusals as programs read them: problem details (RFC 9457)."""

from collections.abc import Sequence
from http import HTTPStatus

from aiohttp import web
from pydantic import BaseModel, Field, ValidationError

from bot.web.refusals import Refusal

PROBLEM_TYPE = "application/problem+json"
PREFIX = "/api/"


class Fault(BaseModel):
    """One thing that is wrong with what was sent."""

    where: str = Field(description="Name of the parameter or member; empty: all of it.")
    why: str = Field(description="What is wrong with it.")


class Problem(BaseModel):
    """A refusal: problem details as RFC 9457 has them."""

    type: str = Field(description="`about:blank`: the status says what kind of problem it is.")
    title: str = Field(description="Name of the status.")
    status: int = Field(ge=400, le=599)
    detail: str = Field(description="A sentence for people: what is wrong, and what to do.")
    errors: list[Fault] | None = Field(
        None, description="What is wrong with each part of what was sent, where that is known."
    )


class Invalid(Refusal):
    """What was sent is not what the operation reads (422)."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        first = faults[0]
        sentence = f"{first.where}: {first.why}." if first.where else f"{first.why}."
        super().__init__(422, sentence)
        self.faults = tuple(faults)


def invalid(error: ValidationError) -> Invalid:
    """The refusal of what a model did not accept; values are not repeated."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return Invalid(
        [
            Fault(where=".".join(map(str, each["loc"])), why=each["msg"].rstrip("."))
            for each in found
        ]
    )


def is_api(request: web.BaseRequest) -> bool:
    """Whether a program is spoken to, and no page."""
    return request.path.startswith(PREFIX)


def problem_answer(refusal: Refusal) -> web.Response:
    """The answer to a request that is not granted."""
    problem = Problem(
        type="about:blank",
        title=HTTPStatus(refusal.status).phrase,
        status=refusal.status,
        detail=str(refusal),
        errors=list(refusal.faults) if isinstance(refusal, Invalid) else None,
    )
    response = web.Response(
        status=refusal.status,
        body=problem.model_dump_json().encode(),
        content_type=PROBLEM_TYPE,
    )
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="peoria"'
    return response
