"""A claim in a file: a text chunk in a PNG, XMP in a JPEG and a WebP. Pixels stay as they are.

A finished file is opened at a place that is known and closed again, so that equal pixels are
still rendered and encoded once, whatever their files say.
"""

from __future__ import annotations

import html
import re
import struct

from app.image_encoding import ImageFormat
from app.riff import RIFF_HEAD_BYTES, write_riff, write_riff_chunk
from model.png import HEAD_BYTES, write_chunk

KEYWORD = "ganloom"

_NAMESPACE = "urn:ganloom:claim:1"
_XMP_MARKER = b"http://ns.adobe.com/xap/1.0/\x00"
_MAX_SEGMENT_BYTES = 2**16 - 1
_CLAIM_IN_XMP = re.compile(rf'{KEYWORD}:claim="([^"<>]{{0,100000}})"')
_HAS_XMP, _HAS_ALPHA = 0x04, 0x10


def embed_claim(file: bytes, image_format: ImageFormat, claim: str) -> bytes:
    """Return a file of this service with `claim`, ASCII, in it.

    A JPEG whose claim does not fit in one segment, of 64 KiB, is returned as it is.
    """
    if image_format is ImageFormat.PNG:
        text = KEYWORD.encode() + b"\x00" + claim.encode("ascii")
        return b"".join((file[:HEAD_BYTES], write_chunk(b"tEXt", text), file[HEAD_BYTES:]))
    xmp = _write_xmp(claim)
    if image_format is ImageFormat.WEBP:
        return _embed_in_webp(file, xmp)
    segment = _XMP_MARKER + xmp
    if len(segment) + 2 > _MAX_SEGMENT_BYTES:
        return file
    # After SOI and the JFIF segment, which has to come first.
    at = 4 + int.from_bytes(file[4:6], "big")
    return b"".join(
        (file[:at], b"\xff\xe1", struct.pack(">H", len(segment) + 2), segment, file[at:])
    )


def claim_in_xmp(xmp: bytes) -> str | None:
    """Return the claim in an XMP packet; read by a pattern, as no parser is needed for it."""
    match = _CLAIM_IN_XMP.search(xmp.decode("utf-8", "replace"))
    return html.unescape(match[1]) if match else None


def _write_xmp(claim: str) -> bytes:
    """Write a packet as the XMP specification (ISO 16684-1) has it."""
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:{KEYWORD}="{_NAMESPACE}" '
        f'{KEYWORD}:claim="{html.escape(claim)}"/></rdf:RDF></x:xmpmeta>'
    ).encode("ascii")


def _embed_in_webp(file: bytes, xmp: bytes) -> bytes:
    """Widen a simple WebP to an extended one (RFC 9649, 2.7), which alone has metadata."""
    # A lossless bitstream begins with 8 bits of signature, 14 of width, 14 of height, 1 of alpha.
    head = int.from_bytes(file[21:25], "little")
    width, height, has_alpha = head & 0x3FFF, head >> 14 & 0x3FFF, head >> 28 & 1
    flags = _HAS_XMP | (_HAS_ALPHA if has_alpha else 0)
    canvas = width.to_bytes(3, "little") + height.to_bytes(3, "little")
    extended = write_riff_chunk(b"VP8X", struct.pack("<I", flags) + canvas)
    return write_riff([extended, file[RIFF_HEAD_BYTES:], write_riff_chunk(b"XMP ", xmp)])
