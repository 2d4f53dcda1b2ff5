"""Finding posts by what their image looks like."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func

from storage.tables import Image, Post, PostImage


@dataclass(frozen=True, slots=True)
class LooksLike:
    """What is looked for; None: whatever it is.

    Attributes:
        genre: a name of a genre, as `images.genre` and `posts.genre` have it.
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
            tests.append(func.coalesce(Post.genre, Image.genre) == self.genre)
        if self.expression is not None:
            tests.append(Image.expression == self.expression)
        if self.least_faces is not None:
            tests.append(Image.faces >= self.least_faces)
        if self.most_faces is not None:
            tests.append(Image.faces <= self.most_faces)
        return exists().where(PostImage.post_id == Post.id, PostImage.image_id == Image.id, *tests)
