/// Tables of ftfy 6.3.1 (rspeer/python-ftfy, Apache-2.0 licence, © Robyn Speer), written by
/// Tests/WordsTests/Fixtures/make_tables.py from ftfy's own.
enum MojibakeTable {
  /// Characters of the category common (badness.py).
  static let common = #"""
    A0 AD B4 B7 2013-2015 2019 2026
    """#

  /// Characters of the category c1 (badness.py).
  static let c1 = #"""
    80-9F
    """#

  /// Characters of the category bad (badness.py).
  static let bad = #"""
    A4-AC:2 AF B8 BA 192 2C6-2C7 2D8 2DB-2DC 2020-2021 2030 2310 25CA FFFD
    """#

  /// Characters of the category law (badness.py).
  static let law = #"""
    A7 B6
    """#

  /// Characters of the category currency (badness.py).
  static let currency = #"""
    A2-A3 A5 20A7 20AC
    """#

  /// Characters of the category start_punctuation (badness.py).
  static let startPunctuation = #"""
    A1 A9 AB BF 384-385 2018-201E:2 2022 2039 F8FF
    """#

  /// Characters of the category end_punctuation (badness.py).
  static let endPunctuation = #"""
    AE BB 2DD 201D 203A 2122
    """#

  /// Characters of the category numeric (badness.py).
  static let numeric = #"""
    B1-B3 B5 B9 BC-BE D7 F7 2044 2116 2202 2206 220F 2211 221A 221E 2229 222B 2248 2260-2261 2264-2265
    """#

  /// Characters of the category kaomoji (badness.py).
  static let kaomoji = #"""
    B0 D2-D6 D9-DC F2-F6 F8-FC 14C 150 16A 172
    """#

  /// Characters of the category upper_accented (badness.py).
  static let upperAccented = #"""
    C0-D1 D8 DC-DD 100-106:2 10C-112:2 116-11A:2 11E 122 12A 130 136 139-13D:2 141-147:2 152 158 15A 15E-164:2 16E 170 178-179 17B
    17D 490
    """#

  /// Characters of the category lower_accented (badness.py).
  static let lowerAccented = #"""
    DF-F1 FC 101-107:2 10D-113:2 117-11B:2 11F 123 12B 12F 137 13A-13E:2 142 153 155 15B 15F 161 165 17A-17E:2 491 FB01-FB02
    """#

  /// Characters of the category upper_common (badness.py).
  static let upperCommon = #"""
    DE 386 388-38A 38C 38E-38F 391-3AB 401-42F
    """#

  /// Characters of the category lower_common (badness.py).
  static let lowerCommon = #"""
    3AC-3C9 430-45F
    """#

  /// Characters of the category box (badness.py).
  static let box = #"""
    2502 250C 2510 2518 251C 2524 252C 253C 2550-256C 2580 2584 2588 258C 2590-2593
    """#

  /// Characters of utf8_first_of_2 (chardata.py).
  static let utf8FirstOf2 = #"""
    C2-DF 100 102 106 10C-112:2 116-11A:2 11E 122 12A 130 136 139 13B 141-147:2 14C 150 158 15A 15E-162:2 16A 16E-172:2 179-17D:2
    392-3A1 3A3-3AF 412-42F
    """#

  /// Characters of utf8_first_of_3 (chardata.py).
  static let utf8FirstOf3 = #"""
    E0-EF 101-107:2 10D 10F 113 117-11B:2 123 12B 12F 137 13A 13C 155 17A 3B0-3BF 430-43F
    """#

  /// Characters of utf8_first_of_4 (chardata.py).
  static let utf8FirstOf4 = #"""
    F0 F3 111 11F 161 3C0 3C3 440 443
    """#

  /// Characters of utf8_continuation (chardata.py).
  static let utf8Continuation = #"""
    20 80-BF C6 D8 E6 F8 104-105 13D-13E 141-142 152-153 156-157 15A-15B 15E-161 164-165 178-17E 192 2C6-2C7 2D8 2DB-2DD 384-386
    388-38A 38C 38E-38F 401-40C 40E-40F 451-45C 45E-45F 490-491 2013-2015 2018-201A 201C-201E 2020-2022 2026 2030 2039-203A 20AC
    2116 2122
    """#

  /// Characters of utf8_continuation_strict (chardata.py).
  static let utf8ContinuationStrict = #"""
    80-BF C6 D8 E6 F8 104-105 13D-13E 141-142 152-153 156-157 15A-15B 15E-161 164-165 178-17E 192 2C6-2C7 2D8 2DB-2DD 384-386
    388-38A 38C 38E-38F 401-40C 40E-40F 451-45C 45E-45F 490-491 2020-2021 2030 2039-203A 20AC 2116 2122
    """#

  /// Wide and narrow forms, and the usual ones.
  static let widths = #"""
    FF01=21 FF02=22 FF03=23 FF04=24 FF05=25 FF06=26 FF07=27 FF08=28 FF09=29 FF0A=2A FF0B=2B FF0C=2C FF0D=2D FF0E=2E FF0F=2F
    FF10=30 FF11=31 FF12=32 FF13=33 FF14=34 FF15=35 FF16=36 FF17=37 FF18=38 FF19=39 FF1A=3A FF1B=3B FF1C=3C FF1D=3D FF1E=3E
    FF1F=3F FF20=40 FF21=41 FF22=42 FF23=43 FF24=44 FF25=45 FF26=46 FF27=47 FF28=48 FF29=49 FF2A=4A FF2B=4B FF2C=4C FF2D=4D
    FF2E=4E FF2F=4F FF30=50 FF31=51 FF32=52 FF33=53 FF34=54 FF35=55 FF36=56 FF37=57 FF38=58 FF39=59 FF3A=5A FF3B=5B FF3C=5C
    FF3D=5D FF3E=5E FF3F=5F FF40=60 FF41=61 FF42=62 FF43=63 FF44=64 FF45=65 FF46=66 FF47=67 FF48=68 FF49=69 FF4A=6A FF4B=6B
    FF4C=6C FF4D=6D FF4E=6E FF4F=6F FF50=70 FF51=71 FF52=72 FF53=73 FF54=74 FF55=75 FF56=76 FF57=77 FF58=78 FF59=79 FF5A=7A
    FF5B=7B FF5C=7C FF5D=7D FF5E=7E FF5F=2985 FF60=2986 FF61=3002 FF62=300C FF63=300D FF64=3001 FF65=30FB FF66=30F2 FF67=30A1
    FF68=30A3 FF69=30A5 FF6A=30A7 FF6B=30A9 FF6C=30E3 FF6D=30E5 FF6E=30E7 FF6F=30C3 FF70=30FC FF71=30A2 FF72=30A4 FF73=30A6
    FF74=30A8 FF75=30AA FF76=30AB FF77=30AD FF78=30AF FF79=30B1 FF7A=30B3 FF7B=30B5 FF7C=30B7 FF7D=30B9 FF7E=30BB FF7F=30BD
    FF80=30BF FF81=30C1 FF82=30C4 FF83=30C6 FF84=30C8 FF85=30CA FF86=30CB FF87=30CC FF88=30CD FF89=30CE FF8A=30CF FF8B=30D2
    FF8C=30D5 FF8D=30D8 FF8E=30DB FF8F=30DE FF90=30DF FF91=30E0 FF92=30E1 FF93=30E2 FF94=30E4 FF95=30E6 FF96=30E8 FF97=30E9
    FF98=30EA FF99=30EB FF9A=30EC FF9B=30ED FF9C=30EF FF9D=30F3 FF9E=3099 FF9F=309A FFA0=1160 FFA1=1100 FFA2=1101 FFA3=11AA
    FFA4=1102 FFA5=11AC FFA6=11AD FFA7=1103 FFA8=1104 FFA9=1105 FFAA=11B0 FFAB=11B1 FFAC=11B2 FFAD=11B3 FFAE=11B4 FFAF=11B5
    FFB0=111A FFB1=1106 FFB2=1107 FFB3=1108 FFB4=1121 FFB5=1109 FFB6=110A FFB7=110B FFB8=110C FFB9=110D FFBA=110E FFBB=110F
    FFBC=1110 FFBD=1111 FFBE=1112 FFC2=1161 FFC3=1162 FFC4=1163 FFC5=1164 FFC6=1165 FFC7=1166 FFCA=1167 FFCB=1168 FFCC=1169
    FFCD=116A FFCE=116B FFCF=116C FFD2=116D FFD3=116E FFD4=116F FFD5=1170 FFD6=1171 FFD7=1172 FFDA=1173 FFDB=1174 FFDC=1175
    FFE0=A2 FFE1=A3 FFE2=AC FFE3=20+304 FFE4=A6 FFE5=A5 FFE6=20A9 FFE8=2502 FFE9=2190 FFEA=2191 FFEB=2192 FFEC=2193 FFED=25A0
    FFEE=25CB
    """#

  /// Ligatures, and their letters.
  static let ligatures = #"""
    132=49+4A 133=69+6A 149=2BC+6E 1C4=44+17D 1C5=44+17E 1C6=64+17E 1C7=4C+4A 1C8=4C+6A 1C9=6C+6A 1CA=4E+4A 1CB=4E+6A 1CC=6E+6A
    1F1=44+5A 1F2=44+7A 1F3=64+7A FB00=66+66 FB01=66+69 FB02=66+6C FB03=66+66+69 FB04=66+66+6C FB05=17F+74 FB06=73+74
    """#
}
