"""What lies beside a sealed package: the page that opens it in any browser, the sealed key, what to do.

The page is one file with its programs inside and a policy that lets nothing else run and nothing be loaded.
It has all three languages.
"""

import base64
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from cctv.disclosure.handing.models import HandOver, Sealing

SEALED_NAME, OPENED_NAME = "package.zip.age", "package.zip"
PAGE, READ_ME, KEY_FILE = "open.html", "README.txt", "key.age"
AGE, LICENCES = "vendor/age-encryption-0.3.1/age.min.js", "vendor/age-encryption-0.3.1/LICENSE"
PROGRAM, STYLE = "js/disclosure/open.js", "css/open.css"
LANGUAGES = (("ko", "한국어"), ("ja", "日本語"), ("en", "English"))


def files(handover: HandOver, key: str) -> dict[str, bytes]:
    """By name. `key` is the armoured key of a copy under a pass-phrase, "" for one to the recipient's own."""
    found = {READ_ME: _read_me(handover, key).encode("utf-8-sig"), PAGE: page(handover, key)}
    if key:
        found[KEY_FILE] = key.encode()
    return found


def page(handover: HandOver, key: str) -> bytes:
    """open.html, whole."""
    age, program, style = _static(AGE), _static(PROGRAM), _static(STYLE)
    policy = (
        f"default-src 'none'; script-src '{_hash(age)}' '{_hash(program)}'; style-src '{_hash(style)}';"
        " base-uri 'none'; form-action 'none'"
    )
    facts: dict[str, Any] = {
        "number": handover.export.number, "copy": handover.copy, "key": key, "opened": OPENED_NAME,
        "sealed": SEALED_NAME,
        "texts": {language: _said(language, bool(key)) for language, _name in LANGUAGES},
    }  # fmt: skip
    facts_json = json.dumps(facts, ensure_ascii=False).replace("<", "\\u003c").replace("&", "\\u0026")
    context = {
        "policy": policy, "age": age, "program": program, "style": style, "facts": facts_json,
        "languages": LANGUAGES, "number": handover.export.number, "with_phrase": bool(key),
        "sealed_name": SEALED_NAME, "licences": _static(LICENCES),
    }  # fmt: skip
    return render_to_string("cctv/disclosure/handing/open.html", context).encode()


@cache
def _static(name: str) -> str:
    found = finders.find(name)
    assert found, name
    return Path(str(found)).read_text(encoding="utf-8").strip()


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _said(language: str, with_phrase: bool) -> dict[str, str]:
    """All words of the page in one language."""
    with translation.override(language):
        return {
            "title": _("Open the copy of recordings"),
            "lead": _("This page opens the sealed file on your own computer. Nothing is sent anywhere."),
            "file": _("The sealed file"),
            "file_hint": _("It is called %(name)s and lies beside this page. Unpack the archive first.")
            % {"name": SEALED_NAME},
            "secret": _("Pass-phrase") if with_phrase else _("Your age identity"),
            "secret_hint": _("It was told to you separately. Capitals and hyphens do not matter.")
            if with_phrase
            else _("The line of your key file that begins with AGE-SECRET-KEY-1. It stays on this computer."),
            "open": _("Open it"),
            "working": _("Opening: %(percent)s %% …") % {"percent": "{percent}"},
            "checking": _("Trying the key …"),
            "done": _("It is opened and saved as %(name)s. Unpack it and open check.html to check it.")
            % {"name": "{name}"},
            "again": _("Save it again"),
            "no_file": _("Choose the sealed file first."),
            "no_secret": _("Type the pass-phrase first.")
            if with_phrase
            else _("Paste your age identity first."),
            "wrong": _("This pass-phrase does not open it. Compare it letter by letter.")
            if with_phrase
            else _("This identity does not open it. It was sealed to another key."),
            "not_age": _("This is not the sealed file. Choose %(name)s.") % {"name": SEALED_NAME},
            "broken": _("The file is damaged or incomplete: nothing of it was saved. Download it again."),
            "called_off": _("No place to save it was chosen: nothing was opened."),
            "unsaved": _(
                "It could not be saved. Make room on the disk or choose another place, then try again."
            ),
        }


def _read_me(handover: HandOver, key: str) -> str:
    """README.txt, in three languages, with line ends that every system shows."""
    parts = []
    for language, name in LANGUAGES:
        with translation.override(language):
            parts += [f"== {name} ==", "", *_steps(handover, key), ""]
    return "\r\n".join(parts)


def _steps(handover: HandOver, key: str) -> list[str]:
    named = {
        "number": handover.export.number, "copy": handover.copy, "sealed": SEALED_NAME, "page": PAGE,
        "key": KEY_FILE, "opened": OPENED_NAME,
    }  # fmt: skip
    command = f"age -d -i {KEY_FILE if key else 'YOUR-KEY.txt'} -o {OPENED_NAME} {SEALED_NAME}"
    lines = [
        _("Export %(number)s, copy %(copy)d: recordings, sealed.") % named,
        _("1. Unpack this archive into a folder."),
        _("2. Open %(page)s in a browser. It needs no network.") % named,
        _("3. Choose %(sealed)s there and type the pass-phrase that was told to you separately.") % named
        if handover.sealing == Sealing.PASS_PHRASE
        else _("3. Choose %(sealed)s there and paste your age identity.") % named,
        _("4. Unpack %(opened)s. Its own README.txt says how to check what is in it.") % named,
        "",
        _("Or with the age tool (age-encryption.org):"),
    ]
    return [*lines, f"   {command}"]
