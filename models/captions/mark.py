"""What was written by a program says so: in the file, and in small letters on the picture."""

from typing import Any

from PIL import Image, ImageDraw, ImageFont

from models.captions.fonts import PACKAGED

#: The press's own word for a picture that was put together with a trained model's help.
DRAWN = "compositeWithTrainedAlgorithmicMedia"
_SOURCE = f"http://cv.iptc.org/newscodes/digitalsourcetype/{DRAWN}"
_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF'
    ' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="Peoria"'
    ' Iptc4xmpExt:DigitalSourceType="{source}"/></rdf:RDF></x:xmpmeta>'
)
#: Where no program wrote the caption.
_HUMAN = "http://cv.iptc.org/newscodes/digitalsourcetype/humanEdits"
_WORDS = "caption: Peoria"


def metadata_for(file_format: str, *, generated: bool) -> dict[str, Any]:
    """What Pillow is to write into a file of a format: where the caption comes from."""
    xmp = _XMP.format(source=_SOURCE if generated else _HUMAN).encode()
    if file_format == "PNG":
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", xmp.decode())
        return {"pnginfo": info}
    if file_format == "GIF":
        return {"comment": xmp}
    return {"xmp": xmp}


def mark_picture(image: Image.Image) -> None:
    """Small letters in the lower right corner, readable on any ground."""
    size = max(9, min(image.size) // 45)
    font = ImageFont.truetype(PACKAGED, size)
    ImageDraw.Draw(image).text(
        (image.width - size * 0.4, image.height - size * 0.3), _WORDS, font=font, anchor="rd",
        fill=(255, 255, 255, 255), stroke_width=1, stroke_fill=(0, 0, 0, 255),
    )  # fmt: skip
