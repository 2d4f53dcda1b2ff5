"""A Discord message as a post: its images, its title, and none of what is not ours to keep."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import discord
from yarl import URL

from bot.discord.gateway.guild_options import BY_PROXY, KEPT, PLACE, STICKER
from bot.platform import CommunityRef, IncomingPost
from storage.files.post_values import IMAGE_ENDINGS, MAX_TITLE, storable
from storage.tables import Community
from storage.types import SPOILER

#: Most images of one post that are looked at: as many as Discord lets people attach.
MAX_IMAGES = 10

#: Kinds of images as Discord names them; it gives none to a HEIC in every case.
_KINDS = (
    "image/png", "image/apng", "image/jpeg", "image/webp", "image/gif", "image/avif", "image/heic",
    "image/heif", "image/bmp", "image/x-ms-bmp", "image/tiff",
)  # fmt: skip
#: Kinds of previews that are nothing but a picture; the thumbnail of others only stands beside.
_PICTURES = ("image", "gifv")
#: Sides of a thumbnail, pixels, from which on a preview with nothing else shows a picture: what is
#: smaller is a page's sign.
_LEAST_SIDE = 200
#: Applications that post what people wrote anew: PluralKit and Tupperbox.
_PROXIES = (466378653216014359, 431544605209788416)
_LINK = re.compile(r"https?://[^\s<>|]+", re.IGNORECASE)
#: Where people write an address that is no link to be looked at: in <…> or in code.
_NO_LINK = re.compile(r"<https?://[^\s<>]+>|```.*?```|`[^`\n]*`", re.IGNORECASE | re.DOTALL)
_SPOILER = re.compile(r"\|\|.+?\|\|", re.DOTALL)
_MENTION = re.compile(r"<(?:@[!&]?|#)\d+>")
_EMOJI = re.compile(r"<a?:(\w+):\d+>")


def incoming_post(message: discord.Message, *, fetch_links: bool = False) -> IncomingPost | None:
    """A message as a post; None where there is no image, or no person who wrote it.

    Args:
        fetch_links: whether links may be fetched from their own hosts, see `images_of`.
    """
    by_proxy = _is_by_proxy(message)
    if message.guild is None or not (by_proxy or is_from_a_person(message)):
        return None
    images = images_of(message, fetch_links=fetch_links)
    options: dict[str, object] = {SPOILER: True} if has_spoiler(message) else {}
    if not images:
        images = stickers_of(message)
        options[STICKER] = True
    if by_proxy:
        options[BY_PROXY] = True
    if not images:
        return None
    return IncomingPost(
        community=CommunityRef(
            source_id=str(message.channel.id),
            name=storable(str(getattr(message.channel, "name", message.channel.id))),
        ),
        source_id=str(message.id),
        # Whose words a proxy posts is not known.
        author=None if by_proxy else str(message.author.id),
        title=title_of(message),
        posted_at=message.created_at,
        images=images,
        link=message.jump_url,
        kept_options=KEPT,
        options=options,
        passed_on=message.flags.forwarded,
    )


def is_from_a_person(message: discord.Message) -> bool:
    """Whether somebody wrote it, or passed it on: no bot, no webhook, no system message."""
    return not (
        message.author.bot
        or message.author.system
        or message.webhook_id is not None
        or message.type not in (discord.MessageType.default, discord.MessageType.reply)
    )


def _is_by_proxy(message: discord.Message) -> bool:
    """Whether a person's message was deleted and posted anew, in another name, by a webhook."""
    return message.webhook_id is not None and message.application_id in _PROXIES


def has_spoiler(message: discord.Message) -> bool:
    """Whether the author hid an image, or words, until they are clicked on."""
    shown = _shown(message)
    return (
        bool(_SPOILER.search(shown.content))
        or any(each.is_spoiler() for each in shown.attachments)
        or any(hidden for _, hidden in _gallery(shown.components))
    )


def has_images_to_come(message: discord.Message) -> bool:
    """Whether there is a link that Discord may still add a preview to, or add it again."""
    return _LINK.search(_NO_LINK.sub("", _shown(message).content)) is not None


def has_nothing_to_see(message: discord.Message) -> bool:
    """Whether there is nothing in a message that is an image, or may become one."""
    shown = _shown(message)
    nothing = not (shown.attachments or shown.embeds or shown.stickers or shown.components)
    return nothing and not has_images_to_come(message)


def why_no_image(message: discord.Message) -> str:
    """The text that says why nothing in a message can be looked at."""
    shown = _shown(message)
    if shown.stickers:
        return "predict.moving_sticker"
    if any((each.content_type or "").startswith("video/") for each in shown.attachments):
        return "predict.only_video"
    if any(each.type == "video" for each in shown.embeds):
        return "predict.only_video"
    if shown.attachments:
        return "predict.only_files"
    if has_images_to_come(message):
        return "predict.no_preview"
    return "predict.no_image"


