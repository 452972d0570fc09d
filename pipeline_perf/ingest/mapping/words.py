"""Words of columns' titles and codes, in English, Spanish, French, German, Italian and
Portuguese: what they seem to mean.

Facts only, of general knowledge, for drafts: where the values say something else, they are right.
Patterns are for folded text.
"""

from __future__ import annotations

import re
import unicodedata

DATE = r"date|datum|\bdata|fecha|\bjour|\btag\b|giorno|\bdia\b|\bday"
CLOCK = r"time|clock|heure|\bhora|uhr|zeit|\bora\b|orario"
DURATION = r"dur|dauer|(?<![a-z])(?:sec|min|seg|sek)|billsec|length|elapsed|talk"
DIRECTION = r"direc|direz|\bway\b|\bsens\b|sentido|richtung|\bverso\b|in out"
CHARGE = (
    r"charge|cost|price|amount|\bfee|cout|prix|montant|kosten|betrag|preis|gebuhr|entgelt"
    r"|import[eo]|prezzo|precio|custo|preco|valor"
)

#: By what a party is known, in the order in which they are asked.
PARTIES = {
    "to_number": (
        r"\bto\b|dest|dial|called|terminat|\bdst|^b"
        r" (?:num|part)|receiver|llamado|marcado|appelee?\b|compose|gerufen|\bziel"
        r"|gewahlt|chiamato|chamado|discado"
    ),
    "from_number": (
        r"\bfrom\b|orig|caller|calling|source|\bsrc|^a"
        r" (?:num|part)|\bani\b|sender|llamante|appelant|emett|anrufe[rn]|absender"
        r"|\bquelle|chiamante|mittente|chama(?:dor|nte)|remetente|remitente"
    ),
    "subscriber_number": (
        r"subscriber|mobile|target|\bown|\bline|msisdn|abon|\bligne|teilnehmer|anschluss|eigene"
        r"|linha|assinante|utenza"
    ),
    "counterpart": (
        r"other|party|number|contact|autre|numer|rufnummer|gegen|altr[oa]|otr[oa]|outr[oa]|contatto"
    ),
}

#: How the codes begin that tell a direction or a type; `in uscita` is no inbound.
WAYS = {
    "outbound": r"out|o$|mo|ori|dial|sal|sort|emis|aus|abg|geh|(?:in )?usc|effett|said|efet|realiz",
    "inbound": r"in|i$|mt|ter|rec|ent(?!g)|ein|ank|komm|ric",
}
TYPES = {
    "sms": r"sms|te?xt|messa|mensa|nachricht",
    "mms": r"mms|multi|pict",
    "voicemail": r"voice ?mail|vm",
    "call": r"vo[ciz]|call|tel|appel|anruf|gespr|llamad|chiamat|chamad",
    "data": r"\bdat(?:a|os|en|i)\b|dados|donnees|gprs|internet|lte",
}


def folded(text: str) -> str:
    """Words in lower case without accents, with one blank between them: `N° appelé` → `n
    appele`, `callDate` → `call date`.
    """
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    bare = "".join(
        sign for sign in unicodedata.normalize("NFKD", apart) if not unicodedata.combining(sign)
    )
    return re.sub(r"[\W_]+", " ", bare).strip().casefold()


def says(pattern: str, text: str) -> bool:
    """Whether a title has one of the words."""
    return re.search(pattern, folded(text)) is not None
