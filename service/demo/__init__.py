"""The demo: the whole product once through, on the characters that ship with it."""
