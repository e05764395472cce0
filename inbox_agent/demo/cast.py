"""Who is in the sample mailbox: the team, its twelve partners and a thirteenth, their manners."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from inbox_agent.demo.note import Person

Packing = Literal["plain", "html", "alternative"]

TEAM_DOMAIN = "acme.example"
TEAM_MX = "mx.acme.example"

BERLIN, LONDON, NEW_YORK = "Europe/Berlin", "Europe/London", "America/New_York"
TOKYO, SYDNEY = "Asia/Tokyo", "Australia/Sydney"

SHARED = Person("Acme Partnerships", f"partners@{TEAM_DOMAIN}", BERLIN)
#: Jonas writes from the shared address, the others from their own with the shared one in Cc.
JONAS = replace(SHARED, name="Jonas Keller (Acme)")
ANA = Person("Ana Berger", f"ana.berger@{TEAM_DOMAIN}", BERLIN)
TOM = Person("Tom Whitfield", f"tom.whitfield@{TEAM_DOMAIN}", LONDON)
PRIYA = Person("Priya Nair", f"priya.nair@{TEAM_DOMAIN}", BERLIN, reply_prefix="RE: ")
TEAM = (JONAS, ANA, TOM, PRIYA)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a partnership's mail goes; `…_hours` are medians in the writer's working hours.

    `slowing` is by what factor their answers take longer at the end than at the beginning;
    `quiet_days`, how long before as_of both sides stopped; `…_silence`, `unseen_share` and
    `nudging` are shares from 0 to 1.
    """

    every_days: float
    their_hours: float
    our_hours: float
    their_silence: float = 0.03
    our_silence: float = 0.02
    they_open: float = 0.5
    nudging: float = 0.15
    slowing: float = 1.0
    quiet_days: int = 0
    unseen_share: float = 0.0
    packing: Packing = "alternative"
    language: str = "en"


@dataclass(frozen=True, slots=True)
class CastPartner:
    """A partner of the sample: its name, its people, who looks after it, how it behaves."""

    name: str
    owner: Person
    people: tuple[Person, ...]
    manner: Manner

    @property
    def domain(self) -> str:
        """The domain of the first of its people."""
        return self.people[0].domain

    def people_at(self, days_ago: float) -> tuple[Person, ...]:
        """Those who were there so many days before as_of."""
        return tuple(p for p in self.people if p.joined_days_ago >= days_ago > p.left_days_ago)


