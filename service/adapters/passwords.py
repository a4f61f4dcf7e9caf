"""Passwords as argon2id hashes."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

_AT_ONCE = 2


class Argon2Passwords:
    """A PasswordHasher with the second recommended parameters of RFC 9106, section 4: 64 MiB, three passes."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
        # Each takes its 64 MiB: who floods the sign-in waits, and does not take the memory of screenings.
        self._turn = threading.BoundedSemaphore(_AT_ONCE)

    def hash(self, password: str) -> str:
        """Return a hash with its salt and parameters."""
        with self._turn:
            return self._hasher.hash(password)

    def verify(self, stored: str, password: str) -> bool:
        """Tell whether a hash is a password's; what is no hash is nobody's."""
        try:
            with self._turn:
                return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    def outdated(self, stored: str) -> bool:
        """Tell whether a hash was made with other parameters."""
        return self._hasher.check_needs_rehash(stored)
