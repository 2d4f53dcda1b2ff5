"""What people ask for in their own words, and what they only repeat."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.networks.texts import OPTED_IN, opted_out_sentence
from bot.people.message_commands import command_in
from bot.reddit.texts import plain_text
from bot.texts.language import LANGUAGES, speaking
from storage.types import InboxKind

OUT = ["!optout", "!opt-out", "!opt out", "!OptOut", "!opt_out", "stop", "STOP.", "unsubscribe",
       "Unsubscribe!", "please stop", "u/peoria_bot stop", "opt out", "!stop",
       "!unsubscribe", "! optout", "\\!opt\\_out", "!opt\N{NON-BREAKING HYPHEN}out", "!opt  out",
       "\N{FULLWIDTH EXCLAMATION MARK}optout", "!opt me out", "opt me out please", "Stop it!",
       "please stop replying to me", "I want to opt out", "I'd like to unsubscribe, thanks",
       "Leave me alone.", "can you stop that", "!op\N{ZERO WIDTH SPACE}tout",
       "**STOP**", "Please, bot, stop", "bad bot stop", "STOP STOP STOP", "no thanks, stop",
       "I'm opting out", "!opt.out", "_!optout_", "!optuot", "!0ptout", "unsuscribe", "STAHP!!",
       "@peoria_bot stop", "stop\n\n---\nSent from my iPhone", "dont reply to my posts",
       "Please don't ever reply to me again!", "stop commenting on my posts", "go away",
       "leave my posts alone", "I don't want this.", "stop spamming me"]  # fmt: skip
GERMAN = ["stopp", "Bitte abmelden!", "!abbestellen", "Hör bitte auf.", "Lass mich in Ruhe!",
          "Antworte mir bitte nicht mehr", "Ich möchte mich austragen", "keine Antworten mehr",
          "Bitte nicht mehr kommentieren, danke"]  # fmt: skip


def texts_of_ours() -> Iterator[str]:
    for language in LANGUAGES:
        with speaking(language):
            yield plain_text(opted_out_sentence(), "https://x")
            yield plain_text(OPTED_IN, "https://x")


TEXTS = [*texts_of_ours()]


@pytest.mark.parametrize("body", [*OUT, *GERMAN])
def test_words_that_opt_out(body: str) -> None:
    assert command_in(body) is InboxKind.OPT_OUT
    assert command_in("", body) is InboxKind.OPT_OUT


@pytest.mark.parametrize(
    "body",
    ["what does `!optout` do?", "> Reply !optout\n\nwhat is this?", "&gt; !optout\n\nhm",
     "good bot",
     "```\n!optout\n```\nwhat is that?", "    !optout\n\nis code", "stop saying that it is cute",
     "don't unsubscribe from me", "do not stop", "I could not stop laughing", "when will it stop",
     "cancel culture", "he quit", "how do I opt out of ads here",
     "stop and think", "stop it, you're making me blush", "unsubscribe from that channel",
     "hör nicht auf", "Stopp mal kurz, was ist das?", "please don't stop", "!option", "!shop",
     "bad bot", "please", "no more heroes", "i like to", "!optouts",
     "it said ``!opt-out`` to me", "a!optout", ""],
)  # fmt: skip
def test_what_is_quoted_or_said_by_the_way_asks_for_nothing(body: str) -> None:
    assert command_in(body) is None


GIVEN = ["can you !optout me?", "u/peoria_bot could you please !optout", "may I !optout?",
         "!optout?", "Why do you keep replying to me? !optout",
         "why do you keep replying to me !optout", "I don't want this anymore !optout",
         "I do not like this, !optout", "ok. !optout",
         "I sent !optout yesterday and you still answer", "I want to !optout", "ugh !optout",
         "What is this (I do not want it)\n!optout", "nice bot, but !optout", "pls !optout thx",
         "how about no! !optout", "Do not contact me !optout", "this is spam - !optout",
         "bitte !abmelden", "kannst du das lassen? !abmelden"]  # fmt: skip
SPOKEN_OF = ["how do I use !optout?", "How do I use !optout", "what does !optout do?",
             "is !optout a thing", "what's !optout", "does !opt-out work here?",
             "can anyone explain !optout?", "you can reply !optout to make it stop",
             "just type !optout and it goes away", "if I say !optout, will it stop?",
             "I don't want to !optout", "never use !optout", "I would not !optout",
             "what happens when I !optout", "so what does the command !optout do",
             "does it matter if I write !unsubscribe or !optout?",
             "what does this mean (!optout)?", "wie benutze ich !optout?", "was macht !optout",
             "du kannst einfach !optout schreiben?", "is it !optuot?", "how does !predict work?",
             "what does !optin do"]  # fmt: skip


@pytest.mark.parametrize("body", GIVEN)
def test_a_command_within_a_sentence_is_obeyed(body: str) -> None:
    assert command_in(body) is InboxKind.OPT_OUT


@pytest.mark.parametrize("body", SPOKEN_OF)
def test_a_command_that_is_only_spoken_of_is_not_obeyed(body: str) -> None:
    assert command_in(body) is None
    # Asked first and then wished for, the wish counts.
    assert command_in(f"{body}\n\n!optout") is InboxKind.OPT_OUT


@pytest.mark.parametrize(
    ("body", "meant"),
    [
        (f"how {'x ' * 400}do I use !optout?", None),
        (f"how {'x ' * 400}is it, do I use !optout", None),
        (f"{'x ' * 400}I don't want to !optout", None),
        (f"{'x ' * 400}you can use !optout", None),
        (f"{'x ' * 400}!optout", InboxKind.OPT_OUT),
        # A text of nothing but these took many seconds.
        ("i don't !optout " * 600, None),
        ("\n" * 9000 + "x", None),
    ],
)
def test_a_long_sentence_is_read_by_its_begin_and_its_end(
    body: str, meant: InboxKind | None
) -> None:
    assert command_in(body) is meant


_WORDS = st.lists(st.text(alphabet="abcdefgh", min_size=1, max_size=8), max_size=8).map(" ".join)


@given(st.sampled_from(["how", "what", "Why", "does", "is", "wie"]), _WORDS, _WORDS)
def test_no_question_about_a_command_gives_it(asked: str, before: str, after: str) -> None:
    assert command_in(f"{asked} {before} !optout {after}?") is None
    assert command_in(f"{asked} {before} use !optout {after}") is None


@given(_WORDS, _WORDS, st.sampled_from(["", "bot", "this is enough:", "STOP IT,", "\U0001f620"]))
def test_any_other_sentence_with_a_command_gives_it(before: str, after: str, said: str) -> None:
    assert command_in(f"{before} {said} !optout {after}") is InboxKind.OPT_OUT


def test_the_body_comes_before_the_subject_and_an_answered_subject_does_not_count() -> None:
    assert command_in("!optin", "!optout") is InboxKind.OPT_IN
    assert command_in("thanks", "re: !optout") is None
    assert command_in("!predict and !optout") is InboxKind.OPT_OUT


@pytest.mark.parametrize("text", TEXTS)
def test_our_own_text_is_not_obeyed_however_it_is_repeated(text: str) -> None:
    plain = re.sub(r"[`^()\[\]]", "", text)
    for echo in (text, plain, plain.replace("\n", " "), f"Beep: {plain}", plain.upper()):
        assert command_in(echo) is None


@given(st.text(alphabet=st.characters(exclude_characters="`>~"), max_size=60))
def test_a_line_of_its_own_is_obeyed_whatever_is_around_it(around: str) -> None:
    lines = [line for line in around.splitlines() if line.strip()]
    assert command_in("\n".join([*lines, "!optout", *lines])) is InboxKind.OPT_OUT


@given(st.text(max_size=80))
def test_quoted_lines_ask_for_nothing(text: str) -> None:
    quoted = "\n".join(f"> {line}" for line in (text + " !optout").splitlines())
    assert command_in(quoted) is None


@given(st.text(max_size=80), st.text(max_size=40))
def test_any_text_can_be_read(body: str, subject: str) -> None:
    command_in(body, subject)
