/// Tables of the rules of spaCy 2.0.11 for English (explosion/spaCy, MIT licence, © ExplosionAI GmbH), written by
/// Tests/WordsTests/Fixtures/make_tables.py from spacy/lang/punctuation.py, char_classes.py, tokenizer_exceptions.py and en/.
/// Classes are ranges of code points in hexadecimal notation: `41-5A`, `7F`, `100-136:2` for every other one.
enum Rules2018 {
  /// Letters (ALPHA).
  static let alpha = #"""
    41-5A 61-7A C0-D6 D8-F6 F8-1BA 1BC-1BF 1C4 1C6-1C7 1C9-1CA 1CC-1F1 1F3-293 296-2AF 401 410-44F 451 5D0-5EA 5EF-5F2 620-63F
    641-64A 66E-66F 671-6D3 6D5 6E5-6E6 6EE-6EF 6FA-6FC 6FF 750-77F 870-887 889-88F 8A0-8C9 980 985-98C 98F-990 993-9A8 9AA-9B0
    9B2 9B6-9B9 9BD 9CE 9DC-9DD 9DF-9E1 9F0-9F1 9FC 1D00-1D25 1D6B-1D77 1D79-1D9A 1E00-1EFF 212A-212B 2132 214E 2183-2184
    2C60-2C7B 2C7E-2C7F A722-A76F A771-A787 A78B-A78E A790-A7DD A7E2 A7F5-A7F6 A7FA AB30-AB5A AB60-AB64 AB66-AB68 AB6C-AB6D
    FB00-FB06 FB1D FB1F-FB28 FB2A-FB36 FB38-FB3C FB3E FB40-FB41 FB43-FB44 FB46-FBB1 FBD3-FD3D FD50-FD8F FD92-FDC7 FDF0-FDFB
    FE70-FE74 FE76-FEFC FF21-FF3A FF41-FF5A 10EC2-10EC7 10ED9-10EEE 11DF1 1DF00-1DF09 1DF0B-1DF7F 1DF90-1DF96 1EE00-1EE03
    1EE05-1EE1F 1EE21-1EE22 1EE24 1EE27 1EE29-1EE32 1EE34-1EE37 1EE39 1EE3B 1EE42 1EE47-1EE4D:2 1EE4E-1EE4F 1EE51-1EE52 1EE54
    1EE57-1EE61:2 1EE62 1EE64 1EE67-1EE6A 1EE6C-1EE72 1EE74-1EE77 1EE79-1EE7C 1EE7E 1EE80-1EE89 1EE8B-1EE9B 1EEA1-1EEA3
    1EEA5-1EEA9 1EEAB-1EEBB
    """#

  /// Lower-case letters and those of scripts without case (ALPHA_LOWER).
  static let lower = #"""
    61-7A DF-F6 F8-FF 101-137:2 138-148:2 149-177:2 17A-17E:2 17F-180 183 185 188 18C-18D 192 195 199-19B 19E 1A1-1A5:2 1A8
    1AA-1AB 1AD 1B0 1B4 1B6 1B9-1BA 1BD-1BF 1C6 1C9 1CC-1DC:2 1DD-1EF:2 1F0 1F3 1F5 1F9-233:2 234-239 23C 23F-240 242 247-24F:2
    250-293 296-2AF 430-44F 451 5D0-5EA 5EF-5F2 620-63F 641-64A 66E-66F 671-6D3 6D5 6E5-6E6 6EE-6EF 6FA-6FC 6FF 750-77F 870-887
    889-88F 8A0-8C9 980 985-98C 98F-990 993-9A8 9AA-9B0 9B2 9B6-9B9 9BD 9CE 9DC-9DD 9DF-9E1 9F0-9F1 9FC 1D00-1D25 1D6B-1D77
    1D79-1D9A 1E01-1E95:2 1E96-1E9D 1E9F-1EFF:2 214E 2184 2C61 2C65-2C66 2C68-2C6C:2 2C71 2C73-2C74 2C76-2C7B A723-A72F:2
    A730-A731 A733-A771:2 A772-A778 A77A A77C A77F-A787:2 A78C A78E A791 A793-A795 A797-A7A9:2 A7AF A7B5-A7C3:2 A7C8 A7CA
    A7CD-A7DB:2 A7F6 A7FA AB30-AB5A AB60-AB64 AB66-AB68 FB00-FB06 FB1D FB1F-FB28 FB2A-FB36 FB38-FB3C FB3E FB40-FB41 FB43-FB44
    FB46-FBB1 FBD3-FD3D FD50-FD8F FD92-FDC7 FDF0-FDFB FE70-FE74 FE76-FEFC FF41-FF5A 10EC2-10EC7 10ED9-10EEE 11DF1 1DF00-1DF09
    1DF0B-1DF3F 1DF41-1DF47 1DF49 1DF4B-1DF4C 1DF4E-1DF50 1DF52-1DF67 1DF69-1DF6F:2 1DF70-1DF71 1DF73-1DF7F:2 1DF90-1DF96
    1EE00-1EE03 1EE05-1EE1F 1EE21-1EE22 1EE24 1EE27 1EE29-1EE32 1EE34-1EE37 1EE39 1EE3B 1EE42 1EE47-1EE4D:2 1EE4E-1EE4F
    1EE51-1EE52 1EE54 1EE57-1EE61:2 1EE62 1EE64 1EE67-1EE6A 1EE6C-1EE72 1EE74-1EE77 1EE79-1EE7C 1EE7E 1EE80-1EE89 1EE8B-1EE9B
    1EEA1-1EEA3 1EEA5-1EEA9 1EEAB-1EEBB
    """#

  /// Upper-case letters and those of scripts without case (ALPHA_UPPER).
  static let upper = #"""
    41-5A C0-D6 D8-DE 100-136:2 139-147:2 14A-178:2 179-17D:2 181-182 184 186-187 189-18B 18E-191 193-194 196-198 19C-19D 19F-1A0
    1A2-1A6:2 1A7 1A9 1AC 1AE-1AF 1B1-1B3 1B5 1B7-1B8 1BC 1C4 1C7 1CA 1CD-1DB:2 1DE-1EE:2 1F1 1F4 1F6-1F8 1FA-232:2 23A-23B
    23D-23E 241 243-246 248-24E:2 401 410-42F 5D0-5EA 5EF-5F2 620-63F 641-64A 66E-66F 671-6D3 6D5 6E5-6E6 6EE-6EF 6FA-6FC 6FF
    750-77F 870-887 889-88F 8A0-8C9 980 985-98C 98F-990 993-9A8 9AA-9B0 9B2 9B6-9B9 9BD 9CE 9DC-9DD 9DF-9E1 9F0-9F1 9FC
    1E00-1E94:2 1E9E-1EFE:2 212A-212B 2132 2183 2C60 2C62-2C64 2C67-2C6D:2 2C6E-2C70 2C72 2C75 2C7E-2C7F A722-A72E:2 A732-A76E:2
    A779-A77D:2 A77E-A786:2 A78B A78D A790 A792 A796-A7AA:2 A7AB-A7AE A7B0-A7B4 A7B6-A7C4:2 A7C5-A7C7 A7C9 A7CB-A7CC A7CE-A7DC:2
    A7DD A7E2 A7F5 AB6C-AB6D FB1D FB1F-FB28 FB2A-FB36 FB38-FB3C FB3E FB40-FB41 FB43-FB44 FB46-FBB1 FBD3-FD3D FD50-FD8F FD92-FDC7
    FDF0-FDFB FE70-FE74 FE76-FEFC FF21-FF3A 10EC2-10EC7 10ED9-10EEE 11DF1 1DF40 1DF48 1DF4A 1DF4D 1DF51 1DF68-1DF6E:2
    1DF72-1DF7E:2 1EE00-1EE03 1EE05-1EE1F 1EE21-1EE22 1EE24 1EE27 1EE29-1EE32 1EE34-1EE37 1EE39 1EE3B 1EE42 1EE47-1EE4D:2
    1EE4E-1EE4F 1EE51-1EE52 1EE54 1EE57-1EE61:2 1EE62 1EE64 1EE67-1EE6A 1EE6C-1EE72 1EE74-1EE77 1EE79-1EE7C 1EE7E 1EE80-1EE89
    1EE8B-1EE9B 1EEA1-1EEA3 1EEA5-1EEA9 1EEAB-1EEBB
    """#

  /// Symbols that are words by themselves (LIST_ICONS).
  static let icons = #"""
    A6 A9 AE B0 482 58D-58E 60E-60F 6DE 6E9 6FD-6FE 7F6 9FA B70 BF3-BF8 BFA C7F D4F D79 F01-F03 F13 F15-F17 F1A-F1F F34-F38:2
    FBE-FC5 FC7-FCC FCE-FCF FD5-FD8 109E-109F 1390-1399 166D 1940 19DE-19FF 1B61-1B6A 1B74-1B7C 2100-2101 2103-2106 2108-2109 2114
    2116-2117 211E-2123 2125-2129:2 212E 213A-213B 214A 214C-214D 214F 218A-218B 2195-2199 219C-219F 21A1-21A2 21A4-21A5 21A7-21AD
    21AF-21CD 21D0-21D1 21D3 21D5-21F3 2300-2307 230C-231F 2322-2328 232B-237B 237D-239A 23B4-23DB 23E2-2429 2440-244A 249C-24E9
    2500-25B6 25B8-25C0 25C2-25F7 2600-266E 2670-2767 2794-27BF 2800-28FF 2B00-2B2F 2B45-2B46 2B4D-2B73 2B76-2BFF 2CE5-2CEA
    2E50-2E51 2E80-2E99 2E9B-2EF3 2F00-2FD5 2FF0-2FFF 3004 3012-3013 3020 3036-3037 303E-303F 3190-3191 3196-319F 31C0-31E5 31EF
    3200-321E 322A-3247 3250 3260-327F 328A-32B0 32C0-33FF 4DC0-4DFF A490-A4C6 A828-A82B A836-A837 A839 AA77-AA79 FBC3-FBD2
    FD40-FD4F FD90-FD91 FDC8-FDCF FDFD-FDFF FFE4 FFE8 FFED-FFEE FFFC-FFFD 10137-1013F 10179-10189 1018C-1018E 10190-1019C 101A0
    101D0-101FC 10877-10878 10AC8 10ED1-10ED8 1173F 11FD5-11FDC 11FE1-11FF1 16B3C-16B3F 16B45 1BC9C 1CC00-1CCEF 1CCFA-1CCFC
    1CD00-1CEB3 1CEBA-1CED0 1CED2-1CED4 1CEE0-1CEEF 1CF50-1CFC3 1D000-1D0F5 1D100-1D126 1D129-1D164 1D16A-1D16C 1D183-1D184
    1D18C-1D1A9 1D1AE-1D241 1D245 1D253-1D25A 1D25D-1D25E 1D260-1D27F 1D300-1D356 1D800-1D9FF 1DA37-1DA3A 1DA6D-1DA74 1DA76-1DA83
    1DA85-1DA86 1E14F 1ECAC 1ED2E 1F000-1F02B 1F030-1F093 1F0A0-1F0AE 1F0B1-1F0BF 1F0C1-1F0CF 1F0D1-1F0F5 1F10D-1F1AE 1F1E6-1F202
    1F210-1F23B 1F240-1F248 1F250-1F251 1F260-1F265 1F300-1F3FA 1F400-1F6D9 1F6DC-1F6EC 1F6F0-1F6FC 1F700-1F7DB 1F7E0-1F7EB
    1F7F0-1F80B 1F810-1F847 1F850-1F859 1F860-1F887 1F890-1F8AD 1F8B0-1F8BB 1F8C0-1F8C1 1F900-1FA57 1FA60-1FA6D 1FA70-1FA7C
    1FA80-1FAC6 1FAC8 1FACC-1FADD 1FADF-1FAEB 1FAEF-1FAFA 1FB00-1FB92 1FB94-1FBEF 1FBFA
    """#

  /// Characters besides `lower` after which a period at the end is a word.
  static let beforePeriod = #"""
    22 25 27-29 2B-2D 30-3A 3F 5D 60 7C AB B2 B4 BB 2018-201A 201C-201E 3008-3011 3014-3015 FF08-FF09
    """#

  /// Characters besides `lower` before a period that parts two words: none.
  static let beforeInnerPeriod = ""

  /// Characters besides `upper` after a period that parts two words: none.
  static let afterInnerPeriod = ""

  /// Prefixes in the order in which they are tried (TOKENIZER_PREFIXES).
  static let prefixes = #"""
    § % = + … …… , : ; ! ? ¿ ؟ ¡ ( ) [ ] { } < > _ # * & 。 ？ ！ ， 、 ； ： ～ · । ، ؛ ٪ … ' '' " ” “ `` ` ‘ ´ ‘‘ ’’ ‚ , „ » « 「 」 『 』 （
    ） 〔 〕 【 】 《 》 〈 〉 $ £ € ¥ ฿ US$ C$ A$ ₽ ﷼
    """#

  /// Suffixes (TOKENIZER_SUFFIXES).
  static let suffixes = #"""
    … …… , : ; ! ? ¿ ؟ ¡ ( ) [ ] { } < > _ # * & 。 ？ ！ ， 、 ； ： ～ · । ، ؛ ٪ ' '' " ” “ `` ` ‘ ´ ‘‘ ’’ ‚ „ » « 「 」 『 』 （ ） 〔 〕 【 】 《
    》 〈 〉 's 'S ’s ’S
    """#

  /// Suffixes after a digit: currencies (LIST_CURRENCY).
  static let currency = #"""
    $ £ € ¥ ฿ US$ C$ A$ ₽ ﷼
    """#

  /// Suffixes after a digit: units (LIST_UNITS).
  static let units = #"""
    km km² km³ m m² m³ dm dm² dm³ cm cm² cm³ mm mm² mm³ ha µm nm yd in ft kg g mg µg t lb oz m/s km/h kmh mph hPa Pa mbar mb MB kb
    KB gb GB tb TB T G M K % км км² км³ м м² м³ дм дм² дм³ см см² см³ мм мм² мм³ нм кг г мг м/с км/ч кПа Па мбар Кб КБ кб Мб МБ мб
    Гб ГБ гб Тб ТБ тб
    """#

  /// Hyphens in the order in which they are tried (LIST_HYPHENS).
  static let hyphens = #"""
    - – — -- --- —— ~
    """#

  /// Exceptions; a dot parts their words. They also hold with U+2019 for each apostrophe.
  static let exceptions = #"""
    ") ' '' 'Cause 'Cos 'Coz 'Cuz 'S 'bout 'cause 'cos 'coz 'cuz 'd 'em 'll 'nuff 're 's (*_*) (-8 (-: (-; (-_-) (._.) (: (; (=
    (>_<) (^_^) (o: (¬_¬) (ಠ_ಠ) (╯°□°）╯︵┻━┻ )-: ): -_- -__- ._. 0.0 0.o 0_0 0_o 10·a.m. 10·am 10·p.m. 10·pm 11·a.m. 11·am 11·p.m.
    11·pm 12·a.m. 12·am 12·p.m. 12·pm 1·a.m. 1·am 1·p.m. 1·pm 2·a.m. 2·am 2·p.m. 2·pm 3·a.m. 3·am 3·p.m. 3·pm 4·a.m. 4·am 4·p.m.
    4·pm 5·a.m. 5·am 5·p.m. 5·pm 6·a.m. 6·am 6·p.m. 6·pm 7·a.m. 7·am 7·p.m. 7·pm 8) 8-) 8-D 8D 8·a.m. 8·am 8·p.m. 8·pm 9·a.m. 9·am
    9·p.m. 9·pm :'( :') :'-( :'-) :( :(( :((( :() :) :)) :))) :* :-( :-(( :-((( :-) :-)) :-))) :-* :-/ :-0 :-3 :-> :-D :-O :-P :-X
    :-] :-o :-p :-x :-| :-} :/ :0 :1 :3 :> :D :O :P :X :] :o :o) :p :x :| :} ;) ;-) ;-D ;D ;_; <.< </3 <3 <33 <333 <space> =( =)
    =/ =3 =D =| >.< >.> >:( >:o ><(((*> @_@ Adm. Ai·n't Ai·nt Ak. Ala. Apr. Are·n't Are·nt Ariz. Ark. Aug. Bros. C++ Calif. Ca·n't
    Ca·n't·'ve Can·not Ca·nt Ca·nt·ve Co. Colo. Conn. Corp. Could·'ve Could·n't Could·n't·'ve Could·nt Could·nt·ve Could·ve D.C.
    Dare·n't Dare·nt Dec. Del. Did·n't Did·n't·'ve Did·nt Did·nt·ve Does·n't Does·n't·'ve Does·nt Does·nt·ve Doin Doin' Do·n't
    Do·n't·'ve Do·nt Do·nt·ve Dr. E.G. E.g. Feb. Fla. Ga. Gen. Goin Goin' Gon·na Got·ta Gov. Had·n't Had·n't·'ve Had·nt Had·nt·ve
    Has·n't Has·nt Have·n't Have·nt Havin Havin' He·'d He·'d·'ve He·'ll He·'ll·'ve He·'s He·d He·d·ve He·ll·ve He·s How·'d
    How·'d·'ve How·'d·'y How·'ll How·'ll·'ve How·'re How·'s How·'ve How·d How·d·ve How·ll How·ll·ve How·re How·s How·ve I·'d
    I·'d·'ve I·'ll I·'ll·'ve I·'m I·'m·a I·'ve I.E. I.e. Ia. I·d Id. I·d·ve Ill. I·ll·ve I·m I·m·a Inc. Ind. Is·n't Is·nt It·'d
    It·'d·'ve It·'ll It·'ll·'ve It·'s It·d It·d·ve It·ll It·ll·ve I·ve Jan. Jr. Jul. Jun. Kan. Kans. Ky. La. Let·'s Lovin Lovin'
    Ltd. Ma'am Mar. Mass. May. May·n't May·n't·'ve May·nt May·nt·ve Md. Messrs. Mich. Might·'ve Might·n't Might·n't·'ve Might·nt
    Might·nt·ve Might·ve Minn. Miss. Mo. Mont. Mr. Mrs. Ms. Mt. Must·'ve Must·n't Must·n't·'ve Must·nt Must·nt·ve Must·ve N.C.
    N.D. N.H. N.J. N.M. N.Y. Neb. Nebr. Need·n't Need·n't·'ve Need·nt Need·nt·ve Nev. Not·'ve Nothin Nothin' Not·ve Nov. Nuthin
    Nuthin' O'clock O.O O.o O_O O_o Oct. Okla. Ol Ol' Ore. Ought·n't Ought·n't·'ve Ought·nt Ought·nt·ve Pa. Ph.D. Rep. Rev. S.C.
    Sen. Sep. Sept. Sha·n't Sha·n't·'ve Sha·nt Sha·nt·ve She·'d She·'d·'ve She·'ll She·'ll·'ve She·'s She·d·ve She·ll·ve She·s
    Should·'ve Should·n't Should·n't·'ve Should·nt Should·nt·ve Should·ve Somethin Somethin' St. Tenn. That·'d That·'d·'ve
    That·'ll That·'ll·'ve That·'re That·'s That·'ve That·d That·d·ve That·ll That·ll·ve That·re That·s That·ve There·'d
    There·'d·'ve There·'ll There·'ll·'ve There·'re There·'s There·'ve There·d There·d·ve There·ll There·ll·ve There·re There·s
    There·ve They·'d They·'d·'ve They·'ll They·'ll·'ve They·'re They·'ve They·d They·d·ve They·ll They·ll·ve They·re They·ve V.V
    V_V Va. Wash. Was·n't Was·nt We·'d We·'d·'ve We·'ll We·'ll·'ve We·'re We·'ve We·d We·d·ve We·ll·ve Were·n't Were·nt We·ve
    What·'d What·'d·'ve What·'ll What·'ll·'ve What·'re What·'s What·'ve What·d What·d·ve What·ll What·ll·ve What·re What·s What·ve
    When·'d When·'d·'ve When·'ll When·'ll·'ve When·'re When·'s When·'ve When·d When·d·ve When·ll When·ll·ve When·re When·s When·ve
    Where·'d Where·'d·'ve Where·'ll Where·'ll·'ve Where·'re Where·'s Where·'ve Where·d Where·d·ve Where·ll Where·ll·ve Where·re
    Where·s Where·ve Who·'d Who·'d·'ve Who·'ll Who·'ll·'ve Who·'re Who·'s Who·'ve Who·d Who·d·ve Who·ll Who·ll·ve Who·s Who·ve
    Why·'d Why·'d·'ve Why·'ll Why·'ll·'ve Why·'re Why·'s Why·'ve Why·d Why·d·ve Why·ll Why·ll·ve Why·re Why·s Why·ve Wis. Wo·n't
    Wo·n't·'ve Wo·nt Wo·nt·ve Would·'ve Would·n't Would·n't·'ve Would·nt Would·nt·ve Would·ve XD XDD You·'d You·'d·'ve You·'ll
    You·'ll·'ve You·'re You·'ve You·d You·d·ve You·ll You·ll·ve You·re You·ve [-: [: \") \n \t ^_^ ^__^ ^___^ a. a.m. ai·n't ai·nt
    and/or are·n't are·nt b. c. ca·n't ca·n't·'ve can·not ca·nt ca·nt·ve cause co. could·'ve could·n't could·n't·'ve could·nt
    could·nt·ve could·ve d. dare·n't dare·nt did·n't did·n't·'ve did·nt did·nt·ve does·n't does·n't·'ve does·nt does·nt·ve doin
    doin' do·n't do·n't·'ve do·nt do·nt·ve e. e.g. em f. g. goin goin' gon·na got·ta h. had·n't had·n't·'ve had·nt had·nt·ve
    has·n't has·nt have·n't have·nt havin havin' he·'d he·'d·'ve he·'ll he·'ll·'ve he·'s he·d he·d·ve he·ll·ve he·s how·'d
    how·'d·'ve how·'d·'y how·'ll how·'ll·'ve how·'re how·'s how·'ve how·d how·d·ve how·ll how·ll·ve how·re how·s how·ve i·'d
    i·'d·'ve i·'ll i·'ll·'ve i·'m i·'m·a i·'ve i. i.e. i·d i·d·ve i·ll·ve i·m i·m·a is·n't is·nt it·'d it·'d·'ve it·'ll it·'ll·'ve
    it·'s it·d it·d·ve it·ll it·ll·ve i·ve j. k. l. let·'s ll lovin lovin' m. ma'am may·n't may·n't·'ve may·nt may·nt·ve might·'ve
    might·n't might·n't·'ve might·nt might·nt·ve might·ve must·'ve must·n't must·n't·'ve must·nt must·nt·ve must·ve n. need·n't
    need·n't·'ve need·nt need·nt·ve not·'ve nothin nothin' not·ve nuff nuthin nuthin' o'clock o. o.0 o.O o.o o_0 o_O o_o ol ol'
    ought·n't ought·n't·'ve ought·nt ought·nt·ve p. p.m. q. r. s. sha·n't sha·n't·'ve sha·nt sha·nt·ve she·'d she·'d·'ve she·'ll
    she·'ll·'ve she·'s she·d·ve she·ll·ve she·s should·'ve should·n't should·n't·'ve should·nt should·nt·ve should·ve somethin
    somethin' t. that·'d that·'d·'ve that·'ll that·'ll·'ve that·'re that·'s that·'ve that·d that·d·ve that·ll that·ll·ve that·re
    that·s that·ve there·'d there·'d·'ve there·'ll there·'ll·'ve there·'re there·'s there·'ve there·d there·d·ve there·ll
    there·ll·ve there·re there·s there·ve they·'d they·'d·'ve they·'ll they·'ll·'ve they·'re they·'ve they·d they·d·ve they·ll
    they·ll·ve they·re they·ve u. v. v.v v_v vs. w. w/o was·n't was·nt we·'d we·'d·'ve we·'ll we·'ll·'ve we·'re we·'ve we·d
    we·d·ve we·ll·ve were·n't were·nt we·ve what·'d what·'d·'ve what·'ll what·'ll·'ve what·'re what·'s what·'ve what·d what·d·ve
    what·ll what·ll·ve what·re what·s what·ve when·'d when·'d·'ve when·'ll when·'ll·'ve when·'re when·'s when·'ve when·d when·d·ve
    when·ll when·ll·ve when·re when·s when·ve where·'d where·'d·'ve where·'ll where·'ll·'ve where·'re where·'s where·'ve where·d
    where·d·ve where·ll where·ll·ve where·re where·s where·ve who·'d who·'d·'ve who·'ll who·'ll·'ve who·'re who·'s who·'ve who·d
    who·d·ve who·ll who·ll·ve who·s who·ve why·'d why·'d·'ve why·'ll why·'ll·'ve why·'re why·'s why·'ve why·d why·d·ve why·ll
    why·ll·ve why·re why·s why·ve wo·n't wo·n't·'ve wo·nt wo·nt·ve would·'ve would·n't would·n't·'ve would·nt would·nt·ve would·ve
    x. xD xDD y'·all y. y·all you·'d you·'d·'ve you·'ll you·'ll·'ve you·'re you·'ve you·d you·d·ve you·ll you·ll·ve you·re you·ve
    z. ¯\(ツ)/¯ ä. ö. ü. ಠ_ಠ ಠ︵ಠ — ‘S ‘s
    """#
}
