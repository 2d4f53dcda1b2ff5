"""What people read, in their language: the catalogue of translations, and who is spoken to in what.

Texts are written in English where they are used; `bot.texts.translate` finds what a catalogue
(a file ``<language>.po``, GNU gettext) says instead. Discord's own texts have keys, and lie in
`bot.discord.texts.catalogue`; ``python -m docs.translations`` hands out both as one catalogue.
"""
