"""What machines write in subjects, language by language.

The phrases stand as they are after folding (`subjects.read_subject`): lower case, without reply
and forward prefixes. They are what Outlook, Exchange, Notes, Postfix, sendmail, Exim, qmail and
help desks write by themselves; a word that people write as often is in none of the tables.
"""

# ruff: noqa: RUF001 - letters of other alphabets are what is looked for

from __future__ import annotations

import re

from inbox_agent.subjects import Subject, ticket_numbers

#: No phrase is looked for beyond this.
CHARACTERS_READ = 1_000

# Whole subjects, or their beginnings, that nobody writes by hand: they need no second sign.
_ONLY_BOUNCES = (
    *("undelivered mail returned to sender", "returned mail: see transcript for details"),
    *("mail delivery failed: returning message to sender", "メールエラー通知"),
    *("delivery status notification (failure)", "delivery status notification (delay)"),
    *("delivery notification: delivery has failed", "delivery failure notification"),
)
_BOUNCES = (
    *("undelivered mail", "undeliverable", "mail delivery fail", "mail delivery system"),
    *("mail delivery subsystem", "mail delivery status", "mail delivery error", "mail error"),
    *("mail system error", "failure notice", "failure delivery", "failed mail", "mail failed"),
    *("delivery status notification", "delivery failure", "delivery failed", "delivery error"),
    *("delivery has failed", "delivery notification", "delivery report", "permanent delivery"),
    *("returned mail", "returned to sender", "message undeliverable", "message delivery fail"),
    *("message status - undeliverable", "message could not be delivered", "non-deliverable"),
    *("mail could not be delivered", "mail not delivered", "message not delivered"),
    *("nondeliverable mail", "non-delivery", "expired delivery", "email delivery error"),
    *("email delivery fail", "there was an error sending your mail", "error sending mail"),
    *("unzustellbar", "nicht zustellbar", "zustellung fehlgeschlagen", "nicht zugestellt"),
    *("non remis", "échec de la remise", "message non distribué", "non distribuable"),
    *("no se puede entregar", "no entregado", "no se pudo entregar", "error de entrega"),
    *("mancato recapito", "mancata consegna", "non recapitabile", "não entregue"),
    *("não é possível entregar", "falha na entrega", "niet te bestellen", "onbestelbaar"),
    *("kan inte levereras", "olevererbart", "kan ikke leveres", "ikke leveret", "uleverbar"),
    *("ei voitu toimittaa", "nie można dostarczyć", "niedostarczona", "nedoručitelné"),
    *("kézbesíthetetlen", "teslim edilemedi", "teslim edilemez", "nu poate fi livrat"),
    *("μη παραδοτέο", "недоставленное сообщение", "не доставлено", "ваше сообщение не доставлено"),
    *("не удалось доставить", "退信", "系统退信", "无法送达", "無法傳遞", "未送达", "邮件传输失败"),
    *("配信不能", "配信できません", "メッセージを配信できません", "送信エラー", "未配達", "不達"),
    *("배달되지 않음", "배달 실패", "לא ניתן למסירה", "تعذر التسليم", "غير قابل للتسليم"),
)
_UNFINISHED = (
    *("delayed", "delay ", "warning", "delivery delayed", "delivery delay", "message delayed"),
    *("mail delivery delayed", "mail delivery warning", "delivery status notification (delay"),
    *("verzögert", "verzögerung", "zustellung verzögert", "warnung", "remise retardée", "retardé"),
    *("entrega retrasada", "retrasado", "recapito ritardato", "avviso", "avertissement"),
    # Reports of success (RFC 3464 §2.3.3: delivered, relayed, expanded) fail nobody either.
    *("delivered:", "relayed:", "expanded:"),
    *("delivery status notification (relay", "delivery status notification (success"),
)
# "Automatic reply" in the words of Outlook, Exchange, Notes, Gmail and vacation programs.
_RESPONDERS = (
    *("automatic reply", "auto reply", "auto-reply", "autoreply", "autoreply message"),
    *("autoresponse", "auto response"),
    *("auto-response", "automated reply", "automated response", "automatic response"),
    *("auto-responder", "autoresponder", "vacation reply", "out of office autoreply"),
    *("out of office auto-reply", "out of office reply", "out-of-office reply"),
    *("automatische antwort", "automatische rückantwort", "abwesenheitsnotiz", "autoantwort"),
    *("abwesenheitsnachricht", "abwesenheitsbenachrichtigung", "abwesenheitsassistent"),
    *("réponse automatique", "message d'absence", "respuesta automática", "respuesta automatica"),
    *("resposta automática", "resposta automàtica", "erantzun automatikoa", "risposta automatica"),
    *("automatisch antwoord", "automatische reactie", "afwezigheidsbericht", "autosvar"),
    *("automatisk svar", "automatiskt svar", "sjálfvirkt svar", "automaattinen vastaus"),
    *("automaatvastus", "automātiska atbilde", "automātiskā atbilde", "automatinis atsakymas"),
    *("odpowiedź automatyczna", "automatyczna odpowiedź", "autoodpowiedź"),
    *("automatická odpověď", "automatická odpoveď", "automatikus válasz", "automatski odgovor"),
    *("samodejni odgovor", "răspuns automat", "raspuns automat", "otomatik yan\u0131t"),
    *("otomatik cevap", "αυτόματη απάντηση", "автоматический ответ", "автоответ"),
    *("автоматична відповідь", "автоматичен отговор", "аутоматски одговор", "ateb awtomatig"),
    *("תשובה אוטומטית", "מענה אוטומטי", "رد تلقائي", "الرد التلقائي", "trả lời tự động"),
    *("ตอบกลับอัตโนมัติ", "balasan otomatis", "balasan automatik", "स्वचालित उत्तर"),
    *("自动回复", "自动答复", "自動回覆", "自動回復", "自動応答", "自動返信"),
    *("자동 회신", "자동 응답"),
)
# People write these too ("Out of office on Friday", "Absence of a signature").
_ABSENCES = (
    *("out of office", "out of the office", "out-of-office", "away from the office"),
    *("away from my office", "on vacation", "abwesend", "abwesenheit", "außer haus"),
    *("nicht im büro", "im urlaub", "absence", "absence du bureau", "absent du bureau"),
    *("fuori sede", "fuori ufficio", "fuera de la oficina", "ausente", "ausencia", "ausência"),
    *("fora do escritório", "frånvaro", "fravær", "poissa", "poissaolo", "afwezig"),
    *("afwezigheid", "nieobecność", "nieobecności", "mimo kancelář", "nepřítomnost"),
    *("házon kívül", "ofis dışında", "εκτός γραφείου", "вне офиса", "нет на месте", "отпуск"),
    *("外出", "不在", "休暇", "부재중"),
)
_ABSENCE_STARTS = (
    *("ooo:", "oof:"),
    *(start + colon for start in _ABSENCES for colon in (":", " :", "：")),
)

