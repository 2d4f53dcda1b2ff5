"""Everything that people read on Discord, in English; `bot.discord.texts.lookup` reads it.

A key that ends in ``.one`` or ``.other`` is one of the plural forms of a text.
"""

ENGLISH: dict[str, str] = {
    # --- Buckets, modes, and other words that stand in sentences
    "bucket.low": "Low",
    "bucket.medium": "Medium",
    "bucket.high": "High",
    "count.labels.one": "{n} label",
    "count.labels.other": "{n} labels",
    "count.days.one": "{n} day",
    "count.days.other": "{n} days",
    "count.servers.one": "{n} server",
    "count.servers.other": "{n} servers",
    "count.channels.one": "{n} watched channel",
    "count.channels.other": "{n} watched channels",
    "mode.reply": "reply",
    "mode.react": "react only",
    "mode.silent": "silent",
    "word.yes": "yes",
    "word.no": "no",
    # --- The card of a prediction and of its outcome
    "card.heading": "Will it play?",
    "card.beats": "Would beat **{share}** of the posts in {community}.",
    "card.beats_somewhere": "Would beat **{share}** of the posts in a typical community that I"
    " learned from.",
    "card.likely": "Most likely **{bucket}** ({share}).",
    "card.likely_two": "Most likely **{first}** or **{second}** ({share} each).",
    "card.likely_alike": "Low, medium and high look equally likely.",
    "card.blank": "There is nothing to see here: the image has one colour, is noise, or is hardly"
    " more than a line.",
    "card.set_aside": "This post has something unlike all that I learned from, so my prediction"
    " does not go by it: {sources}.",
    "source.image": "the picture",
    "source.title": "the text of the post",
    "source.text": "the text in the picture",
    "source.author": "the record of the author",
    "source.time": "the time of day",
    "card.looks_like": "Looks like: {parts}.",
    "faces.one": "{n} face",
    "faces.other": "{n} faces",
    "genre.experimental": "experimental",
    "genre.ironic_surreal": "ironic or surreal",
    "genre.political": "political",
    "genre.post_ironic": "post-ironic",
    "genre.rage_comic": "rage comic",
    "genre.text_post": "text post",
    "genre.top_text_bottom_text": "top text / bottom text",
    "genre.viral_video": "viral video",
    "genre.which": "Its genre, if I got it wrong",
    "genre.noted": "Noted: {genre}. I learn genres from what people say of them.",
    "genre.not_yours": "Only who made a post, and moderators, can say which genre it is.",
    "genre.opted_out": "You have opted out, so nothing that you say is kept. `/opt-in` changes"
    " that.",
    "genre.unknown": "There is no such genre here any more.",
    "expression.angry": "angry",
    "expression.disgust": "disgusted",
    "expression.fear": "afraid",
    "expression.happy": "happy",
    "expression.neutral": "neutral",
    "expression.sad": "sad",
    "expression.surprise": "surprised",
    "card.score": "Expected score **{median}**, most likely {low} to {high}.",
    "card.heading_for": "Now heading for **{median}**, most likely {low} to {high}.",
    "card.heading_beats": "That would beat **{share}** of the recent posts in {community}.",
    "card.knows_nothing": "I have learned nothing yet: every outcome looks equally likely to me.",
    "card.borrowed": "{community} has little history yet: the scores come from all of Discord.",
    "card.no_history": "{community} has too little history to turn this into a score yet.",
    "card.place": "`{bar}` How well I know {community}: **{word}**.",
    "card.place_new": "I am still learning this place and show nearly the base rate.",
    "card.place_untested": "None of my predictions here was checked against votes yet, so this"
    " is nearly the base rate.",
    "card.place_no_help": "What I learned helps little here so far: this is near the base rate.",
    "card.pooled": "This is what all communities together taught me, not one place.",
    "familiarity.not yet": "not yet",
    "familiarity.a little": "a little",
    "familiarity.fairly well": "fairly well",
    "familiarity.well": "well",
    "card.footer": "Model {version}",
    "card.heat_map": "Orange raised the prediction, blue lowered it.",
    "card.seen_before": "Seen before: [posted {when}]({link}).",
    "card.seen_before_scored": "Seen before: [posted {when}]({link}), score **{score}**, {bucket}.",
    "card.seen_before_no_link": "Seen before: posted {when}.",
    "card.seen_before_scored_no_link": "Seen before: posted {when}, score **{score}**, {bucket}.",
    "card.image_number": "Image {n} of {total}",
    "card.best_of": "{total} images: I predict the one that should do best.",
    # --- Automatic replies, guess buttons and outcomes
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
    # --- /advise
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
    # --- /meme
    "meme.about": "Find captions for a picture, ranked by what plays here",
    "meme.caption": "Your own caption, TOP|BOTTOM; empty: captions are found for you",
    "meme.heading": "Captions for your picture, the best first. Only you see this until you post.",
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
    # --- /predict and the context menu
    "predict.about": "Predict how well an image would do here",
    "predict.image": "The image: JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF or BMP",
    "predict.title": "The text that you would post it with",
    "predict.menu": "Will it play?",
    "predict.private": "Show the answer only to you",
    "predict.guess_first": "People are guessing on this image in this channel. Guess first under"
    " my reply, or press Skip there; then you see my prediction.",
    "predict.kept_secret": "My prediction for this image is secret until the votes are in: that"
    " shows what a public prediction does to the votes.",
    "predict.no_image": "There is no image in that message. I look at attached images, image"
    " links and embedded images.",
    "predict.too_large": "The file is larger than {megabytes} MB; make it smaller and try again.",
    "predict.more_images": "That message has {total} images; these are the first {shown}.",
    "predict.not_arrived": "The image did not arrive from Discord. Try again in a minute.",
    # --- /watch and /unwatch
    "watch.about": "Predict every new image in a channel",
    "watch.channel": "Which channel; without it, this one",
    "watch.now": "**{channel}** is watched now. I predict each new image, and {after} later I"
    " show how it did.",
    "watch.already": "**{channel}** is watched already. `/settings` shows and changes how.",
    "watch.no_intent": "⚠ I cannot see the images posted here yet, because Discord does not give"
    " me the content of messages. Whoever runs this bot must turn on *Message Content Intent*"
    " in the Discord Developer Portal (Bot → Privileged Gateway Intents) and start it again."
    " Until then `/predict` and *Will it play?* in a message's menu work everywhere.",
    "watch.missing": "⚠ I lack permissions in {channel}: {permissions}. Give them to my role in"
    " the channel's settings (Edit Channel → Permissions).",
    "watch.next": "`/settings` changes the emoji, when a score is final, and what I post and when.",
    "unwatch.about": "Stop predicting the new images in a channel",
    "unwatch.channel": "Which channel; without it, this one",
    "unwatch.now": "**{channel}** is not watched any more. Posts that I have predicted still get"
    " their outcome.",
    "unwatch.not_watched": "**{channel}** is not watched. `/watch` starts it.",
    "watching.other_server": "That channel belongs to another server.",
    "watching.no_images": "I can watch text channels, threads and the text of voice channels"
    " only. Name one with *channel*.",
    "watching.hidden": "I only change channels that you can see yourself.",
    "watching.not_here": "Images in {channel} are not watched. Start with `/watch`.",
    # --- Permissions by Discord's own names
    "permission.view_channel": "View Channel",
    "permission.send_messages": "Send Messages",
    "permission.send_messages_in_threads": "Send Messages in Threads",
    "permission.embed_links": "Embed Links",
    "permission.attach_files": "Attach Files",
    "permission.read_message_history": "Read Message History",
    "permission.add_reactions": "Add Reactions",
    # --- /settings
    "settings.about": "Show how I behave in a channel, or change what you name",
    "settings.channel": "Which channel; without it, this one",
    "settings.upvote": "Emoji that counts as an upvote",
    "settings.downvote": "Emoji that counts as a downvote",
    "settings.horizon": "Hours until a score is final",
    "settings.mode": "What I do with a new image",
    "settings.blind": "People guess before they see my prediction; everybody sees it when"
    " guessing closes",
    "settings.buckets": '"terciles", or two scores such as "5 20": low up to 5, medium up to 20',
    "settings.min_percentile": "Reply only to images that should beat so many percent of the"
    " posts, 0 to 99; 0: all",
    "settings.quiet_hours": 'No replies in these hours, such as "22:00-07:00"; "off": always reply',
    "settings.time_zone": 'Time zone of the quiet hours, such as "Europe/Berlin"',
    "settings.replies_per_minute": "At most so many replies a minute; 0: no limit",
    "settings.guess_minutes": "Minutes until guessing closes",
    "settings.announcements": "Where I tell admins what they should know",
    "settings.announce": "False: no announcements",
    "settings.heading": "Settings of {channel}",
    "settings.changed": "Changed. From now on:",
    "settings.line.watched": "Watched: **{value}**",
    "settings.line.votes": "Upvote {upvote} · downvote {downvote}",
    "settings.line.horizon": "A score is final after **{value}**",
    "settings.line.mode": "New images: **{value}**",
    "settings.line.blind": "Blind (guess first, then see): **{value}**",
    "settings.line.buckets_terciles": "Buckets: **thirds of what is posted here**",
    "settings.line.buckets_fixed": "Buckets: low up to **{low}**, medium up to **{medium}**, high"
    " above",
    "settings.line.min_percentile": "Replies to images that should beat at least **{value}**",
    "settings.line.answers_all": "Replies to all images",
    "settings.line.quiet": "Quiet from **{begin}** to **{end}** ({time_zone})",
    "settings.line.never_quiet": "No quiet hours",
    "settings.line.rate": "At most **{value}** replies a minute",
    "settings.line.no_rate": "No limit on replies a minute",
    "settings.line.guessing": "Guessing closes after **{value}**",
    "settings.line.announcements": "Announcements in {channel}",
    "settings.line.usual_announcements": "Announcements where system messages go, or to the owner",
    "settings.line.no_announcements": "No announcements",
    "settings.line.paused": "⏸ Automatic replies are paused: {reason}",
    # --- Refusals of a setting (reasons of bot/community_settings.py)
    "refused.horizon": "A horizon must be {least} to {most} hours.",
    "refused.guess_seconds": "Guessing must close after {least} to {most} minutes.",
    "refused.thresholds_pair": 'Fixed buckets need both scores, such as "5 20"; "terciles" goes'
    " back to thirds.",
    "refused.thresholds_order": "The score where low ends must be below the score where medium"
    " ends.",
    "refused.min_percentile": "The percentage must be 0 to 99.",
    "refused.quiet_pair": 'Quiet hours need a beginning and an end, such as "22:00-07:00"; "off"'
    " removes them.",
    "refused.quiet_range": 'Quiet hours must be times of day, such as "22:00-07:00".',
    "refused.time_zone": 'There is no such time zone. Use a name such as "Europe/Berlin" or "UTC".',
    "refused.replies_per_minute": "Replies a minute must be 0 (no limit) to {most}.",
    "refused.emoji": '"{value}" is not an emoji. Use one emoji, or one of this server\'s.',
    "refused.same_emoji": "The upvote and the downvote emoji must be different.",
    "refused.foreign_emoji": "I cannot use that emoji: it belongs to a server that I am not in.",
    "refused.guess_score": "The score that closes guessing must be at least 1.",
    "refused.unknown": "This channel is not known yet. Start with `/watch`.",
    "refused.announcements": "I may not write in {channel}. Give me *Send Messages* and *View"
    " Channel* there, or choose another one.",
    # --- Skill: 1 − RPS / RPS of the base rate
    "skill.better": "**{share}** better than guessing by what is usual",
    "skill.worse": "**{share}** worse than guessing by what is usual",
    # --- /leaderboard
    "leaderboard.about": "Who predicts best: people, model versions, channels; and the best posts",
    "leaderboard.board": "Which board",
    "leaderboard.season": "Which season, such as 2026-11; without it, the present one",
    "leaderboard.where": "Only this channel, or all of them",
    "leaderboard.where.here": "this channel",
    "leaderboard.where.everywhere": "everywhere",
    "board.forecasters": "Forecasters",
    "board.models": "Model versions",
    "board.channels": "Channels",
    "board.posts": "Posts",
    "leaderboard.heading": "{board} · {season}",
    "leaderboard.all_time": "all time",
    "leaderboard.scope_here": "in {channel}",
    "leaderboard.scope_everywhere": "everywhere",
    "leaderboard.page": "Page {page} of {pages} · {total} in total",
    "leaderboard.least": "needs {n} scored guesses",
    "leaderboard.row.forecasters": "`{rank}` **{name}** · **{points}** points · {hits} of {n}"
    " right, {rate} (chance {base})",
    "leaderboard.row.models": "`{rank}` **{name}** · {skill} · {hits} of {n} right,"
    " {rate} {interval} (chance {base})",
    "leaderboard.row.channels": "`{rank}` **{name}** · {skill} · {hits} of {n} right,"
    " {rate} {interval} (chance {base})",
    "leaderboard.row.people": " · people {rate}",
    "leaderboard.row.posts": "`{rank}` **{score}** · {title} · {bucket}",
    "leaderboard.untitled": "(no title)",
    "leaderboard.only_here": "That board is about this server's channels. Ask for it in a server.",
    "leaderboard.previous": "Previous",
    "leaderboard.next": "Next",
    "leaderboard.you": "You",
    "leaderboard.your_row": "Your place",
    "leaderboard.not_on_it": "You are not on this board yet: it takes {n} scored guesses.",
    "leaderboard.empty": "Nobody is on this board yet. Guess Low, Medium or High under one of my"
    " replies; guesses are scored when the votes are in.",
    "leaderboard.empty_models": "No model version was scored in this season yet. The first score"
    " comes when the first post reaches its horizon.",
    "leaderboard.empty_channels": "No channel was scored in this season yet.",
    "leaderboard.empty_posts": "No post was scored in this season yet.",
    "leaderboard.unknown_season": "There is no season {season}. There are: {seasons}.",
    "leaderboard.not_yours": "Only the person who asked can turn these pages. `/leaderboard`"
    " shows you your own.",
    # --- /me
    "me.about": "Your own record",
    "me.heading": "Your record",
    "me.nothing": "You have not guessed yet. Press Low, Medium or High under one of my replies in"
    " a watched channel.",
    "me.waiting.one": "{n} guess of yours waits for its votes. None is scored yet.",
    "me.waiting.other": "{n} of your guesses wait for their votes. None is scored yet.",
    "me.row": "{season}: **{points}** points, {hits} of {n} guesses right ({rate}; chance {base}).",
    "me.row_few": "{season}: **{points}** points, {hits} of {n} guesses right.",
    "me.blind": "Blind: **{points}** points, {hits} of {n} guesses right.",
    "me.streak": "Right in a row: {now} now, {most} at most.",
    "me.rank": "Place {rank} of {total}.",
    "me.open.one": "{n} more guess waits for its votes.",
    "me.open.other": "{n} more guesses wait for their votes.",
    "me.opted_out": "You opted out: nothing of yours is used. `/opt-in` changes that.",
    # --- /stats
    "stats.about": "How good the predictions were: accuracy over time, calibration",
    "stats.days": "How many days to look back",
    "stats.where": "Only this channel, or all of them",
    "stats.line.version": "**{name}** was right on {rate} {interval} of {n} posts; chance alone"
    " would be right on {base}.",
    "stats.line.version_few": "**{name}** was right on {hits} of {n} posts.",
    "stats.line.skill": "All its chances together were {better}"
    " (RPS skill {skill} {skill_interval}).",
    "stats.line.no_skill": "About its skill there is nothing to tell yet.",
    "stats.line.labels": "Scored posts: {labels}. Of these, {answered} had a reply and {silent}"
    " were in the silent share, predicted in secret.",
    "stats.line.place": "`{bar}` How well I know this place: **{word}**.",
    "stats.line.effect": "Posts with a reply scored {factor} times as much ({low} to {high}) as"
    " the silent share, measured on score + 1.",
    "stats.no_chart": "The chart could not be drawn this time.",
    "stats.heading": "How good were the predictions?",
    "stats.nothing.one": "Nothing was scored in the last day. A post is scored when it reaches"
    " its horizon.",
    "stats.nothing.other": "Nothing was scored in the last {n} days. A post is scored when it"
    " reaches its horizon.",
    "plays.heading": "What plays here",
    "plays.line": "{name}: {effect} points [{low}, {high}]",
    "plays.none": "Nothing stands out among {n} things that were compared.",
    "plays.missing.one": "{n} more label is needed to tell.",
    "plays.missing.other": "{n} more labels are needed to tell.",
    "plays.caveat": "+5 points: beats 5% more of the posts here than the average post that is alike"
    " in everything else. This goes together; it need not be the cause.",
    "plays.genre.not_sure": "no genre for sure",
    "plays.expression": "a face that looks {expression}",
    "plays.faces.0": "no face",
    "plays.faces.1": "1 face",
    "plays.faces.2": "2 faces",
    "plays.faces.3": "3 faces or more",
    "plays.colourfulness.low": "few colours",
    "plays.colourfulness.middle": "some colours",
    "plays.colourfulness.high": "many colours",
    "plays.sharpness.low": "soft picture",
    "plays.sharpness.middle": "fairly sharp picture",
    "plays.sharpness.high": "sharp picture",
    "plays.brightness.low": "dark picture",
    "plays.brightness.middle": "neither dark nor bright",
    "plays.brightness.high": "bright picture",
    "plays.text_share.low": "little text",
    "plays.text_share.middle": "some text",
    "plays.text_share.high": "much text",
    "plays.hour": "posted {first}:00 to {last}:59",
    "plays.weekday.0": "posted on Monday",
    "plays.weekday.1": "posted on Tuesday",
    "plays.weekday.2": "posted on Wednesday",
    "plays.weekday.3": "posted on Thursday",
    "plays.weekday.4": "posted on Friday",
    "plays.weekday.5": "posted on Saturday",
    "plays.weekday.6": "posted on Sunday",
    "stats.chart": "Skill over time and calibration",
    # --- /retrain and /model
    "retrain.about": "Train a new model version on all votes so far; it serves only if it is"
    " better",
    "retrain.started": "Training has started. I post the result here.",
    "retrain.under_way": "A training run is under way already. It uses every label so far; wait"
    " until it ends.",
    "retrain.gone": "The training that you asked for has ended.",
    "retrain.joined": "A training run is under way already; it uses every label so far. I post"
    " the result here.",
    "retrain.promoted": "✔ **{version}** serves now. {reason}",
    "retrain.kept": "**{version}** is stored, but does not serve. {reason}",
    "retrain.refused": "No training: {reason}",
    "retrain.failed": "✘ The training run failed and changed nothing. {reason}",
    "model.about": "Model versions: list them, let one serve, go back",
    "model.versions": "List the model versions",
    "model.promote": "Let another version serve",
    "model.rollback": "Let the version serve that was replaced",
    "model.version": "Name of the version",
    "model.heading": "Model versions",
    "model.line": "`{name}` · {labels} · {date}",
    "model.line_champion": "👑 **`{name}`** · {labels} · {date} · serves",
    "model.line_skill": " · {skill}",
    "model.more": "… and {n} older ones. `/model promote` finds them by name.",
    "model.serves_already": "**{name}** serves already.",
    "model.ask_promote": "Let **{name}** serve instead of **{champion}**? Everybody who uses this"
    " bot gets its predictions from then on.",
    "model.ask_rollback": "Go back from **{champion}** to **{name}**? Everybody who uses this bot"
    " gets its predictions from then on.",
    "model.nothing_before": "There is nothing to go back to: the version that serves replaced no"
    " other.",
    "model.changed_meanwhile": "**{champion}** serves by now. Look at `/model versions` and"
    " decide again.",
    "model.promoted": "**{name}** serves now.",
    "model.rolled_back": "Went back: **{name}** serves now.",
    "model.unknown": "There is no model version {name}. `/model versions` lists them.",
    "model.unusable": "That version cannot serve: {reason}",
    "model.not_yours": "One model serves all servers, so only the owner of this bot trains and"
    " chooses it, or the admins of servers that the owner names (PEORIA_DISCORD_MODEL_SERVERS);"
    " this is not one of them.",
    # --- Privacy
    "privacy.about": "What is stored about you, and what you can do about it",
    "privacy.heading": "Privacy",
    "privacy.text": "**What is stored.** For each image posted in a watched channel: the image"
    " (at most {days}), the numbers that the model computed from it, its title, its votes as"
    " numbers, and the prediction. You are stored as a keyed hash of your Discord id, never"
    " by name. Your guesses are stored with that hash. So that the league can name who plays,"
    " your id is kept with your guesses, encrypted. `/predict` stores nothing at all.\n"
    "\n"
    "**What you can do.**\n"
    "`/opt-out` – I stop using your posts and guesses; posts that wait for their votes are"
    " withdrawn\n"
    "`/opt-in` – take that back\n"
    "`/export-me` – a file with everything stored about you\n"
    "`/forget-me` – delete it\n"
    "\nYour Discord identity is never linked to one on another platform.",
    "optout.about": "Use nothing of mine: no posts, no guesses",
    "optout.done": "You opted out. I do not look at your new images, you cannot guess, and you"
    " are on no board. {withdrawn} `/opt-in` takes it back, `/forget-me` deletes what is"
    " stored.",
    "optout.withdrawn.one": "{n} post of yours that waited for its votes was withdrawn.",
    "optout.withdrawn.other": "{n} of your posts that waited for their votes were withdrawn.",
    "optout.already": "You opted out already. `/opt-in` takes it back.",
    "optin.about": "Take an opt-out back",
    "optin.done": "Welcome back. I predict your new images in watched channels again.",
    "optin.already": "You had not opted out; nothing changed.",
    "export.about": "A file with everything stored about you",
    "export.done": "Everything stored about you, for you alone.",
    "export.nothing": "Nothing is stored about you.",
    "export.too_large": "Your file is larger than Discord accepts. Ask whoever runs this bot for"
    " it.",
    "forget.about": "Delete what is stored about you",
    "forget.ask": "Delete everything stored about you? Your guesses, votes and places on the boards"
    " go, your posts lose their author, title and link, and their images are deleted. What they"
    " scored stays as a number, without you. This cannot be undone.",
    "forget.done": "Done. Nothing stored leads to you any more (entries deleted or emptied:"
    " {rows}).",
    "forget.done_opted_out": "Done. All that is left is your opt-out (entries deleted or emptied:"
    " {rows}).",
    "forget.nothing": "Nothing is stored about you.",
    # --- Asking before it is done
    "confirm.yes_forget": "Delete it",
    "confirm.yes_promote": "Let it serve",
    "confirm.yes_rollback": "Go back",
    "confirm.no": "Cancel",
    "confirm.cancelled": "Nothing was changed.",
    "confirm.too_late": "That question is too old. Ask again.",
    "confirm.not_yours": "Only the person who was asked can answer that.",
    # --- /help and /about
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
    "`/leaderboard`, `/me`, `/stats` – who is right, and how often",
    "help.admins": "For admins (Manage Server)",
    "help.admins_lines": "`/watch`, `/unwatch` – predict new images in a channel, or stop\n"
    "`/settings` – emoji, horizon, blind guessing, quiet hours and more\n"
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
    # --- What went wrong
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
    # --- Why an image is refused (models.decoding's reasons) or did not arrive
    "image.empty": "The file is empty; choose the image again.",
    "image.too_large": "The file is too large; make it smaller and try again.",
    "image.unsupported_format": "This is not a JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF or BMP"
    " image; save it as one of those.",
    "image.busy": "The image could not be read just now, for want of memory; try again later.",
    "image.truncated": "A part of the file is missing; choose the image again.",
    "image.corrupt": "The file is damaged; save the image anew and try again.",
    "image.too_many_pixels": "The image has too many pixels; make it smaller and try again.",
    "image.too_complex": "The file is built in a way that takes too long to decode; save it anew"
    " and try again.",
    "image.not_fetched": "There is nothing to fetch at the image's address.",
}
