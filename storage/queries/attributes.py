"""Finding posts by what their image looks like."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, exists, func

from storage.tables import Image, Post, PostImage


def described(
    attributes: dict[str, Any] | None, text_layout: dict[str, Any] | None
) -> dict[str, Any] | None:
    """What people can read off an image, its text among it, from two columns of its row.

    They are columns of their own, as faces and text are read apart and in any order.

    Args:
        attributes: as `images.attributes` has it.
        text_layout: as `images.text_layout` has it.
    """
    if attributes is None or text_layout is None:
        return attributes
    layout = {f"text_{name}": value for name, value in text_layout.items()}
    return attributes | {"look": attributes["look"] | layout}


@dataclass(frozen=True, slots=True)
class LooksLike:
    """What is looked for; None: whatever it is.

    Attributes:
        genre: a name of a genre, as `images.genre`, `posts.genre` and `posts.told_genre` have it.
        expression: of models.attributes.expressions.EXPRESSIONS.
        least_faces: the image has so many faces or more.
        most_faces: the image has so many faces or fewer.
    """

    genre: str | None = None
    expression: str | None = None
    least_faces: int | None = None
    most_faces: int | None = None

    def of_post(self) -> ColumnElement[bool]:
        """The condition that a post has such an image, for a query of posts.

        Images whose attributes were never read are not found by any of them.
        """
        tests: list[ColumnElement[bool]] = []
        if self.genre is not None:
            tests.append(func.coalesce(Post.genre, Post.told_genre, Image.genre) == self.genre)
        if self.expression is not None:
            tests.append(Image.expression == self.expression)
        if self.least_faces is not None:
            tests.append(Image.faces >= self.least_faces)
        if self.most_faces is not None:
            tests.append(Image.faces <= self.most_faces)
        return exists().where(PostImage.post_id == Post.id, PostImage.image_id == Image.id, *tests)