# A responder's phrase ends the subject, or a colon or closing bracket comes after it.
_BOUNDARY = re.compile(r"\s*(?:$|[:：\])]|from\s|von\s|re:)")
# "Ann Lee/Plant/ACME is out of the office.", as Notes writes it; the slashes are Notes names.
_NOTES_ABSENCE = re.compile(r"[^/]{2,60}(?:/[^/]{1,40}){1,6} is out of (?:the )?office\.?")

_ACKNOWLEDGED = (
    *("received", "acknowledg", "thank you for contacting", "thanks for contacting"),
    *("thank you for your email", "thank you for your e-mail", "thank you for your message"),
    *("thank you for your inquiry", "ticket created", "case created", "request created"),
    *("erhalten", "eingegangen", "eingangsbestätigung", "empfangsbestätigung"),
    *("reçu", "accusé de réception", "recibido", "recibida", "hemos recibido", "acuse de recibo"),
    *("ontvangen", "ontvangstbevestiging", "ricevuto", "ricevuta", "conferma di ricezione"),
    *("recebido", "recebemos", "mottaget", "mottagit", "mottatt", "modtaget", "vastaanotettu"),
    *("otrzymaliśmy", "potwierdzenie otrzymania", "přijali jsme", "přijat", "megkaptuk"),
    *("alınmıştır", "alındı", "ελήφθη", "λάβαμε", "получено", "получили", "отримано"),
    *("已收到", "受付", "受け付け", "受領", "접수", "קיבלנו", "התקבל", "استلمنا", "تم استلام"),
)


def is_only_by_mail_systems(subject: Subject) -> bool:
    """Whether no person writes such a subject, whoever From names."""
    return _is_own(subject) and subject.base.startswith(_ONLY_BOUNCES)


def is_of_bounces(subject: Subject) -> bool:
    """Whether it is the subject of a report of failure, as far as a subject can tell."""
    return _is_own(subject) and subject.base.startswith(_BOUNCES)


def is_unfinished(subject: Subject) -> bool:
    """Whether a delivery report's subject says that nothing failed for good."""
    return _is_own(subject) and subject.base.startswith(_UNFINISHED)


def is_of_responders(text: str, subject: Subject) -> bool:
    """Whether automatic replies alone begin so; `text` is the subject as it was written."""
    if not _is_own(subject):
        return False
    start, base = text.lstrip(), subject.base
    if start.startswith("AUTO: ") or ("/" in base and _NOTES_ABSENCE.fullmatch(base)):
        return True
    if base.startswith(_ABSENCE_STARTS) or _is_phrase(base):
        return True
    in_brackets = start.startswith(("[", "("))
    return in_brackets and _is_phrase(text[:CHARACTERS_READ].casefold().lstrip(" [("))


def is_of_absence(subject: Subject) -> bool:
    """Whether it tells of somebody's absence, which people do as well as responders."""
    return _is_own(subject) and any(phrase in subject.base for phrase in _ABSENCES + _RESPONDERS)


def is_acknowledged(text: str, before: str) -> bool:
    """Whether a subject says "received", in words that the letter before it did not have."""
    said, asked = text[:CHARACTERS_READ].casefold(), before[:CHARACTERS_READ].casefold()
    return any(phrase in said and phrase not in asked for phrase in _ACKNOWLEDGED)


def has_new_ticket(text: str, before: str) -> bool:
    """Whether a subject holds a ticket number that the letter before it did not have."""
    return bool(ticket_numbers(text) - ticket_numbers(before))


def _is_own(subject: Subject) -> bool:
    return not (subject.is_reply or subject.is_forward)


def _is_phrase(text: str) -> bool:
    return text.startswith(_RESPONDERS) and any(
        text.startswith(phrase) and _BOUNDARY.match(text, len(phrase)) for phrase in _RESPONDERS
    )
