"""/duel, /games and "Guess the score"."""

ENGLISH: dict[str, str] = {
    "duel.about": "Which of two posts will do better? Everybody here can guess",
    "duel.first": "Link of the message with one of the pictures; without it, the newest two",
    "duel.second": "Link of the message with the other one",
    "duel.heading": "A duel: which will have the higher score?",
    "duel.button": "{n} wins",
    "duel.side": "**{n}** · {post}",
    "duel.question": "Press who will win. Guessing closes {when}.",
    "duel.worth": "1 is worth {first} points, 2 is worth {second}; a wrong guess costs 1.",
    "duel.closed": "Guessing has closed. The result comes when the votes on both are in.",
    "duel.guesses": "Guesses: {n1} for 1, {n2} for 2.",
    "duel.decided": "**{n}** won: {score} against {other}.",
    "duel.drawn": "Both came to **{score}**: a draw, and nobody wins or loses anything.",
    "duel.void": "This duel is void: one of its posts was deleted or got no score. Nobody wins or"
    " loses anything.",
    "duel.right": "Right: {people}",
    "duel.nobody": "Nobody was right.",
    "duel.said": "I gave {n} a chance of {chance}.",
    "duel.footer": "Duel {n}",
    "duel.picture": "Two pictures beside each other. Left, 1: {first}. Right, 2: {second}.",
    "duel.opened": "The duel has begun: {link}",
    "duel.placed": "You say that **{n}** wins, for {points} points. You can change that: guessing"
    " closes {when}.",
    "duel.nowhere": "There are duels in channels that I watch. An admin can begin that with"
    " `/watch`.",
    "duel.silent": "I write nothing in this channel by myself, so there are no duels here, either.",
    "duel.missing": "I cannot show a duel here: {permissions} missing.",
    "duel.no_pair": "A duel takes two new posts of different people here that one can still guess"
    " on and that did not meet before. There are not two now.",
    "duel.same_post": "A duel takes two different posts. Give the links of both messages.",
    "duel.not_here": "Give the links of two messages with pictures in this channel that I replied"
    " to (in the message's menu: Copy Message Link).",
    "duel.closed_already": "Guessing on one of these posts has closed, so the duel would be decided"
    " in part. Take newer posts.",
    "duel.had": "These two met already.",
    "duel.too_many": "Three duels are open in this channel. The next one can begin when one of them"
    " has ended.",
    "score.menu": "Guess the score",
    "score.heading": "What will its score be?",
    "score.low": "At least so many votes",
    "score.high": "At most so many votes",
    "score.no_number": "Give two numbers, such as 3 and 12.",
    "score.no_post": "That is no post whose score can be guessed: choose a message with a picture"
    " that I replied to, or my reply.",
    "score.placed": "You say that it ends between **{low}** and **{high}**. A narrow interval"
    " counts more if it is right, and costs more if it is wrong. You can change it: guessing closes"
    " {when}. `/games` shows how good you are.",
    "games.about": "Who is best in duels and at guessing scores on this server",
    "games.heading": "Duels and scores",
    "games.duels": "Duels",
    "games.no_duels": "No duel has had a winner yet. `/duel` begins one.",
    "games.scores": "Scores as numbers",
    "games.no_scores": "Nobody has named enough scores yet: *Apps → Guess the score* in the menu of"
    " a post.",
    "games.you": "You",
    "games.no_you": "Nothing of yours was decided yet.",
    "games.least": "Scores: from {n} posts on; better or worse than what is usual in the channel",
    "games.duel_line": "{name} · **{points}** points · {hits} of {n} right",
    "games.score_line.one": "{name} · **{share}** better than usual · {n} post, {crps} votes off",
    "games.score_line.other": "{name} · **{share}** better than usual · {n} posts, {crps} votes off"
    " on average",
    "games.score_line_worse.one": "{name} · **{share}** worse than usual · {n} post, {crps} votes"
    " off",
    "games.score_line_worse.other": "{name} · **{share}** worse than usual · {n} posts, {crps}"
    " votes off on average",
}
