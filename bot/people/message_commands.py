"""What the words of a message ask for, without what is quoted, code, or our own.

Whether a command in a sentence is given or only spoken of is told in command_context.py.
"""

import difflib
import html
import re
import unicodedata

from bot.people.command_context import Sentences
from bot.people.own_words import own_words
from storage.types import InboxKind

#: Words that people say to the bot, in a comment or a message.
PREDICT, OPT_OUT, OPT_IN = "!predict", "!optout", "!optin"

#: Before and after a command stands no letter, digit or further sign of one.
_BEGIN, _END = r"(?<![^\W_])(?<!!)!\s?", r"(?![^\W_])"
_OUT = (
    r"(?:opt(?:ing)?[ ._-]*(?:(?:me|us)[ _-]*)?out|un[ -]?su[bs]+c?ribed?|unsub|st[ao]+h?p+(?:en)?"
    r"|abmelden|abbestellen|austragen)"
)
#: The strongest first: who writes both wants to be left alone.
_COMMANDS = (
    (re.compile(rf"{_BEGIN}{_OUT}{_END}"), InboxKind.OPT_OUT),
    (re.compile(rf"{_BEGIN}opt[ _-]*(?:me[ _-]*)?in{_END}"), InboxKind.OPT_IN),
    (re.compile(rf"{_BEGIN}predict{_END}"), InboxKind.PREDICT),
)
#: A word that was meant to be a command, and how alike it must be to one (0 to 1).
_WORD = re.compile(rf"{_BEGIN}([\w-]{{4,12}}){_END}")
_MEANT = {
    "optout": InboxKind.OPT_OUT, "unsubscribe": InboxKind.OPT_OUT, "optin": InboxKind.OPT_IN,
}  # fmt: skip
_ALIKE = 0.8
_POLITE = (
    r"(?:please|pls|plz|thanks|thank you|thx|no|ok|bad|dear|bot|now|me|us|hi|hello|hey|again"
    r"|any ?more|bitte|danke|nein|lieber|hallo)"
)
_WISH = (
    r"(?:(?:i|we) (?:want|wish|would like|d like|like) to|i m|i|let me|can you|could you|would you"
    r"|(?:can|may|could) (?:i|we)(?: please)?|i need to|we need to|i have to"
    r"|(?:ich|wir) (?:will|m\u00f6chte|wollen|m\u00f6chten)(?: mich| uns)?)"
)
_MINE = r"(?:me|us|my (?:\w+ )?(?:posts?|pictures?|images?|memes?|content))"
_DOING = (
    r"(?:replying|responding|commenting|messaging|predicting|answering|posting|spamming|doing|using"
    r"|with)"
)
_DO = r"(?:reply|respond|comment|message|predict|answer|post|spam|use)"
#: The same in a message that says nothing else, in other words for it, English and German.
_CORE = "|".join(
    (
        rf"(?:stop|quit) {_DOING}(?: (?:to|on|about|under))?(?: (?:{_MINE}|it|this|that))?",
        rf"(?:do not|don t|dont)(?: ever)? {_DO}(?: (?:to|on|under))? {_MINE}",
        rf"leave {_MINE} alone", rf"(?:ignore|block|remove|delete|skip) {_MINE}",
        r"quit", r"cancel", r"end", r"go away", r"no more", r"i want out",
        r"i (?:do not|don t|dont) want (?:it|this|that)",
        r"aufh\u00f6ren", r"h\u00f6rt?(?: bitte)? auf",
        r"lasst? (?:mich|uns|meine \w+)(?: bitte)? (?:in ruhe|in frieden)",
        r"(?:antworte|kommentiere|schreibe?)(?: (?:mir|uns))?(?: bitte)? nicht(?: mehr)?",
        r"nicht mehr (?:antworten|kommentieren|schreiben)",
        r"keine (?:antworten|kommentare|nachrichten)(?: mehr)?",
        r"ich (?:will|m\u00f6chte) das nicht(?: mehr)?", r"geh weg",
        rf"{_OUT} (?:it|this|that)(?: bot)?", rf"{_OUT} (?:to )?{_MINE}", _OUT,
    )
)  # fmt: skip
#: A longer message says something else, too, characters.
_LONGEST = 200
_CORE_ALONE = re.compile(rf"(?:{_CORE})(?: |\Z)")
#: Part by part, the first that fits: no text makes it try twice.
_ALONE = re.compile(rf"(?>(?:{_CORE}|{_WISH}|{_POLITE})(?: |\Z))+")
#: Hyphens of all kinds, and signs that nobody sees.
_SPELT = str.maketrans(
    {**dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
     **dict.fromkeys("\\\u00ad\u200b\u200c\u200d\u2060\ufeff")}
)  # fmt: skip
_FENCED = re.compile(r"(```|~~~).*?(?:\1|\Z)", re.DOTALL)
_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_NAMED = re.compile(r"/?\bu/[\w-]+|(?<!\w)@[\w-]+")
#: What telephones and mail programs put below a message, a line or two of signs above it.
_SIGNATURE = re.compile(
    r"^(?:[^\w\n]*\n){0,3}[^\w\n]*"
    r"(?:sent from|sent via|get outlook for|gesendet von|von mein)\b.*",
    re.MULTILINE,
)
_MARKS = re.compile(r"[^\w\s-]+")


def command_in(body: object, subject: object = None) -> InboxKind | None:
    """What a message asks for; None where its words ask for nothing.

    The subject counts only where the body asks for nothing, and only if it is not that of the
    message which is answered.

    Args:
        body: Markdown, as Reddit gives it.
        subject: plain.
    """
    found = _command(body)
    if found is None and isinstance(subject, str) and not subject.lower().startswith("re:"):
        return _command(subject)
    return found


def _command(text: object) -> InboxKind | None:
    if not isinstance(text, str):
        return None
    said = unicodedata.normalize("NFKC", _own_words_of_the_writer(text)).translate(_SPELT)
    said = _NAMED.sub(" ", said)
    sentences = Sentences(said, _ALONE)
    for pattern, kind in _COMMANDS:
        if any(sentences.give(found.start()) for found in pattern.finditer(said)):
            return kind
    meant = {_meant(found[1]) for found in _WORD.finditer(said) if sentences.give(found.start())}
    if len(meant) == 1 and (kind_meant := meant.pop()) is not None:
        return kind_meant
    words = _SIGNATURE.sub(" ", said).replace("_", " ")
    alone = " ".join(_MARKS.sub(" ", words).replace("- ", " ").split())
    if len(alone) > _LONGEST or not _ALONE.fullmatch(alone):
        return None
    return InboxKind.OPT_OUT if _CORE_ALONE.search(alone) else None


def _meant(word: str) -> InboxKind | None:
    """The command that a word with a slip in it was meant to be."""
    plain = word.replace("-", "").replace("_", "")
    for command in difflib.get_close_matches(plain, _MEANT, n=1, cutoff=_ALIKE):
        # A longer word is another one: opt-outs, option.
        if len(plain) <= len(command):
            return _MEANT[command]
    return None


def _own_words_of_the_writer(text: str) -> str:
    """The text in small letters, without quotes, code, and lines that repeat what we write."""
    kept = [
        line
        for line in _FENCED.sub(" ", html.unescape(text).lower()).splitlines()
        if line.lstrip()[:1] != ">"
        and not line.startswith(("    ", "\t"))
        and not any(words in line for words in own_words())
    ]
    # Within a paragraph only: a single back-tick does not swallow what comes after it.
    return "\n\n".join(_CODE.sub(" ", part) for part in "\n".join(kept).split("\n\n"))
