"""/advise."""

ENGLISH: dict[str, str] = {
    "advise.about": "Which of several pictures or titles, when and where to post; only you see it",
    "advise.image": "Another picture to compare",
    "advise.title": "Another title to compare",
    "advise.hour": "Say when to post the best",
    "advise.channels": "Say which of this server's watched channels suits the best",
    "advise.picture": "Picture {n}",
    "advise.beats": "Would beat **{share}** of the posts here.",
    "advise.last": "{place}. {name} – beats {share}",
    "advise.refused": "{name}: {reason}",
    "advise.too_many": "{pictures} pictures with {titles} titles are more than the {most} variants"
    " that I compare at once. Leave some out.",
    "advise.how_far": "How far to trust this",
    "advise.right": "Of {n} pairs of {pairs}, I called the better one in **{share}** (95%: {low} to"
    " {high}).",
    "advise.no_better": "Of {n} pairs of {pairs}, I called the better one in **{share}** (95%:"
    " {low} to {high}): no better than a coin, as far as can be told.",
    "advise.unknown": "How often such advice is right is not known: {posts} posts can be compared"
    " so far, {needed} are needed.",
    "advise.pairs_here": "posts here",
    "advise.pairs_close": "posts as close as the first two",
    "advise.pairs_hours": "posts at different hours",
    "advise.pairs_channels": "posts in two of these channels",
    "advise.equal": "The first two look equally good.",
    "advise.never_measured": "These were different posts. How well I tell variants of one picture"
    " apart was never measured.",
    "advise.best_hour": "Best hour of the next day: {when} (beats {share}).",
    "advise.hours_alike": "To me every hour of the next day is as good as any other.",
    "advise.channels_heading": "The best of these, by channel:",
    "advise.channel": "{channel} – beats {share}",
}
