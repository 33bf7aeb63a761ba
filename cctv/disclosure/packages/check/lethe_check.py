#!/usr/bin/env python3
"""Check a package of footage that was handed out: nothing changed, missing or added, as its log vouches.

This one file is all that is needed, with Python 3.9 or later; it neither installs nor asks anything, and
works without a network. It asks nobody whether the package is right: it calculates. The formats are described
in Lethe's docs/formats-export.md, so that other tools can check the same.

    check.py [PACKAGE] [--key KEY] [--witness KEY] [--language en|ko|ja] [--other PACKAGE] [--json]

PACKAGE is the ZIP as it came, or the folder that it was unpacked to; without it, the folder of this file.
KEY is the verifier key of the organisation's log ("name+1234abcd+base64"), a file that holds it, or a
checkpoint of the log that you kept. Get it by a way of its own (the organisation's website, a letter, the
telephone): without it, this only shows that the package fits itself, as a forged one may. --witness asks for
a witness's signature as well. --other names a second package of the same number, so that an old one is not
taken for the new one.

Exit code 0: everything fits, and the log is the one that you know. 1: something does not fit, and each fault
is named with its file. 2: it could not be checked. 3: the package fits itself, but whose it is was not
checked, because no --key was given.
"""

from __future__ import annotations

import sys

if __name__ == "__main__" and not getattr(sys.flags, "safe_path", False) and not sys.flags.isolated:
    # The folder of this file comes first otherwise: a file added to a package, named like one of Python's own
    # modules, would decide what is said of that package.
    del sys.path[0]

import argparse
import base64
import json
import os
import re
import struct
import unicodedata
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from hashlib import sha256, sha512
from pathlib import Path
from typing import Any, BinaryIO

VERSION = "lethe/1/package"
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
PROOF_LINE = "c2sp.org/tlog-proof@v1"
LEAF_LINE, EVIDENCE = "lethe/1/ingest-leaf", "lethe/1/evidence"
RECIPE_LINE = b"lethe/1/recipe\n"
# Recordings that follow each other are at most so far apart; more is a gap, which is told.
BETWEEN_US = 2_000_000
# A clip begins at a keyframe, which may be in a recording that ends before the span.
BEFORE_US = 60_000_000
DASH = "\u2014 "
LOG_KEY, WITNESS_KEY = 1, 4
HASH, PIECE = 32, 1 << 20
MOST_BYTES = 1 << 30  # of what is read whole: manifest, proofs, recipes
APPROVALS = ("export.approved", "export.confirmed")
URGENT = "export.urgent"
OTHER_PURPOSE = "other"
GOOD, BAD, UNCHECKED, UNPINNED = 0, 1, 2, 3  # exit codes
# What operating systems leave in folders by themselves.
LEFT_BY_SYSTEMS = re.compile(
    r"(^|/)(\.DS_Store|Thumbs\.db|desktop\.ini|\._[^/]*)$|^__MACOSX/|(^|/)__pycache__/"
)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - for Python 3.9 and 3.10
LANGUAGES = ("en", "ko", "ja")

