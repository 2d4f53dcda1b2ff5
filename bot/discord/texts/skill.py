"""RPS skill in a person's words."""

from bot.discord.texts.lookup import Texts


def skill_words(texts: Texts, skill: float | None) -> str:
    """How much better than guessing by what is usual; a dash where that is not known.

    Args:
        texts: the reader's language.
        skill: share of the base rate's ranked probability score that was saved; negative: lost.
    """
    if skill is None:
        return "–"
    key = "skill.worse" if skill < 0 else "skill.better"
    return texts(key, share=texts.percent(abs(skill)))
