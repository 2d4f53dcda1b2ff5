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
    "games.no_duels": "No duel was decided yet. `/duel` begins one.",
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

GERMAN: dict[str, str] = {
    "duel.about": "Welcher von zwei Posts kommt besser an? Alle hier können tippen",
    "duel.first": "Link der Nachricht mit einem der Bilder; ohne Angabe die zwei neuesten",
    "duel.second": "Link der Nachricht mit dem anderen",
    "duel.heading": "Ein Duell: Was bekommt mehr Stimmen?",
    "duel.button": "{n} gewinnt",
    "duel.side": "**{n}** · {post}",
    "duel.question": "Drück, wer gewinnt. Tippen geht noch bis {when}.",
    "duel.worth": "1 bringt {first} Punkte, 2 bringt {second}; ein falscher Tipp kostet 1.",
    "duel.closed": "Das Tippen ist vorbei. Das Ergebnis kommt, wenn die Stimmen für beide da sind.",
    "duel.guesses": "Tipps: {n1} für 1, {n2} für 2.",
    "duel.decided": "**{n}** hat gewonnen: {score} gegen {other}.",
    "duel.drawn": "Beide kamen auf **{score}**: unentschieden, niemand gewinnt oder verliert"
    " etwas.",
    "duel.void": "Dieses Duell gilt nicht: Einer der Posts wurde gelöscht oder bekam kein Ergebnis."
    " Niemand gewinnt oder verliert etwas.",
    "duel.right": "Richtig: {people}",
    "duel.nobody": "Niemand lag richtig.",
    "duel.said": "Ich gab {n} eine Chance von {chance}.",
    "duel.footer": "Duell {n}",
    "duel.picture": "Zwei Bilder nebeneinander. Links, 1: {first}. Rechts, 2: {second}.",
    "duel.opened": "Das Duell läuft: {link}",
    "duel.placed": "Du sagst: **{n}** gewinnt, für {points} Punkte. Du kannst das ändern, Tippen"
    " geht noch bis {when}.",
    "duel.nowhere": "Duelle gibt es in Kanälen, die ich beobachte. Admins fangen damit mit `/watch`"
    " an.",
    "duel.silent": "In diesem Kanal schreibe ich von selbst nichts, also gibt es hier auch keine"
    " Duelle.",
    "duel.missing": "Ich kann hier kein Duell zeigen: {permissions} fehlt.",
    "duel.no_pair": "Ein Duell braucht hier zwei neue Posts verschiedener Leute, auf die man noch"
    " tippen kann und die sich noch nicht begegnet sind. Zwei solche gibt es gerade nicht.",
    "duel.same_post": "Ein Duell braucht zwei verschiedene Posts. Gib die Links beider Nachrichten"
    " an.",
    "duel.not_here": "Gib die Links zweier Nachrichten mit Bildern in diesem Kanal an, auf die ich"
    " geantwortet habe (im Menü der Nachricht: Nachrichtenlink kopieren).",
    "duel.closed_already": "Auf einen dieser Posts kann man nicht mehr tippen, das Duell wäre zum"
    " Teil entschieden. Nimm neuere Posts.",
    "duel.had": "Diese beiden sind sich schon begegnet.",
    "duel.too_many": "In diesem Kanal laufen drei Duelle. Das nächste kann beginnen, wenn eines"
    " davon zu Ende ist.",
    "score.menu": "Stimmen schätzen",
    "score.heading": "Wie viele Stimmen werden es?",
    "score.low": "Mindestens so viele",
    "score.high": "Höchstens so viele",
    "score.no_number": "Gib zwei Zahlen an, etwa 3 und 12.",
    "score.no_post": "Das ist kein Post, dessen Stimmen man schätzen kann: Wähle eine Nachricht mit"
    " einem Bild, auf die ich geantwortet habe, oder meine Antwort.",
    "score.placed": "Du sagst: am Ende zwischen **{low}** und **{high}**. Ein enger Bereich zählt"
    " mehr, wenn er stimmt, und kostet mehr, wenn nicht. Du kannst ihn ändern, Tippen geht noch bis"
    " {when}. `/games` zeigt, wie gut du bist.",
    "games.about": "Wer auf diesem Server in Duellen und beim Schätzen am besten ist",
    "games.heading": "Duelle und Stimmen",
    "games.duels": "Duelle",
    "games.no_duels": "Noch ist kein Duell entschieden. `/duel` beginnt eines.",
    "games.scores": "Stimmen als Zahl",
    "games.no_scores": "Noch hat niemand genug geschätzt: *Apps → Stimmen schätzen* im Menü eines"
    " Posts.",
    "games.you": "Du",
    "games.no_you": "Von dir ist noch nichts entschieden.",
    "games.least": "Stimmen: ab {n} Posts; besser oder schlechter als das im Kanal Übliche",
    "games.duel_line": "{name} · **{points}** Punkte · {hits} von {n} richtig",
    "games.score_line.one": "{name} · **{share}** besser als üblich · {n} Post, {crps} Stimmen"
    " daneben",
    "games.score_line.other": "{name} · **{share}** besser als üblich · {n} Posts, im Mittel {crps}"
    " Stimmen daneben",
    "games.score_line_worse.one": "{name} · **{share}** schlechter als üblich · {n} Post, {crps}"
    " Stimmen daneben",
    "games.score_line_worse.other": "{name} · **{share}** schlechter als üblich · {n} Posts, im"
    " Mittel {crps} Stimmen daneben",
}
