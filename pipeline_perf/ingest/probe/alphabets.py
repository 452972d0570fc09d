"""Which letters beyond ASCII the languages of telephone records use: the evidence by which
encodings are told apart.

Facts only, of general knowledge; what follows from them is `encoding`'s work.
"""

from __future__ import annotations

#: Letters of each language, the most frequent first, with how likely a text of it is, of 1;
#: languages of like letters would tie otherwise.
LANGUAGES: tuple[tuple[float, str], ...] = (
    (1.00, "éèàçêôîâûùëïœüæÿ"),  # French
    (1.00, "üäöß"),  # German
    (1.00, "óíáéñúü"),  # Spanish
    (1.00, "ãçáéíóõêâúàôü"),  # Portuguese
    (0.97, "àèòùìé"),  # Italian
    (0.97, "äöåéü"),  # Swedish, Finnish
    (0.97, "øåæéóô"),  # Danish, Norwegian
    (0.97, "àóéèíçòúïü"),  # Catalan
    (0.95, "éëïöüèêá"),  # Dutch
    (0.80, "áíðóéþöæúý"),  # Icelandic
    (0.97, "łóąężśćńź"),  # Polish
    (0.97, "íáéěřčžýšůúňťďó"),  # Czech
    (0.95, "áíéčžšýúľťňäôóďĺŕ"),  # Slovak
    (0.97, "áéöóőíüúű"),  # Hungarian
    (0.93, "ăîâșțşţ"),  # Romanian
    (0.93, "čšžćđ"),  # Croatian, Slovene
    (0.97, "ışüğöç"),  # Turkish
    (0.93, "ėšųžūįčąę"),  # Lithuanian
    (0.93, "āīēšūņļķžčģ"),  # Latvian
    (0.92, "äȭüöšž"),  # Estonian
)
#: What the rarest letter of a language is worth less than its most frequent one.
SLOPE = 0.4

#: Names of several Western countries in one file.
WESTERN = frozenset("äöüßéèêëàâáãåçñíîïóôõúûùøæœ")
WESTERN_WEIGHT = 0.75
#: A letter outside of the file's language.
FOREIGN = 0.15

#: Signs of punctuation and units in Western texts.
SIGNS = frozenset("’‘–—“”„…€£°º ª§·\xa0«»©®™")

#: The most frequent letters first; half of a text is its first seven.
CYRILLIC = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё"
GREEK = "αοιετσνηυρπκμλςωγδχθφβξζψάέήίόύώϊΐϋΰ"

#: Characters of everyday texts, names and places.
JAPANESE = frozenset(
    "日一国人年大十二本中長出三時行見月後前生五間上東四今金九入学高円子外八六下来気小七山話女北午百書先名川千水半男西電校語土木聞食車何南万毎白天母"
    "火右読友左休父雨京都府県市区町村郡阪神奈埼玉葉愛知海道兵庫福岡静茨城広島宮新潟野岐阜群馬栃熊鹿児重滋賀良和歌青森岩手秋田形富石井沢香徳媛佐崎沖縄"
    "分口鳥取根藤鈴橋渡辺吉加々松清斎林坂池部谷近遠太原竹内丸通番号発着信料携帯固定際秒会社株式店支所営業事務病院駅港空浜戸堂屋場方目丁番地古関平安"
    "桜増杉菅久保服樋河酒工横健美恵志信正明博文義雄郎夫彦介之幸由紀理真智直隆浩光春夏秋冬代表相様宅自動車運転総合中央公園役"
)
SIMPLIFIED = frozenset(
    "的一是不了人我在有他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然没于起还发成事只作当想看文无"
    "开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给等几"
    "很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入先山五太水万市州京省县区镇村路街广深圳沪江浙苏福建湖南"
    "河川庆津陕甘青宁夏蒙古吉林黑龙辽安徽云贵桂琼藏疆香港澳台湾杭武汉都沈阳连厦合肥郑石济岛哈尔滨春昆乌鲁木齐王李张刘陈杨赵黄周吴徐孙胡朱何郭马罗梁宋谢"
    "韩唐冯董萧程曹袁邓许傅曾彭吕卢蒋蔡贾丁魏薛叶阎余潘杜戴钟汪田任姜范姚谭廖邹熊金陆孔白崔康毛邱秦史顾侯邵孟段雷钱汤尹易常乔贺赖龚号码通主叫短费客服务"
    "司店院园业站车场行银医号楼支华丽建晓伟强军敏静杰勇娟涛超玲辉刚英兰飞洋红玉萍鹏莉"
)
TRADITIONAL = frozenset(
    "的一是不了人我在有他這中大來上個國到說們為子和你地出道也時年得就那要下以生會自著去之過家學對可她裡後小麼心多天而能好都然沒於起還發成事只作當想看文"
    "無開手十用主行方又如前所本見經頭面公同三已老從動兩長知民樣現分將外但身些與高意進把法此實回二理美點月明其種聲全工己話兒者向情部正名定女問力機給等"
    "幾很業最間新什打便位因重被走電四第門相次東政海口使教西再平真聽世氣信北少關並內加化由卻代軍產入先山五太水萬臺台市雄桃園竹縣苗栗彰投雲嘉義屏宜蘭花蓮"
    "澎湖金連江區鄉鎮村里路街段巷弄號樓王李張劉陳楊趙黃周吳徐孫胡朱何郭馬羅梁宋謝鄭韓唐馮董蕭程曹袁鄧許傅曾彭呂盧蔣蔡賈丁魏薛葉余潘杜戴鍾汪田任姜范姚"
    "譚廖鄒熊陸孔白邱秦江史顧侯邵孟龍段雷錢湯尹易常賴龔碼通受費香港九灣仔客戶服務司店院站場銀行醫淑芬惠雅婷怡君俊傑建宏志偉家豪明哲秀英玉珍"
)
KOREAN = frozenset(
    "서울부산대구인천광주전남북세종경기강원충청상라제특별자치시도군읍면동리로길김이박최정조윤장임한오신권황안송류홍고문양손배백허유심노하곽성차우민진나지엄"
    "채방공현함변염여추은는를을에의가와과다사어아니수일화번호통간발착요금국내휴폰터센본점소영업원고객민준연훈희미혜숙순철석태재형규용호선주승병창광명옥"
)
#: A character that is in none of these lists, of 1; rare ones stand in every name.
UNLISTED = 0.3
