"""SOAP envelopes of WS-Management: what a request asks, what an answer says.

Sources: DSP0226 (WS-Management), MS-WSMV (Microsoft's shell protocol on top of it).
"""

from __future__ import annotations

import re
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
CMD_SHELL = f"{SHELL}/cmd"
_NAMES = {"s": SOAP, "a": ADDRESSING, "w": WSMAN, "rsp": SHELL, "x": TRANSFER}
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?")


class Malformed(ValueError):
    """The text is no SOAP envelope."""


@dataclass(frozen=True)
class Request:
    """One request, taken apart. ``timeout_s`` and ``envelope`` (bytes) are what the client allows for the answer."""

    action: str
    message_id: str
    resource: str
    shell_id: str
    timeout_s: float
    envelope: int
    options: dict[str, str]
    body: ET.Element = field(repr=False)

    @property
    def verb(self) -> str:
        """The last word of the action: Create, Command, Receive, …"""
        return self.action.rpartition("/")[2]

    def find(self, path: str) -> ET.Element | None:
        """The first element of the body at a path with the prefixes rsp, w, x."""
        return self.body.find(path, _NAMES)

    def all(self, path: str) -> list[ET.Element]:
        """All of them."""
        return self.body.findall(path, _NAMES)

    def text(self, path: str, default: str = "") -> str:
        """The text of the first one."""
        return self.body.findtext(path, default, _NAMES)


def parse(data: bytes) -> Request:
    """Take a request apart. Raises `Malformed`."""
    try:
        root = ET.fromstring(data)  # noqa: S314 - expat limits entity expansion, and clients are on loopback
    except (ET.ParseError, UnicodeError) as error:
        raise Malformed(str(error)) from None
    header, body = root.find("s:Header", _NAMES), root.find("s:Body", _NAMES)
    if root.tag != f"{{{SOAP}}}Envelope" or body is None:
        raise Malformed("not a SOAP 1.2 envelope")
    if header is None:
        header = ET.Element("header")
    selectors = {item.get("Name", "").lower(): item.text or "" for item in header.iterfind(".//w:Selector", _NAMES)}
    if body.find(f"{{{IDENTITY}}}Identify") is not None:
        action = "Identify"
    else:
        action = header.findtext("a:Action", "", _NAMES).strip()
    return Request(
        action=action,
        message_id=header.findtext("a:MessageID", "", _NAMES).strip(),
        resource=header.findtext("w:ResourceURI", "", _NAMES).strip(),
        shell_id=selectors.get("shellid", "").upper(),
        timeout_s=seconds(header.findtext("w:OperationTimeout", "", _NAMES)),
        envelope=int(header.findtext("w:MaxEnvelopeSize", "", _NAMES) or 0),
        options={item.get("Name", "").upper(): item.text or "" for item in header.iterfind(".//w:Option", _NAMES)},
        body=body,
    )


def seconds(duration: str) -> float:
    """An ISO 8601 duration in seconds; the service's default of 60 where there is none."""
    found = _DURATION.fullmatch(duration.strip())
    if not duration.strip() or not found:
        return 60.0
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def envelope(action: str, relates_to: str, body: str) -> bytes:
    """An answer."""
    return (
        f'<s:Envelope xml:lang="en-US" xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:x="{TRANSFER}" '
        f'xmlns:w="{WSMAN}" xmlns:rsp="{SHELL}" xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd">'
        f"<s:Header><a:Action>{escape(action)}</a:Action><a:MessageID>uuid:{_new_id()}</a:MessageID>"
        f"<a:To>{ADDRESSING}/role/anonymous</a:To><a:RelatesTo>{escape(relates_to)}</a:RelatesTo></s:Header>"
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def answer(request: Request, body: str) -> bytes:
    """The answer to a request that has succeeded."""
    return envelope(f"{request.action}Response", request.message_id, body)


def identity() -> bytes:
    """The answer to Identify, which is the one request that needs no login."""
    return (
        f'<s:Envelope xml:lang="en-US" xmlns:s="{SOAP}"><s:Header/><s:Body>'
        f'<wsmid:IdentifyResponse xmlns:wsmid="{IDENTITY}">'
        f"<wsmid:ProtocolVersion>{WSMAN}</wsmid:ProtocolVersion>"
        "<wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>"
        "<wsmid:ProductVersion>OS: 0.0.0 SP: 0.0 Stack: 3.0</wsmid:ProductVersion>"
        "</wsmid:IdentifyResponse></s:Body></s:Envelope>"
    ).encode()


@dataclass(frozen=True)
class Refusal(Exception):
    """A request that the service refuses: a SOAP fault with Windows' own code.

    ``subcode`` is WS-Management's word for it; ``sender``: whether the client is to blame.
    """

    code: int
    subcode: str
    reason: str
    sender: bool = True

    def as_answer(self, relates_to: str) -> bytes:
        """The fault's envelope."""
        value = "s:Sender" if self.sender else "s:Receiver"
        detail = (
            f'<f:WSManFault xmlns:f="{FAULT}" Code="{self.code}" Machine="localhost">'
            f"<f:Message>{escape(self.reason)}</f:Message></f:WSManFault>"
        )
        body = (
            f"<s:Fault><s:Code><s:Value>{value}</s:Value><s:Subcode><s:Value>{self.subcode}</s:Value></s:Subcode>"
            f'</s:Code><s:Reason><s:Text xml:lang="en-US">{escape(self.reason)}</s:Text></s:Reason>'
            f"<s:Detail>{detail}</s:Detail></s:Fault>"
        )
        return envelope("http://schemas.dmtf.org/wbem/wsman/1/wsman/fault", relates_to, body)


def attribute(value: str) -> str:
    """A value as an attribute, with its quotes."""
    return quoteattr(value)


def _new_id() -> str:
    return str(uuid.uuid4()).upper()
