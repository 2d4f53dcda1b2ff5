"""What programs do by the API: predict, post, guess, vote; by the rules of the board's pages."""

import secrets
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bot.league.crowds import Crowds
from bot.runtime.download import DownloadFailed, DownloadRefused
from bot.serving.audience import audience_of
from bot.serving.predict_image import predict_image
from bot.web.api import schema
from bot.web.api.operation import Call
from bot.web.api.problems import Fault, Invalid
from bot.web.api.read import Read
from bot.web.api.values import Id
from bot.web.api.view import post_of, prediction_of
from bot.web.guess_form import GuessForm
from bot.web.kept_back import kept_back
from bot.web.post_form import PostForm
from bot.web.refusals import Refusal
from bot.web.services import Services
from bot.web.turns import WRITING, Turns
from bot.web.upload import MAX_TITLE, Upload, clean_title
from bot.web.votes import cast_vote
from models.decoding import ImageRefused
from storage.engine.scopes import person_scope
from storage.types import Bucket, PlatformName

#: Images that are in memory at the same time.
_AT_ONCE = 4

Address = Annotated[
    str | None,
    Field(
        max_length=2000,
        pattern=r"^https?://",
        description="Address of the image; it must be on the public Internet. In place of a file.",
    ),
]


def _no_flag(value: Any) -> Any:
    # For Python, false is 0.
    if isinstance(value, bool):
        raise ValueError("it is a number")  # noqa: TRY004 - what pydantic understands
    return value


Title = Annotated[str, Field(max_length=MAX_TITLE)]


class Body(BaseModel):
    """What is sent. Names that mean nothing are refused: they are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class PictureToPredict(Body):
    """A picture that is not posted."""

    url: Address = None
    title: Annotated[Title, Field(description="That it would be posted with.")] = ""
    community: Annotated[
        int | None,
        Field(ge=1, le=2**53 - 1, description="Where it would be posted; without it, nowhere."),
    ] = None


class PictureToPost(Body):
    """A picture for the board."""

    url: Address = None
    title: Annotated[Title, Field(min_length=1, pattern=r"\S", description="One line of text.")]
    key: Annotated[
        str | None,
        Field(
            pattern=r"^[0-9A-Za-z-]{8,64}$",
            description="Sent twice with the same key, a post is made once.",
        ),
    ] = None


class GuessOn(Body):
    """A guess."""

    bucket: Bucket


class VoteOn(Body):
    """A vote: up, down, or none."""

    value: Annotated[Literal[-1, 0, 1], BeforeValidator(_no_flag)]


class Write:
    """Answers programs that do something.

    Args:
        services: what the board works with.
        read: what the caller may see.
        posts: takes posts in, with the quotas that the board's form has.
        guesses: takes guesses in.
        crowds: holds votes back, the same that the board's form asks; None: each counts.
    """

    def __init__(
        self,
        services: Services,
        read: Read,
        posts: PostForm,
        guesses: GuessForm,
        crowds: Crowds | None,
    ) -> None:
        self._services = services
        self._read = read
        self._posts = posts
        self._guesses = guesses
        self._crowds = crowds
        self._turns = Turns(_AT_ONCE, waiting=4 * _AT_ONCE, seconds=10.0)

    async def predict(self, call: Call, upload: PictureToPredict) -> schema.Prediction:
        """Foresee how popular a picture would be. Nothing is stored.

        Send a form (multipart/form-data) with the file `image`, or a JSON object with its address.
        """
        services = self._services
        community = None
        if upload.community is not None:
            community = await self._read.community(call, upload.community)
        async with self._turns.take():
            image = await self._picture(call, upload.url)
            now = services.clock()
            async with services.database.read() as session:
                audience = await session.run_sync(audience_of, community, now)
            try:
                predicted = await predict_image(
                    services.core.serving,
                    image,
                    title=clean_title(upload.title),
                    audience=audience,
                    now=now,
                )
            except ImageRefused as refusal:
                raise Invalid([Fault(where="image", why=str(refusal).rstrip("."))]) from refusal
            if community is not None:
                secret = await services.database.run_read(
                    partial(
                        kept_back, visitor=call.visitor, community_id=community.id,
                        phash=predicted.phash, now=now,
                    )
                )  # fmt: skip
                if secret is not None:
                    raise Refusal(409, secret)
        return prediction_of(predicted.card)

    async def create_post(self, call: Call, upload: PictureToPost) -> schema.Post:
        """Post a picture on the board; its prediction follows within moments.

        Send a form (multipart/form-data) with the file `image`, or a JSON object with its address.
        """
        async with self._turns.take():
            image = await self._picture(call, upload.url)
            key = upload.key or secrets.token_hex(16)
            async with call.request.config_dict[WRITING].take():
                post_id = await self._posts.accept(
                    call.visitor, Upload(upload.title, key, (image,))
                )
        services = self._services
        services.tasks.start(services.pipeline.advance(post_id), f"Predicting post {post_id}")
        return post_of(*await self._read.post(call, post_id))

    async def guess(self, call: Call, post: Id, body: GuessOn) -> schema.Post:
        """Guess what will become of a post of the board, while guessing is open.

        A guess may be changed until then. Where people guess first, it shows the prediction.
        """
        await self._on_board(call, post)
        async with call.request.config_dict[WRITING].take():
            await self._guesses.take(call.visitor, post, body.bucket.value)
        return post_of(*await self._read.post(call, post))

    async def vote(self, call: Call, post: Id, body: VoteOn) -> schema.Post:
        """Vote on a post of the board, until its horizon; 0 takes a vote back."""
        await self._on_board(call, post)
        services = self._services
        async with (
            call.request.config_dict[WRITING].take(),
            services.database.write(
                alone_in=[person_scope(PlatformName.WEB, call.visitor.hash)]
            ) as session,
        ):
            await cast_vote(
                session,
                services.clock,
                post,
                call.visitor,
                body.value,
                crowds=self._crowds,
            )
        return post_of(*await self._read.post(call, post))

    async def _on_board(self, call: Call, post_id: int) -> None:
        post, _ = await self._read.post(call, post_id)
        if post.platform is not PlatformName.WEB:
            raise Refusal(409, f"This post is on {post.platform.value.capitalize()}: do it there.")

    async def _picture(self, call: Call, url: str | None) -> bytes:
        """The image that was sent, or that lies at an address."""
        if bool(call.image) == bool(url):
            why = "send either the image as a file of a form, or its address as url"
            raise Invalid([Fault(where="image", why=why)])
        if url is None:
            return call.image
        try:
            return await self._services.core.downloader.fetch(url)
        except DownloadRefused as refusal:
            raise Invalid([Fault(where="url", why=str(refusal).rstrip("."))]) from refusal
        except DownloadFailed as failure:
            why = "the image could not be fetched from there just now; try again later"
            raise Invalid([Fault(where="url", why=why)]) from failure
