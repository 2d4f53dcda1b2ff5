"""What a file is that is no image of ours, in a sentence that says what to do."""

import re

_KINDS = "a JPEG, PNG, WebP, GIF or AVIF image"
_CONVERT = "convert it to a JPEG or PNG and try again."

#: What files of other kinds begin with, and what people call them.
_SIGNATURES: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (
        re.compile(rb"....ftyp(hei|hev|mif1|msf1)", re.DOTALL),
        "This is a HEIC photo, as phones take them, and not " + _KINDS + "; share it as a JPEG"
        " (on an iPhone: Settings, Camera, Formats, Most Compatible), or " + _CONVERT,
    ),
    (
        re.compile(rb"....ftyp|\x1aE\xdf\xa3", re.DOTALL),
        "This is a video, and not " + _KINDS + "; take a picture of it and try that.",
    ),
    (
        re.compile(rb"\s*(<!doctype html|<html|<head|<body|<script|<!--)", re.IGNORECASE),
        "This is a web page, and not " + _KINDS + "; open the image itself, save it and try that.",
    ),
    (
        re.compile(rb"\s*(<\?xml[^>]*>\s*)?(<!doctype svg[^>]*>\s*)?<svg", re.IGNORECASE),
        "This is an SVG drawing, and not " + _KINDS + "; " + _CONVERT,
    ),
    (re.compile(rb"%PDF-"), "This is a PDF document, and not " + _KINDS + "; " + _CONVERT),
    (
        re.compile(rb"II\*\0|MM\0\*|II\+\0|MM\0\+"),
        "This is a TIFF image or a camera's raw file, and not " + _KINDS + "; " + _CONVERT,
    ),
    (re.compile(rb"BM"), "This is a BMP image, and not " + _KINDS + "; " + _CONVERT),
    (
        re.compile(rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n"),
        "This is a JPEG XL image, and not " + _KINDS + "; " + _CONVERT,
    ),
    (
        re.compile(rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51"),
        "This is a JPEG 2000 image, and not " + _KINDS + "; " + _CONVERT,
    ),
    (re.compile(rb"PK\x03\x04"), "This is a ZIP archive, and not " + _KINDS + "; unpack it first."),
)


def what_it_is(data: bytes) -> str:
    """The sentence for a file that is not an image that can be used."""
    start = data[:512]
    for signature, sentence in _SIGNATURES:
        if signature.match(start):
            return sentence
    return f"This file is not {_KINDS}; convert it to one of these and try again."
