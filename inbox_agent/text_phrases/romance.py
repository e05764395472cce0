"""French, Spanish and Italian."""

from __future__ import annotations

from inbox_agent.text_phrases.model import REST, Phrases

# "no te lo envío", "non ve lo invio"
_NO_TE_LO = "(?<!no )(?<!no te )(?<!no le )(?<!no se )(?<!no os )(?<!no les )"
_NON_TE_LO = "(?<!non )(?<!non te )(?<!non ve )"

PHRASES: dict[str, Phrases] = {
    "fr": Phrases(
        question=(
            "(?:avez|savez|pensez|êtes|voulez)[- ]vous",
            "(?:as|sais|penses|es|veux)-tu",
            "est[- ]ce qu(?:e|')",
            "qu'en (?:pensez[- ]vous|penses[- ]tu)",
            "y a-t-il",
            "(?:des|du) nouv(?:elles|eau)",
        ),
        request=(
            *("s'il (?:vous|te) plaît", "svp", "stp", "veuillez", "prière de"),
            "(?:pourriez|pouvez)[- ]vous",
            "(?:pourrais|peux)[- ]tu",
            "(?:j'ai|j'aurais|nous avons|nous aurions) besoin",
            "(?:je souhaiterais|nous souhaiterions|j'aimerais|nous aimerions)",
            "(?:dites|dis|envoyez|envoie|tenez|tiens|faites|fais)[- ](?:moi|nous)",
            "dans l'attente de (?:votre|ta|vos)",
            "merci de (?:me|nous|bien|confirmer|vérifier|prendre|faire|transmettre|répondre)",
        ),
        thanks=("merci", "(?:vous|te|t') ?remerci(?:e|ons)"),
        beforehand=(
            "merci (?:d'avance|par avance)",
            "remerci(?:e|ons|ant) (?:d'avance|par avance)",
            "merci de (?:me|nous|bien|confirmer|vérifier|prendre|faire|transmettre|répondre)",
        ),
        done=(
            "c'est (?:bien |déjà )?(?:fait|réglé|envoyé|corrigé|parti)",
            "(?:a|ont) (?:bien |déjà )?été (?:faite?s?|envoyée?s?|réglée?s?|corrigée?s?)",
            "(?:j'ai|nous avons) (?:bien |déjà )?(?:fait|envoyé|réglé|corrigé|modifié)",
            "(?:je m'en (?:occupe|charge)|nous nous en (?:occupons|chargeons))",
            "je (?:vous |te )?(?:le |la |les |l')?(?:ferai|enverrai|corrigerai|modifierai)",
            "nous (?:vous |te )?(?:le |la |les |l')?(?:ferons|enverrons|corrigerons|modifierons)",
            "(?:je vais|nous allons) (?:vous |te )?(?:le |la |les |l')?(?:faire|envoyer|corriger)",
        ),
        polite=(
            "veuillez (?:trouver|agréer|recevoir|croire)" + REST,
            "(?:je vous prie d'agréer|prie de croire)" + REST,
            "n'hésite[zs]? pas" + REST,
        ),
    ),
    "es": Phrases(
        question=(
            "qué (?:te|le|les|os) parece",
            "(?:sabes|sabe|saben|sabéis) si",
            "(?:hay|tienes|tiene|tienen|tenéis)(?: alguna| algunas)? (?:novedad|noticias?)(?:es)?",
            "cuándo (?:podemos|podrías|puedes|puede|podríamos)",
        ),
        request=(
            *("por favor", "porfa", "favor de", "ruego", "rogamos", "se ruega"),
            "(?:podrías|podríais|puedes|podéis)",
            "(?:me|nos) (?:podría|podrían|puede|pueden)",
            "(?:podría|podrían|puede|pueden) (?:usted|ustedes|enviar|decir|confirmar|indicar)\\w*",
            "(?:necesito|necesitamos|necesitaría|necesitaríamos)",
            "(?:avísame|avíseme|avísanos|avísenos|avisadme|avísenme)",
            "(?:házmelo|hágamelo|háganmelo|háznoslo|háganoslo) saber",
            "(?:dime|díganos|dígame|envíame|envíeme|envíanos|envíenos|mándame|mándeme)",
            "(?:quedo|quedamos) a la espera",
            "(?:te|le|les|os) (?:agradecería|agradeceríamos)",
            "(?:me|nos) gustaría",
        ),
        thanks=("gracias", "(?:te|le|les|os|se)(?: lo)? agradez(?:co|camos)", "agradecidos?"),
        beforehand=("gracias (?:de antemano|por adelantado)", "de antemano,? (?:muchas )?gracias"),
        done=(
            "(?<!no )(?:está|están|queda|quedan) (?:hech|enviad|resuelt|corregid|pagad)[oa]s?",
            "ya (?:lo |la |los |las )?(?:he|hemos) (?:hecho|enviado|resuelto|corregido|pagado)",
            "(?<!no )(?:me encargo|nos encargamos|me ocupo|nos ocupamos)",
            _NO_TE_LO + "(?:lo|la|los|las) (?:haré|haremos|enviaré|enviaremos|envío|mando|mandaré)",
            "(?<!no )(?:voy|vamos) a (?:hacer|enviar|mandar|corregir)(?:lo|la|los|las)?",
        ),
        polite=(
            "no dud(?:e|es|en|éis) en" + REST,
            "cualquier (?:duda|consulta|cosa|pregunta)" + REST,
        ),
    ),
    "it": Phrases(
        question=(
            "(?:cosa|che) ne (?:pensi|pensa|pensate|dici|dice|dite)",
            "(?:ci sono|avete|hai|ha) novità",
            "(?:sai|sa|sapete) (?:se|quando|come)",
            "quando (?:possiamo|puoi|può|potete|potremmo)",
        ),
        request=(
            *("per favore", "per cortesia", "per piacere", "cortesemente", "gentilmente"),
            "(?:potresti|potreste|puoi|potete)",
            "(?:mi|ci) (?:potrebbe|può)",
            "(?:potrebbe|può) (?:inviar|mandar|dir|confermar|far)\\w*",
            "(?:ho|abbiamo|avrei|avremmo) bisogno",
            "(?:mi|ci) serv(?:e|irebbe|irebbero|ono)",
            "(?:fammi|facci|fatemi|fateci|mi faccia|ci faccia) sapere",
            "(?:vorrei|vorremmo)",
            "(?:resto|restiamo|rimango|rimaniamo|in) (?:in )?attesa (?:di|del)",
            "(?:la|vi|ti|si) preg(?:o|hiamo|a)",
            "(?:ti|le|vi) (?:chiedo|chiediamo|chiederei)",
        ),
        thanks=("grazie", "(?:ti|la|vi|li)? ?ringrazi(?:o|amo)"),
        beforehand=(
            "grazie (?:mille )?(?:in anticipo|anticipatamente)",
            "ringrazi(?:o|amo|ando|andola|andovi|andoti) (?:in anticipo|anticipatamente)",
        ),
        done=(
            "(?<!non )(?:è|sono) (?:già )?stat[oaie] (?:fatt|inviat|sistemat|corrett|pagat)[oaie]",
            "(?<!non )(?:ho|abbiamo) (?:già )?(?:fatto|inviato|sistemato|corretto|provveduto)",
            *("(?:già|tutto) fatto", "sarà fatto", "ci penso io", "ci pensiamo noi"),
            "(?<!non )(?:me ne occupo|ce ne occupiamo|provvedo|provvediamo|provvederò)",
            _NON_TE_LO + "(?:lo|la|li|le) (?:farò|faremo|invierò|invieremo|invio|mando|sistemo)",
        ),
        polite=("non esit(?:are|i|ate)" + REST, "per (?:qualsiasi|ogni) " + REST),
    ),
}
