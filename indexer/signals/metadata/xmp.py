"""The strings of an XMP packet, collected while the XML is parsed: no tree is built, and entities are refused."""

from __future__ import annotations

from xml.etree.ElementTree import ParseError

from defusedxml.ElementTree import XMLParser

MAX_XMP_BYTES = 1024 * 1024
MAX_DEPTH = 64
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_SILENT = (_RDF, "http://www.w3.org/XML/1998/namespace")
_PREFIXES = {
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "Iptc4xmpCore",
    "adobe:ns:meta/": "x",
}


class XmpDamaged(Exception):
    """Raised for a packet that is no XML, declares entities, or exceeds size or depth."""


class _Collector:
    """A parser target: keeps the text of every element and attribute under its nearest name that is not RDF's."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []
        self._open: list[tuple[str, list[str]]] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise XmpDamaged
        uri, name = _qualified(tag)
        if uri == _RDF:
            name = self._open[-1][0] if self._open else name
        self._open.append((name, []))
        for key, value in attributes.items():
            attribute_uri, attribute = _qualified(key)
            if key == f"{{{_RDF}}}resource":
                # An address as value: that of the element.
                self.found.append((name, value))
            elif attribute_uri not in _SILENT and value.strip():
                self.found.append((attribute, value))

    def data(self, text: str) -> None:
        if self._open:
            self._open[-1][1].append(text)

    def end(self, _tag: str) -> None:
        name, pieces = self._open.pop()
        text = "".join(pieces)
        if text.strip():
            self.found.append((name, text))

    def close(self) -> list[tuple[str, str]]:
        return self.found


def _qualified(tag: str) -> tuple[str, str]:
    uri, _, name = tag.rpartition("}")
    uri = uri.removeprefix("{")
    if name == "AIGC" and "tc260" in uri.casefold():
        return uri, "TC260:AIGC"
    prefix = _PREFIXES.get(uri)
    return uri, f"{prefix}:{name}" if prefix else name


def xmp_items(packet: bytes) -> list[tuple[str, str]]:
    """Return name (`exif:UserComment`, `dc:description`) and text of every element and attribute.

    Raises XmpDamaged for what is no XML, has a document type or entities, is larger than 1 MiB or deeper than 64.
    """
    packet = packet.strip(b"\0 \t\r\n")
    if len(packet) > MAX_XMP_BYTES:
        raise XmpDamaged
    collector = _Collector()
    try:
        parser = XMLParser(target=collector, forbid_dtd=True)
        parser.feed(packet)
        parser.close()
    except (ParseError, ValueError, LookupError) as error:
        raise XmpDamaged from error
    return collector.found
