"""The Merkle tree hash of RFC 6962: one value that vouches for a million leaves.

A leaf is hashed behind a zero byte and a node behind a one, so that neither can pass for the other. A leaf that has no
partner goes up as it is.

References
----------
.. [1] B. Laurie, A. Langley, E. Kasper, "Certificate Transparency", RFC 6962, section 2.1, 2013.
"""

from __future__ import annotations

import hashlib

__all__ = ["Tree", "leaf_hash"]


def leaf_hash(content: bytes) -> bytes:
    """Give the hash of a leaf: 32 bytes."""
    return hashlib.sha256(b"\x00" + content).digest()


class Tree:
    """A tree that grows leaf by leaf and keeps the roots of its full subtrees alone: log2(n) hashes.

    Attributes
    ----------
    size : int
        How many leaves it has.
    """

    def __init__(self) -> None:
        self.size = 0
        self._full: list[bytes] = []  # of ever smaller subtrees, as the ones in the binary form of `size`

    def append(self, leaf: bytes) -> None:
        """Add a leaf, already hashed by `leaf_hash`."""
        size = self.size
        while size & 1:
            leaf = _node(self._full.pop(), leaf)
            size >>= 1
        self._full.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Give the root: of an empty tree, the SHA-256 of nothing."""
        if not self._full:
            return hashlib.sha256(b"").digest()
        root = self._full[-1]
        for subtree in reversed(self._full[:-1]):
            root = _node(subtree, root)
        return root


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