# What is said of each fault and each fact, in English, Korean and Japanese. The page says the same.
WORDS: dict[str, tuple[str, str, str]] = {
    "missing": (
        "{file} is missing: the manifest lists it.",
        "{file} 파일이 없습니다. 목록(manifest)에는 있는 파일입니다.",
        "{file} がありません。目録（manifest）には記載されています。",
    ),
    "extra": (
        "{file} does not belong to the package: the manifest does not list it.",
        "{file} 파일은 이 묶음의 것이 아닙니다. 목록(manifest)에 없습니다.",
        "{file} はこのパッケージのものではありません。目録（manifest）に記載がありません。",
    ),
    "size": (
        "{file} has another size.",
        "{file} 파일의 크기가 다릅니다.",
        "{file} の大きさが違います。",
    ),
    "hash": (
        "{file} was changed: its SHA-256 is not the one in the manifest.",
        "{file} 파일이 변경되었습니다. SHA-256 값이 목록과 다릅니다.",
        "{file} は変更されています。SHA-256 が目録と一致しません。",
    ),
    "swapped": (
        "{file} holds what belongs in {other}: files were swapped.",
        "{file} 파일에 {other} 파일의 내용이 들어 있습니다. 파일이 서로 바뀌었습니다.",
        "{file} の中身は {other} のものです。ファイルが入れ替えられています。",
    ),
    "unreadable": (
        "{file} cannot be read: {why}",
        "{file} 파일을 읽을 수 없습니다: {why}",
        "{file} を読み取れません: {why}",
    ),
    "manifest": (
        "{file} is not the manifest of a package: {why}",
        "{file} 파일은 묶음의 목록이 아닙니다: {why}",
        "{file} はパッケージの目録ではありません: {why}",
    ),
    "signature.form": (
        "{file} is not the signature of a package.",
        "{file} 파일은 묶음의 서명이 아닙니다.",
        "{file} はパッケージの署名ではありません。",
    ),
    "signature.wrong": (
        "{file} was not signed by the key that the package names.",
        "{file} 서명은 묶음에 적힌 키로 한 것이 아닙니다.",
        "{file} の署名は、パッケージに記された鍵によるものではありません。",
    ),
    "signature.manifest": (
        "{file} was changed, or is of another package: it is not what was signed.",
        "{file} 파일이 변경되었거나 다른 묶음의 것입니다. 서명된 내용이 아닙니다.",
        "{file} は変更されたか、別のパッケージのものです。署名された内容ではありません。",
    ),
    "key": (
        "{file} is signed with a key that the log does not vouch for: somebody else signed it.",
        "{file} 서명에 쓰인 키를 기록부가 보증하지 않습니다. 다른 누군가가 서명했습니다.",
        "{file} の署名の鍵は記録簿が保証するものではありません。別の者が署名しています。",
    ),
    "key.unproven": (
        "{file} lists no valid proof of the key that signed it.",
        "{file} 파일에 서명 키의 올바른 증명이 없습니다.",
        "{file} には、署名した鍵の有効な証明が記載されていません。",
    ),
    "log.key": (
        "{file} names another log than the one whose key or checkpoint you gave.",
        "{file} 파일에 적힌 기록부가 입력하신 키나 체크포인트의 기록부와 다릅니다.",
        "{file} に記された記録簿は、指定された鍵またはチェックポイントのものではありません。",
    ),
    "log.rewritten": (
        "{file}: the log has another root at the same size than the checkpoint it is compared with.",
        "{file}: 비교한 체크포인트와 크기는 같지만 루트가 다릅니다. 기록부가 다시 쓰였습니다.",
        "{file}: 比較したチェックポイントと同じ大きさで根が異なります。記録簿が書き換えられています。",
    ),
    "checkpoint.form": (
        "{file} holds no signed checkpoint (c2sp.org/tlog-checkpoint).",
        "{file} 파일에 서명된 체크포인트가 없습니다(c2sp.org/tlog-checkpoint).",
        "{file} には署名されたチェックポイントがありません（c2sp.org/tlog-checkpoint）。",
    ),
    "checkpoint.signature": (
        "{file}: its checkpoint is not signed by the log's key.",
        "{file}: 체크포인트가 기록부의 키로 서명되지 않았습니다.",
        "{file}: チェックポイントが記録簿の鍵で署名されていません。",
    ),
    "checkpoint.witness": (
        "{file} is not signed by the witness {witness}.",
        "{file} 파일에 증인 {witness}의 서명이 없습니다.",
        "{file} には証人 {witness} の署名がありません。",
    ),
    "proof.form": (
        "{file} is not a proof (c2sp.org/tlog-proof).",
        "{file} 파일은 증명이 아닙니다(c2sp.org/tlog-proof).",
        "{file} は証明ではありません（c2sp.org/tlog-proof）。",
    ),
    "proof.entry": (
        "{file} proves another entry than the manifest says.",
        "{file} 파일은 목록에 적힌 것과 다른 기록을 증명합니다.",
        "{file} は目録に記されたものと別の記録を証明しています。",
    ),
    "proof.root": (
        "{file}: this entry is not in the log.",
        "{file}: 이 기록은 기록부에 없습니다.",
        "{file}: この記録は記録簿にありません。",
    ),
    "proof.record": (
        "{file}: the words in it are not what the entry was logged with.",
        "{file}: 적힌 내용이 기록될 때의 내용과 다릅니다.",
        "{file}: 書かれている内容が、記録されたときのものと違います。",
    ),
    "segment.form": (
        "{file}: what it says of the recording {segment} cannot be read.",
        "{file}: 영상 구간 {segment}에 대한 내용을 읽을 수 없습니다.",
        "{file}: 録画 {segment} についての記載を読み取れません。",
    ),
    "segment.proof": (
        "{file}: the entry of the hour of the recording {segment} is not proven.",
        "{file}: 영상 구간 {segment}이 들어온 시간의 기록이 증명되지 않았습니다.",
        "{file}: 録画 {segment} の時間帯の記録が証明されていません。",
    ),
    "segment.root": (
        "{file}: the recording {segment} ({at}) is not among those that the log says came in.",
        "{file}: 영상 구간 {segment}({at})은 기록부에 들어온 것으로 적힌 영상이 아닙니다.",
        "{file}: 録画 {segment}（{at}）は、記録簿に受け入れたと記されたものではありません。",
    ),
    "segment.file": (
        "{file}: the picture of {at} is not the one that was recorded.",
        "{file}: {at}의 영상이 녹화된 원본과 다릅니다.",
        "{file}: {at} の映像は、録画されたものと違います。",
    ),
    "recipe": (
        "{file}: the recorder's file of {at} cannot be made again from it.",
        "{file}: {at}의 녹화기 파일을 다시 만들 수 없습니다.",
        "{file}: {at} の録画機のファイルを元に戻せません。",
    ),
    "segment.missing": (
        "{file}: {at} was approved and is neither in a recording that is listed nor told as a gap.",
        "{file}: {at}은 승인된 구간이지만 목록의 영상에도 없고 공백으로도 적혀 있지 않습니다.",
        "{file}: {at} は承認された区間ですが、一覧の録画にも、欠落としても記されていません。",
    ),
    "segment.outside": (
        "{file}: a recording of {at} is in the package, and no approved span has it.",
        "{file}: {at}의 영상이 묶음에 있지만 승인된 어느 구간에도 없습니다.",
        "{file}: {at} の録画がパッケージにありますが、承認されたどの区間にもありません。",
    ),
    "gap.false": (
        "{file}: {at} is told as a gap, and a recording of it is listed.",
        "{file}: {at}은 공백으로 적혀 있지만 그 시간의 영상이 목록에 있습니다.",
        "{file}: {at} は欠落と記されていますが、その時間の録画が一覧にあります。",
    ),
    "clip.unbacked": (
        "{file}: no recording is listed that this clip would show.",
        "{file}: 이 클립이 보여 주는 영상이 목록에 없습니다.",
        "{file}: このクリップが示す録画が一覧にありません。",
    ),
    "approval": (
        "{file} proves no approval of this export.",
        "{file} 파일에 이 반출에 대한 승인의 증명이 없습니다.",
        "{file} には、この持ち出しの承認の証明がありません。",
    ),
    "approval.other": (
        "{file}: what was approved is not what the manifest says.",
        "{file}: 승인된 내용이 목록의 내용과 다릅니다.",
        "{file}: 承認された内容が目録の内容と違います。",
    ),
    "old": (
        "{file} is an old manifest: {other} has a newer one of the same number.",
        "{file} 파일은 이전 목록입니다. {other}에 같은 번호의 새 목록이 있습니다.",
        "{file} は古い目録です。{other} に同じ番号の新しい目録があります。",
    ),
    "approval.spans": (
        "{file}: the cameras, times or forms that were approved are not those of the manifest.",
        "{file}: 승인된 카메라, 시간 또는 형태가 목록의 것과 다릅니다.",
        "{file}: 承認されたカメラ、時間または形式が目録のものと違います。",
    ),
    "approval.ground": (
        "{file}: the ground that was approved is not that of the manifest.",
        "{file}: 승인된 근거가 목록의 것과 다릅니다.",
        "{file}: 承認された根拠が目録のものと違います。",
    ),
    "approval.purpose": (
        "{file}: the purpose that was approved is not that of the manifest.",
        "{file}: 승인된 목적이 목록의 것과 다릅니다.",
        "{file}: 承認された目的が目録のものと違います。",
    ),
    # ------------------------------------------------ facts
    "title": (
        "Package {number}, made {made_at}, for {recipient}",
        "묶음 {number}, {made_at} 작성, 받는 곳: {recipient}",
        "パッケージ {number}、{made_at} 作成、提供先: {recipient}",
    ),
    "said.files": (
        "{good} of {all} files are unchanged.",
        "파일 {all}개 중 {good}개가 그대로입니다.",
        "{all} 個のうち {good} 個のファイルが変更されていません。",
    ),
    "said.signature": (
        "The manifest is signed by {key}, and the log vouches for this key.",
        "목록은 {key} 키로 서명되었고, 기록부가 이 키를 보증합니다.",
        "目録は {key} により署名され、記録簿がこの鍵を保証しています。",
    ),
    "said.signature.self": (
        "The manifest is signed by {key}. The log that the package itself names vouches for this key.",
        "목록은 {key} 키로 서명되었습니다. 이 키는 묶음이 스스로 밝힌 기록부가 보증합니다.",
        "目録は {key} により署名されています。この鍵は、パッケージ自身が挙げた記録簿が保証しています。",
    ),
    "said.log": (
        "{good} of {all} entries are proven to be in the log {origin} ({size} entries).",
        "기록부 {origin}(기록 {size}건)에 있음이 증명된 기록: {all}건 중 {good}건.",
        "記録簿 {origin}（記録 {size} 件）にあると証明された記録: {all} 件中 {good} 件。",
    ),
    "said.segments": (
        "{good} of {all} recordings are, bit for bit, those that came in from the recorder.",
        "영상 구간 {all}개 중 {good}개가 녹화기에서 들어온 것과 비트까지 같습니다.",
        "録画 {all} 個のうち {good} 個が、録画機から受け入れたものとビット単位で一致します。",
    ),
    "said.part": (
        "{count} recordings are here in part or in another form: they came in at that hour, but only the"
        " organisation can show the recorder's file.",
        "영상 구간 {count}개는 일부만 있거나 다른 형식입니다. 그 시간에 들어온 것은 증명되지만,"
        " 녹화기의 파일은 해당 기관만 보일 수 있습니다.",
        "録画 {count} 個は一部のみ、または別の形式です。その時間に受け入れたことは証明されますが、"
        "録画機のファイルは当該組織だけが示せます。",
    ),
    "said.unproven": (
        "{count} recordings have no proof in the log: {why}",
        "영상 구간 {count}개는 기록부의 증명이 없습니다: {why}",
        "録画 {count} 個には記録簿の証明がありません: {why}",
    ),
    "why.hour_open": (
        "their hour had not ended when the package was made",
        "묶음을 만들 때 그 시간이 아직 끝나지 않았습니다",
        "パッケージの作成時にその時間帯がまだ終わっていませんでした",
    ),
    "why.not_provable": (
        "they came in without one",
        "증명 없이 들어온 영상입니다",
        "証明なしに受け入れたものです",
    ),
    "said.witness": (
        "The witness {witness} saw the log at {at} UTC.",
        "증인 {witness}이(가) {at} UTC에 기록부를 확인했습니다.",
        "証人 {witness} が {at} UTC に記録簿を確認しました。",
    ),
    "said.witness.named": (
        "The package names {witness} as a witness, whose signature of {at} UTC fits."
        " Whose key it is was not checked.",
        "묶음은 {witness}을(를) 증인으로 들고 있으며, {at} UTC의 서명이 맞습니다."
        " 누구의 키인지는 확인하지 않았습니다.",
        "パッケージは {witness} を証人に挙げており、{at} UTC の署名は合っています。"
        "誰の鍵かは確認していません。",
    ),
    "said.pinned": (
        "The log is the one whose key or checkpoint you gave.",
        "입력하신 키 또는 체크포인트의 기록부가 맞습니다.",
        "指定された鍵またはチェックポイントの記録簿です。",
    ),
    "said.unpinned": (
        "You gave no key: compare this one with the one you got from the organisation by another way: {vkey}",
        "키를 입력하지 않았습니다. 다음 키를 해당 기관에서 다른 경로로 받은 키와 비교하십시오: {vkey}",
        "鍵が指定されていません。次の鍵を、組織から別の経路で受け取った鍵と比べてください: {vkey}",
    ),
    "said.report": (
        "The report of this package bears this code; compare it with the one on paper: {report}",
        "이 묶음의 보고서에 있는 코드입니다. 종이의 코드와 비교하십시오: {report}",
        "このパッケージの報告書の符号です。紙に書かれたものと比べてください: {report}",
    ),
    "said.urgent": (
        "This was an urgent export: it left before it was approved.",
        "긴급 반출입니다. 승인 전에 나갔습니다.",
        "緊急の持ち出しです。承認の前に提供されました。",
    ),
    "said.expired": (
        "The copy kept at the organisation ended on {at}.",
        "해당 기관에 보관된 사본은 {at}에 만료되었습니다.",
        "組織に保管された写しは {at} に期限が切れています。",
    ),
    "said.ignored": (
        "Left out, because operating systems make such files: {names}",
        "운영체제가 만드는 파일이므로 제외했습니다: {names}",
        "OS が作るファイルのため除きました: {names}",
    ),
    "good": (
        "The package is complete and unchanged, and the log is the one whose key you gave.",
        "묶음이 빠짐없이 그대로이며, 입력하신 키의 기록부가 맞습니다.",
        "パッケージは完全で変更されておらず、指定された鍵の記録簿のものです。",
    ),
    "self": (
        "Not finished: no key was given. The package fits itself, but a forged one would, too.",
        "확인이 끝나지 않았습니다. 키를 입력하지 않았습니다. 묶음이 그 안에서는 맞지만,"
        " 위조된 묶음도 그럴 수 있습니다.",
        "確認は終わっていません。鍵が指定されていません。パッケージの中ではつじつまが合っていますが、"
        "偽造されたものでも同じです。",
    ),
    "bad": (
        "The package is NOT as it was made. Faults: {count}",
        "묶음이 만들어진 그대로가 아닙니다. 발견된 문제: {count}건",
        "パッケージは作成時のままではありません。問題: {count} 件",
    ),
    "unchecked": (
        "It could not be checked: {why}",
        "확인할 수 없었습니다: {why}",
        "確認できませんでした: {why}",
    ),
    "expected": ("expected", "있어야 할 값", "あるべき値"),
    "calculated": ("calculated", "계산된 값", "計算した値"),
    "no.package": (
        "there is no manifest.json in {place}",
        "{place}에 manifest.json이 없습니다",
        "{place} に manifest.json がありません",
    ),
    "packed": (
        "{file} is compressed in this ZIP, which is not the one that was handed out:"
        " unpack it, and check the folder",
        "이 ZIP은 받은 그대로가 아니라 다시 압축한 것입니다({file}). 압축을 풀고 폴더를 확인하십시오",
        "この ZIP は受け取ったままではなく、圧縮し直されています（{file}）。"
        "展開してフォルダーを確認してください",
    ),
}


