"""Whether a command in a sentence is given, or only spoken of.

A command is given, except in a sentence

- that asks about it: "how do I use !optout?", "what does !optout do";
- that says no to it: "I don't want to !optout";
- that speaks of somebody saying it: "you can reply !optout", "if I say !optout".

What begins with the command, or only asks for it politely ("can you !optout me?"), gives it. When
in doubt it is given: a wish to be left alone that is not heard is worse than one taken back.
"""

import re
from bisect import bisect_right

#: The end of a sentence: that of a line, and a mark before a space.
_SENTENCE_END = re.compile(r"\n|[.?!\u2026]+(?=[\s)\"]|\Z)")
#: Within a sentence another part begins.
_PART = re.compile(r"[,;:()\"]+|\s[-\u2013\u2014]+\s")
_MARKS = re.compile(r"[^\w\s]+")
#: Of what stands before a command in a long sentence its begin and its end are looked at,
#: characters: otherwise many commands in one sentence would take minutes.
_BEGIN, _LAST = 100, 300

_QUESTION = re.compile(
    r"(?:(?:and|but|so|ok|okay|hi|hey|hello|und|aber|also|hallo) )*"
    r"(?:how|what|why|when|where|who|which|whats|hows|does|do|did|is|are|was|can|could|will|would"
    r"|should|may|must|anyone|anybody|has|have|wie|was|warum|wieso|wann|wo|wer|welche\w*|kann"
    r"|k\u00f6nnte|ist|sind|soll\w*|muss|darf|wof\u00fcr|wozu|bedeutet|macht)(?: |\Z)"
)
_SAY = (
    r"(?:us(?:e|es|ed|ing)|typ(?:e|es|ed|ing)|writ(?:e|es|ing)|wrote|say(?:s|ing)?|said"
    r"|send(?:s|ing)?|sent|comment(?:s|ing|ed)?|post(?:s|ing|ed)?|repl(?:y|ies|ied|ying)"
    r"|answer(?:s|ing|ed)?|respond(?:s|ing|ed)?|tr(?:y|ied)|schreib\w*|nutz\w*|benutz\w*|antwort\w*)"
)
#: Between such a word and the command.
_THE = r"(?: (?:with|the|a|an|to|this|command|words?|it|him|bot|mit|den|befehl|das))*"
#: What stands right before a command that is asked about.
_ABOUT = re.compile(
    rf"(?:\A| )(?:{_SAY}|is|s|are|does|do|did|will|was|of|about|means?|by|for|called|know|explain"
    rf"|tut|macht|bedeutet|ist|heisst|heißt){_THE}\Z"
)
_NO = re.compile(
    r"(?:\A| )(?:not|never|don t|dont|won t|wont|cannot|can t|cant|shouldn t|nicht|kein|keine)"
    rf"(?: (?:want to|wanna|going to|gonna|need to|have to|like to|ever|even|{_SAY}{_THE}))*\Z"
)
#: Somebody else, or a case that is only thought of, and what they would say.
_SOMEBODY = re.compile(
    r"(?:(?:\A| )(?:you|u|one|they|people|he|she|everyone|everybody|somebody|someone|man|du|ihr)"
    r"(?: (?:can|could|should|may|might|must|have to|need to|just|simply|also|always|kannst"
    rf"|k\u00f6nnt|musst|m\u00fcsst|einfach|nur))+ {_SAY}{_THE}"
    rf"|\A(?:(?:so|then|and|or|just|simply|only) )*{_SAY}{_THE}"
    rf"|(?:\A| )(?:if|when|wenn) (?:\w+ )?{_SAY}{_THE}"
    r"|(?:\A| )(?:if|when|wenn) (?:i|you|we|one|they|ich|du|man|wir))\Z"
)


class Sentences:
    """The sentences of a text, by places in it.

    Args:
        text: in small letters, without quotes and code.
        courtesies: fits words, each followed by a space, that only ask politely.
    """

    def __init__(self, text: str, courtesies: re.Pattern[str]) -> None:
        self._text = text
        self._courtesies = courtesies
        self._ends = [*_SENTENCE_END.finditer(text)]
        self._begins_after = [each.end() for each in self._ends]
        self._ends_at = [each.start() for each in self._ends]

    def give(self, at: int) -> bool:
        """Whether the command that begins at this place is given there."""
        before, asks = self._around(at)
        said = _words(before)
        if not said or self._courtesies.fullmatch(said):
            return True
        part = _words(_PART.split(before)[-1])
        begins_as_question = _QUESTION.match(said) is not None
        if asks and (begins_as_question or (part and not self._courtesies.fullmatch(part))):
            return False
        if begins_as_question and _ABOUT.search(part):
            return False
        return not (_NO.search(part) or _SOMEBODY.search(part))

    def _around(self, at: int) -> tuple[str, bool]:
        """What of its sentence stands before a place, and whether the sentence asks."""
        last = bisect_right(self._begins_after, at)
        begin = self._begins_after[last - 1] if last else 0
        following = bisect_right(self._ends_at, at)
        closed_by = self._ends[following].group() if following < len(self._ends) else ""
        if at - begin > _BEGIN + _LAST:
            # Two parts of the sentence, as a comma makes them.
            shown = self._text[begin : begin + _BEGIN] + ", " + self._text[at - _LAST : at]
            return shown, "?" in closed_by
        return self._text[begin:at], "?" in closed_by


def _words(text: str) -> str:
    return " ".join(_MARKS.sub(" ", text).split())
