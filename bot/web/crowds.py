"""Who voted on a post from one address: remembered while the board runs, and stored nowhere."""

from collections import OrderedDict, defaultdict

#: Votes on one post from one household that count; of more than these none does.
MOST_VOTES = 10
#: Posts that are remembered: those that were voted on last.
_POSTS = 1000


class Crowds:
    """Counts the people of one household who vote on a post."""

    def __init__(self) -> None:
        self._posts: OrderedDict[int, defaultdict[str, set[int]]] = OrderedDict()

    def add(self, post_id: int, household: str, author_id: int) -> frozenset[int]:
        """Note a vote; return everybody of the household if they are too many, else nobody."""
        households = self._posts.setdefault(post_id, defaultdict(set))
        self._posts.move_to_end(post_id)
        if len(self._posts) > _POSTS:
            self._posts.popitem(last=False)
        people = households[household]
        people.add(author_id)
        return frozenset(people) if household and len(people) > MOST_VOTES else frozenset()
