"""/meme."""

ENGLISH: dict[str, str] = {
    "meme.about": "Find captions for a picture, ranked by what plays here",
    "meme.caption": "Your own caption, TOP|BOTTOM; empty: captions are found for you",
    "meme.heading": "Captions for your picture, my choice first: how each would do and how well it "
    "fits. Only you see this until you post.",
    "meme.menu": "Make a meme",
    "meme.may_not_post": "You may not send pictures in this channel, so I do not send one for you.",
    "meme.choose": "Another caption",
    "meme.beats": "would beat {share} of the posts here",
    "meme.post": "Post it here",
    "meme.posted": "Posted.",
    "meme.by": "A meme by {person}",
    "meme.none": "I found no caption for this picture here. Write your own with `caption`.",
    "meme.cannot_draw": "That caption cannot be drawn: it is empty, longer than 2,000 characters,"
    " or has a character that no font here has.",
    "meme.kept_back": "The prediction for this picture is kept back here for now; make memes of it"
    " when the votes are in.",
}
