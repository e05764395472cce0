"""Polish and Czech."""

from __future__ import annotations

from inbox_agent.text_phrases.model import REST, Phrases

PHRASES: dict[str, Phrases] = {
    "pl": Phrases(
        question=("czy", "co (?:sądzisz|pan sądzi|pani sądzi|myślisz|o tym)", "jak wygląda"),
        request=(
            *("proszę", "prosimy", "poproszę", "prosiłbym", "prosiłabym", "prośba", "uprzejmie"),
            "(?:możesz|możecie|mógłbyś|mogłabyś|moglibyście|mógłby pan|mogłaby pani)",
            "może (?:pan|pani|mi|nam)",
            "(?:potrzebuję|potrzebujemy|potrzebowałbym|potrzebowałabym)",
            "(?:daj|dajcie) (?:mi |nam )?znać",
            "(?:czekam|czekamy) na",
            "(?:będę|będziemy|byłbym|byłabym) wdzięczn[iya]",
            "(?:chciałbym|chciałabym|chcielibyśmy)",
        ),
        thanks=("(?:dziękuję|dziękujemy|dzięki|dziękowa[ćl]|podziękowania)", "dziekuje"),
        beforehand=(
            "z góry (?:bardzo )?(?:dziękuję|dziękujemy|dzięki)",
            "(?:dziękuję|dziękujemy|dzięki) z góry",
        ),
        done=(
            "(?<!nie )(?:zrobion[eya]|załatwion[eya]|wysłan[eya]|poprawion[eya]|opłacon[eya])",
            "(?<!nie )(?:zrobił[ea]m|wysłał[ea]m|poprawił[ea]m|załatwił[ea]m)",
            "(?<!nie )(?:zrobiliśmy|wysłaliśmy|poprawiliśmy|załatwiliśmy)",
            "(?<!nie )(?:zrobię|wyślę|prześlę|poprawię|załatwię|zajmę się)",
            "(?<!nie )(?:zrobimy|wyślemy|prześlemy|poprawimy|załatwimy|zajmiemy się)",
        ),
        polite=("w (?:razie|przypadku) (?:jakichkolwiek )?(?:pytań|wątpliwości)" + REST,),
    ),
    "cs": Phrases(
        question=(
            "co (?:si )?(?:myslíte|myslíš|na to)",
            "(?:víte|nevíte|víš|nevíš),? (?:zda|jestli|kdy|jak)",
            "(?:jak to vypadá|je něco nového)",
            "kdy (?:můžeme|můžete|můžeš|budete|budeš)",
        ),
        request=(
            *("prosím", "prosíme", "poprosím", "žádám", "žádáme"),
            "(?:mohl|mohla|mohli|mohly) (?:byste|bys|by)",
            "(?:můžete|můžeš) (?:mi|nám|to|se)",
            "(?:potřebuji|potřebuju|potřebujeme|potřeboval bych|potřebovala bych)",
            "(?:dejte|dej) (?:mi |nám )?vědět",
            "(?:chtěl|chtěla) bych",
            "(?:pošlete|pošli|napište|napiš|ozvěte se|ozvi se)",
            "(?:čekám|čekáme) na",
        ),
        thanks=("(?:děkuji|děkuju|děkujeme|díky|dík|děkuj)",),
        beforehand=(
            "předem (?:vám |ti |moc )?(?:děkuji|děkuju|děkujeme|díky)",
            "(?:děkuji|děkuju|děkujeme|díky) předem",
        ),
        done=(
            "(?<!není )(?:hotovo|vyřízeno|odesláno|opraveno|zaplaceno|zařízeno)",
            "(?:jsem|jsme) (?:to |vám |už )?(?:odeslal|poslal|opravil|vyřídil|zařídil)[aiy]?",
            "(?:odeslal|poslal|opravil|upravil|vyřídil|zařídil|udělal)[aiy]? (?:jsem|jsme)",
            "(?:pošlu|zašlu|udělám|opravím|upravím|vyřídím|zařídím|postarám se)",
            "(?:pošleme|zašleme|uděláme|opravíme|upravíme|vyřídíme|zařídíme|postaráme se)",
        ),
        polite=("neváhejte" + REST, "v případě (?:jakýchkoli )?(?:dotazů|otázek)" + REST),
    ),
}
