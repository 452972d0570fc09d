"""How people of other languages write months and halves of the day → as English has them, which is
what the forms of dates know (strptime's %b, %B, %p).

Names and abbreviations are those of the Unicode CLDR 48 (unicode.org, licence Unicode-3.0), as
Babel 2.19 hands them out, for the languages of Europe and for Indonesian; halves of the day for
Arabic, Chinese, Hindi, Japanese, Korean, Persian and Thai, too. Left out are words that are
different months in two of the languages, as `listopad` is.
"""

from __future__ import annotations

import re

import polars as pl

#: Polars knows each name's first three letters.
MONTHS: dict[str, str] = {
    "Jan": """
        ene enero gen gener gennaio ian ianuarie jaan jaanuar janeiro januar januari januarie
        january január januára janv janvier janvāris janúar jän jänner led leden ledna oca
        ocak saus sausio sausis sij siječanj siječnja sty styczeń stycznia tammi tammikuu
        tammikuuta xan xaneiro ιαν ιανουάριοσ ιανουαρίου січ січень січня янв январь января
        яну януари јан јануар
    """,
    "Feb": """
        febbraio febr febreiro febrer febrero februar februari februarie february február
        februára februāris febrúar fev fevereiro févr février helmi helmikuu helmikuuta lut
        lutego luty vas vasario vasaris veebr veebruar velj veljača veljače úno únor února şub
        şubat φεβ φεβρουάριοσ φεβρουαρίου лют лютий лютого феб фебруар фев февр февраль
        февраля февруари
    """,
    "Mar": """
        bře březen března kov kovas kovo maalis maaliskuu maaliskuuta maart marca march marec
        maret mars mart martie marts marzec marzo març março mrt márc március mär märts märz
        ožu ožujak ožujka μάρ μάρτιοσ μαρ μαρτίου бер березень березня мар март марта
    """,
    "Apr": """
        abr abril april aprile aprilie aprill apríl apríla aprīlis avr avril bal balandis
        balandžio dub duben dubna huhti huhtikuu huhtikuuta kwi kwiecień kwietnia nis nisan
        tra travanj travnja ápr április απρ απρίλιοσ απριλίου апр апрель апреля април квіт
        квітень квітня
    """,
    "May": """
        geg gegužė gegužės kvě květen května mag maggio mai maig maijs maio maj maja mayo
        mayıs maí mei máj mája május svi svibanj svibnja touko toukokuu toukokuuta μάι μάιοσ
        май мая мај трав травень травня
    """,
    "Jun": """
        birž birželio birželis cze czerwca czerwiec giu giugno haz haziran iun iunie juin june
        junho juni junie junij junio juny juuni jún júna június júní jūn jūnijs kesä kesäkuu
        kesäkuuta lipanj lipnja xuño červen června čvn ιουν ιουνίου ιούν ιούνιοσ июн июнь июня
        черв червень червня юни јун
    """,
    "Jul": """
        heinä heinäkuu heinäkuuta iul iulie juil juill juillet julho juli julie julij julio
        juliol july juuli júl júla július júlí jūl jūlijs liep liepa liepos lipca lipiec lug
        luglio srpanj srpnja tem temmuz xul xullo července červenec čvc ιουλ ιουλίου ιούλ
        ιούλιοσ июл июль июля лип липень липня юли јул
    """,
    "Aug": """
        ago agost agosto agu agustus août august augusta augusti augusts augustus augusztus
        avg avgust ağu ağustos elo elokuu elokuuta kol kolovoz kolovoza rugp rugpjūtis
        rugpjūčio sie sierpień sierpnia srpen srpna ágú ágúst αυγ αυγούστου αύγ αύγουστοσ авг
        август августа серп серпень серпня
    """,
    "Sep": """
        eyl eylül rugs rugsėjis rugsėjo ruj rujan rujna sept septembar september septembra
        septembre septembrie septembris septiembre set setembre setembro settembre syys
        syyskuu syyskuuta szept szeptember wrz wrzesień września zář září σεπ σεπτέμβριοσ
        σεπτεμβρίου вер вересень вересня сент сентябрь сентября сеп септембар септември
    """,
    "Oct": """
        eki ekim loka lokakuu lokakuuta october octobre octombrie octubre okt oktobar oktober
        oktobris oktoober október októbra ott ottobre out outubro paź październik października
        spal spalio spalis říj říjen října οκτ οκτωβρίου οκτώβριοσ жовт жовтень жовтня окт
        октобар октомври октябрь октября
    """,
    "Nov": """
        kas kasım lapkr lapkritis lapkričio listopadu marras marraskuu marraskuuta noiembrie
        novembar november novembra novembre novembris novembro noviembre nóv nóvember stu
        studeni studenoga νοέ νοέμβριοσ νοε νοεμβρίου лист листопад листопада нов новембар ное
        ноември нояб ноябрь ноября
    """,
    "Dec": """
        ara aralık decembar december decembra decembrie decembris decembro des desember
        desembre dets detsember dez dezember dezembro dic dicembre diciembre déc décembre gru
        grudnia grudzień gruod gruodis gruodžio joulu joulukuu joulukuuta pro prosinac
        prosinca prosince prosinec δεκ δεκέμβριοσ δεκεμβρίου груд грудень грудня дек декабрь
        декабря декември дец децембар
    """,
}
HALVES: dict[str, str] = {
    "AM": """
        a am ap damanhã de dop dopoldne fh fm manhã priekšp priekšpusdiena priekšpusdienā
        priešpiet prp vm öö πμ дп ص صباحًا قظ ก่อนเที่ยง 上午 午前 오전
    """,
    "PM": """
        datarde du eh em ip nm odp p pm pop popiet popoldne pēcp pēcpusd pēcpusdiena
        pēcpusdienā tarde ös μμ пп بظ بعدازظهر م مساءً หลังเที่ยง 下午 午後 오후
    """,
}