class Unchecked(Exception):
    """It could not be checked; `code` is of WORDS."""

    def __init__(self, code: str, **said: object) -> None:
        self.code, self.said = code, said
        super().__init__(code)


class Wrong(Exception):
    """It was checked, and does not fit."""

    def __init__(self, code: str, expected: object = "", calculated: object = "", **said: object) -> None:
        self.code, self.expected, self.calculated, self.said = code, str(expected), str(calculated), said
        super().__init__(code)


class Report:
    """What was found: faults, each with its file, and facts."""

    def __init__(self) -> None:
        self.faults: list[dict[str, Any]] = []
        self.facts: list[tuple[str, dict[str, Any]]] = []
        self._seen: set[tuple[Any, ...]] = set()

    def fault(
        self, file: str, code: str, expected: object = "", calculated: object = "", **said: Any
    ) -> None:
        """Name a fault; the same of the same file is named once."""
        key = (code, file, *sorted(said.items()))
        if key not in self._seen:
            self._seen.add(key)
            found = {"code": code, "file": file, "expected": str(expected), "calculated": str(calculated)}
            self.faults.append({**found, "said": said})

    def wrong(self, file: str, error: Wrong) -> None:
        """Name what was raised."""
        self.fault(file, error.code, error.expected, error.calculated, **error.said)

    def fact(self, code: str, **said: Any) -> None:
        """Say something that holds."""
        self.facts.append((code, said))


# ---------------------------------------------------------------- Ed25519 (RFC 8032, section 5.1.7)

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
# Points are in extended coordinates (X, Y, Z, T).


def _add(a: Any, b: Any) -> Any:
    p, q = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    r, s = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = q - p, s - r, s + r, q + p
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _multiply(factor: int, point: Any) -> Any:
    found = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            found = _add(found, point)
        point, factor = _add(point, point), factor >> 1
    return found


def _point(data: bytes) -> Any:
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if y >= P or (x * x - square) % P or (not x and sign):
        return None
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


