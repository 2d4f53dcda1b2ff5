"""What the scripts of the pages say, in the reader's language; the page hands it to them."""

from bot.texts.translate import gettext as _


def words_of_scripts() -> dict[str, str]:
    """The texts by the names that the scripts have for them; values are put in for ``{value}``."""
    return {
        "unreached": _("The board cannot be reached; is it still running?"),
        "noFile": _("That is not an image file; save the image first and drop the file."),
        "notImage": _("{name} is not an image file."),
        "atMost": _("{name}: at most {most} pictures."),
        "leftOut": _("Left out: {list}"),
        "chosen": _("Chosen: {name}"),
        "remove": _("Leave out {name}"),
        "newOne": _("Show 1 new post"),
        "newOther": _("Show {count} new posts"),
        "newMany": _("Show the many new posts"),
        "justNow": _("just now"),
        "ago": _("{time} ago"),
        "underAMinute": _("under a minute"),
        "noTime": _("no time"),
        "copied": _("The address was copied."),
        "unable": _("This browser has no passkeys."),
        "stopped": _("No passkey was chosen, or it took too long. Try again."),
        "hereAlready": _("This device has a passkey of your account already."),
        "copyAbove": _("Copy the address above."),
    }