KESTREL = CastPartner(
    "Kestrel Optics",
    ANA,
    (
        Person("James Whitlock", "james.whitlock@kestrel-optics.example", LONDON),
        Person("Oluwaseun Adeyemi", "seun.adeyemi@kestrel-optics.example", LONDON),
        Person("Harriet Boyle", "harriet.boyle@kestrel-optics.example", LONDON, "RE: ", 24),
    ),
    Manner(every_days=10.5, their_hours=1.5, our_hours=1.2, their_silence=0.01, packing="html"),
)
NORDLICHT = CastPartner(
    "Nordlicht Systeme",
    JONAS,
    (
        Person("Jürgen Groß", "juergen.gross@nordlicht-systeme.example", BERLIN, "AW: "),
        Person("Katharina Müller", "katharina.mueller@nordlicht-systeme.example", BERLIN, "AW: "),
    ),
    Manner(
        every_days=14, their_hours=3, our_hours=2.5, they_open=0.6, language="de", packing="html"
    ),
)
SAKURA = CastPartner(
    "Sakura Soft",
    PRIYA,
    (
        Person("佐藤 健", "sato.ken@sakura-soft.example", TOKYO),
        Person("Yuki Tanaka", "tanaka.yuki@sakura-soft.example", TOKYO),
    ),
    Manner(every_days=17, their_hours=7, our_hours=4, their_silence=0.04),
)
HARBOURLINE = CastPartner(
    "Harbourline Logistics",
    TOM,
    (
        Person("Chloe Nguyen", "chloe.nguyen@harbourline.example", SYDNEY),
        Person("Lachlan Reid", "lachlan.reid@harbourline-group.example", SYDNEY, "RE: "),
    ),
    Manner(every_days=14, their_hours=2.5, our_hours=3, slowing=14, nudging=0.3, packing="html"),
)
PINECREST = CastPartner(
    "Pinecrest Data",
    PRIYA,
    (
        Person("Bob Castellano", "bob@pinecrest-data.example", NEW_YORK, "RE: ", 10_000, 330),
        Person("Denise Park", "denise@pinecrest-data.example", NEW_YORK, "RE: ", 322),
        Person("Marcus Hale", "marcus@pinecrest-data.example", NEW_YORK, "RE: "),
    ),
    Manner(
        12,
        their_hours=3,
        our_hours=22,
        our_silence=0.3,
        they_open=0.75,
        nudging=0.55,
        packing="html",
    ),
)
TERNWELL = CastPartner(
    "Ternwell Analytics",
    ANA,
    (
        Person("Imogen Clarke", "imogen@ternwell.example", LONDON),
        Person("Rhys Pritchard", "rhys@ternwell.example", LONDON),
    ),
    Manner(
        every_days=9,
        their_hours=3,
        our_hours=2.5,
        their_silence=0.02,
        quiet_days=63,
        packing="html",
    ),
)
QUILLMARK = CastPartner(
    "Quillmark",
    TOM,
    (
        Person("Dana Whitmore", "dana.whitmore@quillmark.example", NEW_YORK),
        Person("Luis Ortega", "luis.ortega@quillmark.example", NEW_YORK, "RE: "),
    ),
    Manner(every_days=17, their_hours=4, our_hours=13, they_open=0.7, nudging=0.9),
)
ALPENWERK = CastPartner(
    "Alpenwerk",
    JONAS,
    (
        Person("Sepp Hölzl", "s.hoelzl@alpenwerk.example", BERLIN, "AW: ", 10_000, 200),
        Person("Lena Aigner", "l.aigner@alpenwerk.example", BERLIN, "AW: ", 190),
    ),
    Manner(every_days=16, their_hours=6, our_hours=3, language="de", packing="plain"),
)
BLUEFJORD = CastPartner(
    "Bluefjord",
    PRIYA,
    (
        Person("Ingrid Solberg", "ingrid@bluefjord.example", "Europe/Oslo"),
        Person("Mats Lindqvist", "mats@bluefjord.example", "Europe/Oslo", "SV: ", 280),
    ),
    Manner(every_days=18, their_hours=5, our_hours=4),
)
MERIDIAN = CastPartner(
    "Meridian Retail",
    JONAS,
    (
        Person("Paige Thornton", "paige.thornton@meridian-retail.example", NEW_YORK, "RE: "),
        Person("Victor Osei", "victor.osei@meridian-retail.example", NEW_YORK),
    ),
    Manner(
        every_days=14, their_hours=32, our_hours=3, their_silence=0.3, they_open=0.2, packing="html"
    ),
)
#: A hyphen can't be in a gmail.com name, so this is nobody's address.
FERRANTE = CastPartner(
    "Lucia Ferrante",
    ANA,
    (Person("Lucia Ferrante", "lucia-ferrante-advisory@gmail.com", "Europe/Rome"),),
    Manner(every_days=22, their_hours=4, our_hours=3, packing="plain"),
)
OAKHOLLOW = CastPartner(
    "Oakhollow Media",
    TOM,
    (
        Person("Grace Okafor", "grace@oakhollow-media.example", LONDON),
        Person("Peter Lindgren", "peter@oakhollow-media.example", LONDON, "Re: ", 10_000, 260),
        Person("Aisha Rahman", "aisha@oakhollow-media.example", LONDON, "Re: ", 250),
    ),
    Manner(every_days=13, their_hours=5, our_hours=4, they_open=0.6, unseen_share=0.45),
)

#: A company that one of the twelve introduces to the team; few letters, so no figures yet.
LARKFIELD = CastPartner(
    "Larkfield Robotics",
    ANA,
    (Person("Nadia Karim", "nadia.karim@larkfield-robotics.example", LONDON),),
    Manner(every_days=60, their_hours=3, our_hours=2),
)

PARTNERS = (
    KESTREL,
    NORDLICHT,
    SAKURA,
    HARBOURLINE,
    PINECREST,
    TERNWELL,
    QUILLMARK,
    ALPENWERK,
    BLUEFJORD,
    MERIDIAN,
    FERRANTE,
    OAKHOLLOW,
)
