"""Texts of rooms that know nothing of languages, for the catalogue: they are retold where shown.

What is stored in English (a reason, a state) and what is raised below `bot` is here as it is
written there, with values in braces.
"""

from bot.texts.translate import mark

ELSEWHERE = (
    # models.attributes.genre
    mark("experimental"),
    mark("ironic or surreal"),
    mark("political"),
    mark("post-ironic"),
    mark("rage comic"),
    mark("text post"),
    mark("top text / bottom text"),
    mark("viral video"),
    # models.decoding
    mark("This file is empty; choose the image again."),
    mark("This image could not be read just now; try again later."),
    mark("This file is larger than {size} MB; make the image smaller and try again."),
    # bot.serving.picture_pool
    mark(
        "This image cannot be read: reading it broke off twice. Save it again as a plain JPEG or"
        " PNG and try that."
    ),
    # bot.runtime.download
    mark("The image's link is not a web address."),
    mark("The image's link leads to a private address."),
    mark("The image's link is dead: there is nothing at its address."),
    mark("The image's link is not open to everybody."),
    mark("The image's host may not show it, for legal reasons."),
    mark("The image's link leads from one address to the next without end."),
    mark("The image is larger than {size} MB."),
    mark("The image could not be downloaded: {why}."),
    # bot.operations.health_check, bot.reddit.moderators.modmail: why replies are paused
    mark("The predictions of {version} were worse than the base rate on the last {count} posts."),
    mark("A moderator asked for it."),
    # bot.runtime.supervisor, storage.types: states
    mark("running"),
    mark("waiting"),
    mark("stopped"),
    mark("seen"),
    mark("predicted"),
    mark("awaiting score"),
    mark("settling"),
    mark("refused"),
    mark("withdrawn"),
    # Who asked for a training run.
    mark("import"),
    mark("discord"),
    mark("schedule"),
    mark("switch"),
    mark("board"),
    mark("command"),
)
