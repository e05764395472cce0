"""English, German, Dutch, Danish and Swedish."""

from __future__ import annotations

from inbox_agent.text_phrases.model import REST, Phrases

# "not yet applied", "hasn't been merged", "could not be taken care of"
_UNDENIED = (
    "(?<!not )(?<!n't )(?<!never )(?<!not yet )(?<!not be )(?<!n't be )(?<!not been )(?<!n't been )"
)
_IS_DE = "(?:ist|sind|wurden?|wird|werden) (?:schon |bereits |soeben )?"
_IS_NL = "(?:is|zijn|wordt|worden) (?:al |inmiddels |nu )?"

PHRASES: dict[str, Phrases] = {
    "en": Phrases(
        question=(
            "do you (?:know|have|think|want|agree|mind|need|plan|see)",
            "(?:did|have|are|were) you (?:able|get|got|had|received?|seen?|heard|ok|okay|free)",
            "what do you think",
            "wondering (?:if|whether|when|what|how)",
            "any (?:updates?|news|thoughts|ideas?|chance|progress|word)",
            "when (?:can|could|will|would|do|are) (?:you|we)",
            "how (?:do|can|should) (?:i|we)",
            "should (?:i|we)",
            "is it (?:ok|okay|possible)",
        ),
        request=(
            *("please", "pls", "plz", "kindly", "asap", "reminder"),
            "(?:can|could|would|will) you",
            "let (?:me|us) know",
            "(?:i|we)(?: will| would|'ll|'d)?(?: still| also| really)? need",
            "(?:i|we)(?: would|'d) (?:like|love|appreciate|be grateful)",
            "(?:send|give|call|tell|e-?mail|remind|forward) (?:me|us)",
            "get back to (?:me|us)",
            "need (?:you|your)",
            "(?:am|are|i'm|we're)? ?(?:waiting for|awaiting) your",
            "look(?:ing)? forward to (?:your (?:reply|response|answer)|hearing)",
            "(?:would be|much) appreciated if",
        ),
        thanks=(
            *("thanks", "thank you", "thank u", "thx", "tks", "tnx", "thanx"),
            "(?:much appreciated|appreciate it)",
        ),
        beforehand=("(?:thanks|thank you|thanking you|thx)(?: very much| so much)? in advance",),
        done=(
            _UNDENIED + "(?:applied|queued|merged|pushed|committed|picked up|taken care of)",
            *("will do", "all set"),
            "(?:i|we)(?:'ll| will) (?:do|make|take|fix|add|change|update|send|resend)",
            "(?:i|we)(?:'ll| will) (?:drop|remove|apply|queue)",
        ),
        polite=(
            "please (?:find|see)(?: the)? (?:attached|enclosed|below)",
            "please (?:don't|do not|never) hesitate" + REST,
            "(?:please )?feel free" + REST,
            "(?:please )?(?:let (?:me|us) know|call|contact (?:me|us)|call (?:me|us)) if you"
            " (?:have|need) (?:any|anything)" + REST,
            "(?:if you have|with|should you have) (?:any|further|other|additional)"
            "(?: further| other| additional)? (?:questions?|comments|problems)" + REST,
        ),
    ),
    "de": Phrases(
        question=(
            "(?:weißt du|wissen sie|wisst ihr),? (?:ob|wann|wie|wer|was|wo|warum)",
            "was (?:meinst du|meinen sie|meint ihr|denkst du|denken sie|hältst du|halten sie)",
            "gibt es (?:schon|bereits|neuigkeiten|etwas neues|neues)",
            "wann (?:kann|können|könnten|wird|werden) (?:ich|wir|sie|du)",
            "wie (?:sieht es|ist der stand|weit (?:bist du|sind sie))",
        ),
        request=(
            "bitte[nt]?",
            "(?:könnten|können|würden|möchten) sie",
            "(?:könntest|kannst|würdest|magst) du",
            "(?:könntet|könnt|würdet) ihr",
            "wäre (?:nett|schön|super|toll|hilfreich|dankbar)",
            "(?:lass|lassen sie|lasst) (?:es )?(?:mich|uns)(?: es)?(?: bitte)? wissen",
            "(?:gib|geben sie|gebt) (?:mir|uns)",
            "bescheid (?:geben|sagen)",
            "(?:ich|wir) (?:brauchen?|bräuchten?|benötigen?)",
            "(?:brauche|bräuchte|benötige) ich",
            "um (?:eine |kurze )?(?:rückmeldung|antwort|rückruf|bestätigung)",
            "auf (?:ihre|deine|eure) (?:antwort|rückmeldung)",
        ),
        thanks=(
            *("danke", "dankeschön", "merci"),
            "(?:vielen|herzlichen|besten|lieben|schönen|tausend) dank",
            "(?:ich|wir) (?:bedanke mich|bedanken uns)",
        ),
        beforehand=("(?:danke|dank)(?: schon(?: mal)?| bereits)? (?:im voraus|vorab)",),
        done=(
            _IS_DE + "(?:erledigt|gemacht|gebucht|verschickt|veranlasst|angepasst|korrigiert)",
            "(?:habe ich|haben wir) (?:schon |bereits |soeben )?(?:erledigt|verschickt|angepasst)",
            "(?:mache|erledige|veranlasse|schicke|sende|ändere) ich(?! nicht)",
            "(?:machen|erledigen|veranlassen|schicken|senden|ändern) wir(?! nicht)",
            *("alles erledigt", "(?:kümmere mich|kümmern uns)(?! nicht)", "geht klar"),
        ),
        polite=(
            "bei (?:weiteren |etwaigen )?(?:rück)?fragen" + REST,
            "(?:für|falls|wenn|sollten) (?:sie |du )?(?:noch )?(?:weitere )?fragen" + REST,
            "bitte zöger(?:n sie|e) nicht" + REST,
            "bitte finden sie (?:anbei|im anhang)",
        ),
    ),
    "nl": Phrases(
        question=(
            "(?:weet je|weet u|weten jullie) (?:of|wanneer|hoe|wie|wat|waar|waarom)",
            "wat (?:vind je|vindt u|denk je|denkt u|vinden jullie)",
            "is er al (?:nieuws|iets|meer)",
            "wanneer (?:kan|kun|kunnen|kunt|zou)",
        ),
        request=(
            *("alsjeblieft", "alstublieft", "aub", "a\\.u\\.b\\.", "svp", "gelieve"),
            "(?:(?:kun|kan|zou|wil) (?:je|jij)|(?:kunt|zou|wilt) u|(?:kunnen|zouden) jullie)",
            "graag (?:ontvang|hoor|verneem|een|je|jouw|uw|jullie|zou|even)\\w*",
            "(?:hoor|ontvang|verneem) (?:ik |wij |het )?graag",
            "(?:ik|wij|we) (?:hoor|horen|wil|willen|zou|zouden|ontvang|ontvangen) (?:het )?graag",
            "laat (?:het )?(?:me|mij|ons|maar|even) (?:even )?weten",
            "(?:ik|wij|we) (?:heb|hebben) \\w{1,20}(?: \\w{1,20})? nodig",
            "(?:verzoek ik|verzoeken wij) (?:u|je)",
        ),
        thanks=("(?:dank|bedankt|dankjewel|dankuwel|thanks|merci)",),
        beforehand=(
            "(?:alvast|bij voorbaat)(?: hartelijk| heel| zeer)? (?:veel )?(?:dank|bedankt)",
            "(?:dank|bedankt) (?:alvast|bij voorbaat)",
        ),
        done=(
            _IS_NL + "(?:gedaan|geregeld|verwerkt|aangepast|verstuurd|verzonden|opgelost)",
            "(?:ik heb|(?:wij|we) hebben) (?:het|dit|dat) (?:al )?(?:gedaan|geregeld|aangepast)",
            "(?:(?:zal|ga) ik|zullen we|gaan we) (?:doen|regelen)",
            "(?:ik (?:stuur|regel|zorg)|(?:wij|we) (?:sturen|regelen|zorgen))(?! niet)",
            "komt (?:voor elkaar|in orde)",
        ),
        polite=(
            "aarzel(?: dan| gerust)? niet" + REST,
            "(?:laat (?:het )?(?:me|mij|ons) (?:gerust )?weten )?(?:als|indien) (?:je|u|jullie)"
            " (?:nog |verder )?vragen" + REST,
            "(?:bij|voor) (?:eventuele |verdere )?vragen" + REST,
        ),
    ),
    "da": Phrases(
        question=(
            "(?:ved du|ved i),? (?:om|hvornår|hvordan|hvem|hvad|hvor|hvorfor)",
            "hvad (?:synes|tænker|siger|mener) (?:du|i)",
            "er der (?:noget )?nyt",
            "hvornår (?:kan|kommer|skal|vil)",
        ),
        request=(
            *("venligst", "vær venlig", "vær sød", "vær rar"),
            "(?:kan|kunne|vil|ville|gider) (?:du|i)",
            "giv (?:mig |os |gerne )?besked",
            "lad (?:mig|os) (?:lige |gerne )?vide",
            "(?:jeg|vi) (?:har brug for|mangler|skal bruge|vil gerne have|vil bede)",
            "(?:send|sig til|ring til|skriv til) (?:mig|os)",
            "(?:hører gerne|ser frem til at høre)",
            "må (?:jeg|vi) bede",
        ),
        thanks=("(?:tak|takker|tusindtak)",),
        beforehand=("på forhånd(?: mange)? tak", "tak på forhånd"),
        done=(
            "(?:er|bliver) (?:nu |allerede )?(?:gjort|ordnet|sendt|rettet|opdateret|betalt)",
            "(?:jeg|vi) har (?:nu |allerede |lige )?(?:gjort|ordnet|sendt|rettet|opdateret|betalt)",
            "det (?:gør|ordner|klarer) (?:jeg|vi)(?! ikke)",
            "(?:jeg|vi) (?:ordner|sender|retter|sørger for|skal nok)(?! ikke)",
        ),
        polite=(
            "tøv ikke" + REST,
            "(?:du|i) er (?:altid )?(?:meget )?velkom(?:men|ne)" + REST,
            "hvis (?:du|i) har (?:nogen )?spørgsmål" + REST,
        ),
    ),
    "sv": Phrases(
        question=(
            "(?:vet du|vet ni) (?:om|när|hur|vem|vad|var|varför)",
            "vad (?:tycker|tror|säger|anser) (?:du|ni)",
            "(?:hur går det|finns det|är det möjligt)",
            "när (?:kan|kommer|ska|skulle) (?:du|ni|vi)",
        ),
        request=(
            *("vänligen", "snälla", "var snäll", "var vänlig", "meddela", "återkom"),
            "(?:kan|kunde|skulle|vill) (?:du|ni)",
            "låt (?:mig|oss) (?:gärna )?veta",
            "hör av (?:dig|er)",
            "(?:jag|vi) (?:behöver|skulle behöva|skulle vilja|vill gärna)",
            "(?:skicka|säg till|ring) (?:mig|oss)",
            "tacksam(?:ma)? (?:för|om)",
            "ser fram emot (?:att höra|ditt|ert)",
        ),
        thanks=("(?:tack|tackar|tusentack)",),
        beforehand=("tack på förhand", "på förhand tack"),
        done=(
            "(?:är|blir) (?:nu |redan )?(?:gjort|fixat|skickat|skickad|åtgärdat|ordnat|rättat)",
            "(?:jag|vi) har (?:nu |redan |precis )?(?:gjort|fixat|skickat|åtgärdat|ordnat|rättat)",
            "det (?:gör|fixar|ordnar) (?:jag|vi)(?! inte)",
            "(?:jag|vi) (?:fixar|ordnar|åtgärdar|skickar|tar hand om|ser till)(?! inte)",
            "(?:jag|vi) ska (?:göra|fixa|skicka|ändra|ordna)",
        ),
        polite=(
            "tveka inte" + REST,
            "(?:hör (?:gärna )?av (?:dig|er) )?om (?:du|ni) (?:har|skulle ha) (?:några )?frågor"
            + REST,
        ),
    ),
}
