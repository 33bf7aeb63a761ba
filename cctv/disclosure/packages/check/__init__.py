"""What is enclosed in a package so that anybody can check it. Imports no Django.

`lethe_check.py` and the page do the same, say the same and know nothing of Lethe but its formats. The page is
put together from its parts here: one file with no address in it, whose policy forbids every request and names
its own script and style by their hashes.
"""

from __future__ import annotations

import base64
import json
import re
from hashlib import sha256
from pathlib import Path

from cctv.disclosure.packages.check import lethe_check
from cctv.disclosure.packages.check.readme import README

HERE = Path(__file__).resolve().parent
PROGRAM, PAGE, READ_ME = "check.py", "check.html", "README.txt"
_SCRIPTS = ("sha256.js", "ed25519.js", "place.js", "log.js", "check.js", "page.js")


def enclosed() -> dict[str, bytes]:
    """The verifier's files by their names in a package; the same for every package of one version."""
    return {PROGRAM: program(), PAGE: page(), READ_ME: README.replace("\n", "\r\n").encode("utf-8-sig")}


def program() -> bytes:
    """check.py."""
    return (HERE / "lethe_check.py").read_bytes()


def page() -> bytes:
    """check.html, with what it says taken from the program."""
    words = {
        code: dict(zip(lethe_check.LANGUAGES, said, strict=True)) for code, said in lethe_check.WORDS.items()
    }
    # "<" is spelt out: nothing that is said can end the script.
    said = json.dumps(words, ensure_ascii=False, sort_keys=True).replace("<", "\\u003c")
    parts = [f"const WORDS = {said};", *((HERE / "page" / name).read_text("utf-8") for name in _SCRIPTS)]
    script = '"use strict";\n' + "\n".join(parts)
    style = (HERE / "page" / "page.css").read_text("utf-8")
    put = {
        "style": style, "script": script, "style-hash": _hash(style), "script-hash": _hash(script),
    }  # fmt: skip
    template = (HERE / "page" / "page.html").read_text("utf-8")
    return re.sub(r"\{\{ ([a-z-]+) \}\}", lambda found: put[found[1]], template).encode("utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(sha256(text.encode("utf-8")).digest()).decode()
