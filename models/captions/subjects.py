"""What a program does not joke about before strangers: politics, faith, origin, sex, deaths.

A person may write of these, and posts of a community may be offered to it again. What a program
writes is nobody's word, and would be put into somebody's mouth.
"""

import re

from models.captions.tokenizer import normal

#: Words of politics; a caption with one of them is of the kind "political" (`KINDS`).
POLITICS = (
    r"trump|obama|hillary|clinton|biden|bernie|sanders|democrats?|republicans?|liberals?"
    r"|conservatives?|congress|senate|president|election|vote|voters?|voting|socialis[mt]"
    r"|communis[mt]|government|putin|brexit|politic\w*|immigrants?|abortion|gun control|taxes"
    r"|left wing|right wing|capitalism|congressman|senator|impeach\w*"
)
#: Forms of these, and people and parties of some countries.
_MORE_POLITICS = (
    r"(?:trump|obama|clinton|biden|putin|sanders|bush)(?:'?s)?|presidents?|presidential|elections?"
    r"|votes|voted|socialists|communists?|commies?|capitalists?|fascis[mt]s?|senators?"
    r"|democratic party|republican party|gop|libtards?|leftists?|left-wing|right-wing|maga"
    r"|mike pence|kamala|pelosi|mcconnell|mitt romney|john mccain|reagan|nixon|cheney|sarah palin"
    r"|ted cruz|white house|supreme court|parliament|prime minister|chancellor|boris johnson"
    r"|theresa may|keir starmer|farage|merkel|olaf scholz|friedrich merz|afd|cdu|spd|macron|le pen"
    r"|netanyahu|zelensk\w*|erdogan|modi|bolsonaro|maduro|castro|kim jong\w*|xi jinping|mao|stalin"
    r"|lenin|illegals|aliens? illegal|border wall|build the wall|gun laws?|second amendment|nra"
    r"|antifa|blm|feminis[mt]s?|pro-?life|pro-?choice|welfare"
)
_FAITH_AND_ORIGIN = (
    r"muslims?|islam\w*|jews?|jewish|judaism|christians?|christianity|catholics?|hindus?|buddhists?"
    r"|atheists?|mormons?|allah|jesus|muhamm?ad|mohamm?ed|quran|koran|bible|mexicans?|asians?"
    r"|africans?|arabs?|chinese|indians?|russians?|americans?|blacks|whites|race|racis[mt]s?"
    r"|(?:black|white) (?:people|guys?|m[ae]n|kids?|girls?)|gays?|lesbians?"
    r"|homosexuals?|trans|transgenders?|transsexuals?|lgbt\w*|autis\w*|disabled|handicapped"
)
_DEATHS = (
    r"hitler|nazis?|holocaust|auschwitz|concentration camps?|isis|isil|al qaeda|taliban"
    r"|terroris[mt]s?|9/11|suicid\w*|kill (?:your|my|him|her)self|hang (?:your|my)self"
    r"|(?:school|mass) shoot\w*|genocide|lynch\w*|slaves?|slavery|cancer|molest\w*|incest"
)
_SEX = (
    r"sex|sexy|sexual\w*|porn\w*|fetish\w*|nudes?|naked|boobs?|tits?|dicks?|penis\w*|vaginas?"
    r"|pussy|cocks?|virgins?|virginity|masturbat\w*|fapp?\w*|orgasms?|blow ?jobs?|condoms?|boners?"
    r"|genders?|nsfw|hentai|hookers?|prostitut\w*|whores?|sluts?|horny|milfs?|strippers?|viagra"
)
_POLITICAL = re.compile(rf"\b(?:{POLITICS})\b")
_LEFT_TO_PEOPLE = re.compile(
    rf"(?<!\w)(?:{POLITICS}|{_MORE_POLITICS}|{_FAITH_AND_ORIGIN}|{_SEX}|{_DEATHS})(?!\w)"
)


def is_political(text: str) -> bool:
    """Whether a text, in any case, has a word of politics."""
    return _POLITICAL.search(normal(text)) is not None


def left_to_people(text: str) -> bool:
    """Whether a text is of something that a program does not joke about."""
    return _LEFT_TO_PEOPLE.search(normal(text).replace("\u2019", "'")) is not None
