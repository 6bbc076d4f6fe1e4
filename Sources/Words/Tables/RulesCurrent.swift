/// Tables of the rules of spaCy 3.8.18 for English (explosion/spaCy, MIT licence, © ExplosionAI GmbH), written by
/// Tests/WordsTests/Fixtures/make_tables.py from spacy/lang/punctuation.py, char_classes.py, tokenizer_exceptions.py and en/.
/// Classes are ranges of code points in hexadecimal notation: `41-5A`, `7F`, `100-136:2` for every other one.
enum RulesCurrent {
  /// Letters (ALPHA).
  static let alpha = #"""
    41-5A 61-7A C0-D6 D8-F6 F8-1BF 1C4-2AF 386 388-38A 38C 38E-38F 391-3A9 3AC-3AF 3B1-3C9 3CC-3CE 400-401 403-40A 40C-40D 410-451
    453-45A 45C-45D 490-491 496-497 4A2-4A3 4AE-4AF 4BA-4BB 4D8-4D9 4E8-4E9 591-5F4 620-64A 66E-6D5 6E5-6FF 750-77F 8A0-8BD
    900-9FF B80-CFF D80-DFF 1100-137F 1D00-1D25 1D6B-1D77 1D79-1D9A 1E00-1EFF 2C60-2C7B 2C7E-2C7F 2E80-2FDF 2FF0-30FF 31C0-31EF
    3200-4DBF 4E00-9FFF A722-A76F A771-A787 A78B-A78E A790-A7B9 A7FA AB30-AB5A AB60-AB64 AC00-D7AF F900-FAFF FB1D-FBB1 FBD3-FD3D
    FD50-FDC7 FDF0-FDFB FE30-FE4F FE70-FEFC FF21-FF3A FF41-FF5A 1EE00-1EEBB 1F200-1F2FF 20000-2A6DF 2A700-2EBEF 2F800-2FA1F
    """#

  /// Lower-case letters and those of scripts without case (ALPHA_LOWER).
  static let lower = #"""
    61-7A DF-F6 F8-FF 101-137:2 138-148:2 149-177:2 17A-17E:2 17F-180 183 185 188 18C-18D 192 195 199-19B 19E 1A1-1A5:2 1A8
    1AA-1AB 1AD 1B0 1B4 1B6 1B9-1BA 1BD-1BF 1C6 1C9 1CC-1DC:2 1DD-1EF:2 1F0 1F3 1F5 1F9-233:2 234-239 23C 23F-240 242 247-24F:2
    250-2AF 3AC-3AF 3B1-3C9 3CC-3CE 430-451 453-45A 45C-45D 491 497 4A3 4AF 4BB 4D9 4E9 591-5F4 620-64A 66E-6D5 6E5-6FF 750-77F
    8A0-8BD 900-9FF B80-CFF D80-DFF 1100-137F 1D00-1D25 1D6B-1D77 1D79-1D9A 1E01-1E95:2 1E96-1E9D 1E9F-1EFF:2 2C61 2C65-2C66
    2C68-2C6C:2 2C71 2C73-2C74 2C76-2C7B 2E80-2FDF 2FF0-30FF 31C0-31EF 3200-4DBF 4E00-9FFF A723-A72F:2 A730-A731 A733-A771:2
    A772-A778 A77A A77C A77F-A787:2 A78C A78E A791 A793-A795 A797-A7A9:2 A7AF A7B5-A7B9:2 A7FA AB30-AB5A AB60-AB64 AC00-D7AF
    F900-FAFF FB1D-FBB1 FBD3-FD3D FD50-FDC7 FDF0-FDFB FE30-FE4F FE70-FEFC FF41-FF5A 1EE00-1EEBB 1F200-1F2FF 20000-2A6DF
    2A700-2EBEF 2F800-2FA1F
    """#

  /// Upper-case letters and those of scripts without case (ALPHA_UPPER).
  static let upper = #"""
    41-5A C0-D6 D8-DE 100-136:2 139-147:2 14A-178:2 179-17D:2 181-182 184 186-187 189-18B 18E-191 193-194 196-198 19C-19D 19F-1A0
    1A2-1A6:2 1A7 1A9 1AC 1AE-1AF 1B1-1B3 1B5 1B7-1B8 1BC 1C4 1C7 1CA 1CD-1DB:2 1DE-1EE:2 1F1 1F4 1F6-1F8 1FA-232:2 23A-23B
    23D-23E 241 243-246 248-24E:2 386 388-38A 38C 38E-38F 391-3A9 400-401 403-40A 40C-40D 410-42F 490 496 4A2 4AE 4BA 4D8 4E8
    591-5F4 620-64A 66E-6D5 6E5-6FF 750-77F 8A0-8BD 900-9FF B80-CFF D80-DFF 1100-137F 1E00-1E94:2 1E9E-1EFE:2 2C60 2C62-2C64
    2C67-2C6D:2 2C6E-2C70 2C72 2C75 2C7E-2C7F 2E80-2FDF 2FF0-30FF 31C0-31EF 3200-4DBF 4E00-9FFF A722-A72E:2 A732-A76E:2
    A779-A77D:2 A77E-A786:2 A78B A78D A790 A792 A796-A7AA:2 A7AB-A7AE A7B0-A7B4 A7B6 A7B8 AC00-D7AF F900-FAFF FB1D-FBB1 FBD3-FD3D
    FD50-FDC7 FDF0-FDFB FE30-FE4F FE70-FEFC FF21-FF3A 1EE00-1EEBB 1F200-1F2FF 20000-2A6DF 2A700-2EBEF 2F800-2FA1F
    """#

  /// Symbols that are words by themselves (LIST_ICONS).
  static let icons = #"""
    A6 A9 AE B0 482 58D-58E 60E-60F 6DE 6E9 6FD-6FE 7F6 9FA B70 BF3-BF8 BFA C7F D4F D79 F01-F03 F13 F15-F17 F1A-F1F F34-F38:2
    FBE-FC5 FC7-FCC FCE-FCF FD5-FD8 109E-109F 1390-1399 1940 19DE-19FF 1B61-1B6A 1B74-1B7C 2100-2101 2103-2106 2108-2109 2114
    2116-2117 211E-2123 2125-2129:2 212E 213A-213B 214A 214C-214D 214F 218A-218B 2195-2199 219C-219F 21A1-21A2 21A4-21A5 21A7-21AD
    21AF-21CD 21D0-21D1 21D3 21D5-21F3 2300-2307 230C-231F 2322-2328 232B-237B 237D-239A 23B4-23DB 23E2-2426 2440-244A 249C-24E9
    2500-25B6 25B8-25C0 25C2-25F7 2600-266E 2670-2767 2794-27BF 2800-28FF 2B00-2B2F 2B45-2B46 2B4D-2B73 2B76-2B95 2B98-2BC8
    2BCA-2BFE 2CE5-2CEA 2E80-2E99 2E9B-2EF3 2F00-2FD5 2FF0-2FFB 3004 3012-3013 3020 3036-3037 303E-303F 3190-3191 3196-319F
    31C0-31E3 3200-321E 322A-3247 3250 3260-327F 328A-32B0 32C0-32FE 3300-33FF 4DC0-4DFF A490-A4C6 A828-A82B A836-A837 A839
    AA77-AA79 FDFD FFE4 FFE8 FFED-FFEE FFFC-FFFD 10137-1013F 10179-10189 1018C-1018E 10190-1019B 101A0 101D0-101FC 10877-10878
    10AC8 1173F 16B3C-16B3F 16B45 1BC9C 1D000-1D0F5 1D100-1D126 1D129-1D164 1D16A-1D16C 1D183-1D184 1D18C-1D1A9 1D1AE-1D1E8
    1D200-1D241 1D245 1D300-1D356 1D800-1D9FF 1DA37-1DA3A 1DA6D-1DA74 1DA76-1DA83 1DA85-1DA86 1ECAC 1F000-1F02B 1F030-1F093
    1F0A0-1F0AE 1F0B1-1F0BF 1F0C1-1F0CF 1F0D1-1F0F5 1F110-1F16B 1F170-1F1AC 1F1E6-1F202 1F210-1F23B 1F240-1F248 1F250-1F251
    1F260-1F265 1F300-1F3FA 1F400-1F6D4 1F6E0-1F6EC 1F6F0-1F6F9 1F700-1F773 1F780-1F7D8 1F800-1F80B 1F810-1F847 1F850-1F859
    1F860-1F887 1F890-1F8AD 1F900-1F90B 1F910-1F93E 1F940-1F970 1F973-1F976 1F97A 1F97C-1F9A2 1F9B0-1F9B9 1F9C0-1F9C2 1F9D0-1F9FF
    1FA60-1FA6D
    """#

  /// Characters besides `lower` after which a period at the end is a word.
  static let beforePeriod = #"""
    21-23 25-2D 30-3C 3E-3F 5B-5F:2 60 7B-7D A1 AB B2 B4 B7 BB BF 60C 61B 61F 66A 2018-201A 201C-201E 2026 2329-232A 27E6-27E7
    FF01 FF08-FF09 FF0C FF1A-FF1B FF1F FF5E
    """#

  /// Characters besides `lower` before a period that parts two words.
  static let beforeInnerPeriod = #"""
    22 27 2C 60 AB B4 BB 2018-201A 201C-201E 2329-232A 27E6-27E7 FF08-FF09
    """#

  /// Characters besides `upper` after a period that parts two words.
  static let afterInnerPeriod = #"""
    22 27 2C 60 AB B4 BB 2018-201A 201C-201E 2329-232A 27E6-27E7 FF08-FF09
    """#

  /// Prefixes in the order in which they are tried (TOKENIZER_PREFIXES).
  static let prefixes = #"""
    § % = — – … …… , : ; ! ? ¿ ؟ ¡ ( ) [ ] { } < > _ # * & 。 ？ ！ ， 、 ； ： ～ · । ، ۔ ؛ ٪ … ' " ” “ ` ‘ ´ ’ ‚ , „ » « 「 」 『 』 （ ） 〔 〕
    【 】 《 》 〈 〉 〈 〉 ⟦ ⟧ $ £ € ¥ ฿ US$ C$ A$ ₽ ﷼ ₴ ₠ ₡ ₢ ₣ ₤ ₥ ₦ ₧ ₨ ₩ ₪ ₫ € ₭ ₮ ₯ ₰ ₱ ₲ ₳ ₴ ₵ ₶ ₷ ₸ ₹ ₺ ₻ ₼ ₽ ₾ ₿
    """#

  /// Suffixes (TOKENIZER_SUFFIXES).
  static let suffixes = #"""
    … …… , : ; ! ? ¿ ؟ ¡ ( ) [ ] { } < > _ # * & 。 ？ ！ ， 、 ； ： ～ · । ، ۔ ؛ ٪ ' " ” “ ` ‘ ´ ’ ‚ „ » « 「 」 『 』 （ ） 〔 〕 【 】 《 》 〈 〉 〈
    〉 ⟦ ⟧ 's 'S ’s ’S — –
    """#

  /// Suffixes after a digit: currencies (LIST_CURRENCY).
  static let currency = #"""
    $ £ € ¥ ฿ US$ C$ A$ ₽ ﷼ ₴ ₠ ₡ ₢ ₣ ₤ ₥ ₦ ₧ ₨ ₩ ₪ ₫ € ₭ ₮ ₯ ₰ ₱ ₲ ₳ ₴ ₵ ₶ ₷ ₸ ₹ ₺ ₻ ₼ ₽ ₾ ₿
    """#

  /// Suffixes after a digit: units (LIST_UNITS).
  static let units = #"""
    km km² km³ m m² m³ dm dm² dm³ cm cm² cm³ mm mm² mm³ ha µm nm yd in ft kg g mg µg t lb oz m/s km/h kmh mph hPa Pa mbar mb MB kb
    KB gb GB tb TB T G M K % км км² км³ м м² м³ дм дм² дм³ см см² см³ мм мм² мм³ нм кг г мг м/с км/ч кПа Па мбар Кб КБ кб Мб МБ мб
    Гб ГБ гб Тб ТБ тбكم كم² كم³ م م² م³ سم سم² سم³ مم مم² مم³ كم غرام جرام جم كغ ملغ كوب اكواب
    """#

  /// Hyphens in the order in which they are tried (LIST_HYPHENS).
  static let hyphens = #"""
    - – — -- --- —— ~
    """#

  /// Exceptions; a dot parts their words. They also hold with U+2019 for each apostrophe.
  static let exceptions = #"""
    ' '' 'Cause 'Cos 'Coz 'Cuz 'S 'bout 'cause 'cos 'coz 'cuz 'd 'em 'll 'nuff 're 's (*_*) (-8 (-: (-; (-_-) (._.) (: (; (= (>_<)
    (^_^) (o: (¬_¬) (ಠ_ಠ) (╯°□°）╯︵┻━┻ )-: ): -_- -__- ._. 0.0 0.o 0_0 0_o 10·a.m. 10·am 10·p.m. 10·pm 11·a.m. 11·am 11·p.m. 11·pm
    12·a.m. 12·am 12·p.m. 12·pm 1·a.m. 1·am 1·p.m. 1·pm 2·a.m. 2·am 2·p.m. 2·pm 3·a.m. 3·am 3·p.m. 3·pm 4·a.m. 4·am 4·p.m. 4·pm
    5·a.m. 5·am 5·p.m. 5·pm 6·a.m. 6·am 6·p.m. 6·pm 7·a.m. 7·am 7·p.m. 7·pm 8) 8-) 8-D 8D 8·a.m. 8·am 8·p.m. 8·pm 9·a.m. 9·am
    9·p.m. 9·pm :'( :') :'-( :'-) :( :(( :((( :() :) :)) :))) :* :-( :-(( :-((( :-) :-)) :-))) :-* :-/ :-0 :-3 :-> :-D :-O :-P :-X
    :-] :-o :-p :-x :-| :-} :/ :0 :1 :3 :> :D :O :P :X :] :o :o) :p :x :| :} ;) ;-) ;-D ;D ;_; <.< </3 <3 <33 <333 <space> =( =)
    =/ =3 =D =[ =] =| >.< >.> >:( >:o ><(((*> @_@ Adm. Ai·n't Ai·nt Ak. Ala. Apr. Are·n't Are·nt Ariz. Ark. Aug. Bros. C'm·on C++
    Calif. Ca·n't Ca·n't·'ve Can·not Ca·nt Ca·nt·ve Co. Colo. Conn. Corp. Could·'ve Could·n't Could·n't·'ve Could·nt Could·nt·ve
    Could·ve D.C. Dare·n't Dare·nt Dec. Del. Did·n't Did·n't·'ve Did·nt Did·nt·ve Does·n't Does·n't·'ve Does·nt Does·nt·ve Doin
    Doin' Do·n't Do·n't·'ve Do·nt Do·nt·ve Dr. E.G. E.g. Feb. Fla. Ga. Gen. Goin Goin' Gon·na Got·ta Gov. Had·n't Had·n't·'ve
    Had·nt Had·nt·ve Has·n't Has·nt Have·n't Have·nt Havin Havin' He·'d He·'d·'ve He·'ll He·'ll·'ve He·'s He·d He·d·ve He·ll·ve
    He·s How·'d How·'d·'ve How·'d·'y How·'ll How·'ll·'ve How·'re How·'s How·'ve How·d How·d·ve How·ll How·ll·ve How·re How·s
    How·ve I·'d I·'d·'ve I·'ll I·'ll·'ve I·'m I·'m·a I·'ve I.E. I.e. Ia. I·d Id. I·d·ve Ill. I·ll·ve I·m I·m·a Inc. Ind. Is·n't
    Is·nt It·'d It·'d·'ve It·'ll It·'ll·'ve It·'s It·d It·d·ve It·ll It·ll·ve I·ve Jan. Jr. Jul. Jun. Kan. Kans. Ky. La. Let·'s
    Lovin Lovin' Ltd. Ma'am Mar. Mass. May·n't May·n't·'ve May·nt May·nt·ve Md. Messrs. Mich. Might·'ve Might·n't Might·n't·'ve
    Might·nt Might·nt·ve Might·ve Minn. Miss. Mo. Mont. Mr. Mrs. Ms. Mt. Must·'ve Must·n't Must·n't·'ve Must·nt Must·nt·ve Must·ve
    N.C. N.D. N.H. N.J. N.M. N.Y. Neb. Nebr. Need·n't Need·n't·'ve Need·nt Need·nt·ve Nev. Not·'ve Nothin Nothin' Not·ve Nov.
    Nuthin Nuthin' O'clock O.O O.o O_O O_o Oct. Okla. Ol Ol' Ore. Ought·n't Ought·n't·'ve Ought·nt Ought·nt·ve Pa. Ph.D. Prof.
    Rep. Rev. S.C. Sen. Sep. Sept. Sha·n't Sha·n't·'ve Sha·nt Sha·nt·ve She·'d She·'d·'ve She·'ll She·'ll·'ve She·'s She·d·ve
    She·ll·ve She·s Should·'ve Should·n't Should·n't·'ve Should·nt Should·nt·ve Should·ve Somethin Somethin' St. Tenn. That·'d
    That·'d·'ve That·'ll That·'ll·'ve That·'s That·d That·d·ve That·ll That·ll·ve That·s There·'d There·'d·'ve There·'ll
    There·'ll·'ve There·'re There·'s There·'ve There·d There·d·ve There·ll There·ll·ve There·re There·s There·ve These·'d
    These·'d·'ve These·'ll These·'ll·'ve These·'re These·'ve These·d These·d·ve These·ll These·ll·ve These·re These·ve They·'d
    They·'d·'ve They·'ll They·'ll·'ve They·'re They·'ve They·d They·d·ve They·ll They·ll·ve They·re They·ve This·'d This·'d·'ve
    This·'ll This·'ll·'ve This·'s This·d This·d·ve This·ll This·ll·ve This·s Those·'d Those·'d·'ve Those·'ll Those·'ll·'ve
    Those·'re Those·'ve Those·d Those·d·ve Those·ll Those·ll·ve Those·re Those·ve V.V V_V Va. Wash. Was·n't Was·nt We·'d We·'d·'ve
    We·'ll We·'ll·'ve We·'re We·'ve We·d We·d·ve We·ll·ve Were·n't Were·nt We·ve What·'d What·'d·'ve What·'ll What·'ll·'ve
    What·'re What·'s What·'ve What·d What·d·ve What·ll What·ll·ve What·re What·s What·ve When·'d When·'d·'ve When·'ll When·'ll·'ve
    When·'re When·'s When·'ve When·d When·d·ve When·ll When·ll·ve When·re When·s When·ve Where·'d Where·'d·'ve Where·'ll
    Where·'ll·'ve Where·'re Where·'s Where·'ve Where·d Where·d·ve Where·ll Where·ll·ve Where·re Where·s Where·ve Who·'d Who·'d·'ve
    Who·'ll Who·'ll·'ve Who·'re Who·'s Who·'ve Who·d Who·d·ve Who·ll Who·ll·ve Who·s Who·ve Why·'d Why·'d·'ve Why·'ll Why·'ll·'ve
    Why·'re Why·'s Why·'ve Why·d Why·d·ve Why·ll Why·ll·ve Why·re Why·s Why·ve Wis. Wo·n't Wo·n't·'ve Wo·nt Wo·nt·ve Would·'ve
    Would·n't Would·n't·'ve Would·nt Would·nt·ve Would·ve XD XDD You·'d You·'d·'ve You·'ll You·'ll·'ve You·'re You·'ve You·d
    You·d·ve You·ll You·ll·ve You·re You·ve [-: [: [= \") \n \t ]= ^_^ ^__^ ^___^ a. a.m. ai·n't ai·nt and/or are·n't are·nt b.
    c'm·on c. ca·n't ca·n't·'ve can·not ca·nt ca·nt·ve co. could·'ve could·n't could·n't·'ve could·nt could·nt·ve could·ve d.
    dare·n't dare·nt did·n't did·n't·'ve did·nt did·nt·ve does·n't does·n't·'ve does·nt does·nt·ve doin doin' do·n't do·n't·'ve
    do·nt do·nt·ve e. e.g. em f. g. goin goin' gon·na got·ta h. had·n't had·n't·'ve had·nt had·nt·ve has·n't has·nt have·n't
    have·nt havin havin' he·'d he·'d·'ve he·'ll he·'ll·'ve he·'s he·d he·d·ve he·ll·ve he·s how·'d how·'d·'ve how·'d·'y how·'ll
    how·'ll·'ve how·'re how·'s how·'ve how·d how·d·ve how·ll how·ll·ve how·re how·s how·ve i·'d i·'d·'ve i·'ll i·'ll·'ve i·'m
    i·'m·a i·'ve i. i.e. i·d i·d·ve i·ll·ve i·m i·m·a is·n't is·nt it·'d it·'d·'ve it·'ll it·'ll·'ve it·'s it·d it·d·ve it·ll
    it·ll·ve i·ve j. k. l. let·'s ll lovin lovin' m. ma'am may·n't may·n't·'ve may·nt may·nt·ve might·'ve might·n't might·n't·'ve
    might·nt might·nt·ve might·ve must·'ve must·n't must·n't·'ve must·nt must·nt·ve must·ve n. need·n't need·n't·'ve need·nt
    need·nt·ve not·'ve nothin nothin' not·ve nuff nuthin nuthin' o'clock o. o.0 o.O o.o o_0 o_O o_o ol ol' ought·n't ought·n't·'ve
    ought·nt ought·nt·ve p. p.m. q. r. s. sha·n't sha·n't·'ve sha·nt sha·nt·ve she·'d she·'d·'ve she·'ll she·'ll·'ve she·'s
    she·d·ve she·ll·ve she·s should·'ve should·n't should·n't·'ve should·nt should·nt·ve should·ve somethin somethin' t. that·'d
    that·'d·'ve that·'ll that·'ll·'ve that·'s that·d that·d·ve that·ll that·ll·ve that·s there·'d there·'d·'ve there·'ll
    there·'ll·'ve there·'re there·'s there·'ve there·d there·d·ve there·ll there·ll·ve there·re there·s there·ve these·'d
    these·'d·'ve these·'ll these·'ll·'ve these·'re these·'ve these·d these·d·ve these·ll these·ll·ve these·re these·ve they·'d
    they·'d·'ve they·'ll they·'ll·'ve they·'re they·'ve they·d they·d·ve they·ll they·ll·ve they·re they·ve this·'d this·'d·'ve
    this·'ll this·'ll·'ve this·'s this·d this·d·ve this·ll this·ll·ve this·s those·'d those·'d·'ve those·'ll those·'ll·'ve
    those·'re those·'ve those·d those·d·ve those·ll those·ll·ve those·re those·ve u. v. v.s. v.v v_v vs. w. w/o was·n't was·nt
    we·'d we·'d·'ve we·'ll we·'ll·'ve we·'re we·'ve we·d we·d·ve we·ll·ve were·n't were·nt we·ve what·'d what·'d·'ve what·'ll
    what·'ll·'ve what·'re what·'s what·'ve what·d what·d·ve what·ll what·ll·ve what·re what·s what·ve when·'d when·'d·'ve when·'ll
    when·'ll·'ve when·'re when·'s when·'ve when·d when·d·ve when·ll when·ll·ve when·re when·s when·ve where·'d where·'d·'ve
    where·'ll where·'ll·'ve where·'re where·'s where·'ve where·d where·d·ve where·ll where·ll·ve where·re where·s where·ve who·'d
    who·'d·'ve who·'ll who·'ll·'ve who·'re who·'s who·'ve who·d who·d·ve who·ll who·ll·ve who·s who·ve why·'d why·'d·'ve why·'ll
    why·'ll·'ve why·'re why·'s why·'ve why·d why·d·ve why·ll why·ll·ve why·re why·s why·ve wo·n't wo·n't·'ve wo·nt wo·nt·ve
    would·'ve would·n't would·n't·'ve would·nt would·nt·ve would·ve x. xD xDD y'·all y. y·all you·'d you·'d·'ve you·'ll
    you·'ll·'ve you·'re you·'ve you·d you·d·ve you·ll you·ll·ve you·re you·ve z. ¯\(ツ)/¯ °·C·. °·F·. °·K·. °·c·. °·f·. °·k·. ä. ö.
    ü. ಠ_ಠ ಠ︵ಠ — ‘S ‘s
    """#
}
