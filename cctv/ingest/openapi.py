"""The upload interface as an OpenAPI 3.1 document, kept by hand beside the view that it describes."""

from typing import Any

UPLOAD_PATH = "/api/v1/cameras/{code}/segments/{start}"
DOCUMENT_PATH = "/api/v1/openapi.json"

_ERROR = {"$ref": "#/components/schemas/Error"}
_SEGMENT = {"$ref": "#/components/schemas/Segment"}
_KNOWN = {"oneOf": [_SEGMENT, {"$ref": "#/components/schemas/Erased"}]}


def document(server: str) -> dict[str, Any]:
    """The document for an installation that answers at `server` (no trailing slash)."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Lethe: recorder upload",
            "version": "1",
            "description": (
                "Recorders upload finished segments of their own cameras. The body is sealed as it comes; "
                "no clear copy is written anywhere. Uploading the same segment again is harmless."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "paths": {UPLOAD_PATH: {"put": _put()}, DOCUMENT_PATH: {"get": _get_document()}},
        "components": {
            "securitySchemes": {"recorder": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Segment": _segment_schema(), "Erased": _erased_schema(), "Error": _error_schema()},
        },
    }


def _put() -> dict[str, Any]:
    return {
        "operationId": "uploadSegment",
        "summary": "Upload one recorded segment",
        "security": [{"recorder": []}],
        "parameters": [
            _parameter(
                "code", "path", "The camera's code in the register.", {"type": "string", "maxLength": 40}
            ),
            _parameter(
                "start",
                "path",
                "When the segment began: RFC 3339 in UTC, basic or extended form, fractions allowed.",
                {"type": "string", "examples": ["20261114T100200.000Z", "2026-11-14T10:02:00Z"]},
            ),
            _parameter(
                "X-Checksum-SHA256",
                "header",
                "SHA-256 of the body in hexadecimal: damage on the way is found before anything is kept.",
                {"type": "string", "pattern": "^[0-9A-Fa-f]{64}$"},
            ),
            _parameter(
                "Repr-Digest",
                "header",
                "The same as a digest field of RFC 9530, for instance sha-256=:BASE64:.",
                {"type": "string"},
            ),
        ],
        "requestBody": {
            "required": True,
            "description": "MP4, fragmented MP4, MPEG-TS, MKV or AVI with H.264, H.265, MJPEG or MPEG-4. "
            "Send Content-Length or Transfer-Encoding: chunked.",
            "content": {name: {} for name in ("application/octet-stream", "video/mp4", "video/mp2t")},
        },
        "responses": _responses(),
    }


def _parameter(name: str, place: str, text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "description": text, "schema": schema}


def _responses() -> dict[str, Any]:
    """Every status that the view can answer with, and what each means for the sender's copy."""
    answers: dict[str, tuple[str, dict[str, Any]]] = {
        "200": (
            "The same segment is already there, or it was erased on request and is not kept again. "
            "The sender may delete its copy.",
            _KNOWN,
        ),
        "201": ("Sealed, indexed and registered. The sender may delete its copy.", _SEGMENT),
        "400": (
            "The start, a header or the transfer is wrong, or the body broke off. Nothing was kept.",
            _ERROR,
        ),
        "401": ("No token, or an unknown one.", _ERROR),
        "403": ("The token has been revoked.", _ERROR),
        "404": ("The recorder has no such camera.", _ERROR),
        "405": ("Only PUT.", _ERROR),
        "409": ("Other footage covers the same time. Kept sealed in quarantine.", _ERROR),
        "411": ("Neither a length nor chunks.", _ERROR),
        "413": ("Larger than one segment may be. Nothing was kept.", _ERROR),
        "422": (
            "wrong_checksum: nothing was kept. Any other code: the recording cannot be admitted (damaged, "
            "cut off, no video, unsupported codec, impossible time) and is quarantined until it expires.",
            _ERROR,
        ),
        "503": (
            "Storage, keys, log or register are not available. Nothing was kept; try again later.",
            _ERROR,
        ),
    }
    responses: dict[str, Any] = {}
    for status, (text, schema) in answers.items():
        responses[status] = {"description": text, "content": {"application/json": {"schema": schema}}}
    seconds = {"description": "Seconds to wait.", "schema": {"type": "integer"}}
    responses["503"]["headers"] = {"Retry-After": seconds}
    return responses


def _get_document() -> dict[str, Any]:
    return {
        "operationId": "openapi",
        "summary": "This document",
        "responses": {"200": {"description": "OpenAPI 3.1", "content": {"application/json": {}}}},
    }


def _segment_schema() -> dict[str, Any]:
    moment = {"type": "string", "format": "date-time"}
    properties: dict[str, Any] = {
        "outcome": {"enum": ["live", "duplicate"]},
        "id": {"type": "string", "format": "uuid"},
        "starts_at": moment,
        "ends_at": {**moment, "description": "From the packets counted, not from what the file claims."},
        "expires_at": {**moment, "description": "When it will be destroyed."},
        "frames": {"type": "integer"},
        "codec": {"type": "string"},
        "audio_kept": {"type": "boolean"},
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def _erased_schema() -> dict[str, Any]:
    """A recording that was erased on request and is sent once more."""
    return {"type": "object", "required": ["outcome"], "properties": {"outcome": {"const": "erased"}}}


def _error_schema() -> dict[str, Any]:
    error = {
        "type": "object",
        "required": ["code", "message", "hint"],
        "properties": {
            "code": {"type": "string", "description": "Stable, for programs."},
            "message": {"type": "string", "description": "What happened."},
            "hint": {"type": "string", "description": "What to do."},
            "detail": {"type": "string", "description": "What exactly is wrong with the recording."},
            "quarantined": {"type": "string", "format": "uuid", "description": "Where it is kept sealed."},
        },
    }
    return {"type": "object", "required": ["error"], "properties": {"error": error}}