def stickers_of(message: discord.Message) -> list[str]:
    """Addresses of a message's stickers; of a drawing in motion (Lottie) there is no picture."""
    return [
        each.url
        for each in _shown(message).stickers
        if each.format is not discord.StickerFormatType.lottie
    ]


def images_of(message: discord.Message, *, fetch_links: bool = False) -> list[str]:
    """Addresses of a message's images, in the order in which people see them, each once.

    Args:
        fetch_links: also those that Discord has no copy of. Their host, which the author of the
            message chose, then learns the address of this machine.
    """
    shown = _shown(message)
    found = [each.url for each in shown.attachments if _is_image(each)]
    found += [address for address, _ in _gallery(shown.components)]
    previews: set[str] = set()
    for embed in shown.embeds:
        if embed.url is not None:
            previews.add(embed.url)
        found += _embedded(embed, fetch_links=fetch_links)
    if fetch_links and not shown.flags.suppress_embeds:
        # A link that has no preview yet: Discord adds it to the message a moment later.
        found += [
            link
            for link in _LINK.findall(_NO_LINK.sub("", shown.content))
            if link not in previews and _has_image_ending(link)
        ]
    return [*dict.fromkeys(found)][:MAX_IMAGES]


def of_community(incoming: IncomingPost, community: Community) -> IncomingPost:
    """A post of a channel, or of one of its threads, as one of the community that it belongs to."""
    here = incoming.community.source_id
    if here == community.source_id:
        return incoming
    return replace(
        incoming,
        community=CommunityRef(community.source_id, community.name),
        options={**incoming.options, PLACE: here},
    )


def title_of(message: discord.Message) -> str:
    """What was written to the image: without links, and without the ids of people.

    What begins a thread of a forum has the thread's name as its title, as people see it.
    """
    if _begins_forum_thread(message):
        return storable(" ".join(message.channel.name.split()))[:MAX_TITLE]  # type: ignore[union-attr]
    shown = _shown(message)
    text = _LINK.sub("", re.sub(r"<(https?://[^\s<>]+)>", r"\1", shown.content))
    text = _MENTION.sub("", _EMOJI.sub(r":\1:", text))
    if not text.strip():
        text = next((each.title for each in shown.embeds if each.title), "")
    return storable(" ".join(text.split()))[:MAX_TITLE]


def _shown(message: discord.Message) -> discord.Message | discord.MessageSnapshot:
    """What people see: of a message that was passed on, that message."""
    snapshots = message.message_snapshots
    return snapshots[0] if message.flags.forwarded and snapshots else message


def _gallery(components: Sequence[object]) -> Iterator[tuple[str, bool]]:
    """Discord's copies of the pictures among components, and whether each is a spoiler."""
    for each in components:
        match each:
            case discord.MediaGalleryComponent():
                for item in each.items:
                    yield from _medium(item.media, item.spoiler)
            case discord.ThumbnailComponent():
                yield from _medium(each.media, each.spoiler)
            case discord.SectionComponent():
                yield from _gallery([each.accessory])
            case discord.Container():
                yield from (
                    (address, spoiler or bool(each.spoiler))
                    for address, spoiler in _gallery(each.children)
                )


def _medium(media: discord.UnfurledMediaItem, spoiler: bool) -> Iterator[tuple[str, bool]]:
    kind = (media.content_type or "").partition(";")[0].strip().lower()
    if media.proxy_url and kind in _KINDS:
        yield media.proxy_url, spoiler


def _begins_forum_thread(message: discord.Message) -> bool:
    channel = message.channel
    return (
        isinstance(channel, discord.Thread)
        and channel.id == message.id
        and isinstance(channel.parent, discord.ForumChannel)
    )


def _is_image(attachment: discord.Attachment) -> bool:
    if attachment.content_type is None:
        return attachment.filename.lower().endswith(IMAGE_ENDINGS)
    return attachment.content_type.partition(";")[0].strip().lower() in _KINDS


def _embedded(embed: discord.Embed, *, fetch_links: bool) -> list[str]:
    # Discord's own copy is asked first: it is small, and the link's host learns nothing of us.
    # A GIF of Tenor or Giphy is a film; its thumbnail is the picture that people see first.
    shown = embed.thumbnail if embed.type in _PICTURES or _is_picture_page(embed) else None
    places: Sequence[object] = (embed.image, shown)
    for place in places:
        for name in ("proxy_url", "url") if fetch_links else ("proxy_url",):
            address = getattr(place, name, None)
            if isinstance(address, str) and address.startswith(("https://", "http://")):
                return [address]
    return []


def _is_picture_page(embed: discord.Embed) -> bool:
    """Whether a preview has no other picture, and no film, than a thumbnail of some size."""
    sides = (embed.thumbnail.width or 0, embed.thumbnail.height or 0)
    return not embed.image.url and not embed.video.url and min(sides) >= _LEAST_SIDE


def _has_image_ending(link: str) -> bool:
    try:
        return URL(link).path.lower().endswith(IMAGE_ENDINGS)
    except ValueError:
        return False
