"""/posters: whose images are posts in a channel, and who may play."""

ENGLISH: dict[str, str] = {
    "posters.about": "Whose images I take in a channel; without options, show it",
    "posters.channel": "Which channel; without it, this one",
    "posters.ignore": "A role or a person whose images are left alone from now on",
    "posters.only": "A role or a person whose images alone are taken; use it again for more",
    "posters.clear": "True: everybody's images are taken again, but for what you name beside it",
    "posters.account_days": "Accounts must be so many days old to post; 0: of any age",
    "posters.posts_per_day": "At most so many posts of one person in a day; 0: no limit",
    "posters.guesses_per_day": "At most so many guesses of one person in a day; 0: no limit",
    "posters.questions_per_day": "At most so many /predict, /advise, /meme of one person in a day;"
    " 0: no limit",
    "posters.heading": "Whose images I take in {channel}",
    "posters.everybody": "Everybody's.",
    "posters.line.only": "Only of people with {roles}",
    "posters.line.only_people.one": "Only of {n} person who was named",
    "posters.line.only_people.other": "Only of {n} people who were named",
    "posters.line.ignored_roles": "Not of people with {roles}; they do not guess, either",
    "posters.line.ignored_people.one": "Not of {n} person who was named; they do not guess, either",
    "posters.line.ignored_people.other": "Not of {n} people who were named; they do not guess,"
    " either",
    "posters.line.account_days": "Of accounts that are at least {days} old",
    "posters.line.posts_per_day.one": "At most {n} post of one person in a day",
    "posters.line.posts_per_day.other": "At most {n} posts of one person in a day",
    "posters.line.guesses_per_day.one": "At most {n} guess of one person in a day",
    "posters.line.guesses_per_day.other": "At most {n} guesses of one person in a day",
    "posters.line.questions_per_day.one": "At most {n} question about a picture of one person in a"
    " day",
    "posters.line.questions_per_day.other": "At most {n} questions about pictures of one person in"
    " a day",
    "posters.too_many": "There are {most} already, which is all that I keep. `/posters clear: True`"
    " begins anew.",
    "guess.left_out": "The admins of this server left you out of guessing in this channel.",
    "guess.limit": "In this channel one person makes at most so many guesses in 24 hours: {most}."
    " Yours are used up. A guess that you made can still be changed.",
    "predict.limit": "In this channel one person asks about pictures at most so many times in 24"
    " hours: {most}. Your next question can be asked {when}.",
    "guess.too_young": "In this channel guesses count of accounts that were at least {days} days"
    " old when the post came. Yours was younger.",
}
