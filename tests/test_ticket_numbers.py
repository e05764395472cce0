"""Ticket numbers in subjects, and the many numbers that are none."""

# ruff: noqa: RUF001 - letters and marks of other alphabets are what is tested

from __future__ import annotations

import time

import pytest

from inbox_agent import subjects
from inbox_agent.ticket_numbers import ticket_numbers

TICKETS = [
    # what desks write
    ("[#123] Offer", "123"),
    ("Re: (#5290765) Webshop", "5290765"),
    ("AW: [desk.example #4711] Offer", "4711"),
    ("[Ticket #123] Offer", "123"),
    ("[Ticket#2021031210000012] Offer", "2021031210000012"),
    ("[Ticket#20210312-001] Offer", "20210312-001"),
    ("[Shop - Bug #1234] Basket is empty", "1234"),
    ("[#ABC-123-45678] Offer", "ABC-123-45678"),
    ("[#2024] Offer", "2024"),
    ("##123## Offer", "123"),
    ("## 123 ## Offer", "123"),
    ("Re: ##RE-1234##: Offer", "RE-1234"),
    ("[SUP-1234] Offer", "SUP-1234"),
    ("[JIRA] (SUP-1234) Offer", "SUP-1234"),
    ("Offer CAS-12345-X1Y2Z3", "CAS-12345-X1Y2Z3"),
    ("offer cas-12345-x1y2z3", "CAS-12345-X1Y2Z3"),
    ("INC0012345 has been opened", "INC0012345"),
    ("(Issue #123)", "123"),
    ("[Bug 735] it lies", "735"),
    ("Bug#695159: it lies", "695159"),
    # what people write
    ("Case 0012", "0012"),
    ("Case #123: Offer", "123"),
    ("Case no. 1234", "1234"),
    ("Case-ID 1234", "1234"),
    ("Ticket: 123", "123"),
    ("Ticket #2024", "2024"),
    ("(Ticket 1234)", "1234"),
    ("ticket number 1234", "1234"),
    ("Your ticket 12345 was updated", "12345"),
    ("Incident 5678 - no power", "5678"),
    ("Request #500 for chairs", "500"),
    ("Request: 500", "500"),
    ("[Request 500] Chairs", "500"),
    ("Ref. 12345", "12345"),
    ("Ref: 12345 Offer", "12345"),
    ("Your reference no 12345", "12345"),
    # other languages
    ("Vorgang 4711", "4711"),
    ("AW: [Vorgang: 778899] Angebot", "778899"),
    ("Anfrage Nr. 500 zu Stühlen", "500"),
    ("Ticketnummer 1234", "1234"),
    ("Votre demande n° 12345", "12345"),
    ("Dossier n°12345 - devis", "12345"),
    ("Caso 00123456", "00123456"),
    ("Su solicitud núm. 1234", "1234"),
    ("Solicitud número 1234", "1234"),
    ("Chamado 123456", "123456"),
    ("Richiesta n. 1234", "1234"),
    ("Pratica 98765", "98765"),
    ("Zaaknummer: 12345", "12345"),
    ("Melding #12345", "12345"),
    ("Ärende 12345", "12345"),
    ("Sag nr. 12345", "12345"),
    ("Zgłoszenie 12345", "12345"),
    ("Požadavek 12345", "12345"),
    ("Заявка № 12345", "12345"),
    ("Обращение 12345", "12345"),
    ("工单 12345", "12345"),
    ("チケット：12345", "12345"),
    ("티켓 12345", "12345"),
]
NO_TICKETS = [
    # too small, or a part of a word or a series
    *(
        "[#12] Offer",
        "Ticket 12",
        "Ticket 12 of 1200",
        "[SUP-12] Offer",
        "Showcase 1234",
        "Ticketing 2.1234",
    ),
    *("[PATCH 1/3] Offer", "[PATCH 001/123] Offer", "[PATCH v2 100/300]", "Case 123/456"),
    # years, dates and times
    *("Case 2024", "Request 2025", "Ticket 20240312", "Ref. 12.03.2024", "Case 2024-03-12"),
    *("Ref: 2023", "[CONF-2024] Call for papers", "Ticket 100:30"),
    # amounts
    *("Request 500 EUR", "Ticket 1500 users", "Ref. 123.456,00", "Case 250€", "Anfrage 1000 Stück"),
    *("Case 150 kg", "Ticket 500 Personen", "Ticket 300%", "Request: 500 chairs"),
    *("Anfrage: 1000 Schrauben M6", "Case 100 000"),
    # telephone numbers
    *("Call 0301234567", "Case: 030 1234567", "Ticket: +49 30 123456", "Case 555-1234"),
    # standards, products and other numbers
    *("RFC 5256", "[RFC 5256]", "[ISO-9001] Audit", "[RFC-5256] Base subject", "[SHA-256]"),
    *("[COVID-193]", "CAS-7732-18-5", "(XK-1200) Manual", "[x-1200] Manual", "Model SUP-1234"),
    *("Invoice 12345", "Invoice No. 12345", "Order #12345", "PO 12345", "Flight LH 1234"),
    *("Standard Issue #138, December", "Meldung 500", "Request 500", "Ref 12345", "Room 404"),
    *("Re: Offer", "", "123", "12345678"),
]


@pytest.mark.parametrize(("text", "number"), TICKETS, ids=[text for text, _ in TICKETS])
def test_a_ticket_number_is_found(text: str, number: str) -> None:
    assert ticket_numbers(text) == {number}


@pytest.mark.parametrize("text", NO_TICKETS)
def test_a_number_that_is_no_ticket_is_left_alone(text: str) -> None:
    assert ticket_numbers(text) == frozenset()


def test_one_number_is_the_same_however_it_is_written() -> None:
    written = ("[#1234]", "[Ticket #1234]", "Ticket: 1234", "(Case no. 1234)", "##1234##")
    assert {ticket_numbers(text) for text in written} == {frozenset({"1234"})}


def test_a_subject_may_hold_several_numbers() -> None:
    assert ticket_numbers("[SUP-1234] [Ticket #567]") == {"SUP-1234", "567"}


def test_subjects_offers_it_too() -> None:
    assert subjects.ticket_numbers is ticket_numbers


@pytest.mark.parametrize(
    "bomb",
    ["[" * 10**6, "ticket " * 10**5, "ticket:#" * 10**5, "#1" * 10**6, "[#" * 10**6, "1" * 10**6],
)
def test_no_subject_takes_long(bomb: str) -> None:
    began = time.process_time()
    ticket_numbers(bomb)
    assert time.process_time() - began < 0.5  # measured: under 5 ms
