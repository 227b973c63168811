"""How many connections there may be: in this process, from one address, of one person."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from core.addresses import counted_as, is_this_machine


@dataclass
class Place:
    """A connection's place among the others: whose it is, as far as that counts."""

    address: str | None
    user_id: str | None = None


@dataclass
class Caps:
    """Counts them. This machine itself is not counted by its address, for everybody behind a proxy on it would be."""

    most: int
    most_per_address: int
    most_per_user: int
    count: int = 0
    _by_address: Counter[str] = field(default_factory=Counter)
    _by_user: Counter[str] = field(default_factory=Counter)

    @property
    def is_full(self) -> bool:
        """Whether this process takes no more."""
        return self.count >= self.most

    def take(self, address: str | None) -> Place | None:
        """A place for a connection from this address; None where there are too many from there."""
        counted = None if address is None or is_this_machine(address) else counted_as(address)
        if counted is not None:
            if self._by_address[counted] >= self.most_per_address:
                return None
            self._by_address[counted] += 1
        self.count += 1
        return Place(counted)

    def is_persons(self, place: Place, user_id: str | None) -> bool:
        """Notes whose connection it is; answers whether they may have one more."""
        if user_id is None:
            return True
        if self._by_user[user_id] >= self.most_per_user:
            return False
        self._by_user[user_id] += 1
        place.user_id = user_id
        return True

    def give_back(self, place: Place) -> None:
        """Says that the connection is over."""
        self.count -= 1
        for name, counted in ((place.address, self._by_address), (place.user_id, self._by_user)):
            if name is not None:
                counted[name] -= 1
                if not counted[name]:
                    del counted[name]
