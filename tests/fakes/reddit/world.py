"""What there is on the loopback Reddit, in the shapes of the official one."""

import io
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from PIL import Image, ImageDraw

from bot.runtime.clock import Clock

ME = "peoria_bot"

#: Where ids begin: six digits, as they have been for years.
FIRST_ID = int("1abc00", 36)


def base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits or "0"


@dataclass
class FakeSubreddit:
    name: str
    #: The account may not comment here; nobody may look here.
    banned: bool = False
    private: bool = False
    #: Newest first.
    posts: list[dict[str, Any]] = field(default_factory=list)


class FakeWorld:
    """Subreddits, posts, comments and messages. Time is the test's."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.origin = ""
        self.subreddits: dict[str, FakeSubreddit] = {}
        #: Submissions, comments and messages by their full name.
        self.things: dict[str, dict[str, Any]] = {}
        #: Own comments, newest first; what people see of them is `comments_on`.
        self.own: list[dict[str, Any]] = []
        #: Messages to the account, newest first, with their kind.
        self.messages: list[tuple[str, dict[str, Any]]] = []
        self._ids: Iterator[int] = iter(range(FIRST_ID, FIRST_ID + 10**7))

    def new_id(self) -> str:
        return base36(next(self._ids))

    def subreddit(self, name: str) -> FakeSubreddit:
        return self.subreddits.setdefault(name.lower(), FakeSubreddit(name))

    def post(self, subreddit: str, title: str = "A title", **changes: Any) -> dict[str, Any]:
        """Somebody posts an image, or whatever ``changes`` make of it."""
        place = self.subreddit(subreddit)
        post_id = self.new_id()
        url = f"{self.origin}/img/{post_id}.png"
        data = {
            "id": post_id,
            "name": f"t3_{post_id}",
            "subreddit": place.name,
            "subreddit_name_prefixed": f"r/{place.name}",
            "title": title,
            "author": "ann",
            "author_fullname": "t2_ann",
            "created_utc": self.clock().timestamp(),
            "url": url,
            "url_overridden_by_dest": url,
            "domain": "i.redd.it",
            "post_hint": "image",
            "permalink": f"/r/{place.name}/comments/{post_id}/a_title/",
            "is_self": False,
            "is_video": False,
            "selftext": "",
            "score": 1,
            "ups": 1,
            "upvote_ratio": 1.0,
            "num_comments": 0,
            "over_18": False,
            "stickied": False,
            "locked": False,
            "archived": False,
            "removed_by_category": None,
            "media": None,
            "preview": {"images": [{"source": {"url": url, "width": 64, "height": 48}}]},
            **changes,
        }
        place.posts.insert(0, data)
        self.things[str(data["name"])] = data
        return data

    def comment(
        self, parent: str, body: str, author: str = "bob", **changes: Any
    ) -> dict[str, Any]:
        """Somebody, or the account itself, comments on a post or a comment."""
        above = self.things[parent]
        link = parent if parent.startswith("t3_") else above["link_id"]
        comment_id = self.new_id()
        data = {
            "id": comment_id,
            "name": f"t1_{comment_id}",
            "parent_id": parent,
            "link_id": link,
            "subreddit": self.things[link]["subreddit"],
            "author": author,
            "body": body,
            "created_utc": self.clock().timestamp(),
            "score": 1,
            "edited": False,
            "removed": False,
            **changes,
        }
        self.things[str(data["name"])] = data
        if author == ME:
            self.own.insert(0, data)
        return data

    def message(self, thing: dict[str, Any], kind: str = "comment_reply") -> None:
        """Put a comment into the account's inbox, as Reddit does."""
        post = self.things[thing["link_id"]]
        context = f"/r/{post['subreddit']}/comments/{post['id']}/a_title/{thing['id']}/?context=3"
        subject = "username mention" if kind == "username_mention" else "comment reply"
        item = {**thing, "type": kind, "subject": subject, "context": context, "was_comment": True}
        del item["link_id"]
        self.messages.insert(0, ("t1", item))

    def private_message(self, author: str, subject: str, body: str) -> None:
        message_id = self.new_id()
        data = {
            "id": message_id,
            "name": f"t4_{message_id}",
            "author": author,
            "subject": subject,
            "body": body,
            "created_utc": self.clock().timestamp(),
            "subreddit": None,
            "was_comment": False,
        }
        self.messages.insert(0, ("t4", data))

    def comments_on(self, parent: str) -> list[dict[str, Any]]:
        """The account's comments that people see under a thing."""
        return [each for each in self.own if each["parent_id"] == parent and each["author"] == ME]

    def remove(self, name: str) -> None:
        """A moderator removes a submission or a comment."""
        thing = self.things[name]
        if name.startswith("t3_"):
            thing.update(removed_by_category="moderator", selftext="[removed]")
        else:
            thing.update(removed=True)

    def delete(self, name: str) -> None:
        """The author deletes a submission or a comment."""
        thing = self.things[name]
        thing["author"] = "[deleted]"
        if name.startswith("t3_"):
            thing.update(removed_by_category="deleted", selftext="[deleted]")
        else:
            thing["body"] = "[deleted]"
            self.own = [each for each in self.own if each is not thing]


def gallery(origin: str, *names: str) -> dict[str, Any]:
    """What a submission has more when it is a gallery."""
    return {
        "is_gallery": True,
        "post_hint": None,
        "domain": "reddit.com",
        "url": f"{origin}/gallery/x",
        "url_overridden_by_dest": f"{origin}/gallery/x",
        "preview": None,
        "gallery_data": {"items": [{"media_id": name, "id": n} for n, name in enumerate(names)]},
        "media_metadata": {
            name: {
                "status": "valid",
                "e": "Image",
                "m": "image/png",
                "s": {"x": 64, "y": 48, "u": f"{origin}/img/{name}.png"},
                "id": name,
            }
            for name in names
        },
    }


def picture(name: str) -> bytes:
    """A small picture of its own for every name."""
    chance = random.Random(name)  # noqa: S311
    colours = [tuple(chance.randrange(256) for _ in range(3)) for _ in range(3)]
    image = Image.new("RGB", (48, 36), colours[0])
    draw = ImageDraw.Draw(image)
    left, top = chance.randrange(20), chance.randrange(14)
    draw.rectangle((left, top, left + 18, top + 12), fill=colours[1])
    draw.ellipse((top, left, top + 14, left + 14), fill=colours[2])
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()
