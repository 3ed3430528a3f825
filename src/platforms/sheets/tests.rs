use std::io::{Cursor, Write as _};

use encoding_rs::GB18030;
use zip::write::SimpleFileOptions;

use super::limits::{MAX_CELL_BYTES, MAX_KEPT_BYTES, MAX_SHARED_STRINGS};
use super::*;

fn cells(rows: &[Row]) -> Vec<Vec<&str>> {
    rows.iter()
        .map(|row| row.cells.iter().map(String::as_str).collect())
        .collect()
}

fn zipped(files: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const REL: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// A workbook of one sheet, with more parts where they are given.
fn workbook_of(sheet_data: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    let related = |id: &str, kind: &str, target: &str| {
        format!(r#"<Relationship Id="{id}" Type="{REL}/{kind}" Target="{target}"/>"#)
    };
    let relations = |relations: String| {
        format!(r#"<Relationships xmlns="{package}">{relations}</Relationships>"#)
    };
    let files = [
        (
            "_rels/.rels",
            relations(related("rId1", "officeDocument", "xl/workbook.xml")),
        ),
        (
            "xl/workbook.xml",
            format!(
                r#"<workbook xmlns="{MAIN}" xmlns:r="{REL}"><sheets><sheet name="暗" sheetId="2" state="hidden" r:id="rId9"/><sheet name="成员" sheetId="1" r:id="rId1"/></sheets></workbook>"#
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            relations(
                related("rId9", "worksheet", "worksheets/hidden.xml")
                    + &related("rId1", "worksheet", "/xl/worksheets/Sheet1.xml"),
            ),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!(
                r#"<?xml version="1.0"?><worksheet xmlns="{MAIN}"><sheetData>{sheet_data}</sheetData></worksheet>"#
            ),
        ),
    ];
    let files = files.iter().map(|(name, text)| (*name, text.as_str()));
    zipped(&files.chain(more.iter().copied()).collect::<Vec<_>>())
}

fn workbook(sheet_data: &str) -> Vec<u8> {
    workbook_of(sheet_data, &[])
}

#[test]
fn csv_is_read_in_the_encodings_and_separators_of_excel() {
    let expected = [vec!["成员编号", "用户昵称"], vec!["12", "小明"]];
    let (gbk, _, _) = GB18030.encode("成员编号,用户昵称\r\n12,小明\r\n");
    let utf16: Vec<u8> = "\u{FEFF}成员编号\t用户昵称\n12\t小明\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let sources: [&[u8]; 6] = [
        "\u{FEFF}成员编号,用户昵称\n12,小明\n".as_bytes(),
        &gbk,
        &utf16,
        "\n成员编号;用户昵称\n;\n12;小明".as_bytes(),
        "sep=;\r\n成员编号;用户昵称\r\n12;小明\r\n".as_bytes(),
        "\u{FEFF}\"sep=\t\"\n成员编号\t用户昵称\n12\t小明\n".as_bytes(),
    ];
    for source in sources {
        assert_eq!(cells(&read_rows(source).unwrap()), expected);
    }
}

#[test]
fn titles_do_not_mislead_about_the_separator() {
    let rows = read_rows("成员名单;九月;写作;营\n成员编号,用户昵称\n12,小明\n13,小红\n".as_bytes());
    assert_eq!(cells(&rows.unwrap())[3], ["13", "小红"]);
}

#[test]
fn rows_are_numbered_as_a_spreadsheet_numbers_them() {
    let numbers = |text: &str| -> Vec<usize> {
        let rows = read_rows(text.as_bytes()).unwrap();
        rows.iter().map(|row| row.number).collect()
    };
    assert_eq!(numbers("a,b\n\n1,\"x\ny\"\n\n\n2,z"), [1, 3, 6]);
    assert_eq!(numbers("a,b\r\n\r\n1,x\r\n,\r\n2,z\r\n"), [1, 3, 5]);
    assert_eq!(
        numbers("sep=,\na,b\n1,x\n"),
        [1, 2],
        "the line is not shown"
    );
}

#[test]
fn xlsx_keeps_long_ids_whole_and_row_numbers_true() {
    let rows = read_rows(&workbook(
        r#"<row r="1"><c r="A1" t="inlineStr"><is><t>用户ID</t></is></c><c r="C1" t="inlineStr"><is><t>用户昵称</t></is></c></row>
           <row r="4"><c r="A4"><v>8.4E+14</v></c><c r="C4" t="inlineStr"><is><r><t>小</t></r><r><t xml:space="preserve">明 &amp; &#x4e00;</t></r><rPh><t>xm</t></rPh></is></c></row>
           <row/><row><c><v>3.00000000000001E+14</v></c><c t="str"><f>1</f><v>a_x0041_b_x</v></c></row>"#,
    ))
    .unwrap();
    assert_eq!(rows[0].cells, ["用户ID", "", "用户昵称"]);
    assert_eq!(rows[1].number, 4);
    assert_eq!(rows[1].cells, ["840000000000000", "", "小明 & 一"]);
    assert_eq!(
        (rows[2].number, rows[2].cells[0].as_str()),
        (6, "300000000000001")
    );
    assert_eq!(rows[2].cells[1], "aAb_x");
}

#[test]
fn a_number_that_was_not_kept_exactly_shows_it() {
    let shown = |value: &str| {
        let sheet = format!(r#"<row r="1"><c r="A1"><v>{value}</v></c></row>"#);
        read_rows(&workbook(&sheet)).unwrap()[0].cells[0].clone()
    };
    for (value, expected) in [
        ("300000000000001", "300000000000001"),
        ("3.00000000000001E+14", "300000000000001"),
        ("9007199254740991", "9007199254740991"),
        ("9007199254740990", "9.00719925474099E15"),
        ("9007199254740993", "9.007199254740992E15"),
        ("3E+17", "3E17"),
        ("101.0", "101"),
        ("5.5", "5.5"),
    ] {
        assert_eq!(shown(value), expected, "{value}");
    }
}

#[test]
fn texts_of_their_own_and_dates_are_read_by_the_parts_that_say_so() {
    let shared = format!(
        r#"<sst xmlns="{MAIN}" uniqueCount="99999999999999"><si><t>日期</t></si><si/><si><t>小明</t></si></sst>"#
    );
    let styles = format!(
        r#"<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="176" formatCode="[$-804]yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;"/><numFmt numFmtId="177" formatCode="0.0&quot;days&quot;"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="176"/><xf numFmtId="177"/><xf numFmtId="20"/></cellXfs></styleSheet>"#
    );
    let sheet = r#"<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>2</v></c><c r="C1" t="s"><v>1</v></c></row>
        <row r="2"><c r="A2" s="1"><v>46053</v></c><c r="B2" s="2"><v>46053.875</v></c><c r="C2" s="3"><v>46053</v></c><c r="D2" s="4"><v>0.3125</v></c><c r="E2" t="b"><v>1</v></c><c r="F2" t="d"><v>2026-01-31T21:00:00</v></c></row>"#;
    let file = workbook_of(
        sheet,
        &[
            ("xl/sharedStrings.xml", &shared),
            ("xl/styles.xml", &styles),
        ],
    );
    let rows = read_rows(&file).unwrap();
    assert_eq!(rows[0].cells, ["日期", "小明"]);
    assert_eq!(
        rows[1].cells,
        [
            "2026-01-31 00:00:00",
            "2026-01-31 21:00:00",
            "46053",
            "1899-12-31 07:30:00",
            "1",
            "2026-01-31T21:00:00"
        ]
    );
}

#[test]
fn a_sheet_as_large_as_it_claims_to_be_costs_nothing() {
    let rows = read_rows(&workbook(
        r#"<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c><c r="A1048576"><v>3</v></c></row>"#,
    ))
    .unwrap();
    assert_eq!(rows[1].number, 1_048_576);
    assert_eq!(cells(&rows), [["1"], ["3"]]);
    for place in [
        "A0",
        "A99999999999999999999",
        "ZZZZZZZZZZZZZZZZZZZZ1",
        "A",
        "é1",
    ] {
        let sheet = format!(r#"<row r="1"><c r="{place}"><v>1</v></c></row>"#);
        let refused = read_rows(&workbook(&sheet));
        assert!(matches!(refused, Err(SheetError::Workbook(_))), "{place}");
    }
}

/// What unfolds into more than is read, in every place where something can.
#[test]
fn a_workbook_that_unfolds_is_refused_while_it_is_read() {
    let long = "0".repeat(MAX_CELL_BYTES + 16 * 1024);
    let cell = format!(r#"<row r="1"><c r="A1" t="inlineStr"><is><t>{long}</t></is></c></row>"#);
    let many = "0".repeat(MAX_CELL_BYTES / 2);
    let pieces = format!("<r><t>{many}</t></r>").repeat(3);
    let pieces = format!(r#"<row r="1"><c r="A1" t="inlineStr"><is>{pieces}</is></c></row>"#);
    let tag = format!(r#"<row r="1" x="{long}"/>"#);
    let deep = "<row>".repeat(100);
    let blank = "<row/>".repeat(usize::try_from(MAX_UNPACKED_BYTES).unwrap() / 6 + 1);
    for (what, sheet) in [
        ("a long cell", cell),
        ("a long cell in pieces", pieces),
        ("a long tag", tag),
        ("depth", deep),
        ("size", blank),
    ] {
        let refused = read_rows(&workbook(&sheet));
        assert!(matches!(refused, Err(SheetError::TooLarge)), "{what}");
    }
    let one = r#"<row r="1"><c r="A1"><v>1</v></c></row>"#;
    let strings = "<si/>".repeat(MAX_SHARED_STRINGS + 1);
    let strings = format!("<sst>{strings}</sst>");
    let styles = format!("<s><cellXfs>{}</cellXfs></s>", "<xf/>".repeat(70_000));
    for part in [
        ("xl/sharedStrings.xml", &strings),
        ("xl/styles.xml", &styles),
    ] {
        let refused = read_rows(&workbook_of(one, &[(part.0, part.1)]));
        assert!(matches!(refused, Err(SheetError::TooLarge)), "{}", part.0);
    }
    // One text that every cell shows.
    let text = format!("<sst><si><t>{}</t></si></sst>", "字".repeat(MAX_CELL_CHARS));
    let row = r#"<row>"#.to_owned() + &r#"<c t="s"><v>0</v></c>"#.repeat(MAX_COLUMNS) + "</row>";
    let rows = row.repeat(MAX_KEPT_BYTES / (MAX_COLUMNS * MAX_CELL_CHARS * 3) + 1);
    let refused = read_rows(&workbook_of(&rows, &[("xl/sharedStrings.xml", &text)]));
    assert!(matches!(refused, Err(SheetError::TooLarge)));
}

#[test]
fn a_zip_that_claims_many_entries_is_refused_before_there_is_room_for_them() {
    let mut many = b"PK\x03\x04".to_vec();
    many.resize(100_000, 0);
    many.extend(b"PK\x06\x06");
    many.extend([0; 20]);
    many.extend([0; 8]);
    many.extend(50_000_u64.to_le_bytes());
    many.extend([0; 16]);
    many.extend(b"PK\x06\x07");
    many.extend([0; 16]);
    assert!(matches!(read_rows(&many), Err(SheetError::TooLarge)));
    let names: Vec<String> = (0..1_001).map(|at| at.to_string()).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    assert!(matches!(
        read_rows(&zipped(&files)),
        Err(SheetError::TooLarge)
    ));
}

#[test]
fn what_is_no_table_is_an_error() {
    assert!(matches!(read_rows(b""), Err(SheetError::Empty)));
    assert!(matches!(read_rows(b" \n,\n"), Err(SheetError::Empty)));
    assert!(matches!(
        read_rows(b"\xFF\xFF\xFF"),
        Err(SheetError::Encoding)
    ));
    assert!(matches!(read_rows(b"a,b\n1,x\0y"), Err(SheetError::Nul)));
    assert!(matches!(
        read_rows(b"PK\x03\x04nonsense"),
        Err(SheetError::Zip(_))
    ));
    assert!(matches!(
        read_rows(&zipped(&[("a", "b")])),
        Err(SheetError::Workbook(_))
    ));
}

#[test]
fn what_is_only_called_a_table_is_foreign() {
    let utf16: Vec<u8> = "\u{FEFF}<html><table>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let sources: [&[u8]; 8] = [
        b"<html><table><tr><td>12</td></tr></table></html>",
        b"\xEF\xBB\xBF\r\n <!DOCTYPE html>",
        b"<?xml version=\"1.0\"?><?mso-application progid=\"Excel.Sheet\"?><Workbook>",
        b"MIME-Version: 1.0\r\nContent-Type: multipart/related",
        b"%PDF-1.7\n",
        b"{\\rtf1}",
        b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\0\0",
        &utf16,
    ];
    for source in sources {
        let refused = read_rows(source);
        assert!(matches!(refused, Err(SheetError::Foreign)), "{source:?}");
    }
}

#[test]
fn rows_are_limited() {
    let text = "a\n".repeat(MAX_ROWS + 2);
    assert!(matches!(
        read_rows(text.as_bytes()),
        Err(SheetError::TooManyRows)
    ));
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..256)) {
        let _ = read_rows(&bytes);
        let _ = read_rows(&[ZIP_MAGIC, &bytes].concat());
    }

    #[test]
    fn no_sheet_makes_it_panic(
        pieces in proptest::collection::vec(
            proptest::sample::select(vec![
                "<row r=\"7\">", "</row>", "<row/>", "<c r=\"C7\">", "<c r=\"C\">", "<c t=\"s\">",
                "<c s=\"9\"/>", "</c>", "<v>", "</v>", "1E400", "-1", "1899", "<t>", "</t>", "&a;",
                "&#0;", "&amp;", "_x0000_", "<![CDATA[x]]>", "<rPh>", "</sheetData>", "<", "\"",
            ]),
            0..24,
        )
    ) {
        let _ = read_rows(&workbook(&pieces.concat()));
    }
}
