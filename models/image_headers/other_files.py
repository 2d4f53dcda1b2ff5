"""What a file is that is no image of ours, in a sentence that says what to do."""

import re

_KINDS = "an image that can be read (JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF or BMP)"
_CONVERT = "convert it to a JPEG or PNG and try again."
_FRAME = "take a picture of it and try that."

#: What files of other kinds begin with, and what people call them and can do with them.
_UNPACK = "unpack it first."
_NO_PICTURE = "there is no picture in it."

#: What text of the web may begin with before it says what it is.
_BEFORE = rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.{0,300}?-->\s*)?"

#: What files of other kinds begin with, what people call them, and what they can do.
_KINDS_OF_FILES: tuple[tuple[bytes, str, str], ...] = (
    (rb"....ftypcrx ", "a camera's raw file", _CONVERT),
    (rb"....ftyp(?:mif1|msf1|jp2|jpx)", "an image of a kind that is not read", _CONVERT),
    (rb"....ftyp(?:M4A|M4B)", "a sound", _NO_PICTURE),
    (rb"....(?:ftyp|moov|mdat|wide)", "a video", _FRAME),
    (rb"\x1aE\xdf\xa3|RIFF....AVI |FLV\x01", "a video", _FRAME),
    (rb"\0\0\x01[\xb3\xba]|0&\xb2u\x8ef\xcf\x11", "a video", _FRAME),
    (rb"RIFF....WAVE|ID3|OggS|fLaC|\xff[\xf1\xf3\xfb]", "a sound", _NO_PICTURE),
    (_BEFORE + rb"(?:<!doctype svg[^>]*>\s*)?<svg", "an SVG drawing", _CONVERT),
    (
        _BEFORE + rb"<(?:!doctype html|html|head|body|script|title|meta|!--)",
        "a web page",
        "open the image itself, save it and try that.",
    ),
    (rb"HTTP/1|\s*[{\[]\s*[\"{\]}]", "an answer of a server", "download the image itself."),
    (rb"%PDF-", "a PDF document", _CONVERT),
    (rb"II\+\0|MM\0\+", "a BigTIFF image", _CONVERT),
    (rb"II[*U]\0|MM\0\*|II\x1a\0\0\0HEAP|FUJIFILM", "a camera's raw file", _CONVERT),
    (rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL image", _CONVERT),
    (rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51", "a JPEG 2000 image", _CONVERT),
    (rb"8BPS", "a Photoshop document", _CONVERT),
    (rb"gimp xcf", "a GIMP document", _CONVERT),
    (rb"\0\0[\x01\x02]\0[^\0]", "an icon", _CONVERT),
    (rb"P[1-7]\s", "a Netpbm image", _CONVERT),
    (rb"PK\x03\x04.{0,200}(?:word|ppt|xl)/|\xd0\xcf\x11\xe0", "an Office document", _CONVERT),
    (rb"PK\x03\x04", "a ZIP archive", _UNPACK),
    (rb"Rar!|7z\xbc\xaf|\x1f\x8b|BZh|\xfd7zXZ|\x28\xb5\x2f\xfd", "a packed archive", _UNPACK),
    (rb"MZ|\x7fELF", "a program", "choose an image."),
)
_SIGNATURES = tuple(
    (re.compile(start, re.DOTALL | re.IGNORECASE), name, advice)
    for start, name, advice in _KINDS_OF_FILES
)


def what_it_is(data: bytes) -> str:
    """The sentence for a file that is not an image that can be used."""
    start = data[:512]
    for signature, name, advice in _SIGNATURES:
        if signature.match(start):
            return f"This is {name}, and not {_KINDS}; {advice}"
    if not any(start):
        return (
            "This file holds nothing but zeros, as after a broken download; get it again from where"
            " it came from."
        )
    return f"This file is not {_KINDS}; convert it to one of these and try again."
