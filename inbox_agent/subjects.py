"""Base subject, reply or forward prefix (RFC 5256 §2.1, and the prefixes of other languages).

| RFC 5256 §2.1 | here |
|---|---|
| (1) decoding, white space | decoding is done before; white space of any kind is one space |
| (2) trailing ``(fwd)`` | covered |
| (3) ``re``, ``fw``, ``fwd``, blobs before and after them | covered, and the tables below |
| (4) a leading ``[blob]`` unless nothing would be left | covered |
| (5), (6) repeat; ``[fwd: …]`` | covered |
| reply or forward, one flag | divergence: two flags, a forward is no answer |
| comparison | case-folded: ``base`` is the folded form |
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Raised whenever a table below changes: base subjects kept from before may differ.
SUBJECTS_VERSION = 1
#: No prefix is looked for beyond this.
CHARACTERS_READ = 1_000

# The prefixes are those that mail programs write by themselves in each language.
# "vs" is Finnish and Estonian for a reply (vastaus, vastus), Danish and Norwegian for a forward
# (videresendt). It is read as a reply: a forward taken for a reply is a contact all the same,
# a reply taken for a forward would be an answer that nobody sees.
_REPLY = frozenset(
    """re aw antw antwort sv vs res rif r ynt odp odg vá atb rép bls tl ats απ σχετ отв на
    回复 回覆 答复 答覆 返信 답장 회신 תגובה השב رد""".split()  # noqa: SIM905
)
_FORWARD = frozenset(
    """fw fwd wg vb vl fs rv enc i tr pd ilt i̇lt továbbítás doorst trs yml πρθ пересл
    转发 轉寄 転送 전달 הועבר""".split()  # noqa: SIM905
) | {"إعادة توجيه"}

_COLONS = ":\uff1a"  # the second is the full-width colon of Chinese and Japanese keyboards

# Italian "R:" and "I:" (risposta, inoltro) are single letters: nothing may stand between the
# letter and its colon. A subject of one's own that begins so ("R: a question of style") loses
# the letter; threads do not suffer, as a base subject never joins letters by itself.
_BARE_ONLY = frozenset("ri")

_LEAD = re.compile(
    r"(?P<word>[^\s\[\](){}:\uff1a^]{1,12}(?: [^\s\[\](){}:\uff1a^]{1,12})?)"
    r"(?P<counter> ?(?:\[[^\[\]]*\]|\(\d{1,3}\)|\^\d{1,3})?) ?[:\uff1a] ?"
)
_BLOB = re.compile(r"\[[^\[\]]*\] ?")
_TRAILER = "(fwd)"
_WRAPPER = "[fwd:"

#: Base subjects that say nothing: letters are never joined by one of these alone.
GENERIC_SUBJECTS = frozenset(
    {
        *("", "re", "hello", "hi", "hey", "question", "questions", "meeting", "update"),
        *("invoice", "thanks", "thank you", "request", "info", "information", "follow up"),
        *("follow-up", "no subject", "(no subject)", "none", "test", "urgent", "reminder"),
        *("hallo", "frage", "anfrage", "besprechung", "rechnung", "danke", "termin"),
        *("kein betreff", "(kein betreff)", "bonjour", "facture", "merci", "réunion"),
        *("demande", "(sans objet)", "hola", "factura", "gracias", "consulta", "reunión"),
        *("(sin asunto)", "ciao", "fattura", "grazie", "riunione", "richiesta"),
        *("(nessun oggetto)", "olá", "fatura", "obrigado", "obrigada", "vraag", "factuur"),
        *("bedankt", "faktura", "tack", "pytanie", "dziękuję", "вопрос", "счет", "счёт"),
        *("спасибо", "你好", "谢谢", "發票", "发票", "お世話になっております", "請求書", "문의"),
    }
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a subject is about, folded for comparing, and which prefix stands outermost."""

    base: str
    is_reply: bool
    is_forward: bool


def read_subject(text: str) -> Subject:
    """The base subject of `text`, and whether its leftmost prefix marks a reply or a forward.

    ``read_subject("AW: WG: [list] Offer (fwd)")`` is base ``offer``, a reply. A trailing
    ``(fwd)`` or a wrapping ``[fwd: …]`` counts only where no prefix stands before it.
    Reading a base again gives the same base.
    """
    rest = " ".join(text[:CHARACTERS_READ].casefold()[:CHARACTERS_READ].split())
    first: str | None = None
    while True:
        before = rest
        rest, has_trailer = _without_trailer(rest)
        rest, prefix = _without_lead(rest)
        rest, has_wrapper = _unwrapped(rest)
        first = first or prefix or ("forward" if has_trailer or has_wrapper else None)
        if rest == before:
            return Subject(base=rest, is_reply=first == "reply", is_forward=first == "forward")


def _without_trailer(text: str) -> tuple[str, bool]:
    rest = text
    while rest.endswith(_TRAILER):
        rest = rest.removesuffix(_TRAILER).rstrip()
    return rest, rest != text


def _without_lead(text: str) -> tuple[str, str | None]:
    """Drop blobs and prefixes in one pass; a last blob stays if nothing would be left."""
    position = 0
    last_blob = None
    first: str | None = None
    while position < len(text):
        if blob := _BLOB.match(text, position):
            last_blob, position = position, blob.end()
            continue
        prefix = _LEAD.match(text, position)
        kind = _kind(prefix) if prefix else None
        if prefix is None or kind is None:
            return text[position:], first
        first = first or kind
        last_blob, position = None, prefix.end()
    return ("" if last_blob is None else text[last_blob:]).strip(), first


def _kind(prefix: re.Match[str]) -> str | None:
    word = prefix["word"]
    if word in _BARE_ONLY and prefix.string[prefix.end("word")] not in _COLONS:
        return None
    if word in _REPLY:
        return "reply"
    return "forward" if word in _FORWARD else None


def _unwrapped(text: str) -> tuple[str, bool]:
    if text.startswith(_WRAPPER) and text.endswith("]"):
        return text.removeprefix(_WRAPPER).removesuffix("]").strip(), True
    return text, False
