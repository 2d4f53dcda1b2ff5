"""What Reddit's own codes mean for what was written there: one table.

The codes are those of Reddit's published source (r2/lib/errors.py) and of today's answers. One that
is not listed may be anybody's fault, and may pass: what was asked is tried a few times.
"""

#: The thing that was answered, or was to be changed, was deleted: that is for ever.
POST_DELETED = frozenset({"DELETED_LINK", "DELETED_THING"})
#: The thread takes no more comments.
CLOSED = frozenset({"THREAD_LOCKED", "TOO_OLD"})
#: Asked again, Reddit would say the same.
FINAL = POST_DELETED | CLOSED | {"DELETED_COMMENT", "NOT_AUTHOR", "USER_BLOCKED"}
#: Reddit does not find a thing, or does not show it to us now: a look at the place tells why.
OUT_OF_SIGHT = frozenset(
    {"NO_THING_ID", "SUBREDDIT_NOTALLOWED", "SUBREDDIT_NO_ACCESS", "SUBREDDIT_NOEXIST"}
)
#: Too much was written lately: nothing is written for a while.
TOO_FAST = frozenset({"RATELIMIT", "SUBREDDIT_RATELIMIT", "QUOTA_FILLED"})
