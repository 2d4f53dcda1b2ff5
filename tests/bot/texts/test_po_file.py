from pathlib import Path

import pytest

from bot.texts.po_file import read_catalogue

HEADER = (
    'msgid ""\nmsgstr ""\n"Language: ja\\n"\n"Plural-Forms: nplurals=2; plural=(n > 1);\\n"\n\n'
)


def test_texts_are_read_with_their_context_and_their_forms(tmp_path: Path) -> None:
    file = tmp_path / "xx.po"
    file.write_text(
        HEADER + '#: bot/x.py\nmsgctxt "button"\nmsgid "Go"\nmsgstr "Los"\n\n'
        'msgid ""\n"A \\"long\\" "\n"text.\\n"\nmsgstr ""\n"Ein\\\\n "\n"Text."\n\n'
        'msgid "{n} face"\nmsgid_plural "{n} faces"\nmsgstr[0] "1"\nmsgstr[1] "2"\n\n'
        'msgid "Empty"\nmsgstr ""\n\n'
        'msgid "Half"\nmsgid_plural "Halves"\nmsgstr[0] "Halb"\nmsgstr[1] ""\n\n'
        '#, fuzzy, python-brace-format\nmsgid "Guess"\nmsgstr "Rat"\n\n'
        '#~ msgid "Old"\n#~ msgstr "Alt"\n',
        "utf-8",
    )
    catalogue = read_catalogue(file)
    assert catalogue.texts == {
        ("button", "Go"): ("Los",),
        ("", 'A "long" text.\n'): ("Ein\\n Text.",),
        ("", "{n} face"): ("1", "2"),
    }
    assert [catalogue.form(n) for n in (0, 1, 2)] == [0, 0, 1]


def test_a_file_without_plural_forms_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "xx.po"
    file.write_text('msgid ""\nmsgstr "Language: ja\\n"\n', "utf-8")
    with pytest.raises(ValueError, match="plural"):
        read_catalogue(file)
