"""Words of columns' titles and codes, in English, Spanish, French, German, Italian and
Portuguese: what they seem to mean.

Facts only, of general knowledge, for drafts: where the values say something else, they are right.
Patterns are for folded text.
"""

from __future__ import annotations

import json
import re
import unicodedata

DATE = r"date|datum|\bdata|fecha|\bjour|\btag\b|giorno|\bdia\b|\bday"
CLOCK = r"time|clock|heure|\bhora|uhr|zeit|\bora\b|orario"
#: Of several times: the one at which an event begins, those at which it ends, those between or
#: after that tell something else of it.
START = r"start|begin|\bset ?up|initiat|originat|inici|debut|beginn|anfang|inizi|aufbau"
END = (
    r"\bend(?:s|e|ed|ing)?\b|\bstop|disconn|releas|hang|finish|\bfin\b|final|\bfine\b|teardown"
    r"|terminated|termination|schluss|\bclos"
)
LATER = (
    r"connect|answer|pick|ring|alert|repon|respon|antwort|atend|process|export|creat|insert|updat"
    r"|\bbill|load|import|invoice|rechnung|factu|fattur|paid|posted"
)
DURATION = (
    r"\bdur|dauer|duration|length|elapsed|talk|billsec|conversation|\bsecs?\b|seconds?\b|\bmins?\b"
    r"|minut|\bseg(?:s|undos)?\b|secondi\b|\bsek(?:unden)?\b|millis|gesprachszeit|verbindungszeit"
    r"|\btempo\b|\btemps\b|tiempo"
)
#: Of several durations: that of the call itself, and those that are none of it.
TALK = r"talk|billsec|conver|gesprach|\bcall dur"
WAITING = (
    r"\bring|wait|hold|queue|\bpdd\b|post dial|wrap|set ?up|klingel|warte|espera|attes|attente"
)

#: Words of units in titles.
SECONDS = r"(?<![a-z])s{1,2}\b|sec|(?<![a-z])se[gk]"
MINUTES = r"(?<![a-z])m{1,2}\b|(?<![a-z])min"
#: Other units of a plain number, as a layout has them.
UNITS = {
    r"(?<![a-z])ms\b|ms$|(?<![a-z])m ?sec|milli?[sz]|(?<![a-z])m ?se[gk]\b": (
        "seconds, scale: 0.001"
    ),
    r"(?<![a-z])us\b|micro|mikro": "seconds, scale: 0.000001",
    r"tenth|\b1 10\b|zehntel|decim|deci": "tenths",
    r"(?<![a-z])hours?\b|(?<![a-z])hrs?\b|(?<![a-z])h\b|stunden|\bstd\b|heures|\bhoras\b|\bore\b": (
        "seconds, scale: 3600"
    ),
}

DIRECTION = r"direc|direz|\bway\b|\bsens\b|sentido|richtung|\bverso\b|in out|direktion"
TYPE = r"\btype|\bkind\b|\bart\b|\btyp\b|\btipo|servi[cz]|dienst|usage|event|categor|nature|natura"
CHARGE = (
    r"charge|cost|price|amount|\bfee|cout|prix|montant|kosten|betrag|preis|gebuhr|entgelt"
    r"|import[eo]|prezzo|precio|custo|preco|valor"
)

