"""Automatic replies, guess buttons, outcomes, and what admins are told of them."""

ENGLISH: dict[str, str] = {
    "reply.guess": "Do you know better? Guessing closes {when}.",
    "reply.blind": "My prediction is ready. Guess first to see it; everybody sees it when"
    " guessing closes, {when}.",
    "reply.closed": "Guessing has closed. {guesses}",
    "reply.guesses": "Guesses: {counts}.",
    "reply.no_guesses": "Nobody guessed.",
    "guess.skip": "Skip",
    "guess.why": "Why?",
    "guess.placed": "You guessed **{bucket}**. You can change it until guessing closes, {when}.",
    "guess.placed_shown": "You guessed **{bucket}**. This is my prediction. Guessing closes"
    " {when}; if you change your guess now, it no longer counts as blind.",
    "guess.skipped": "This is my prediction. You can still guess, but the guess will not count as"
    " blind.",
    "guess.kept_secret": "My prediction is secret until guessing closes. Guess first, or press"
    " Skip.",
    "guess.no_prediction": "There is no prediction for this post any more.",
    "guess.closed": "Guessing on this post has closed: its votes so far would give the answer away."
    " Newer posts are open.",
    "guess.own_post": "Your own post is for others to guess.",
    "guess.opted_out": "You opted out, so your guesses are not stored. `/opt-in` lets you play.",
    "guess.no_such_post": "This post does not exist; it may have been deleted.",
    "guess.nothing_to_guess": "There is nothing to guess: this post was refused or withdrawn.",
    "guess.bots": "Bots do not play in the league.",
    "outcome.heading": "How it did",
    "outcome.line": "Predicted {predicted} → **{score}** {upvote}, **{bucket}** {mark}",
    "outcome.line_untold": "Predicted {predicted} → **{score}** {upvote}",
    "outcome.predicted": "**{bucket}** {share}",
    "outcome.predicted_two": "**{first}** or **{second}** ({share} each)",
    "outcome.predicted_alike": "all three alike",
    "outcome.missing.one": "I can tell low, medium and high apart when posts in {community} have"
    " ended with {needed} different scores; {n} more is needed. Guesses are scored then, too.",
    "outcome.missing.other": "I can tell low, medium and high apart when posts in {community} have"
    " ended with {needed} different scores; {n} more are needed. Guesses are scored then, too.",
    "outcome.unknown": "I could not read the final score in time, so this prediction and the"
    " guesses on it do not count.",
    "outcome.standing": "That beats {share} of the recent posts in {community}.",
    "outcome.standing_few.one": "It beats {beaten} of the {n} other post that has ended in"
    " {community}.",
    "outcome.standing_few.other": "It beats {beaten} of the {n} other posts that have ended in"
    " {community}.",
    "outcome.first": "There is no other score in {community} to compare it with yet.",
    "outcome.best_guess": "Best guess: **{bucket}** by {name}",
    "outcome.right_guesses": "Right guesses: {right} of {total}.",
    "notice.missing": "I lack permissions in {channel}: {permissions}. Until my role has them"
    " (Edit Channel → Permissions), I predict the images posted there but cannot reply.",
    "notice.unreadable": "I cannot read {channel}: {permissions} missing. Until my role has that"
    " (Edit Channel → Permissions), I do not see the images posted there.",
    "notice.emoji_gone": "The emoji that people vote with in {channel} was deleted, so the posts"
    " there get no score. Choose another one with `/settings`; it holds for new posts.",
}
