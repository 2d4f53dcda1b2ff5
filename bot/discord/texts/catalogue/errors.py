"""What went wrong, and why an image is refused or did not arrive."""

ENGLISH: dict[str, str] = {
    "error.cooldown": "That was too much at once. Try again in {seconds} s.",
    "error.cooldown_channel": "Too much is going on in this channel. Try again in {seconds} s.",
    "error.missing_permissions": "Discord does not let me do that here. I need: {permissions}.",
    "error.forbidden": "Discord does not let me do that here. Check my permissions in this"
    " channel.",
    "error.guild_only": "That works only in a server.",
    "error.not_allowed": "You may not do that here. It needs the permission Manage Server, or"
    " whatever the server chose instead (Server Settings → Integrations).",
    "error.discord_away": "Discord did not answer just now. Try again in a minute.",
    "error.out_of_date": "This command has changed. Reload Discord (Ctrl+R) and try again.",
    "error.no_model": "No model version can serve just now. Whoever runs this bot finds the"
    " reason in its log.",
    "error.not_stored": "Nothing can be stored just now, so nothing was changed. Try again later;"
    " whoever runs this bot finds the reason in its log.",
    "error.ours": "Something went wrong on my side. If it happens again, tell whoever runs this bot"
    " the number **{number}**.",
    "image.empty": "The file is empty; choose the image again.",
    "image.too_large": "The file is too large; make it smaller and try again.",
    "image.unsupported_format": "This is not a JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF or BMP"
    " image; save it as one of those.",
    "image.busy": "The image could not be read just now; try again later.",
    "image.truncated": "A part of the file is missing; choose the image again.",
    "image.corrupt": "The file is damaged; save the image anew and try again.",
    "image.too_many_pixels": "The image has too many pixels; make it smaller and try again.",
    "image.too_complex": "The file is built in a way that takes too long to decode; save it anew"
    " and try again.",
    "image.not_fetched": "There is nothing to fetch at the image's address.",
}
