"""What people read: the catalogues of translations, and who is spoken to in which language.

Texts are written in English where they are used, those of Discord by key in
`bot.discord.texts.catalogue`. `bot.texts.translate` finds what a catalogue (a file
``<language>.po``, GNU gettext) says instead.
"""
