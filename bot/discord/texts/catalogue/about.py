"""/help and /about."""

ENGLISH: dict[str, str] = {
    "help.about": "What I can do, and how",
    "help.heading": "Will it play in Peoria?",
    "help.text": "I predict how popular an image will be in **this** channel, come back when the"
    " votes are in, and keep score of myself and of everybody who guesses against me.",
    "help.everybody": "For everybody",
    "help.everybody_lines": "`/predict` – how well an image would do here; works in DMs, too\n"
    "`/advise` – which of several pictures or titles, when and where\n"
    "`/meme` – captions for an image, each with how it would do here\n"
    "*Will it play?*, *Make a meme* in a message's menu (Apps) – the same for its images\n"
    "`Low` `Medium` `High` under my replies – your guess\n"
    "`/duel`, *Guess the score* in a post's menu, `/games` – two posts against each other, and"
    " scores as numbers\n"
    "`/leaderboard`, `/me`, `/stats` – who is right, and how often\n"
    "`/tell-me` – what became of your posts and guesses, by direct message",
    "help.admins": "For admins (Manage Server)",
    "help.admins_lines": "`/watch`, `/unwatch` – predict new images in a channel, a forum or a"
    " whole category, or stop\n"
    "`/channels` – every channel, and what I lack there\n"
    "`/import` – learn from what was posted in a channel before\n"
    "`/digest` – what happened here, every day or week\n"
    "`/outcomes` – what became of posts, in a channel; a role for the season's winner\n"
    "`/audit` – who changed what\n"
    "`/settings` – emoji, horizon, blind guessing, quiet hours and more\n"
    "`/posters` – whose images I take in a channel\n"
    "`/managers` – roles whose members manage me here, by `/manage`\n"
    "`/retrain`, `/model` – learn from the votes, choose the model version",
    "help.privacy": "Your data",
    "help.privacy_lines": "`/privacy`, `/opt-out`, `/opt-in`, `/export-me`, `/forget-me`",
    "help.start": "This channel is not watched. An admin begins with `/watch`.",
    "help.watched": "This channel is watched: post an image, and vote with {upvote} and"
    " {downvote}.",
    "about.about": "What this bot is and which model serves",
    "about.heading": "Peoria",
    "about.text": '*"Will it play in Peoria?"* A bot that predicts how popular an image will be in'
    " a community, says so in public, and is judged by the votes.",
    "about.model": "Model",
    "count.labels_learned.one": "{n} label",
    "count.labels_learned.other": "{n} labels",
    "about.model_line": "`{version}`, learned from {labels}",
    "about.scale": "Here",
    "about.scale_line": "{servers} · {channels}",
}