_MONTH = {
    word.casefold(): month for month, words in MONTHS.items() for word in (month, *words.split())
}
_HALF = {word.casefold(): half for half, words in HALVES.items() for word in words.split()}

#: Letters that belong together: p. m., de septiembre de, Okt.
_WORDS = r"\p{L}[\p{L}\p{M}. \x{a0}\x{202f}]*"
#: More than these in one column are no names of months.
_MOST = 1_000


def in_english(texts: pl.Series) -> pl.Series:
    """Times with the names of months and of the day's halves in English, without a dot behind
    them or a blank before AM and PM.
    """
    found = texts.str.extract_all(_WORDS).list.explode().unique().drop_nulls()
    if len(found) > _MOST:
        return texts
    for words in found.str.strip_chars().unique().sort(descending=True):
        english = _words_in_english(words)
        if english != words:
            edge = r"\b" if words[-1].isalnum() else ""
            texts = texts.str.replace_all(rf"\b{pl.escape_regex(words)}{edge}", english)
    return texts.str.replace(r"\s+([AP]M)\b", "$1").str.replace_all(r"[\x{a0}\x{202f}]", " ")


def _words_in_english(words: str) -> str:
    """
    >>> _words_in_english("p. m."), _words_in_english("de sept."), _words_in_english("Okt")
    ('PM', 'de Sep', 'Oct')
    """
    half = _HALF.get(re.sub(r"[.\s]", "", words).casefold())
    return half or re.sub(r"[^\W\d_]+\.?", _month, words)


def _month(match: re.Match[str]) -> str:
    return _MONTH.get(match[0].rstrip(".").casefold(), match[0])


def for_english(form: str) -> str:
    """The form in which a time is read whose names are in English: see `in_english`."""
    return re.sub(r"\s+%p", "%p", re.sub(r"(%[bB])\.", r"\1", form))