BASE = _point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def verify_in_python(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether it is the Ed25519 signature of the message: needs nothing but this file."""
    a, r, s = _point(public), _point(signature[:32]), int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or a is None or r is None or s >= L:
        return False
    challenge = int.from_bytes(sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = _multiply(s, BASE), _add(r, _multiply(challenge, a))
    return not any((left[n] * right[2] - right[n] * left[2]) % P for n in (0, 1))


def verify(public: bytes, signature: bytes, message: bytes) -> bool:
    """The same, by the package "cryptography" where it is installed."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return verify_in_python(public, signature, message)
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


# ---------------------------------------------------------------- the tree (RFC 6962)


def leaf_hash(data: bytes) -> bytes:
    """The hash of an entry, or of a recording, in its tree."""
    return sha256(b"\x00" + data).digest()


def root_of(index: int, size: int, value: bytes, neighbours: list[bytes]) -> bytes:
    """The root that the neighbours lead to from a leaf hash (RFC 9162, section 2.1.3.2); b"" if to none."""
    at, last = index, size - 1
    if not 0 <= at <= last:
        return b""
    for neighbour in neighbours:
        if last == 0:
            return b""
        if at & 1 or at == last:
            value = sha256(b"\x01" + neighbour + value).digest()
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            value = sha256(b"\x01" + value + neighbour).digest()
        at, last = at >> 1, last >> 1
    return b"" if last else value


# ---------------------------------------------------------------- keys, signatures, checkpoints, proofs


def decode(text: str) -> bytes:
    """Base64 in its one canonical spelling. Raises ValueError."""
    data = base64.b64decode(text.encode("ascii"), validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("not canonical")
    return data


class Key:
    """A verifier key: name+id+base64(type, 32 bytes). Raises ValueError."""

    def __init__(self, text: str, kind: int = LOG_KEY) -> None:
        self.text = text.strip()
        self.name, key_id, encoded = self.text.split("+", 2)
        raw = decode(encoded)
        self.id, self._public = bytes.fromhex(key_id), raw[1:]
        expected = sha256(self.name.encode() + b"\n" + raw).digest()[:4]
        if len(raw) != 33 or raw[0] != kind or self.id != expected:
            raise ValueError(text)

    def signed(self, signature: bytes, message: bytes) -> bool:
        """Whether this key signed the message."""
        return verify(self._public, signature, message)


class Note:
    """Text and signature lines (c2sp.org/signed-note). Raises ValueError."""

    def __init__(self, data: bytes) -> None:
        text = data.decode("utf-8")
        body, _, rest = text.rpartition("\n\n")
        self.text = body + "\n"
        self.signatures: list[tuple[str, bytes]] = []
        if not body or not rest.endswith("\n"):
            raise ValueError("no note")
        for line in rest[:-1].split("\n"):
            name, space, encoded = line[len(DASH) :].partition(" ")
            if not line.startswith(DASH) or not name or not space:
                raise ValueError("no signature line")
            self.signatures.append((name, decode(encoded)))

    def by(self, key: Key) -> list[bytes]:
        """What stands after the key id in the signatures of this key."""
        return [value[4:] for name, value in self.signatures if name == key.name and value[:4] == key.id]

    def signed_by(self, key: Key) -> bool:
        """Whether this key signed the text."""
        return any(key.signed(each, self.text.encode()) for each in self.by(key))

    def seen_by(self, witness: Key) -> int:
        """When this witness signed the text, in seconds since 1970; 0 if it did not."""
        for value in self.by(witness):
            seconds = int.from_bytes(value[:8], "big")
            if witness.signed(value[8:], f"cosignature/v1\ntime {seconds}\n{self.text}".encode()):
                return seconds
        return 0


class Checkpoint(Note):
    """A signed statement "this log has so many entries, and this root". Raises ValueError."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        lines = self.text.split("\n")
        self.origin, self.size, self.root = lines[0], int(lines[1]), decode(lines[2])
        if str(self.size) != lines[1] or len(self.root) != HASH:
            raise ValueError("no checkpoint")


class Proof:
    """One entry with its way to the root, and its record where that is handed out. Raises Wrong."""

    def __init__(self, data: bytes) -> None:
        try:
            head, _, checkpoint = data.partition(b"\n\n")
            first, extra, index, *neighbours = head.decode("utf-8").split("\n")
            given = json.loads(decode(extra[6:]))
            self.entry = decode(given["entry"])
            self.record = decode(given["record"]) if "record" in given else b""
            self.index, self.neighbours = int(index[6:]), [decode(each) for each in neighbours]
            fits = (first, extra[:6], index) == (PROOF_LINE, "extra ", f"index {self.index}")
            if not fits or any(len(each) != HASH for each in self.neighbours):
                raise ValueError("no proof")
            self.kind = self.entry[2 : 2 + self.entry[1]].decode("ascii")
            if self.entry[0] != 1 or len(self.entry) != 42 + self.entry[1]:
                raise ValueError("no entry")
        except (ValueError, IndexError, TypeError, KeyError, AttributeError):
            raise Wrong("proof.form") from None
        try:
            self.checkpoint = Checkpoint(checkpoint)
        except (ValueError, IndexError):
            raise Wrong("checkpoint.form") from None

    def check(self, said: dict[str, Any]) -> dict[str, Any]:
        """What the entry was logged with ({} if that is not here), if it is in the log and the one said."""
        if (self.index, self.kind) != (said["entry"], said["kind"]):
            raise Wrong("proof.entry", f"{said['entry']} {said['kind']}", f"{self.index} {self.kind}")
        calculated = root_of(self.index, self.checkpoint.size, leaf_hash(self.entry), self.neighbours)
        if calculated != self.checkpoint.root:
            raise Wrong("proof.root", self.checkpoint.root.hex(), calculated.hex())
        if not self.record:
            return {}
        digest = sha256(self.record).digest()
        if digest != self.entry[-HASH:]:
            raise Wrong("proof.record", self.entry[-HASH:].hex(), digest.hex())
        try:
            body = json.loads(self.record[HASH:].decode("utf-8"))["body"]
        except (ValueError, KeyError, TypeError):
            raise Wrong("proof.form") from None
        return body if isinstance(body, dict) else {}


# ---------------------------------------------------------------- where the files are


class Place:
    """The files of a package: a folder, or a ZIP in which they are not compressed."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self._members: dict[str, zipfile.ZipInfo] = {}
        self._paths: dict[str, Path] = {}
        try:
            found = self._in_folder() if self.path.is_dir() else self._in_zip()
        except (OSError, zipfile.BadZipFile, struct.error) as error:
            raise Unchecked("unreadable", file=path, why=str(error)) from None
        self.names = self._inside(found)

    def _in_folder(self) -> dict[str, int]:
        sizes = {}
        for folder, _folders, names in os.walk(self.path):
            for name in names:
                path = Path(folder, name)
                relative = unicodedata.normalize("NFC", path.relative_to(self.path).as_posix())
                self._paths[relative], sizes[relative] = path, path.stat().st_size
        return sizes

    def _in_zip(self) -> dict[str, int]:
        sizes = {}
        with zipfile.ZipFile(self.path) as archive:
            for each in archive.infolist():
                name = unicodedata.normalize("NFC", each.filename)
                if name in sizes:
                    raise zipfile.BadZipFile(f"{name} 2 ×")
                if not name.endswith("/"):
                    self._members[name], sizes[name] = each, each.file_size
        return sizes

    def _inside(self, sizes: dict[str, int]) -> dict[str, int]:
        """Names without the one folder that everything may lie in."""
        tops = {name.partition("/")[0] for name in sizes if not LEFT_BY_SYSTEMS.search(name)}
        top = tops.pop() + "/" if len(tops) == 1 else ""
        self._top = top if top and MANIFEST not in sizes and top + MANIFEST in sizes else ""
        return {name[len(self._top) :]: size for name, size in sizes.items() if name.startswith(self._top)}

    def open(self, name: str) -> BinaryIO:
        """The file at its beginning; positions of a ZIP's file count from `begin`. Raises OSError."""
        if not self._members:
            return self._paths[self._top + name].open("rb")
        return self.path.open("rb")

    def begin(self, name: str, file: BinaryIO) -> int:
        """Where the file's first byte is in what `open` gave. Raises Wrong, Unchecked."""
        if not self._members:
            return 0
        member = self._members[self._top + name]
        if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
            raise Unchecked("packed", file=name)
        file.seek(member.header_offset)
        head = file.read(30)
        if head[:4] != b"PK\x03\x04":
            raise Wrong("unreadable", why="ZIP")
        named, more = struct.unpack("<HH", head[26:])
        # What unpacks by the names before the files must see the same as what goes by the list at the end.
        if file.read(named) != self._raw_name(member):
            raise Wrong("unreadable", why="ZIP")
        return int(member.header_offset + 30 + named + more)

    def _raw_name(self, member: zipfile.ZipInfo) -> bytes:
        return member.orig_filename.encode("utf-8" if member.flag_bits & 0x800 else "cp437")

    def read(self, name: str) -> bytes:
        """All of a file that is not large. Raises Wrong, Unchecked."""
        if self.names[name] > MOST_BYTES:
            raise Wrong("unreadable", why="> 1 GiB")
        return b"".join(bytes(piece) for piece in self.pieces(name))

    def pieces(self, name: str) -> Iterator[memoryview]:
        """A file in pieces. Raises Wrong, Unchecked."""
        try:
            with self.open(name) as file:
                file.seek(self.begin(name, file))
                yield from _read(file, self.names[name])
        except OSError as error:
            raise Wrong("unreadable", why=str(error)) from None


def _read(file: BinaryIO, left: int) -> Iterator[memoryview]:
    buffer = memoryview(bytearray(min(PIECE, left)))
    while left:
        count = file.readinto(buffer[: min(PIECE, left)])  # type: ignore[attr-defined]
        if not count:
            return
        yield buffer[:count]
        left -= count


# ---------------------------------------------------------------- recipes: the recorder's file made again


def recipes(data: bytes) -> Iterator[tuple[str, int, bytes, memoryview]]:
    """(recording, size of its file, SHA-256, steps) of each. Raises ValueError, struct.error."""
    view, head = memoryview(data), len(RECIPE_LINE)
    while view:
        body, named = struct.unpack_from(">QB", view, head)
        end = head + 8 + body
        if view[:head] != RECIPE_LINE or end > len(view) or body < 41 + named:
            raise ValueError("no recipe")
        at = head + 9 + named
        size, digest = struct.unpack_from(">Q32s", view, at)
        yield str(view[head + 9 : at], "ascii"), size, digest, view[at + 40 : end]
        view = view[end:]


def rebuilt(place: Place, clip: str, size: int, steps: memoryview) -> str:
    """SHA-256 of the file that the steps make from the clip. Raises ValueError, struct.error, OSError."""
    digest, made, at, copied = sha256(), 0, 0, 0
    with place.open(clip) as file:
        begin = place.begin(clip, file)
        while at < len(steps):
            if steps[at] == 0:
                (length,) = struct.unpack_from(">I", steps, at + 1)
                piece = steps[at + 5 : at + 5 + length]
                if len(piece) != length:
                    raise ValueError("cut")
                digest.update(piece)
                at += 5 + length
            elif steps[at] == 1:
                offset, length = struct.unpack_from(">QQ", steps, at + 1)
                if offset + length > place.names[clip]:
                    raise ValueError("beyond the clip")
                file.seek(begin + offset)
                for part in _read(file, length):
                    digest.update(part)
                at += 17
                copied += length
            else:
                raise ValueError("no step")
            made += length
    if made != size:
        raise ValueError("another size")
    # What the recipe itself holds proves nothing of the clip.
    if copied * 4 < size * 3:
        raise ValueError("not from the clip")
    return digest.hexdigest()


# ---------------------------------------------------------------- the manifest's form

_FILE = {"name": str, "size": int, "sha256": str}
_PROOF = {"entry": int, "kind": str, "name": str}
_SEGMENT: dict[str, Any] = {"segment": str, "camera": str, "from_us": int, "to_us": int}
FORM: dict[str, Any] = {
    "version": str, "key": str, "expires_at": str, "recipient": {"name": str},
    "export": {"number": str, "made_at": str, "language": str, "urgent": bool},
    "log": {"origin": str, "vkey": str, "checkpoint": str, "witnesses": [str], "proofs": [_PROOF]},
    "files": [_FILE], "segments": [_SEGMENT],
}  # fmt: skip
EVIDENCE_FORM: dict[str, Any] = {
    "version": str, "clear_sha256": str, "salt": str, "leaf": int, "size": int, "path": [str], "hour": str,
    "entry": int,
}  # fmt: skip


def misfit(value: Any, form: Any, at: str = "") -> str:
    """Where a value does not have the form; "" if it has."""
    if isinstance(form, dict):
        if not isinstance(value, dict):
            return at or "{}"
        found = (misfit(value.get(name), form[name], f"{at}.{name}") for name in form)
        return next(filter(None, found), "")
    if isinstance(form, list):
        if not isinstance(value, list):
            return at
        found = (misfit(each, form[0], f"{at}[{n}]") for n, each in enumerate(value))
        return next(filter(None, found), "")
    return "" if type(value) is form else at


def parse_manifest(data: bytes) -> dict[str, Any]:
    """The manifest. Raises Wrong."""
    try:
        found: dict[str, Any] = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Wrong("manifest", why=str(error)) from None
    bad = misfit(found, FORM)
    if bad:
        raise Wrong("manifest", why=bad)
    if found["version"] != VERSION:
        raise Wrong("manifest", VERSION, found["version"], why=".version")
    return found


# ---------------------------------------------------------------- the check


class Check:
    """The check of one package. Raises Unchecked."""

    def __init__(self, place: Place, pin: bytes = b"", witnesses: list[Key] | None = None) -> None:
        self.place, self.pin, self.witnesses = place, pin, witnesses or []
        self.report = Report()
        self.manifest: dict[str, Any] = {}
        self.bodies: dict[int, tuple[str, str, dict[str, Any]]] = {}  # entry -> kind, file, body
        self.bad: set[str] = set()  # files whose bytes are not those of the manifest
        self.pinned = False  # whether the log is the one that the reader knows
        self._signed: dict[tuple[str, str], bool] = {}
        self.done, self.total = 0, 1

    def run(self, progress: Any = None) -> Report:
        """Everything, in the order in which one thing stands on another."""
        self.progress = progress or (lambda permille: None)
        if MANIFEST not in self.place.names:
            if SIGNATURE not in self.place.names:
                raise Unchecked("no.package", place=str(self.place.path))
            self.report.fault(MANIFEST, "missing")
            return self.report
        try:
            data = self.place.read(MANIFEST)
            self.manifest = parse_manifest(data)
        except Wrong as error:
            self.report.wrong(MANIFEST, error)
            return self.report
        self.files = {unicodedata.normalize("NFC", each["name"]): each for each in self.manifest["files"]}
        if len(self.files) != len(self.manifest["files"]):
            self.report.fault(MANIFEST, "manifest", why=".files.name 2 ×")
        self.check_files()
        self.check_log()
        self.check_signature(sha256(data).hexdigest())
        self.check_segments()
        self.check_approval()
        self.say_more(data)
        return self.report

    # ------------------------------------------------ files

    def check_files(self) -> None:
        """Each file is there with its size and hash, and no other is."""
        there = self.place.names
        ignored = [name for name in there if name not in self.files and LEFT_BY_SYSTEMS.search(name)]
        for name in sorted(set(there) - set(self.files) - {MANIFEST, SIGNATURE} - set(ignored)):
            self.report.fault(name, "extra")
        for name in sorted(set(self.files) - set(there)):
            self.report.fault(name, "missing")
        present = [name for name in self.files if name in there]
        copied = {each["file"] for each in self.manifest["segments"] if each.get("recipe")}
        self.total = max(1, sum(there[name] * (1 + (name in copied)) for name in present))
        with ThreadPoolExecutor(max(2, min(4, os.cpu_count() or 1))) as pool:
            hashes = dict(zip(present, pool.map(self._hash, present)))  # noqa: B905 - Python 3.9
        by_hash = {each["sha256"]: name for name, each in self.files.items()}
        for name in present:
            self._compare_file(name, hashes[name], by_hash)
        self.bad |= set(self.files) - set(there)
        self.report.fact("said.files", good=len(self.files) - len(self.bad), all=len(self.files))
        if ignored:
            self.report.fact("said.ignored", names=", ".join(sorted(ignored)))

    def _hash(self, name: str) -> str | Wrong:
        digest = sha256()
        try:
            for piece in self.place.pieces(name):
                digest.update(piece)
                self.advance(len(piece))
        except Wrong as error:
            return error
        return digest.hexdigest()

    def _compare_file(self, name: str, found: str | Wrong, by_hash: dict[str, str]) -> None:
        said = self.files[name]
        if isinstance(found, Wrong):
            self.report.wrong(name, found)
        elif found != said["sha256"]:
            other = by_hash.get(found, "")
            size = self.place.names[name]
            if other:
                self.report.fault(name, "swapped", said["sha256"], found, other=other)
            elif size != said["size"]:
                self.report.fault(name, "size", said["size"], size)
            else:
                self.report.fault(name, "hash", said["sha256"], found)
        elif self.place.names[name] != said["size"]:
            self.report.fault(name, "size", said["size"], self.place.names[name])
        else:
            return
        self.bad.add(name)

    def advance(self, count: int) -> None:
        """Tell how much was read."""
        self.done += count
        self.progress(min(999, self.done * 1000 // self.total))

    # ------------------------------------------------ the log

    def check_log(self) -> None:
        """The checkpoint is the log's, and every proof leads to one."""
        log = self.manifest["log"]
        try:
            self.key = Key(log["vkey"])
        except ValueError:
            self.report.fault(MANIFEST, "manifest", why=".log.vkey")
            return
        newest = self._check_checkpoint(log["checkpoint"])
        self._check_pin(newest)
        for said in log["proofs"]:
            self._check_proof(said, newest)
        good, size = len(self.bodies), newest.size if newest else 0
        self.report.fact("said.log", good=good, all=len(log["proofs"]), origin=self.key.name, size=size)

    def _check_checkpoint(self, name: str) -> Checkpoint | None:
        if name not in self.place.names:
            self.report.fault(name, "missing")
            return None
        try:
            found = Checkpoint(self.place.read(name))
        except (ValueError, IndexError):
            self.report.fault(name, "checkpoint.form")
            return None
        except Wrong as error:
            self.report.wrong(name, error)
            return None
        if not self._is_signed(found):
            self.report.fault(name, "checkpoint.signature", self.key.name, found.origin)
            return None
        self._check_witnesses(name, found)
        return found

    def _is_signed(self, checkpoint: Checkpoint) -> bool:
        """By the log's key. Most proofs bear the same checkpoint: it is verified once."""
        signatures = b"".join(checkpoint.by(self.key)).hex()
        key = (checkpoint.text, signatures)
        if key not in self._signed:
            self._signed[key] = checkpoint.origin == self.key.name and checkpoint.signed_by(self.key)
        return self._signed[key]

    def _check_witnesses(self, name: str, checkpoint: Checkpoint) -> None:
        asked = list(self.witnesses)
        for text in self.manifest["log"]["witnesses"]:
            try:
                asked.append(Key(text, WITNESS_KEY))
            except ValueError:
                self.report.fault(MANIFEST, "manifest", why=".log.witnesses")
        for witness in {each.text: each for each in asked}.values():
            seconds = checkpoint.seen_by(witness)
            if seconds:
                at = (EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S")
                # Whoever makes up a log makes up its witnesses: only those that the reader knows are any.
                known = witness.text in (each.text for each in self.witnesses)
                code = "said.witness" if known else "said.witness.named"
                self.report.fact(code, witness=witness.name, at=at)
            else:
                self.report.fault(name, "checkpoint.witness", witness=witness.name)

    def _check_pin(self, newest: Checkpoint | None) -> None:
        """The log is the one that the reader knows by a way of its own."""
        if not self.pin:
            self.report.fact("said.unpinned", vkey=self.key.text)
            return
        try:
            kept = Checkpoint(self.pin)
        except (ValueError, IndexError):
            given = self.pin.decode("utf-8", "replace").strip()
            if given != self.key.text:
                self.report.fault(MANIFEST, "log.key", given, self.key.text)
                return
        else:
            if not self._is_signed(kept):
                self.report.fault(MANIFEST, "log.key", kept.origin, self.key.text)
                return
            self._check_same(self.manifest["log"]["checkpoint"], kept, newest)
        self.pinned = True
        self.report.fact("said.pinned")

    def _check_same(self, name: str, one: Checkpoint, other: Checkpoint | None) -> bool:
        if other is not None and one.size == other.size and one.root != other.root:
            self.report.fault(name, "log.rewritten", one.root.hex(), other.root.hex())
            return False
        return True

    def _check_proof(self, said: dict[str, Any], newest: Checkpoint | None) -> None:
        name = said["name"]
        if name not in self.place.names:
            self.report.fault(name, "missing")
            return
        try:
            proof = Proof(self.place.read(name))
            if not self._is_signed(proof.checkpoint):
                raise Wrong("checkpoint.signature", self.key.name, proof.checkpoint.origin)
            body = proof.check(said)
        except Wrong as error:
            self.report.wrong(name, error)
            return
        if self._check_same(name, proof.checkpoint, newest):
            self.bodies[proof.index] = (proof.kind, name, body)

    # ------------------------------------------------ the signature

    def check_signature(self, digest: str) -> None:
        """The manifest is what was signed, by the key that the log vouches for."""
        said = [body.get("vkey") for kind, _name, body in self.bodies.values() if kind == "export.key"]
        bound = [each for each in said if isinstance(each, str)]
        if SIGNATURE not in self.place.names:
            self.report.fault(SIGNATURE, "missing")
            return
        try:
            note = Note(self.place.read(SIGNATURE))
            signed = re.fullmatch(VERSION + r"\n([0-9a-f]{64})\n", note.text)
            if signed is None or len(note.signatures) != 1:
                raise ValueError("form")
        except (ValueError, Wrong):
            self.report.fault(SIGNATURE, "signature.form")
            return
        claimed = self.manifest["key"]
        by = next((text for text in [claimed, *bound] if _signed_by(note, text)), None)
        if by is None:
            self.report.fault(SIGNATURE, "signature.wrong", claimed, note.signatures[0][0])
        elif signed[1] != digest:
            self.report.fault(MANIFEST, "signature.manifest", signed[1], digest)
        elif not bound:
            # A proof that is there and does not hold is among the faults already.
            if not any(each["kind"] == "export.key" for each in self.manifest["log"]["proofs"]):
                self.report.fault(MANIFEST, "key.unproven")
        elif by not in bound or claimed not in bound:
            self.report.fault(SIGNATURE, "key", bound[0], by)
        else:
            code = "said.signature" if self.pinned else "said.signature.self"
            self.report.fact(code, key=by.split("+")[0])

    # ------------------------------------------------ recordings

    def check_segments(self) -> None:
        """Each recording came in when the log says so, and its file is in the package."""
        segments = self.manifest["segments"]
        proven = [each for each in segments if "unproven" not in each]
        placed = [each for each in proven if self._check_segment(each)]
        shown = {id(each) for each in placed if each.get("original") and self._check_original(each)}
        with_recipe: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for each in placed:
            if each.get("recipe") and not each.get("original"):
                with_recipe.setdefault((each["file"], each["recipe"]), []).append(each)
        with ThreadPoolExecutor(max(2, min(4, os.cpu_count() or 1))) as pool:
            for good in pool.map(self._check_recipes, with_recipe, with_recipe.values()):
                shown |= good
        asked = [each for each in proven if each.get("original") or each.get("recipe")]
        if asked:
            self.report.fact("said.segments", good=len(shown), all=len(asked))
        if len(proven) > len(asked):
            self.report.fact("said.part", count=len(proven) - len(asked))
        for why in sorted({str(each["unproven"]) for each in segments if "unproven" in each}):
            count = sum(each.get("unproven") == why for each in segments)
            self.report.fact("said.unproven", count=count, why=why)
        self._check_complete(segments)

    def _check_complete(self, segments: list[dict[str, Any]]) -> None:
        """Each clip shows listed recordings; of a span as recorded nothing is left out in silence."""
        shown = {each.get("file") for each in segments}
        for file in self.manifest["files"]:
            if file.get("kind") == "clip" and file["name"] not in shown:
                self.report.fault(file["name"], "clip.unbacked")
        spans = [e for e in objects(self.manifest.get("spans")) if e.get("form") in ("native", "both")]
        for each in segments:
            if not any(meets(span, each) for span in spans):
                name = each.get("file") or each.get("original") or MANIFEST
                self.report.fault(name, "segment.outside", at=spoken(each))
        for span in spans:
            for code, find in (("segment.missing", left_out), ("gap.false", false_gaps)):
                for start, end in find(span, segments):
                    at = spoken({"from_us": start, "to_us": end})
                    self.report.fault(MANIFEST, code, at=at)

    def _check_segment(self, said: dict[str, Any]) -> bool:
        """Whether the log's entry of its hour says that it came in."""
        name, segment = said.get("file") or MANIFEST, said["segment"]
        facts = [said[each] for each in ("segment", "camera", "from_us", "to_us")]
        try:
            if misfit(said, EVIDENCE_FORM) or said["version"] != EVIDENCE:
                raise ValueError("form")
            lines = [LEAF_LINE, *facts, said["clear_sha256"], said["salt"]]
            leaf = leaf_hash("".join(f"{line}\n" for line in lines).encode("ascii"))
            path = [bytes.fromhex(each) for each in said["path"]]
        except ValueError:
            self.report.fault(MANIFEST, "segment.form", segment=segment)
            return False
        kind, _file, hour = self.bodies.get(said["entry"], ("", "", {}))
        if kind != "ingest.hour":
            # A proof that is there and does not hold is among the faults already.
            if said["entry"] not in (each["entry"] for each in self.manifest["log"]["proofs"]):
                self.report.fault(MANIFEST, "segment.proof", segment=segment)
            return False
        root = root_of(said["leaf"], said["size"], leaf, path).hex()
        camera = hour.get("camera")
        camera = camera.get("id") if isinstance(camera, dict) else None
        logged = (hour.get("root"), camera, hour.get("hour"))
        if logged != (root, said["camera"], said["hour"]):
            at = spoken(said)
            expected = " ".join(map(str, logged))
            calculated = f"{root} {said['camera']} {said['hour']}"
            self.report.fault(name, "segment.root", expected, calculated, segment=segment, at=at)
            return False
        return True

    def _check_original(self, said: dict[str, Any]) -> bool:
        """Whether the stored file in the package is the one that came in."""
        name = said["original"]
        if name in self.bad:
            return False
        found = self.files.get(name, {}).get("sha256", "-")
        if found != said["clear_sha256"]:
            self.report.fault(name, "segment.file", said["clear_sha256"], found, at=spoken(said))
        return bool(found == said["clear_sha256"])

    def _check_recipes(self, names: tuple[str, str], segments: list[dict[str, Any]]) -> set[int]:
        """Those whose stored file comes out of the clip again."""
        clip, recipe = names
        absent = [name for name in names if name not in self.place.names]
        for name in absent:
            self.report.fault(name, "missing")
        if absent:
            return set()
        good: set[int] = set()
        try:
            found = {each[0]: each for each in recipes(self.place.read(recipe))}
        except (ValueError, struct.error, Wrong):
            found = {}
        for said in segments:
            try:
                _segment, size, _digest, steps = found[said["segment"]]
                made = rebuilt(self.place, clip, size, steps)
            except (KeyError, ValueError, struct.error, OSError, Wrong):
                # Of a clip that was cut, the clip is to blame.
                self.report.fault(clip if clip in self.bad else recipe, "recipe", at=spoken(said))
                continue
            self.advance(size)
            if made == said["clear_sha256"]:
                good.add(id(said))
                continue
            file = recipe if recipe in self.bad and clip not in self.bad else clip
            self.report.fault(file, "segment.file", said["clear_sha256"], made, at=spoken(said))
        return good

    # ------------------------------------------------ the rest

    def check_approval(self) -> None:
        """Somebody approved this export, for this recipient: this footage, on this ground, for this."""
        number, recipient = self.manifest["export"]["number"], self.manifest["recipient"]["name"]
        kinds = (*APPROVALS, URGENT) if self.manifest["export"]["urgent"] else APPROVALS
        proofs = [each for each in self.manifest["log"]["proofs"] if each["kind"] in kinds]
        if not proofs:
            self.report.fault(MANIFEST, "approval")
        found = [(each["kind"], *self.bodies.get(each["entry"], ("", "", {}))) for each in proofs]
        # The proof of another kind, or none, is among the faults already.
        proven = [body for listed, kind, _name, body in found if kind == listed]
        for body in proven:
            export = body.get("export")
            approved = (export.get("name") if isinstance(export, dict) else "", body.get("recipient"))
            if approved != (number, recipient):
                expected = " / ".join(map(str, approved))
                self.report.fault(MANIFEST, "approval.other", expected, f"{number} / {recipient}")
            self._compare_approved(body)
        if proven and not any("spans" in each and "ground" in each for each in proven):
            self.report.fault(MANIFEST, "approval.spans", "", "-")

    def _compare_approved(self, body: dict[str, Any]) -> None:
        """What the entry says of footage, ground and purpose; who approves afterwards may say none of it."""
        if "spans" in body:
            approved, listed = approved_spans(body), listed_spans(self.manifest)
            if approved != listed:
                told = [" ; ".join(sorted(each)) for each in (approved - listed, listed - approved)]
                self.report.fault(MANIFEST, "approval.spans", *told)
        for what in ("ground", "purpose"):
            said = body.get(what)
            if not isinstance(said, dict):
                continue
            known = self.manifest.get(what)
            found = known if isinstance(known, dict) else {}
            pair = [stated(said), stated(found)]
            if what == "purpose" and said.get("reason"):  # in the words of whoever asked
                pair = [f"{pair[0]} {said['reason']}", f"{pair[1]} {found.get('text')}"]
            if pair[0] != pair[1]:
                self.report.fault(MANIFEST, f"approval.{what}", *pair)

    def say_more(self, data: bytes) -> None:
        """What a reader should know besides."""
        code = report_code(data, self.manifest)
        if code:
            self.report.fact("said.report", report=code)
        if self.manifest["export"]["urgent"]:
            self.report.fact("said.urgent")
        expires = self.manifest["expires_at"]
        now = datetime.now(timezone.utc)  # noqa: UP017
        if expires < now.strftime("%Y-%m-%dT%H:%M:%S.000Z"):
            self.report.fact("said.expired", at=plain(expires))


def report_code(data: bytes, manifest: dict[str, Any]) -> str:
    """What stands on the report: SHA-256 of the manifest without the report's own line; "" without a report.

    The manifest is canonical JSON, so that the line can be cut out of its bytes.
    """
    for each in manifest["files"]:
        if each.get("kind") == "report":
            line = json.dumps(each, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
            before, found, after = data.partition(line)
            if found:
                before, after = (before, after[1:]) if after[:1] == b"," else (before.rstrip(b","), after)
                digest = sha256(before + after).hexdigest()
                return " ".join(digest[at : at + 8] for at in range(0, 64, 8))
    return ""


def stated(said: dict[str, Any]) -> str:
    """A ground or purpose by its code; a purpose in words has none in the manifest."""
    return str(said.get("code") or OTHER_PURPOSE)


def approved_spans(body: dict[str, Any]) -> set[str]:
    """What the entry of an approval says of footage, a line for each span."""
    ids = {str(each.get("code")): each.get("id") for each in objects(body.get("cameras"))}
    return {
        span_line(ids.get(str(each.get("camera"))), each, each.get("redaction"), each.get("result_sha256"))
        for each in objects(body.get("spans"))
    }


def listed_spans(manifest: dict[str, Any]) -> set[str]:
    """The same of the manifest."""
    found = set()
    for each in objects(manifest.get("spans")):
        redaction = each["redaction"] if isinstance(each.get("redaction"), dict) else {}
        found.add(
            span_line(each.get("camera"), each, redaction.get("number"), redaction.get("result_sha256"))
        )
    return found


def span_line(camera: Any, said: dict[str, Any], redaction: Any, result: Any) -> str:
    """A camera's id, from, to, form, and of a redaction its number and result."""
    parts = (camera, said.get("from"), said.get("to"), said.get("form"), redaction, result)
    return " ".join(str(each) for each in parts if each)


def meets(span: dict[str, Any], said: dict[str, Any]) -> bool:
    """Whether the recording is of the span, or so little before it that a clip begins with it."""
    try:
        first, last = micros(span["from"]), micros(span["to"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return False
    near = said["from_us"] < last and said["to_us"] > first - BEFORE_US
    return near and bool(said["camera"] == span.get("camera"))


def false_gaps(span: dict[str, Any], segments: list[dict[str, Any]]) -> Iterator[tuple[int, int]]:
    """Gaps that are told of the span where a recording is listed, in microseconds."""
    for gap in objects(span.get("gaps")):
        try:
            first, last = micros(gap["from"]), micros(gap["to"])
        except (KeyError, TypeError, ValueError, AttributeError):
            continue
        mine = [each for each in segments if each["camera"] == span.get("camera")]
        if any(min(each["to_us"], last) - max(each["from_us"], first) > BETWEEN_US for each in mine):
            yield first, last


def left_out(span: dict[str, Any], segments: list[dict[str, Any]]) -> Iterator[tuple[int, int]]:
    """What of the span lies in no recording and in no gap that is told, in microseconds."""
    try:
        first, last = micros(span["from"]), micros(span["to"])
        told = [(micros(each["from"]), micros(each["to"])) for each in objects(span.get("gaps"))]
    except (KeyError, TypeError, ValueError, AttributeError):
        return  # then it is not what was approved either
    told += [(each["from_us"], each["to_us"]) for each in segments if each["camera"] == span.get("camera")]
    for start, end in [*sorted(told), (last, last)]:
        if min(start, last) - first > BETWEEN_US:
            yield first, min(start, last)
        first = max(first, end)


def micros(moment: str) -> int:
    """A moment of the manifest in microseconds since 1970."""
    return (datetime.fromisoformat(moment.replace("Z", "+00:00")) - EPOCH) // timedelta(microseconds=1)


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; what is no list has none."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _signed_by(note: Note, text: Any) -> bool:
    try:
        return note.signed_by(Key(text))
    except (ValueError, AttributeError):
        return False


def plain(moment: str) -> str:
    """A time of the manifest, for people."""
    return moment[:19].replace("T", " ") + " UTC"


def spoken(said: dict[str, Any]) -> str:
    """The span of a recording in UTC."""
    try:
        ends = [EPOCH + timedelta(microseconds=said[each]) for each in ("from_us", "to_us")]
    except OverflowError:
        return "?"
    return f"{ends[0]:%Y-%m-%d %H:%M:%S} – {ends[1]:%H:%M:%S} UTC"


def compare(one: Check, other: Check) -> None:
    """Of two packages with the same number, the older is named."""
    first, second = (each.manifest.get("export", {}) for each in (one, other))
    logs = [each.manifest.get("log", {}).get("origin") for each in (one, other)]
    if first.get("number") != second.get("number") or logs[0] != logs[1]:
        return
    if first["made_at"] < second["made_at"]:
        said = second["made_at"], first["made_at"]
        one.report.fault(MANIFEST, "old", *said, other=str(other.place.path))


# ---------------------------------------------------------------- the command


def word(code: str, language: str, **said: Any) -> str:
    """A sentence in the reader's language."""
    if f"why.{said.get('why')}" in WORDS:
        said["why"] = word(f"why.{said['why']}", language)
    return WORDS[code][LANGUAGES.index(language)].format(**said)


def tell(check: Check, language: str) -> None:
    """What was found, to be read by people."""
    if check.manifest:
        export, recipient = check.manifest["export"], check.manifest["recipient"]["name"]
        made_at = plain(export["made_at"])
        print(word("title", language, number=export["number"], made_at=made_at, recipient=recipient))
    for code, said in check.report.facts:
        print("  -", word(code, language, **said))
    faults = check.report.faults
    print()
    good = "good" if check.pinned else "self"
    print(word("bad", language, count=len(faults)) if faults else word(good, language))
    for number, fault in enumerate(faults, 1):
        print(f"{number:3}.", word(fault["code"], language, file=fault["file"], **fault["said"]))
        if fault["expected"] != fault["calculated"]:
            for what in ("expected", "calculated"):
                print(f"       {word(what, language)}: {fault[what]}")


def read_pin(text: str) -> bytes:
    """What --key says: a key, or the file of a key or a checkpoint. Raises Unchecked."""
    if re.fullmatch(r"[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+", text.strip()):
        return text.strip().encode()
    try:
        data = Path(text).read_bytes().replace(b"\r\n", b"\n")
        if b"\n\n" in data:
            Checkpoint(data)
        else:
            Key(data.decode("utf-8"))
    except (OSError, ValueError, IndexError) as error:
        raise Unchecked("unreadable", file=text, why=str(error)) from None
    return data


def read_witness(text: str) -> Key:
    """What --witness says. Raises Unchecked."""
    try:
        return Key(text if "+" in text else Path(text).read_text("utf-8"), WITNESS_KEY)
    except (OSError, ValueError) as error:
        raise Unchecked("unreadable", file=text, why=str(error)) from None


def _progress(permille: int, shown: list[int] = [-1]) -> None:  # noqa: B006 - remembers what it showed
    if sys.stderr.isatty() and permille // 10 != shown[0]:
        shown[0] = permille // 10
        print(f"\r{shown[0]} %  ", end="", file=sys.stderr, flush=True)


def _arguments(arguments: list[str] | None) -> Any:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("package", nargs="?", default=str(Path(__file__).resolve().parent))
    parser.add_argument("--key", help="the log's verifier key, a file with it, or a checkpoint that you kept")
    parser.add_argument("--witness", action="append", default=[], help="key of a witness")
    parser.add_argument("--language", choices=LANGUAGES)
    parser.add_argument("--other", action="append", default=[], help="another package of the same number")
    parser.add_argument("--json", action="store_true", help="say what was found as JSON")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Check what the command names; its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    options = _arguments(arguments)
    try:
        pin = read_pin(options.key) if options.key else b""
        witnesses = [read_witness(each) for each in options.witness]
        check = Check(Place(options.package), pin, witnesses)
        check.run(_progress)
        for other in options.other:
            second = Check(Place(other), pin)
            second.run()
            compare(check, second)
    except Unchecked as error:
        language = options.language or "en"
        print(word("unchecked", language, why=word(error.code, language, **error.said)))
        return UNCHECKED
    faults = check.report.faults
    code = BAD if faults else GOOD if check.pinned else UNPINNED
    if options.json:
        said = {"result": ("good", "bad", "", "self")[code], "pinned": check.pinned}
        print(json.dumps({**said, "faults": faults, "facts": check.report.facts}, ensure_ascii=False))
    else:
        language = check.manifest.get("export", {}).get("language", "en")
        tell(check, options.language or (language if language in LANGUAGES else "en"))
    return code


if __name__ == "__main__":
    code = main()
    if len(sys.argv) == 1 and os.name == "nt" and sys.stdin.isatty():
        input()  # opened by a double click: the window would close
    sys.exit(code)
