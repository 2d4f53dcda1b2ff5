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

GERMAN: dict[str, str] = {
    "reply.guess": "Weißt du es besser? Tippschluss {when}.",
    "reply.blind": "Meine Vorhersage steht. Tippe zuerst, um sie zu sehen; alle sehen sie, wenn"
    " das Tippen endet, {when}.",
    "reply.closed": "Das Tippen ist beendet. {guesses}",
    "reply.guesses": "Tipps: {counts}.",
    "reply.no_guesses": "Niemand hat getippt.",
    "guess.skip": "Auslassen",
    "guess.why": "Warum?",
    "guess.placed": "Du hast **{bucket}** getippt. Du kannst das ändern, bis das Tippen endet,"
    " {when}.",
    "guess.placed_shown": "Du hast **{bucket}** getippt. Das ist meine Vorhersage. Tippschluss"
    " {when}; wenn du deinen Tipp jetzt änderst, zählt er nicht mehr als blind.",
    "guess.skipped": "Das ist meine Vorhersage. Du kannst noch tippen, aber der Tipp zählt nicht"
    " als blind.",
    "guess.kept_secret": "Meine Vorhersage ist geheim, bis das Tippen endet. Tippe zuerst, oder"
    " drücke Auslassen.",
    "guess.no_prediction": "Zu diesem Post gibt es keine Vorhersage mehr.",
    "guess.closed": "Das Tippen auf diesen Post ist beendet: Seine Stimmen würden schon verraten,"
    " wie es ausgeht. Neuere Posts sind offen.",
    "guess.own_post": "Auf deinen eigenen Post tippen die anderen.",
    "guess.opted_out": "Du hast widersprochen, deshalb werden deine Tipps nicht gespeichert. Mit"
    " `/opt-in` spielst du wieder mit.",
    "guess.no_such_post": "Diesen Post gibt es nicht; vielleicht wurde er gelöscht.",
    "guess.nothing_to_guess": "Hier gibt es nichts zu tippen: Der Post wurde abgelehnt oder"
    " zurückgezogen.",
    "guess.bots": "Bots spielen in der Liga nicht mit.",
    "outcome.heading": "Wie es ausging",
    "outcome.line": "Vorhergesagt {predicted} → **{score}** {upvote}, **{bucket}** {mark}",
    "outcome.line_untold": "Vorhergesagt {predicted} → **{score}** {upvote}",
    "outcome.predicted": "**{bucket}** {share}",
    "outcome.predicted_two": "**{first}** oder **{second}** (je {share})",
    "outcome.predicted_alike": "alle drei gleich",
    "outcome.missing.one": "Niedrig, Mittel und Hoch kann ich unterscheiden, wenn Posts in"
    " {community} mit {needed} verschiedenen Punktzahlen geendet haben; es fehlt noch {n}. Dann"
    " werden auch die Tipps gewertet.",
    "outcome.missing.other": "Niedrig, Mittel und Hoch kann ich unterscheiden, wenn Posts in"
    " {community} mit {needed} verschiedenen Punktzahlen geendet haben; es fehlen noch {n}. Dann"
    " werden auch die Tipps gewertet.",
    "outcome.unknown": "Ich konnte die endgültige Punktzahl nicht rechtzeitig lesen, deshalb"
    " zählen diese Vorhersage und die Tipps dazu nicht.",
    "outcome.standing": "Das schlägt {share} der letzten Posts in {community}.",
    "outcome.standing_few.one": "Er schlägt {beaten} von {n} anderen Post, der in {community} schon"
    " gewertet ist.",
    "outcome.standing_few.other": "Er schlägt {beaten} von {n} anderen Posts, die in {community}"
    " schon gewertet sind.",
    "outcome.first": "In {community} gibt es noch keine andere Punktzahl zum Vergleichen.",
    "outcome.best_guess": "Bester Tipp: **{bucket}** von {name}",
    "outcome.right_guesses": "Richtige Tipps: {right} von {total}.",
    "notice.missing": "Mir fehlen Rechte in {channel}: {permissions}. Bis meine Rolle sie hat"
    " (Kanal bearbeiten → Berechtigungen), sage ich Bilder dort voraus, kann aber nicht"
    " antworten.",
    "notice.unreadable": "Ich kann {channel} nicht lesen: Es fehlt {permissions}. Bis meine Rolle"
    " das darf (Kanal bearbeiten → Berechtigungen), sehe ich die Bilder dort nicht.",
    "notice.emoji_gone": "Das Emoji, mit dem in {channel} abgestimmt wird, wurde gelöscht, daher"
    " bekommen die Beiträge dort keinen Score. Wähle mit `/settings` ein anderes; es gilt für neue"
    " Beiträge.",
}
