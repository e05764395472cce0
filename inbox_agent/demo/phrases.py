"""What the letters of the sample mailbox are about, and the sentences they are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

SUBJECTS: dict[str, tuple[str, ...]] = {
    "en": tuple(
        """{quarter} co-marketing plan
        Renewal of the reseller agreement
        API sandbox access
        Joint webinar on {topic}
        Case study with {customer}
        Deal registration: {customer}
        Lead hand-over {customer}
        Forecast for {quarter}
        Price list {year}
        Certification dates in {month}
        Security questionnaire, section {number}
        DPA draft, round {number}
        Logo use on the partner page
        Support escalation {customer}
        MDF claim for {month}
        Booth at {event}
        Rate limits on the sandbox
        SSO for the partner portal
        Test data for the connector
        New date for the {month} review
        Invoice {invoice}
        Referral fee {customer}
        Roadmap session in {month}
        Webhook retries
        Onboarding plan for {customer}
        Quote for {customer}, {number}0 seats
        Press release: {topic}
        Account owner for {customer}
        Release notes for connector 3.{number}
        Dates for the {event} dinner
        Pipeline review {month}
        Training slots in {month}
        Marketplace listing copy
        Pilot at {customer}
        NDA for {customer}
        Partner survey {quarter}
        Data residency question from {customer}
        Joint landing page on {topic}
        Contract annex {number}
        Discount approval {customer}""".splitlines()
    ),
    "de": tuple(
        """Rückfrage zum Rahmenvertrag, Anlage {number}
        Angebot für {customer}
        Schulungstermine im {month}
        Preisliste {year}
        Zugang zur Testumgebung
        Abrechnung {quarter}
        Messestand {event}
        Lieferverzögerung bei {customer}
        Terminvorschläge für das Quartalsgespräch {quarter}
        Übergabe der Leads aus {month}
        Rechnung {invoice}
        Gespräch über {topic}
        Entwurf der Auftragsverarbeitung, Fassung {number}
        Veröffentlichung der Referenz {customer}
        Grüße von der {event}""".splitlines()
    ),
    "ja": tuple(
        """{quarter} 共同マーケティング計画
        {customer}様のお見積り
        APIサンドボックスの利用について
        契約更新のご相談 第{number}回
        {event} 出展の件
        認定研修の日程 {month}""".splitlines()
    ),
}

WORDS: dict[str, tuple[str, ...]] = {
    "topic": (
        "warehouse automation",
        "usage-based pricing",
        "zero-trust access",
        "e-invoicing",
        "returns handling",
        "data contracts",
    ),
    "customer": (
        "Ravenhill Foods",
        "Stadtwerke Lindau",
        "Copperfield Bank",
        "Osprey Air",
        "Tanaka Foods",
        "Bellweather Clinics",
        "Greystone Rail",
        "Maplewood Schools",
        "Lumen & Daughters",
        "Fjordkraft Nett",
        "Halden Mills",
        "Saltmarsh Port",
    ),
    "event": ("Partner Summit", "Cloud Forum", "Retail Days", "DataWeek", "Logistik-Tage"),
}

SENTENCES: dict[str, tuple[str, ...]] = {
    "en": (
        "Thanks for the quick call on this earlier in the week, it helped a lot on our side.",
        "I have gone through the draft with our legal team and they have two remarks left.",
        "The first is about the notice period, which we would like to keep at ninety days.",
        "The second one is smaller: the annex still names the old product edition.",
        "Our finance people need the purchase order number before they can release the payment.",
        "Could you let me know who on your side signs this off, and until when you need it?",
        "The numbers from last month are better than we expected, thanks to two large deals.",
        "We would split the cost of the campaign evenly and share all registrations with you.",
        "The customer asked for a reference in the same industry, ideally with a similar set-up.",
        "Two of our engineers will take the certification, the third one follows next month.",
        "The connector still times out when more than five hundred records are sent at once.",
        "I attach nothing this time, everything is in the shared folder under the usual name.",
        "Would the second half of next week suit you for a short call, say thirty minutes?",
        "We have not heard back from the customer yet, but the budget is confirmed for this year.",
        "Please have a look at the wording of the second paragraph, it was changed by our team.",
        "If the price stays as it is, we can close before the end of the quarter.",
        "What we still miss is the list of regions, and the date from which the prices apply.",
        "From our side the plan stands; the landing page goes live once you approve the text.",
        "The support case was closed yesterday although the problem is still there for two users.",
        "Marketing proposes a short interview instead of a full case study, which I find sensible.",
        "I will be at the event for both days and would be glad to meet your colleagues there.",
        "The security team asks where the backups are kept and how long they are held.",
        "We can offer the training remotely, or on your premises for groups of eight or more.",
        "Our new portal will show registered deals within a day, so no more spreadsheets.",
        "Let us agree on one list of target accounts, or we will call the same people twice.",
    ),
    "de": (
        "Vielen Dank für das Gespräch am Montag, das hat uns auf unserer Seite sehr geholfen.",
        "Unsere Rechtsabteilung hat den Entwurf geprüft und noch zwei Anmerkungen dazu.",
        "Die Kündigungsfrist würden wir gerne bei neunzig Tagen belassen.",
        "Könnten Sie uns bis Ende der Woche sagen, wer bei Ihnen unterschreibt?",
        "Für die Rechnung benötigen wir noch die Bestellnummer aus Ihrem Einkauf.",
        "Der Kunde fragt nach einer Referenz aus derselben Branche, möglichst in der Region.",
        "Zwei unserer Techniker nehmen an der Schulung teil, der dritte kommt im nächsten Monat.",
        "Die Schnittstelle bricht bei mehr als fünfhundert Datensätzen weiterhin ab.",
        "Passt Ihnen ein kurzes Gespräch in der zweiten Hälfte der nächsten Woche?",
        "Die Zahlen des letzten Monats sind besser, als wir erwartet hatten.",
        "Bitte prüfen Sie den zweiten Absatz, den unser Team noch einmal geändert hat.",
        "Wenn der Preis so bleibt, können wir noch in diesem Quartal abschließen.",
    ),
    "ja": (
        "いつもお世話になっております。先日のお打ち合わせ、ありがとうございました。",
        "社内で検討した結果、二点ほど確認させていただきたいことがございます。",
        "お見積りの有効期限を月末まで延長していただくことは可能でしょうか。",
        "契約書の別紙に旧製品名が残っておりますので、ご修正をお願いいたします。",
        "来週後半に三十分ほどお時間をいただけますと幸いです。",
        "お客様からは同業種の導入事例についてご質問をいただいております。",
    ),
}

CLOSERS: dict[str, tuple[str, ...]] = {
    "en": (
        "Thanks, perfect.",
        "Great, thank you!",
        "Works for me, thanks.",
        "Got it, thanks a lot.",
    ),
    "de": ("Perfekt, vielen Dank!", "Danke, passt.", "Alles klar, vielen Dank."),
    "ja": ("承知しました。ありがとうございます。", "ありがとうございました。"),
}

NUDGES: dict[str, tuple[str, ...]] = {
    "en": (
        "Just bringing this back to the top of your inbox.",
        "Any news on this one?",
        "A gentle reminder, as we would like to move on with it.",
    ),
    "de": ("Gibt es hierzu schon etwas Neues?", "Ich möchte kurz an meine Nachricht erinnern."),
    "ja": ("その後いかがでしょうか。", "お手数ですが、ご確認をお願いいたします。"),
}

GREETINGS = {"en": "Hi {first},", "de": "Guten Tag {first},", "ja": "{first} 様"}
SIGN_OFFS = {"en": "Best regards", "de": "Viele Grüße", "ja": "よろしくお願いいたします。"}


def subject_about(template: str, at: datetime, rng: Random) -> str:
    """Fill a subject template with what fits the day `at`."""
    words = {key: rng.choice(choices) for key, choices in WORDS.items()}
    return template.strip().format(
        quarter=f"Q{(at.month + 2) // 3} {at.year}",
        month=at.strftime("%B"),
        year=at.year,
        number=rng.randrange(2, 9),
        invoice=f"{at.year}-{rng.randrange(1000, 9999)}",
        **words,
    )


def paragraphs(language: str, sentences: int, rng: Random) -> str:
    """So many sentences, three to a paragraph; a stock that is too small is gone through again."""
    stock = SENTENCES[language]
    rounds = -(-sentences // len(stock))
    drawn = [line for _ in range(rounds) for line in rng.sample(stock, len(stock))][:sentences]
    return "\n\n".join("\n".join(drawn[i : i + 3]) for i in range(0, sentences, 3))
