"""What an import would do with a file, without doing it."""

from collections import Counter
from dataclasses import dataclass

from bot.operations.import_downloads import host_of
from storage.files.image_folder import ImageFolder
from storage.files.posts_export import FilePost, PostsFile

#: Posts that are shown as they were understood.
_EXAMPLES = 3

_MEANINGS = ("id", "title", "author", "posted", "score", "image")


@dataclass(frozen=True, slots=True)
class Preview:
    """How a file of posts is understood.

    Attributes:
        file: its posts, and its rows that are left out.
        columns: the names of the columns that are read as each thing that a post has.
        examples: the first posts of the file, in words.
        in_folder: posts whose image is in the folder.
        hosts: posts whose image would be downloaded, by host.
        without: ids of posts that have neither.
    """

    file: PostsFile
    columns: dict[str, list[str]]
    examples: list[dict[str, str]]
    in_folder: int
    hosts: Counter[str]
    without: list[str]


def preview_import(file: PostsFile, folder: ImageFolder | None) -> Preview:
    """How a file is understood, and where its images would come from.

    Args:
        file: that was read.
        folder: of images; None: there is none.
    """
    in_folder, hosts, without = 0, Counter[str](), []
    for post in file.posts:
        if folder is not None and folder.find(post.source_id, post.file) is not None:
            in_folder += 1
        elif post.media is not None and (host := host_of(post.media)):
            hosts[host] += 1
        else:
            without.append(post.source_id)
    columns = {
        meaning: [name for name, _ in file.columns.get(meaning, Counter()).most_common()]
        for meaning in _MEANINGS
    }
    if genres := file.columns.get("genre"):
        columns["genre"] = [name for name, _ in genres.most_common()]
    examples = [_in_words(post, folder) for post in file.posts[:_EXAMPLES]]
    return Preview(file, columns, examples, in_folder, hosts, without)


def _in_words(post: FilePost, folder: ImageFolder | None) -> dict[str, str]:
    path = None if folder is None else folder.find(post.source_id, post.file)
    return {
        "id": post.source_id,
        "title": post.title,
        "author": post.author or "(nobody)",
        "posted": f"{post.posted_at:%Y-%m-%d %H:%M:%S} UTC",
        "score": f"{post.score:g}",
        "image": path.name if path is not None else post.media or "(none)",
    }
