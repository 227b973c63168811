"""Facts of friendships."""

from __future__ import annotations

from core.events import Fact

# Who the two are stands in the friendship, for those who may see it.


class FriendshipRequested(Fact, type="friendship.requested", subject="connection"):
    """A person asked another to be friends."""


class FriendshipAccepted(Fact, type="friendship.accepted", subject="connection"):
    """Two people are friends."""


class FriendshipEnded(Fact, type="friendship.ended", subject="connection"):
    """A friendship, a request or a block is no more."""


class FriendshipBlocked(Fact, type="friendship.blocked", subject="connection"):
    """A person wants nothing to do with another, who is not told."""