#: By what a party is known, in the order in which they are asked.
PARTIES = {
    "to_number": (
        r"\bto\b|dest|dial|called|callee|terminat|\bdst|^b"
        r" ?(?:num|part|teil|subs|end)|receiver|recipient|llamado|marcado|appelee?\b|compose"
        r"|gerufen|\bziel|gewahlt|chiamato|chamado|discado|^nach$|^an$|^vers$|^hacia$|^para$"
    ),
    "from_number": (
        r"\bfrom\b|orig|caller|calling|source|\bsrc|^a"
        r" ?(?:num|part|teil|subs|end)|\bani\b|\bcli\b|sender|llamante|appelant|emett|anrufe[rn]"
        r"|absender|\bquelle|chiamante|mittente|chama(?:dor|nte)|remetente|remitente|^von$|^desde$"
    ),
    "subscriber_number": (
        r"subscriber|mobile|\bown|\bmy\b|\bline|msisdn|abon|\bligne|teilnehmer|anschluss|eigene"
        r"|\bmein|linha|linea|assinante|utenza|titular|\bmi\b|\bmio\b|\bmon\b|\bmeu\b|propri"
    ),
    "counterpart": (
        r"other|counter ?part|correspond|remote|\bpeer|contact|kontakt|partner|autre|gegen|altr[oa]"
        r"|otr[oa]|outr[oa]|contatto|interloc"
    ),
}
#: A number to which a call was sent on: of no party where another number is.
DETOUR = r"redirect|forward|transfer|divert|umgeleitet|weiterleit|desvi|last |original called|third"
#: What has as many digits as a number and is none, and what is one though it is called so.
IDS = (
    r"id\b|\buuid|guid|\bref|account|konto|kunde|client|customer|invoice|rechnung|factur|fattura"
    r"|contract|vertrag|contrat|serial|\bseq|index|\blfd|imei|imsi|iccid|\besn\b|meid|\bsim\b|order"
    r"|ticket|\bcell|\blac\b|\btac\b|\bsite|tower|\bport\b|\bip\b|\bzip\b|postal|\bplz\b|trunk"
    r"|group|gruppe|\bpin\b|code|record|\brow\b|session|correl|unique|hash|token|transaction"
    r"|epoch|timestamp"
)
NO_IDS = r"caller ?id|calling|called ?(?:id|num|part|line)|callee|msisdn|phone"

#: The codes that tell a direction or a type: whole words, for many others begin alike.
WAYS = {
    "outbound": (
        r"^(?:(?:voice |sms |mms |data )?calls? |voice |sms |mms |text )?out(?: calls?)?$|^o$|^mo$"
        r"|^moc$|outgoing|outbound|originat|\bdiall?ed|\bplaced|\bmade\b|\bsent\b"
        r"|\bsal(?:iente|ida)?s?\b|\bsortant|\bsortie|\bemis|envoye|\baus(?:gang)?\b|ausgehend"
        r"|abgehend|\babg\b|^gehend|gewahlt"
        r"|\buscita\b|\buscent|effettuat|\bsaida|efetuad|realizad|enviad|inviat|gesendet"
    ),
    "inbound": (
        r"^(?:(?:voice |sms |mms |data )?calls? |voice |sms |mms |text )?in(?: calls?)?$|^i$|^mt$"
        r"|^mtc$|incoming|inbound|terminating|\breceived|\brec\b|recibid"
        r"|\bent(?:rante|rada|rata|rant)?s?\b|\bein(?:gang)?\b|eingehend|ankommend|\bank\b|^kommend"
        r"|empfangen|ricevut|in arrivo|recebid|\brecue?s?\b|missed|verpasst|perdid|manque"
        r"|\bpers[ao]\b"
    ),
}
#: Single letters that say it also where the title does not: both are there, and nothing else.
LETTERS = ({"i", "o"},)
TYPES = {
    "sms": (
        r"\bsms|\btexts?\b|\btxt|(?<!voice )(?<!media )\b(?:messages?|messaging)\b|mensaj|messagg"
        r"|mensag|nachricht"
    ),
    "mms": r"\bmms|multi ?media|\bpictures?\b",
    "voicemail": r"voice ?(?:mail|message)|\bvm\b|mailbox|buzon",
    "call": (
        r"\bvoice\b(?! ?(?:mail|mess))|\bvoix|\bvo[cz]e?\b|\bcalls?\b|\bvoip|\bvolte|\btel\b"
        r"|telefon|\bappels?\b|\banruf|gesprach|llamad|chiamat|chamad|\bsprach|\bmoc\b|\bmtc\b"
    ),
    "data": r"\bdat(?:a|os|en|i)\b(?! call)|dados|donnees|gprs|internet|\blte\b",
}


def quoted(text: str) -> str:
    """A text as YAML has it."""
    return "'" + text.replace("'", "''") + "'" if text.isprintable() else json.dumps(text)


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
