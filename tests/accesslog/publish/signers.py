"""A signer for tests; its key is in the source, so that other processes sign alike."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from accesslog import note


class TestSigner:
    """See accesslog.conf.Signer."""

    __test__ = False
    origin = "example.org/tests/log"
    _private = Ed25519PrivateKey.from_private_bytes(b"a throw-away key of the tests!!!")

    def verifier_key(self) -> str:
        return str(note.key_of(self.origin, self._private))

    def sign(self, text: str) -> str:
        return str(
            note.Note(text, (note.sign(text, note.key_of(self.origin, self._private), self._private),))
        )


class OtherSigner(TestSigner):
    """Of another log."""

    origin = "example.org/tests/other"
    _private = Ed25519PrivateKey.from_private_bytes(b"another throw-away key of tests!")
